//! Lets go of what a device has shown to have received.

use model::id::{OwnedDeviceId, OwnedUserId};
use model::seq::InboxPos;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Deletes the messages of a device up to a position that it presented itself.
#[derive(Clone, Debug)]
pub struct AckDeviceQueue {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which device.
    pub device_id: OwnedDeviceId,
    /// Up to here, inclusive.
    pub upto: InboxPos,
}

impl Command for AckDeviceQueue {
    /// How many were let go.
    type Out = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        let sql = "delete from device_queue where user_id = $1 and device_id = $2 and seq <= $3";
        tx.exec(sql, args![&self.user_id, &self.device_id, self.upto.get()]).await
    }
}
