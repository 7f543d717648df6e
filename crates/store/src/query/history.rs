//! A room's history, for those who may read it.

use std::collections::{BTreeMap, BTreeSet};

use model::filter::EventFilter;
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::room::Membership;
use model::seq::{InboxPos, RoomPos};
use model::visibility::{HistoryVisibility, Readable, last_inside};

use super::bundle;
use super::contact;
use super::erased;
use super::stored_event::{self, StoredEvent, event_columns, from_rows};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::rows;

/// What a person may read of a room, and whether they are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The places they may read.
    pub readable: Readable,
    /// Their membership.
    pub membership: Membership,
    /// The last place at which they were in the room, or everybody could look into it; `None` when they never could.
    pub inside_until: Option<i64>,
    /// Their memberships by place, oldest first.
    pub changes: Vec<(RoomPos, Membership)>,
}

impl Access {
    /// Notes on each event what the person's membership was when it was sent, and hides what was erased meanwhile; to
    /// be called once what others made of the events is attached.
    pub(crate) async fn note_membership<T: Tx>(&self, tx: &mut T, events: &mut [StoredEvent]) -> Result<(), StoreError> {
        note_membership(&self.changes, events);
        erased::hide(tx, &self.changes, events).await
    }

    /// The place before which the state lies that they may see; `None` for members, who see the present one. Of who never
    /// was in the room it is the very first, and nothing lies before it.
    pub fn state_at(&self) -> Option<RoomPos> {
        match self.membership {
            Membership::Join => None,
            _ => Some(self.inside_until.map_or(RoomPos::ZERO, place_after)),
        }
    }

    /// Whether they ever were in the room, or everybody could look into it.
    pub fn was_in(&self) -> bool {
        self.inside_until.is_some()
    }
}

/// The place after this one.
fn place_after(place: i64) -> RoomPos {
    RoomPos::new(place.saturating_add(1)).unwrap_or(RoomPos::LAST)
}

/// What a person may read of a room; `None` when they have, or want, nothing to do with it.
pub(crate) async fn access<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, user: &OwnedUserId) -> Result<Option<Access>, StoreError> {
    let sql = "select membership, forgotten from members where room_id = $1 and user_id = $2";
    let membership = match tx.row(sql, args![room_id, user]).await? {
        Some(row) if row.flag(1)? => return Ok(None),
        Some(row) => Membership::parse(row.text(0)?).unwrap_or(Membership::Leave),
        None => Membership::Leave,
    };
    let sql = "select room_pos, content from events where room_id = $1 and type = $2 and state_key = $3 and state_key is not null order by room_pos";
    let mut changes = Vec::new();
    for row in tx.rows(sql, args![room_id, "m.room.member", user]).await? {
        changes.push((RoomPos::new(row.int(0)?).unwrap_or_default(), membership_in(row.text(1)?)));
    }
    let mut visibilities = Vec::new();
    for row in tx.rows(sql, args![room_id, "m.room.history_visibility", ""]).await? {
        visibilities.push((RoomPos::new(row.int(0)?).unwrap_or_default(), visibility_in(row.text(1)?)));
    }
    // open to the world, but not where that would show somebody whom this person may not see
    let inside = matches!(membership, Membership::Join | Membership::Invite);
    if !inside && visibilities.iter().any(|(_, one)| *one == HistoryVisibility::WorldReadable) && hides_somebody(tx, room_id, user).await? {
        for (_, visibility) in &mut visibilities {
            if *visibility == HistoryVisibility::WorldReadable {
                *visibility = HistoryVisibility::Shared;
            }
        }
    }
    let readable = Readable::of(&visibilities, &changes);
    // whoever never was there may read what is open to the world
    let inside_until = last_inside(&visibilities, &changes);
    let stranger = changes.is_empty() && inside_until.is_none();
    Ok((!stranger).then_some(Access { readable, membership, inside_until, changes }))
}

