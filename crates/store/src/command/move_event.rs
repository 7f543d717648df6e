//! Moves a message to the end of its room: a withheld message that is released is new to its
//! recipients, and so comes after everything they have seen. Its ID and time stay.

use model::id::OwnedRoomId;
use model::seq::RoomPos;

use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// An event at its new place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Where it is now.
    pub(crate) room_pos: RoomPos,
}

/// Moves the message at `from` to the end of the room and marks it delivered. What refers to its
/// place moves along: the inbox rows of those who had it (the sender's) and receipts on it.
///
/// The room's row is locked by taking the place, so that members read afterwards are those who are
/// in the room where the message now stands.
///
/// # Errors
/// When there is no withheld or refused message at `from`; state never moves.
pub(crate) async fn to_end<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, from: RoomPos) -> Result<Moved, StoreError> {
    let sql = "update rooms set last_pos = last_pos + 1 where room_id = $1 returning last_pos";
    let row = tx.row(sql, args![room_id]).await?.ok_or_else(|| StoreError::Database("a case names an unknown room".to_owned()))?;
    let room_pos = RoomPos::new(row.int(0)?).ok_or_else(|| StoreError::Database("a room's position is negative".to_owned()))?;
    assert!(room_pos > from, "a room's position went back");
    let sql = "update events set room_pos = $3, withheld = 0 where room_id = $1 and room_pos = $2 and withheld <> 0 and state_key is null";
    if tx.exec(sql, args![room_id, from.get(), room_pos.get()]).await? != 1 {
        return Err(StoreError::Database("no withheld message at this place".to_owned()));
    }
    // only the sender can have it; the condition on user_id makes this a walk over one inbox
    let sql = "update inbox set room_pos = $3 where room_id = $1 and room_pos = $2 \
               and user_id = (select sender from events where room_id = $1 and room_pos = $3)";
    tx.exec(sql, args![room_id, from.get(), room_pos.get()]).await?;
    let sql = "update receipts set room_pos = $3 where room_id = $1 and room_pos = $2";
    tx.exec(sql, args![room_id, from.get(), room_pos.get()]).await?;
    Ok(Moved { room_pos })
}
