//! Reading one room for a sync: its last events, its state before them, who is in it.

use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;
use model::seq::RoomPos;

use super::{Receipt, Summary, Sync, Timeline, Unread};
use crate::args;
use crate::error::StoreError;
use crate::query::bundle;
use crate::query::history::{Access, members_of};
use crate::query::stored_event::{StoredEvent, event_columns, from_rows, room_state};
use crate::tx::Tx;

/// Rows read at a time when a filter leaves some out.
const FILTERED_BATCH: i64 = 200;

impl Sync {
    /// The last events of a room that the reader may see, up to `until`, with the state before them.
    pub(super) async fn last_events<T: Tx>(
        &self,
        tx: &mut T,
        room_id: &OwnedRoomId,
        access: &Access,
        until: i64,
    ) -> Result<Timeline, StoreError> {
        let limit = self.timeline.timeline_limit();
        let after = until.checked_add(1).and_then(RoomPos::new);
        let sql = concat!(
            "select ",
            event_columns!(),
            " from events e where e.room_id = $1 and e.room_pos <= $2 and (e.withheld = 0 or e.sender = $3) order by e.room_pos desc limit $4"
        );
        let batch = if self.timeline.is_open() { i64::try_from(limit).unwrap_or(i64::MAX) + 1 } else { FILTERED_BATCH };
        let (mut events, mut until, mut seen): (Vec<StoredEvent>, i64, usize) = (Vec::new(), until, 0);
        let mut exhausted = false;
        while !exhausted && events.len() <= limit && seen < limits::FILTERED_ROWS {
            let rows = tx.rows(sql, args![room_id, until, &self.user_id, batch]).await?;
            let page = from_rows(tx, rows, 0).await?;
            seen += page.len();
            exhausted = i64::try_from(page.len()).unwrap_or(i64::MAX) < batch;
            until = page.last().map_or(0, |event| event.room_pos.get() - 1);
            events.extend(page.into_iter().filter(|event| access.readable.contains(event.room_pos) && self.wants(event)));
        }
        let limited = events.len() > limit || !exhausted;
        events.truncate(limit);
        events.reverse();
        bundle::attach(tx, room_id, &self.user_id, &access.readable, &mut events).await?;
        access.note_membership(tx, &mut events).await?;
        let start = events.first().map_or(RoomPos::new(until + 1).unwrap_or_default(), |event| event.room_pos);
        let state_at = if self.state_after { after } else { Some(start) };
        let state = room_state(tx, room_id, state_at).await?;
        Ok(Timeline { events, limited, prev: before(start), state })
    }

    /// Whether the person's filter lets an event into the timeline.
    pub(super) fn wants(&self, event: &StoredEvent) -> bool {
        self.timeline.matches(&event.event_type, &event.sender, &event.content)
    }

    /// The member events of those who speak in a timeline, where members are loaded lazily.
    pub(super) async fn add_senders<T: Tx>(&self, tx: &mut T, room_id: &OwnedRoomId, timeline: &mut Timeline) -> Result<(), StoreError> {
        if !self.lazy_members || timeline.events.is_empty() {
            return Ok(());
        }
        let sql = "select count(*) from members where room_id = $1 and membership = 'join'";
        let joined = tx.row(sql, args![room_id]).await?.map(|row| row.int(0)).transpose()?.unwrap_or_default();
        if joined <= i64::try_from(limits::LAZY_MEMBERS_ABOVE).unwrap_or(i64::MAX) {
            return Ok(());
        }
        let told = |timeline: &Timeline, member: &StoredEvent| {
            let same = |event: &StoredEvent| event.event_type == "m.room.member" && event.state_key == member.state_key;
            timeline.events.iter().chain(&timeline.state).any(same)
        };
        for member in members_of(tx, room_id, &timeline.events, None).await? {
            if !told(timeline, &member) {
                timeline.state.push(member);
            }
        }
        Ok(())
    }