/// Whether somebody is in a room, or invited, whom this person may not see.
async fn hides_somebody<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, user: &OwnedUserId) -> Result<bool, StoreError> {
    let sql = "select m.user_id from members m join users u on u.user_id = m.user_id where m.room_id = $1 \
               and m.membership in ('join', 'invite') and u.age_band <> 'adult'";
    for row in tx.rows(sql, args![room_id]).await? {
        if !contact::sees(tx, user, &row.parse(0)?).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes on each event what a person's membership was when it was sent; their own changes count at once.
pub(crate) fn note_membership(changes: &[(RoomPos, Membership)], events: &mut [StoredEvent]) {
    for event in events {
        event.membership = Some(membership_at(changes, event.room_pos));
    }
}

/// What somebody's membership was when the event at this place was sent.
pub(crate) fn membership_at(changes: &[(RoomPos, Membership)], at: RoomPos) -> Membership {
    let held = changes.iter().rev().find(|(place, _)| *place <= at);
    held.map_or(Membership::Leave, |(_, membership)| *membership)
}

/// The membership that a member event's content states.
pub(crate) fn membership_in(content: &str) -> Membership {
    fields(content).membership.as_deref().and_then(Membership::parse).unwrap_or(Membership::Leave)
}

/// The visibility that a history visibility event's content states.
pub(crate) fn visibility_in(content: &str) -> HistoryVisibility {
    HistoryVisibility::parse(fields(content).history_visibility.as_deref())
}

fn fields(content: &str) -> Fields<'_> {
    // a field of another type than text counts as absent
    serde_json::from_str(content).unwrap_or_default()
}

#[derive(Default, serde::Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    membership: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    history_visibility: Option<std::borrow::Cow<'a, str>>,
}

/// Where to read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// After this place of the room.
    Place(RoomPos),
    /// Where the person's inbox stood.
    Inbox(InboxPos),
    /// From the end the direction begins at.
    End,
}

/// Reads a page of a room.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The room.
    pub room_id: OwnedRoomId,
    /// For whom.
    pub user_id: OwnedUserId,
    /// Towards the past.
    pub backwards: bool,
    /// Where to begin.
    pub from: From,
    /// Where to stop at the latest.
    pub to: Option<RoomPos>,
    /// At most this many events.
    pub limit: usize,
    /// Which events.
    pub filter: EventFilter,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it began, as a place of the room.
    pub start: RoomPos,
    /// Where to go on, when there is more.
    pub end: Option<RoomPos>,
    /// The events in the order asked.
    pub events: Vec<StoredEvent>,
    /// The member events of their senders.
    pub members: Vec<StoredEvent>,
}

impl Query for HistoryPage {
    /// `None` when the person may not read the room.
    type Out = Option<Page>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Page>, StoreError> {
        let Some(access) = access(tx, &self.room_id, &self.user_id).await? else { return Ok(None) };
        let (Some(first), Some(last)) = (access.readable.first(), access.readable.last()) else { return Ok(None) };
        let start = self.start(tx, last).await?;
        let (mut events, more) = self.stretch(tx, start.get(), (first, last)).await?;
        let end = events.last().filter(|_| more).map(|event| event.room_pos.get());
        let end = end.and_then(|place| RoomPos::new(if self.backwards { place - 1 } else { place }));
        events.retain(|event| {
            access.readable.contains(event.room_pos) && self.filter.matches(&event.event_type, &event.sender, &event.content)
        });
        let ignored = ignored_by(tx, &self.user_id).await?;
        events.retain(|event| event.state_key.is_some() || !ignored.contains(&event.sender));
        bundle::attach(tx, &self.room_id, &self.user_id, &access.readable, &mut events).await?;
        access.note_membership(tx, &mut events).await?;
        let members = members_of(tx, &self.room_id, &events, access.state_at()).await?;
        Ok(Some(Page { start, end, events, members }))
    }
}

impl HistoryPage {
    /// The events of the page, within what may be read, and whether there is more.
    async fn stretch<T: Tx>(&self, tx: &mut T, start: i64, (first, last): (i64, i64)) -> Result<(Vec<StoredEvent>, bool), StoreError> {
        let bound = self.to.map(RoomPos::get);
        let sql = if self.backwards {
            concat!(
                "select ",
                event_columns!(),
                " from events e where e.room_id = $1 and e.room_pos > $2 and e.room_pos <= $3 and (e.withheld = 0 or e.sender = $4) order by e.room_pos desc limit $5"
            )
        } else {
            concat!(
                "select ",
                event_columns!(),
                " from events e where e.room_id = $1 and e.room_pos > $2 and e.room_pos <= $3 and (e.withheld = 0 or e.sender = $4) order by e.room_pos limit $5"
            )
        };
        let (mut after, mut until) = if self.backwards {
            (bound.unwrap_or(0).max(first - 1), start.min(last))
        } else {
            (start.max(first - 1), bound.unwrap_or(i64::MAX).min(last))
        };
        let (mut events, mut bytes) = (Vec::new(), 0);
        while bytes < limits::MESSAGES_PAGE_BYTES {
            let batch = self.limit.saturating_add(1).saturating_sub(events.len()).min(limits::MESSAGES_BATCH);
            let page = tx.rows(sql, args![&self.room_id, after, until, &self.user_id, rows(batch)]).await?;
            let page = from_rows(tx, page, 0).await?;
            let ended = page.len() < batch;
            bytes += page.iter().map(|event| event.content.len()).sum::<usize>();
            if let Some(place) = page.last().map(|event| event.room_pos.get()) {
                (after, until) = if self.backwards { (after, place - 1) } else { (place, until) };
            }
            events.extend(page);
            if events.len() > self.limit {
                events.truncate(self.limit);
                break;
            }
            if ended {
                return Ok((events, false));
            }
        }
        Ok((events, true))
    }

