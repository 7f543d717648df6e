//! Reading one room for a sync: its last events, its state before them, who is in it.

use model::id::OwnedRoomId;
use model::limits;
use model::seq::RoomPos;

use super::{Receipt, Summary, Sync, Timeline};
use crate::args;
use crate::error::StoreError;
use crate::query::stored_event::{StoredEvent, event_columns, from_rows, room_state};
use crate::tx::Tx;

/// Rows read at a time when a filter leaves some out.
const FILTERED_BATCH: i64 = 200;
/// Rows looked at in all for one room when a filter leaves most of them out.
const FILTERED_ROWS_MAX: usize = 2_000;

impl Sync {
    /// The last events of a room that the reader may see, from `from` to `until`, with the state before them.
    pub(super) async fn last_events<T: Tx>(
        &self,
        tx: &mut T,
        room_id: &OwnedRoomId,
        from: RoomPos,
        until: RoomPos,
    ) -> Result<Timeline, StoreError> {
        let limit = self.timeline.timeline_limit();
        let sql = concat!(
            "select ",
            event_columns!(),
            " from events e where e.room_id = $1 and e.room_pos <= $2 and e.room_pos >= $3 and (e.withheld = 0 or e.sender = $4) \
             order by e.room_pos desc limit $5"
        );
        let batch = if self.timeline.is_open() { i64::try_from(limit).unwrap_or(i64::MAX) + 1 } else { FILTERED_BATCH };
        let (mut events, mut until, mut seen): (Vec<StoredEvent>, i64, usize) = (Vec::new(), until.get(), 0);
        loop {
            let rows = tx.rows(sql, args![room_id, until, from.get(), &self.user_id, batch]).await?;
            let page = from_rows(tx, rows, 0).await?;
            seen += page.len();
            let last_page = i64::try_from(page.len()).unwrap_or(i64::MAX) < batch;
            until = page.last().map_or(0, |event| event.room_pos.get() - 1);
            events.extend(page.into_iter().filter(|event| self.timeline.matches(&event.event_type, &event.sender, &event.content)));
            if last_page || events.len() > limit || seen >= FILTERED_ROWS_MAX {
                break;
            }
        }
        let limited = events.len() > limit;
        events.truncate(limit);
        events.reverse();
        let start = events.first().map_or(RoomPos::new(until + 1).unwrap_or_default(), |event| event.room_pos);
        let state = room_state(tx, room_id, Some(start)).await?;
        Ok(Timeline { events, limited, prev: before(start), state })
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

    /// Receipts of a room: everybody's public ones, one's own private ones.
    pub(super) async fn receipts<T: Tx>(&self, tx: &mut T, room_id: &OwnedRoomId) -> Result<Vec<Receipt>, StoreError> {
        let sql =
            "select event_id, type, user_id, thread_id, ts from receipts where room_id = $1 and (type = 'm.read' or user_id = $2) limit $3";
        let bound = i64::try_from(limits::ROOM_MEMBERS * 2).unwrap_or(i64::MAX);
        let rows = tx.rows(sql, args![room_id, &self.user_id, bound]).await?;
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

    pub(super) async fn room_account_data<T: Tx>(&self, tx: &mut T, room_id: &str) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "select type, content from account_data where user_id = $1 and room_id = $2 order by type";
        let rows = tx.rows(sql, args![&self.user_id, room_id]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
    }

    /// From where on a person who comes in may read (spec "Room history visibility").
    pub(super) async fn readable_from<T: Tx>(&self, tx: &mut T, room_id: &OwnedRoomId, joined_at: RoomPos) -> Result<RoomPos, StoreError> {
        let sql = "select e.content from room_state s join events e on e.room_id = s.room_id and e.room_pos = s.room_pos \
                   where s.room_id = $1 and s.type = 'm.room.history_visibility' and s.state_key = ''";
        let content = tx.row(sql, args![room_id]).await?;
        let content = content.as_ref().map(|row| row.text(0)).transpose()?.unwrap_or_default();
        let visibility: Visibility = serde_json::from_str(content).unwrap_or_default();
        match visibility.history_visibility.as_deref() {
            Some("joined") => Ok(joined_at),
            Some("invited") => {
                let sql = "select max(room_pos) from events where room_id = $1 and type = 'm.room.member' and state_key = $2 \
                           and state_key is not null and room_pos < $3";
                let row = tx.row(sql, args![room_id, &self.user_id, joined_at.get()]).await?;
                let invited_at = row.map(|row| row.int_or_null(0)).transpose()?.flatten();
                Ok(invited_at.and_then(RoomPos::new).unwrap_or(joined_at))
            }
            _ => Ok(RoomPos::ZERO),
        }
    }
}

#[derive(Default, serde::Deserialize)]
struct Visibility {
    history_visibility: Option<String>,
}

/// The place before another.
pub(super) fn before(place: RoomPos) -> RoomPos {
    RoomPos::new(place.get() - 1).unwrap_or_default()
}
