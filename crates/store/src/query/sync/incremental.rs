//! What changed since a position: inbox rows, membership edges, marks.

use std::collections::{BTreeMap, BTreeSet};

use model::id::OwnedRoomId;
use model::limits;
use model::room::Membership;
use model::seq::{InboxPos, RoomPos};

use super::device::{device_lists, everybody_met};
use super::rooms::{account_data as account_data_of, before, receipts as receipts_in};
use super::{JoinedNews, LeftNews, News, Sync, Timeline};
use crate::args;
use crate::error::StoreError;
use crate::query::bundle;
use crate::query::history::membership_in;
use crate::query::stored_event::{StoredEvent, event_columns, explain, from_row, room_state};
use crate::tx::Tx;
use crate::value::Row;

/// What happened in one room.
#[derive(Default)]
struct Changes {
    events: Vec<StoredEvent>,
    /// Only as many rows as can be told were read: look at the room instead.
    overflow: bool,
    receipts: bool,
    unread: bool,
    account_data: Vec<String>,
}

impl Sync {
    pub(super) async fn changes<T: Tx>(&self, tx: &mut T, since: InboxPos, pos: InboxPos, below_floor: bool) -> Result<News, StoreError> {
        let mut rooms: BTreeMap<OwnedRoomId, Changes> = BTreeMap::new();
        let mut news = News { pos, ..News::default() };
        self.collect_events(tx, since, pos, below_floor, &mut rooms).await?;
        let device_lists_moved = self.collect_marks(tx, since, &mut rooms, &mut news).await?;
        if below_floor {
            news.device.changed = everybody_met(tx, &self.user_id).await?;
        } else if device_lists_moved {
            (news.device.changed, news.device.left) = device_lists(tx, &self.user_id, since).await?;
        }
        for room_id in self.edges(tx, since).await? {
            rooms.entry(room_id).or_default();
        }
        if self.full_state {
            let sql = "select room_id from members where user_id = $1 and membership = 'join'";
            for row in tx.rows(sql, args![&self.user_id]).await? {
                rooms.entry(row.parse(0)?).or_default();
            }
        }
        let (brief, mut left) = (self.brief(), limits::SYNC_BYTES);
        for (room_id, changes) in rooms {
            if self.rooms.matches(&room_id) {
                let told = news.joined.len();
                let ask = if left > 0 { self } else { &brief };
                ask.tell(tx, room_id, changes, since, &mut news).await?;
                left = left.saturating_sub(news.joined.iter().skip(told).map(|room| room.timeline.bytes()).sum());
            }
        }
        Ok(news)
    }

    /// The inbox rows with their events, grouped by room; beyond the bound only which rooms have some.
    async fn collect_events<T: Tx>(
        &self,
        tx: &mut T,
        since: InboxPos,
        pos: InboxPos,
        below_floor: bool,
        rooms: &mut BTreeMap<OwnedRoomId, Changes>,
    ) -> Result<(), StoreError> {
        let sql = concat!(
            "select i.room_id, ",
            event_columns!(),
            " from inbox i join events e on e.room_id = i.room_id and e.room_pos = i.room_pos \
             where i.user_id = $1 and i.pos > $2 and i.pos <= $3 order by i.pos limit $4"
        );
        let bound = i64::try_from(limits::INBOX_PAGE_ROWS).unwrap_or(i64::MAX);
        let rows = if below_floor { Vec::new() } else { tx.rows(sql, args![&self.user_id, since.get(), pos.get(), bound + 1]).await? };
        if below_floor || rows.len() > limits::INBOX_PAGE_ROWS {
            return self.collect_rooms(tx, since, below_floor, rooms).await;
        }
        for mut row in rows {
            let mut event = from_row(&mut row, 1)?;
            explain(tx, &mut event).await?;
            rooms.entry(row.parse(0)?).or_default().events.push(event);
        }
        Ok(())
    }

    async fn collect_rooms<T: Tx>(
        &self,
        tx: &mut T,
        since: InboxPos,
        below_floor: bool,
        rooms: &mut BTreeMap<OwnedRoomId, Changes>,
    ) -> Result<(), StoreError> {
        let found = if below_floor {
            tx.rows("select room_id from members where user_id = $1 and membership = 'join'", args![&self.user_id]).await?
        } else {
            tx.rows("select distinct room_id from inbox where user_id = $1 and pos > $2", args![&self.user_id, since.get()]).await?
        };
        for row in found {
            rooms.entry(row.parse(0)?).or_default().overflow = true;
        }
        Ok(())
    }

    /// The marks that moved; whether some are of device lists.
    async fn collect_marks<T: Tx>(
        &self,
        tx: &mut T,
        since: InboxPos,
        rooms: &mut BTreeMap<OwnedRoomId, Changes>,
        news: &mut News,
    ) -> Result<bool, StoreError> {
        let mut device_lists_moved = false;
        let sql = "select kind, mark_key from marks where user_id = $1 and pos > $2 order by pos";
        for row in tx.rows(sql, args![&self.user_id, since.get()]).await? {
            let (kind, key) = (row.text(0)?, row.text(1)?);
            let (room, data_type) = key.split_once('|').unwrap_or((key, ""));
            let room_id = OwnedRoomId::try_from(room).ok();
            match (kind, room_id) {
                ("account_data", None) => news.account_data.extend(account_data_of(tx, &self.user_id, "", data_type).await?),
                ("account_data", Some(room_id)) => rooms.entry(room_id).or_default().account_data.push(data_type.to_owned()),
                ("receipts", Some(room_id)) => rooms.entry(room_id).or_default().receipts = true,
                ("unread", Some(room_id)) => rooms.entry(room_id).or_default().unread = true,
                ("device_lists", _) => device_lists_moved = true,
                ("key_counts", _) => news.device.counts_changed |= key == self.device_id.as_str(),
                _ => {}
            }
        }
        Ok(device_lists_moved)
    }

