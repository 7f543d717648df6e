//! The threads of a room: the messages that others answered in a thread, by their latest answer.

use model::id::{OwnedRoomId, OwnedUserId};
use model::seq::RoomPos;

use super::bundle;
use super::history::access;
use super::relations::Related;
use super::stored_event::{by_event_id, explain};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Reads a page of the roots of threads, the one with the latest answer first.
#[derive(Clone, Debug)]
pub struct Threads {
    /// The room.
    pub room_id: OwnedRoomId,
    /// For whom.
    pub user_id: OwnedUserId,
    /// Only those in which they said something.
    pub participated: bool,
    /// Only those whose latest answer is before this place: the end of the last page.
    pub before: Option<RoomPos>,
    /// At most this many.
    pub limit: usize,
}

impl Query for Threads {
    /// `None` when the person may read nothing of the room.
    type Out = Option<Related>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Related>, StoreError> {
        let Some(access) = access(tx, &self.room_id, &self.user_id).await? else { return Ok(None) };
        let (Some(first), Some(last)) = (access.readable.first(), access.readable.last()) else { return Ok(None) };
        let sql = "select relates_to, max(room_pos) from events where room_id = $1 and rel_type = 'm.thread' and room_pos >= $3 and room_pos <= $4 \
                   and (withheld = 0 or sender = $2) group by relates_to having max(room_pos) < $5 \
                   and ($6 = 0 or max(case when sender = $2 then 1 else 0 end) = 1 \
                   or (select r.sender from events r where r.event_id = events.relates_to) = $2) order by max(room_pos) desc limit $7";
        let before = self.before.map_or(i64::MAX, RoomPos::get);
        let limit = crate::value::rows(self.limit).saturating_add(1);
        let rows = tx.rows(sql, args![&self.room_id, &self.user_id, first, last, before, self.participated, limit]).await?;
        let more = rows.len() > self.limit;
        let (mut events, mut end) = (Vec::new(), None);
        for row in rows.iter().take(self.limit) {
            end = RoomPos::new(row.int(1)?);
            let Some(mut root) = by_event_id(tx, row.text(0)?).await? else { continue };
            if access.readable.contains(root.room_pos) {
                explain(tx, &mut root).await?;
                events.push(root);
            }
        }
        bundle::attach(tx, &self.room_id, &self.user_id, &access.readable, &mut events).await?;
        access.note_membership(tx, &mut events).await?;
        Ok(Some(Related { events, end: end.filter(|_| more) }))
    }
}
