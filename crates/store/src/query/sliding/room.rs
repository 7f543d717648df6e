//! One room as a connection is told it.

use std::collections::BTreeSet;

use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;
use model::room::Membership;
use model::seq::RoomPos;
use model::visibility::Readable;

use super::state::{self, Choice, Members};
use super::{Data, How, Tell};
use crate::args;
use crate::error::StoreError;
use crate::query::bundle;
use crate::query::history::{access, membership_in};
use crate::query::stored_event::{StoredEvent, event_columns, from_rows, room_state};
use crate::query::sync::Receipt;
use crate::query::sync::rooms::{account_data, all_account_data, before, receipts};
use crate::tx::Tx;

const MEMBER: &str = "m.room.member";
/// The state in whose place the answer has fields.
const NAME: &str = "m.room.name";
const AVATAR: &str = "m.room.avatar";

/// What kinds of events are a sign of life (MSC4186, `bump_stamp`).
const BUMPS: [&str; 8] = [
    "m.room.create",
    "m.room.message",
    "m.room.encrypted",
    "m.sticker",
    "m.call.invite",
    "m.poll.start",
    "org.matrix.msc3381.poll.start",
    "m.beacon_info",
];

/// How a person stands to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In it.
    Join,
    /// Invited: stripped state as a JSON array.
    Invite(String),
    /// Out of it by a leave or a ban.
    Out(Membership),
}

/// A room, told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the answer, and any may go with any")]
pub struct RoomNews {
    /// The room.
    pub room_id: OwnedRoomId,
    /// How the person stands to it.
    pub standing: Standing,
    /// Whether this takes the place of all that was told before.
    pub initial: bool,
    /// Whether the timeline begins before what was told before.
    pub expanded: bool,
    /// The last events, oldest first.
    pub timeline: Vec<StoredEvent>,
    /// Whether there is more before them that the client does not have.
    pub limited: bool,
    /// The place before the first event.
    pub prev: Option<RoomPos>,
    /// How many of the events have just happened.
    pub live: usize,
    /// State that was asked for, as far as it changed.
    pub state: Vec<StoredEvent>,
    /// The name and the picture, where they changed: `None` inside for none.
    pub name: Option<Option<String>>,
    /// As `name`.
    pub avatar: Option<Option<String>>,
    /// Who is in it, where that changed.
    pub members: Option<Members>,
    /// Messages not read yet, and mentions among them, for a room the person is in.
    pub unread: Option<(i64, i64)>,
    /// When the last event came that is a sign of life, in milliseconds, where that changed.
    pub bump_ms: Option<i64>,
    /// Account data of the room: type and content.
    pub account_data: Vec<(String, String)>,
    /// Its receipts.
    pub receipts: Vec<Receipt>,
    /// Whether anything is told besides account data and receipts.
    pub shown: bool,
}

/// The person's row of a room.
struct Own {
    membership: Membership,
    member_pos: RoomPos,
    stripped: Option<String>,
    unread: (i64, i64),
}

/// Reads one room; `None` when there is nothing that the person may be told.
pub(super) async fn read<T: Tx>(
    tx: &mut T,
    user: &OwnedUserId,
    tell: &Tell,
    ignored: &BTreeSet<String>,
) -> Result<Option<RoomNews>, StoreError> {
    let sql = "select membership, member_pos, stripped, notify_count, highlight_count from members where room_id = $1 and user_id = $2";
    let Some(mut row) = tx.row(sql, args![&tell.room_id, user]).await? else { return Ok(None) };
    let own = Own {
        membership: Membership::parse(row.text(0)?).unwrap_or(Membership::Leave),
        member_pos: RoomPos::new(row.int(1)?).unwrap_or_default(),
        stripped: row.take_text_or_null(2)?,
        unread: (row.int(3)?, row.int(4)?),
    };
    let reader = Reader { user, tell, ignored, own };
    let news = match (&tell.how, reader.own.membership) {
        (How::Invite, Membership::Invite) => reader.invite(tx).await?,
        (How::Left(place), Membership::Leave | Membership::Ban) => reader.left(tx, *place).await?,
        (How::Whole, Membership::Join) => reader.whole(tx).await?,
        (How::After { place, expanded }, Membership::Join) => Some(reader.after(tx, *place, *expanded).await?),
        _ => None,
    };
    match news {
        Some(mut news) => {
            reader.small_things(tx, &mut news).await?;
            let changed = !news.timeline.is_empty() || news.limited || !news.state.is_empty() || news.members.is_some();
            news.shown = changed || news.initial || tell.counts || news.standing != Standing::Join;
            Ok((news.shown || !news.account_data.is_empty() || !news.receipts.is_empty()).then_some(news))
        }
        None => Ok(None),
    }
}