    async fn edges<T: Tx>(&self, tx: &mut T, since: InboxPos) -> Result<Vec<OwnedRoomId>, StoreError> {
        let sql = "select room_id from members where user_id = $1 and inbox_pos > $2";
        tx.rows(sql, args![&self.user_id, since.get()]).await?.iter().map(|row| row.parse(0)).collect()
    }

    /// Tells one room's changes as the person's present membership of it has them told.
    async fn tell<T: Tx>(
        &self,
        tx: &mut T,
        room_id: OwnedRoomId,
        changes: Changes,
        since: InboxPos,
        news: &mut News,
    ) -> Result<(), StoreError> {
        let sql = "select room_id, membership, member_pos, stripped, notify_count, highlight_count, inbox_pos, forgotten from members \
                   where user_id = $1 and room_id = $2";
        let Some(row) = tx.row(sql, args![&self.user_id, &room_id]).await? else {
            return Ok(());
        };
        let moved = row.int(6)? > since.get();
        match row.text(1)? {
            "join" if moved => news.joined.extend(self.whole_room(tx, room_id, &row).await?),
            "join" if changes.overflow => {
                let whole = self.whole_room(tx, room_id, &row).await?;
                news.joined.extend(whole.map(|mut whole| {
                    whole.timeline.limited = true;
                    whole
                }));
            }
            "join" => {
                if let Some(joined) = self.joined(tx, room_id, changes, &row).await? {
                    news.joined.push(joined);
                }
            }
            "invite" if moved => news.invited.push((room_id, row.text_or_null(3)?.unwrap_or("[]").to_owned())),
            "leave" | "ban" if moved && !row.flag(7)? => {
                let own_join = |event: &StoredEvent| {
                    let own = event.event_type == "m.room.member" && event.state_key.as_deref() == Some(self.user_id.as_str());
                    own && membership_in(&event.content) == Membership::Join
                };
                // a room that came and went since the last sync is told like one the client never saw
                if changes.events.is_empty() || changes.events.iter().any(own_join) {
                    news.left.extend(self.left_room(tx, room_id).await?);
                } else {
                    news.left.push(LeftNews { room_id, timeline: self.excerpt(changes.events) });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `None` when a filter leaves nothing to tell.
    async fn joined<T: Tx>(&self, tx: &mut T, room_id: OwnedRoomId, changes: Changes, row: &Row) -> Result<Option<JoinedNews>, StoreError> {
        let Changes { events, receipts, unread, account_data, .. } = changes;
        let is_member = |event: &StoredEvent| event.event_type == "m.room.member";
        let summary = if self.full_state || events.iter().any(is_member) { Some(self.summary(tx, &room_id).await?) } else { None };
        let mut timeline = self.excerpt(events);
        if self.full_state {
            let start = timeline.events.first().map(|event| event.room_pos).filter(|_| !self.state_after);
            timeline.state = room_state(tx, &room_id, start).await?;
        } else {
            self.add_senders(tx, &room_id, &mut timeline).await?;
        }
        let mut told = Vec::with_capacity(account_data.len());
        for data_type in account_data.into_iter().collect::<BTreeSet<_>>() {
            told.extend(account_data_of(tx, &self.user_id, room_id.as_str(), &data_type).await?);
        }
        let receipts_told = if receipts { receipts_in(tx, &self.user_id, &room_id).await? } else { Vec::new() };
        let nothing = timeline.events.is_empty()
            && timeline.state.is_empty()
            && told.is_empty()
            && receipts_told.is_empty()
            && !unread
            && summary.is_none();
        if nothing {
            return Ok(None);
        }
        let unread_now = self.unread(tx, &room_id, row).await?;
        Ok(Some(JoinedNews {
            room_id,
            timeline,
            unread: unread_now,
            summary,
            receipts: receipts_told,
            account_data: told,
            whole: self.full_state,
        }))
    }

    /// The last of these events, and the state among those left out.
    fn excerpt(&self, mut events: Vec<StoredEvent>) -> Timeline {
        // a withheld message that was released stands where it was released
        events.sort_by_key(|event| event.room_pos);
        for event in &mut events {
            // an inbox holds what was said while its person was in, and their own coming and going
            let own = event.event_type == "m.room.member" && event.state_key.as_deref() == Some(self.user_id.as_str());
            event.membership = Some(if own { membership_in(&event.content) } else { Membership::Join });
        }
        bundle::attach_within(&mut events, &self.user_id);
        let limit = self.timeline.timeline_limit();
        let wanted: Vec<bool> = events.iter().map(|event| self.wants(event)).collect();
        let skipped = wanted.iter().filter(|wanted| **wanted).count().saturating_sub(limit);
        let mut timeline = Timeline { limited: skipped > 0, ..Timeline::default() };
        timeline.prev = before(events.first().map_or(RoomPos::ZERO, |event| event.room_pos));
        let mut state: BTreeMap<(String, String), StoredEvent> = BTreeMap::new();
        let mut seen = 0;
        for (event, wanted) in events.into_iter().zip(wanted) {
            seen += usize::from(wanted);
            if wanted && seen > skipped {
                if timeline.events.is_empty() {
                    timeline.prev = before(event.room_pos);
                }
                timeline.events.push(event);
            } else if let Some(state_key) = event.state_key.clone() {
                state.insert((event.event_type.clone(), state_key), event);
            }
        }
        timeline.state = state.into_values().collect();
        timeline.state.sort_by_key(|event| event.room_pos);
        timeline
    }
}