    /// What is unread of a room, with columns 4 and 5 (all of it) of `row`.
    pub(super) async fn unread<T: Tx>(&self, tx: &mut T, room_id: &OwnedRoomId, row: &crate::Row) -> Result<Unread, StoreError> {
        let mut unread = Unread { notify: row.int(4)?, highlight: row.int(5)?, threads: Vec::new() };
        if self.threads && unread.notify > 0 {
            let sql = "select thread_id, notify_count, highlight_count from thread_unread where user_id = $1 and room_id = $2 \
                       order by thread_id";
            for row in tx.rows(sql, args![&self.user_id, room_id]).await? {
                unread.set_apart(row.text(0)?.to_owned(), row.int(1)?, row.int(2)?);
            }
        }
        Ok(unread)
    }

    pub(super) async fn summary<T: Tx>(&self, tx: &mut T, room_id: &OwnedRoomId) -> Result<Summary, StoreError> {
        let sql = "select user_id, membership from members where room_id = $1 and membership in ('join', 'invite') order by member_pos";
        let mut summary = Summary { heroes: Vec::new(), joined: 0, invited: 0 };
        for row in tx.rows(sql, args![room_id]).await? {
            let (user, membership) = (row.text(0)?, row.text(1)?);
            *(if membership == "join" { &mut summary.joined } else { &mut summary.invited }) += 1;
            if user != self.user_id.as_str() && summary.heroes.len() < 5 {
                summary.heroes.push(user.to_owned());
            }
        }
        if summary.heroes.is_empty() {
            let sql = "select user_id from members where room_id = $1 and user_id <> $2 and membership in ('leave', 'ban') order by member_pos limit 5";
            for row in tx.rows(sql, args![room_id, &self.user_id]).await? {
                summary.heroes.push(row.text(0)?.to_owned());
            }
        }
        Ok(summary)
    }
}

impl Unread {
    /// Tells a thread apart from the rest.
    pub(super) fn set_apart(&mut self, thread: String, notify: i64, highlight: i64) {
        self.notify = (self.notify - notify).max(0);
        self.highlight = (self.highlight - highlight).max(0);
        self.threads.push((thread, notify, highlight));
    }
}

/// Receipts of a room: everybody's public ones, one's own private ones. If there are very many, one's own come before
/// those of others, and those of no thread before those of threads.
pub(crate) async fn receipts<T: Tx>(tx: &mut T, user: &OwnedUserId, room_id: &OwnedRoomId) -> Result<Vec<Receipt>, StoreError> {
    let sql = "select event_id, type, user_id, thread_id, ts from receipts where room_id = $1 and (type = 'm.read' or user_id = $2) \
         order by case when user_id = $2 then 0 else 1 end, case when thread_id in ('', 'main') then 0 else 1 end, ts desc limit $3";
    let rows = tx.rows(sql, args![room_id, user, crate::value::rows(limits::RECEIPTS_TOLD)]).await?;
    let text = |row: &crate::Row, index| row.text(index).map(str::to_owned);
    rows.iter()
        .map(|row| {
            Ok(Receipt {
                event_id: text(row, 0)?,
                receipt_type: text(row, 1)?,
                user_id: text(row, 2)?,
                thread_id: text(row, 3)?,
                ts: row.int(4)?,
            })
        })
        .collect()
}

/// All account data of a room, or global account data for an empty room ID: type and content.
pub(crate) async fn all_account_data<T: Tx>(tx: &mut T, user: &OwnedUserId, room_id: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "select type, content from account_data where user_id = $1 and room_id = $2 order by type";
    let rows = tx.rows(sql, args![user, room_id]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// One piece of account data: its type and content.
pub(crate) async fn account_data<T: Tx>(
    tx: &mut T,
    user: &OwnedUserId,
    room_id: &str,
    data_type: &str,
) -> Result<Option<(String, String)>, StoreError> {
    let sql = "select content from account_data where user_id = $1 and room_id = $2 and type = $3";
    let row = tx.row(sql, args![user, room_id, data_type]).await?;
    row.map(|mut row| Ok((data_type.to_owned(), row.take_text(0)?))).transpose()
}

/// The place before another.
pub(crate) fn before(place: RoomPos) -> RoomPos {
    RoomPos::new(place.get() - 1).unwrap_or_default()
}
