//! Where an event is and whose it is, without its content.

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::seq::RoomPos;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Looks an event up in a room.
#[derive(Clone, Debug)]
pub struct EventById {
    /// The room it must be in.
    pub room_id: OwnedRoomId,
    /// The event.
    pub event_id: OwnedEventId,
}

/// An event without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPlace {
    /// Its place in the room.
    pub room_pos: RoomPos,
    /// Who sent it.
    pub sender: OwnedUserId,
    /// Its type.
    pub event_type: String,
    /// The event it relates to, and how.
    pub relation: Option<(String, String)>,
    /// Whether it was redacted.
    pub redacted: bool,
    /// Whether it reached anybody but its sender.
    pub delivered: bool,
}

impl Query for EventById {
    type Out = Option<EventPlace>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<EventPlace>, StoreError> {
        let sql =
            "select room_pos, sender, type, redacted_by, withheld, relates_to, rel_type from events where room_id = $1 and event_id = $2";
        let Some(mut row) = tx.row(sql, args![&self.room_id, &self.event_id]).await? else {
            return Ok(None);
        };
        Ok(Some(EventPlace {
            room_pos: RoomPos::new(row.int(0)?).unwrap_or_default(),
            sender: row.parse(1)?,
            event_type: row.text(2)?.to_owned(),
            relation: row.take_text_or_null(5)?.zip(row.take_text_or_null(6)?),
            redacted: row.text_or_null(3)?.is_some(),
            delivered: row.int(4)? == 0,
        }))
    }
}