struct Reader<'a> {
    user: &'a OwnedUserId,
    tell: &'a Tell,
    ignored: &'a BTreeSet<String>,
    own: Own,
}

/// A stretch of a timeline: its events, and whether there is more before them.
struct Stretch {
    events: Vec<StoredEvent>,
    limited: bool,
}

impl Reader<'_> {
    fn empty(&self, standing: Standing) -> RoomNews {
        RoomNews {
            room_id: self.tell.room_id.clone(),
            standing,
            initial: false,
            expanded: false,
            timeline: Vec::new(),
            limited: false,
            prev: None,
            live: 0,
            state: Vec::new(),
            name: None,
            avatar: None,
            members: None,
            unread: None,
            bump_ms: None,
            account_data: Vec::new(),
            receipts: Vec::new(),
            shown: false,
        }
    }

    async fn invite<T: Tx>(&self, tx: &mut T) -> Result<Option<RoomNews>, StoreError> {
        #[derive(serde::Deserialize)]
        struct Stripped {
            sender: String,
        }
        let stripped = self.own.stripped.clone().unwrap_or_else(|| "[]".to_owned());
        let events: Vec<Stripped> = serde_json::from_str(&stripped).unwrap_or_default();
        // the invitation itself is the last
        if events.last().is_some_and(|invitation| self.ignored.contains(&invitation.sender)) {
            return Ok(None);
        }
        let bump_ms = self.time_of(tx, self.own.member_pos).await?;
        Ok(Some(RoomNews { initial: true, bump_ms, ..self.empty(Standing::Invite(stripped)) }))
    }

    /// A room the person left, up to there.
    async fn left<T: Tx>(&self, tx: &mut T, place: Option<RoomPos>) -> Result<Option<RoomNews>, StoreError> {
        let room_id = &self.tell.room_id;
        let Some(access) = access(tx, room_id, self.user).await? else { return Ok(None) };
        let mut news = self.empty(Standing::Out(self.own.membership));
        news.bump_ms = self.time_of(tx, self.own.member_pos).await?;
        news.state = state::at(tx, room_id, &[self.own.member_pos]).await?;
        let Some(until) = access.inside_until else {
            // an invitation that came to nothing: who was told of it is told of its end
            return Ok(place.is_some().then_some(news));
        };
        news.initial = place.is_none();
        if news.initial {
            let held = room_state(tx, room_id, RoomPos::new(until.saturating_add(1))).await?;
            let is_own = |event: &StoredEvent| event.event_type == MEMBER && event.state_key.as_deref() == Some(self.user.as_str());
            let wanted = held.into_iter().filter(|event| self.wants(event) && !is_own(event));
            news.state.splice(0..0, wanted);
        }
        let stretch = self.stretch(tx, place, until, Some(&access.readable)).await?;
        self.tell_timeline(&mut news, stretch);
        access.note_membership(tx, &mut news.timeline).await?;
        Ok(Some(news))
    }

    fn wants(&self, event: &StoredEvent) -> bool {
        event.state_key.as_deref().is_some_and(|state_key| self.tell.config.matches(&event.event_type, state_key))
    }

    /// A room as it stands.
    async fn whole<T: Tx>(&self, tx: &mut T) -> Result<Option<RoomNews>, StoreError> {
        let room_id = &self.tell.room_id;
        let Some(access) = access(tx, room_id, self.user).await? else { return Ok(None) };
        let mut news = self.empty(Standing::Join);
        (news.initial, news.unread) = (true, Some(self.own.unread));
        let stretch = self.stretch(tx, None, i64::MAX, Some(&access.readable)).await?;
        self.tell_timeline(&mut news, stretch);
        access.note_membership(tx, &mut news.timeline).await?;
        let small = self.tell.config.lazy_members() && state::is_small(tx, room_id).await?;
        self.tell_state(tx, None, small, &mut news).await?;
        if news.bump_ms.is_none() {
            news.bump_ms = self.last_sign_of_life(tx, access.readable.first().unwrap_or_default()).await?;
        }
        Ok(Some(news))
    }

    /// What came after a place. The person was in the room all the while.
    async fn after<T: Tx>(&self, tx: &mut T, place: Option<RoomPos>, expanded: bool) -> Result<RoomNews, StoreError> {
        let mut news = self.empty(Standing::Join);
        news.unread = Some(self.own.unread);
        if expanded {
            let Some(access) = access(tx, &self.tell.room_id, self.user).await? else { return Ok(news) };
            let stretch = self.stretch(tx, None, i64::MAX, Some(&access.readable)).await?;
            self.tell_timeline(&mut news, stretch);
            access.note_membership(tx, &mut news.timeline).await?;
            news.expanded = true;
        } else if place.is_some() {
            let stretch = self.stretch(tx, place, i64::MAX, None).await?;
            self.tell_timeline(&mut news, stretch);
            for event in &mut news.timeline {
                let own = event.event_type == MEMBER && event.state_key.as_deref() == Some(self.user.as_str());
                event.membership = Some(if own { membership_in(&event.content) } else { Membership::Join });
            }
        }
        let config = &self.tell.config;
        let small = config.lazy_members() && state::is_small(tx, &self.tell.room_id).await?;
        let asked_for_more = self.tell.had.as_ref().is_some_and(|had| !had.covers(config));
        let members_are_due = config.lazy_members() && !small && !news.timeline.is_empty();
        let may_have_changed = news.limited || news.timeline.iter().any(|event| event.state_key.is_some());
        if asked_for_more || expanded || members_are_due || (place.is_some() && may_have_changed) {
            self.tell_state(tx, Some(place.unwrap_or(RoomPos::LAST)), small, &mut news).await?;
        }
        Ok(news)
    }

    /// The last events after a place and up to another, as many as asked for.
    async fn stretch<T: Tx>(
        &self,
        tx: &mut T,
        after: Option<RoomPos>,
        until: i64,
        readable: Option<&Readable>,
    ) -> Result<Stretch, StoreError> {
        let sql = concat!(
            "select ",
            event_columns!(),
            " from events e where e.room_id = $1 and e.room_pos > $2 and e.room_pos <= $3 and (e.withheld = 0 or e.sender = $4) \
             order by e.room_pos desc limit $5"
        );
        let limit = self.tell.config.timeline_limit;
        let batch = i64::try_from(limit).unwrap_or(i64::MAX) + 1;
        let may_read = |event: &StoredEvent| readable.is_none_or(|readable| readable.contains(event.room_pos));
        let lowest = after.map_or(0, RoomPos::get).max(readable.and_then(Readable::first).unwrap_or_default() - 1);
        let (mut events, mut until, mut seen, mut exhausted) = (Vec::new(), until, 0, false);
        while !exhausted && events.len() <= limit && seen < limits::FILTERED_ROWS {
            // what may not be read is stepped over
            let Some(readable_until) = readable.map_or(Some(until), |readable| readable.last_until(until)) else { break };
            let rows = tx.rows(sql, args![&self.tell.room_id, lowest, readable_until, self.user, batch]).await?;
            let page = from_rows(tx, rows, 0).await?;
            seen += page.len();
            exhausted = i64::try_from(page.len()).unwrap_or(i64::MAX) < batch;
            until = page.last().map_or(0, |event| event.room_pos.get() - 1);
            events.extend(page.into_iter().filter(may_read));
        }
        let limited = events.len() > limit || seen >= limits::FILTERED_ROWS;
        events.truncate(limit);
        events.reverse();
        bundle::attach_within(&mut events, self.user);
        Ok(Stretch { events, limited })
    }

    fn tell_timeline(&self, news: &mut RoomNews, stretch: Stretch) {
        let Stretch { mut events, limited } = stretch;
        news.limited = limited;
        news.prev = events.first().map(|event| before(event.room_pos));
        events.retain(|event| event.state_key.is_some() || !self.ignored.contains(&event.sender));
        news.live = events.iter().filter(|event| self.tell.live_from.is_some_and(|live| event.room_pos >= live)).count();
        let bumps = events.iter().filter(|event| BUMPS.contains(&event.event_type.as_str()));
        news.bump_ms = news.bump_ms.max(bumps.map(|event| event.origin_ts).max());
        news.timeline = events;
    }

    /// The state that was asked for and changed after a place, and what the answer tells of it in fields.
    async fn tell_state<T: Tx>(&self, tx: &mut T, after: Option<RoomPos>, small: bool, news: &mut RoomNews) -> Result<(), StoreError> {
        let room_id = &self.tell.room_id;
        let pieces = state::pieces(tx, room_id).await?;
        let mut named: BTreeSet<&str> = news.timeline.iter().map(|event| event.sender.as_str()).collect();
        named.extend(news.timeline.iter().filter(|event| event.event_type == MEMBER).filter_map(|event| event.state_key.as_deref()));
        let choice = Choice { tell: self.tell, after, limited: news.limited, small, named };
        let told = choice.events(tx, &pieces).await?;
        let changed = |event_type: &str| pieces.iter().any(|piece| piece.is(event_type) && piece.is_after(after));
        let (name_changed, avatar_changed) = (changed(NAME), changed(AVATAR));
        let members_changed = changed(MEMBER);
        let own_name = if name_changed || members_changed { text_of(tx, room_id, NAME, "name").await? } else { None };
        let own_avatar = if avatar_changed { text_of(tx, room_id, AVATAR, "url").await? } else { None };
        if members_changed || name_changed {
            news.members = Some(state::members(tx, room_id, self.user, own_name.is_some()).await?);
        }
        news.name = name_changed.then_some(own_name);
        news.avatar = avatar_changed.then_some(own_avatar);
        news.state = told;
        Ok(())
    }

    /// When the last event came that is a sign of life; looks at a bounded number of events.
    async fn last_sign_of_life<T: Tx>(&self, tx: &mut T, first: i64) -> Result<Option<i64>, StoreError> {
        let sql = "select type, origin_ts from events where room_id = $1 and room_pos >= $2 and (withheld = 0 or sender = $3) \
                   order by room_pos desc limit $4";
        let mut oldest = None;
        for row in tx.rows(sql, args![&self.tell.room_id, first, self.user, limits::SLIDING_BUMP_EVENTS]).await? {
            oldest = Some(row.int(1)?);
            if BUMPS.contains(&row.text(0)?) {
                break;
            }
        }
        Ok(oldest)
    }

    async fn time_of<T: Tx>(&self, tx: &mut T, place: RoomPos) -> Result<Option<i64>, StoreError> {
        let sql = "select origin_ts from events where room_id = $1 and room_pos = $2";
        tx.row(sql, args![&self.tell.room_id, place.get()]).await?.map(|row| row.int(0)).transpose()
    }

    /// Account data and receipts of the room.
    async fn small_things<T: Tx>(&self, tx: &mut T, news: &mut RoomNews) -> Result<(), StoreError> {
        let room_id = &self.tell.room_id;
        news.account_data = match &self.tell.account_data {
            Data::Nothing => Vec::new(),
            Data::All => all_account_data(tx, self.user, room_id.as_str()).await?,
            Data::Types(types) => {
                let mut told = Vec::with_capacity(types.len());
                for data_type in types {
                    told.extend(account_data(tx, self.user, room_id.as_str(), data_type).await?);
                }
                told
            }
        };
        if self.tell.receipts && news.standing == Standing::Join {
            news.receipts = receipts(tx, self.user, room_id).await?;
        }
        Ok(())
    }
}

/// A text in a piece of a room's state; `None` when it is missing or empty.
async fn text_of<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, event_type: &str, key: &str) -> Result<Option<String>, StoreError> {
    let sql = "select e.content from room_state s join events e on e.room_id = s.room_id and e.room_pos = s.room_pos \
               where s.room_id = $1 and s.type = $2 and s.state_key = ''";
    let Some(row) = tx.row(sql, args![room_id, event_type]).await? else { return Ok(None) };
    let content: serde_json::Map<String, serde_json::Value> = serde_json::from_str(row.text(0)?).unwrap_or_default();
    Ok(content.get(key).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned))
}