    async fn start<T: Tx>(&self, tx: &mut T, last: i64) -> Result<RoomPos, StoreError> {
        let sql = "select last_pos from rooms where room_id = $1";
        let present = tx.row(sql, args![&self.room_id]).await?.map(|row| row.int(0)).transpose()?.unwrap_or_default();
        let end = if self.backwards { last.min(present) } else { 0 };
        let place = match self.from {
            From::Place(place) => place.get(),
            From::End => end,
            From::Inbox(pos) => place_in_inbox(tx, &self.room_id, &self.user_id, pos).await?.map_or(end, RoomPos::get),
        };
        Ok(RoomPos::new(place).unwrap_or_default())
    }
}

/// Where a room stood for a person at this position of their inbox.
pub(crate) async fn place_in_inbox<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    user: &OwnedUserId,
    pos: InboxPos,
) -> Result<Option<RoomPos>, StoreError> {
    let sql = "select room_pos from inbox where user_id = $1 and pos <= $2 and room_id = $3 order by pos desc limit 1";
    let row = tx.row(sql, args![user, pos.get(), room_id]).await?;
    Ok(row.map(|row| row.int(0)).transpose()?.and_then(RoomPos::new))
}

/// Whom a person ignores (spec "Ignoring users").
pub(crate) async fn ignored_by<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<BTreeSet<String>, StoreError> {
    #[derive(Default, serde::Deserialize)]
    struct Content {
        #[serde(default)]
        ignored_users: BTreeMap<String, serde_json::Value>,
    }
    let sql = "select content from account_data where user_id = $1 and room_id = '' and type = 'm.ignored_user_list'";
    let Some(row) = tx.row(sql, args![user]).await? else { return Ok(BTreeSet::new()) };
    let content: Content = serde_json::from_str(row.text(0)?).unwrap_or_default();
    Ok(content.ignored_users.into_keys().collect())
}

/// The present member events of the senders of `events`, or those from before a place.
pub(crate) async fn members_of<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    events: &[StoredEvent],
    before: Option<RoomPos>,
) -> Result<Vec<StoredEvent>, StoreError> {
    let senders: BTreeSet<&str> = events.iter().map(|event| event.sender.as_str()).collect();
    let sql = concat!(
        "select ",
        event_columns!(),
        " from room_state s join events e on e.room_id = s.room_id and e.room_pos = s.room_pos \
         where s.room_id = $1 and s.type = 'm.room.member' and s.state_key = $2"
    );
    let mut members = Vec::new();
    for sender in senders {
        if let Some(before) = before {
            members.extend(stored_event::state_before(tx, room_id, "m.room.member", sender, before).await?);
            continue;
        }
        let rows = tx.rows(sql, args![room_id, sender]).await?;
        members.extend(from_rows(tx, rows, 0).await?);
    }
    Ok(members)
}

/// One event with what was said around it.
#[derive(Clone, Debug)]
pub struct EventContext {
    /// The room.
    pub room_id: OwnedRoomId,
    /// The event.
    pub event_id: OwnedEventId,
    /// For whom.
    pub user_id: OwnedUserId,
    /// Events before and after, in all.
    pub limit: usize,
}

/// An event and its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The event.
    pub event: StoredEvent,
    /// What came before, latest first.
    pub before: Vec<StoredEvent>,
    /// What came after, oldest first.
    pub after: Vec<StoredEvent>,
    /// The room's state at the last event, as far as the reader may see it.
    pub state: Vec<StoredEvent>,
}

