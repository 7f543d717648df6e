//! Takes a room that was left out of a person's lists.

use model::id::{OwnedRoomId, OwnedUserId};

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Forgets a room.
#[derive(Clone, Debug)]
pub struct ForgetRoom {
    /// Who forgets.
    pub user_id: OwnedUserId,
    /// What.
    pub room_id: OwnedRoomId,
}

impl Command for ForgetRoom {
    /// Whether there was a left room to forget.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "update members set forgotten = 1 where room_id = $1 and user_id = $2 and membership in ('leave', 'ban')";
        Ok(tx.exec(sql, args![&self.room_id, &self.user_id]).await? > 0)
    }
}