impl Query for EventContext {
    /// `None` when there is no such event, or the person may not read it.
    type Out = Option<Surroundings>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Surroundings>, StoreError> {
        let Some(access) = access(tx, &self.room_id, &self.user_id).await? else { return Ok(None) };
        let event = stored_event::by_id(tx, &self.room_id, &self.event_id, &self.user_id).await?;
        let Some(mut event) = event.filter(|event| access.readable.contains(event.room_pos)) else { return Ok(None) };
        bundle::attach(tx, &self.room_id, &self.user_id, &access.readable, std::slice::from_mut(&mut event)).await?;
        access.note_membership(tx, std::slice::from_mut(&mut event)).await?;
        let half = i64::try_from(self.limit / 2).unwrap_or(0);
        let sql = concat!(
            "select ",
            event_columns!(),
            " from events e where e.room_id = $1 and e.room_pos < $2 and (e.withheld = 0 or e.sender = $3) order by e.room_pos desc limit $4"
        );
        let before = tx.rows(sql, args![&self.room_id, event.room_pos.get(), &self.user_id, half]).await?;
        let mut before = from_rows(tx, before, 0).await?;
        let sql = concat!(
            "select ",
            event_columns!(),
            " from events e where e.room_id = $1 and e.room_pos > $2 and (e.withheld = 0 or e.sender = $3) order by e.room_pos limit $4"
        );
        let after = tx.rows(sql, args![&self.room_id, event.room_pos.get(), &self.user_id, half]).await?;
        let mut after = from_rows(tx, after, 0).await?;
        before.retain(|event| access.readable.contains(event.room_pos));
        after.retain(|event| access.readable.contains(event.room_pos));
        for events in [&mut before, &mut after] {
            bundle::attach(tx, &self.room_id, &self.user_id, &access.readable, events).await?;
            access.note_membership(tx, events).await?;
        }
        let at = place_after(after.last().unwrap_or(&event).room_pos.get());
        let state = if self.limit == 0 || !access.was_in() {
            Vec::new()
        } else {
            let before = access.state_at().map_or(at, |left| left.min(at));
            stored_event::room_state(tx, &self.room_id, Some(before)).await?
        };
        Ok(Some(Surroundings { event, before, after, state }))
    }
}

/// The state of a room as a person may see it.
#[derive(Clone, Debug)]
pub struct VisibleState {
    /// The room.
    pub room_id: OwnedRoomId,
    /// For whom.
    pub user_id: OwnedUserId,
    /// As it stood at this inbox position of the person, instead of now.
    pub at: Option<From>,
}

impl Query for VisibleState {
    /// `None` when the person may not see it; with whether they are in the room.
    type Out = Option<(Vec<StoredEvent>, Membership)>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let Some(access) = access(tx, &self.room_id, &self.user_id).await? else { return Ok(None) };
        if access.readable.last().is_none() || !access.was_in() {
            return Ok(None);
        }
        let mut before = access.state_at();
        if let Some(from) = self.at {
            let page = HistoryPage {
                room_id: self.room_id.clone(),
                user_id: self.user_id.clone(),
                backwards: true,
                from,
                to: None,
                limit: 0,
                filter: EventFilter::default(),
            };
            let at = page.start(tx, access.readable.last().unwrap_or_default()).await?;
            let asked = RoomPos::new(at.get().saturating_add(1)).unwrap_or_default();
            before = Some(before.map_or(asked, |left| left.min(asked)));
        }
        let state = stored_event::room_state(tx, &self.room_id, before).await?;
        Ok(Some((state, access.membership)))
    }
}

/// The rooms a person is in or invited to.
#[derive(Clone, Debug)]
pub struct RoomsToLeave(pub OwnedUserId);

impl Query for RoomsToLeave {
    type Out = Vec<OwnedRoomId>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OwnedRoomId>, StoreError> {
        let sql = "select room_id from members where user_id = $1 and membership in ('join', 'invite') order by room_id";
        tx.rows(sql, args![&self.0]).await?.iter().map(|row| row.parse(0)).collect()
    }
}

/// The rooms a person is in.
#[derive(Clone, Debug)]
pub struct JoinedRooms(pub OwnedUserId);

impl Query for JoinedRooms {
    type Out = Vec<OwnedRoomId>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OwnedRoomId>, StoreError> {
        let sql = "select room_id from members where user_id = $1 and membership = 'join' order by room_id";
        tx.rows(sql, args![&self.0]).await?.iter().map(|row| row.parse(0)).collect()
    }
}
