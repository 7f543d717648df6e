//! Messages from device to device: put into each device's queue, in the order of the person's counter.

use std::collections::BTreeMap;

use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;

use super::fanout;
use super::txn::{self, Txn};
use crate::args;
use crate::error::StoreError;
use crate::query::contact;
use crate::tx::{Command, Tx};

/// Puts messages into queues, all or none. Who is hidden from the sender is passed over like somebody who does not exist.
#[derive(Clone, Debug)]
pub struct SendToDevice {
    /// The client's transaction; a replay sends nothing.
    pub txn: Txn,
    /// The type of all messages.
    pub event_type: String,
    /// For whom: content as JSON text by device, or for all devices of the person (`None`) that are
    /// not named. A map, so that counters are locked in one order by everybody.
    pub messages: BTreeMap<OwnedUserId, BTreeMap<Option<OwnedDeviceId>, String>>,
}

/// What became of the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendToDeviceOutcome {
    /// They wait in queues; whom to wake.
    Sent(Vec<OwnedUserId>),
    /// The transaction had been carried out before.
    Replayed,
    /// They would be more than [`limits::TO_DEVICE_ROWS`] or [`limits::TO_DEVICE_REQUEST_BYTES`].
    TooMuch,
}

impl Command for SendToDevice {
    type Out = SendToDeviceOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<SendToDeviceOutcome, StoreError> {
        if txn::is_done(tx, &self.txn).await? {
            return Ok(SendToDeviceOutcome::Replayed);
        }
        let mut planned = Vec::with_capacity(self.messages.len());
        let (mut rows, mut bytes) = (0, 0);
        for (user, messages) in &self.messages {
            if !contact::sees(tx, &self.txn.user, user).await? {
                continue;
            }
            // the counter's lock comes before the look at the devices: none is taken away in between
            let Some(pos) = fanout::bump_if_known(tx, user).await? else { continue };
            for device in devices_of(tx, user).await? {
                let Some(content) = messages.get(&Some(device.clone())).or_else(|| messages.get(&None)) else { continue };
                rows += 1;
                bytes += content.len();
                planned.push((user, device, pos, content));
            }
        }
        if rows > limits::TO_DEVICE_ROWS || bytes > limits::TO_DEVICE_REQUEST_BYTES {
            return Ok(SendToDeviceOutcome::TooMuch);
        }
        let mut told: Vec<OwnedUserId> = Vec::new();
        for (user, device, pos, content) in planned {
            self.make_room(tx, user, &device).await?;
            let sql = "insert into device_queue (user_id, device_id, seq, sender, type, content) values ($1, $2, $3, $4, $5, $6)";
            let arguments = args![user, &device, pos.get(), &self.txn.user, self.event_type.as_str(), content.as_str()];
            tx.exec(sql, arguments).await?;
            if told.last() != Some(user) {
                told.push(user.clone());
            }
        }
        txn::note_done(tx, &self.txn).await?;
        Ok(SendToDeviceOutcome::Sent(told))
    }
}

async fn devices_of<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<Vec<OwnedDeviceId>, StoreError> {
    let rows = tx.rows("select device_id from devices where user_id = $1 order by device_id", args![user]).await?;
    rows.iter().map(|row| Ok(OwnedDeviceId::from(row.text(0)?))).collect()
}

impl SendToDevice {
    /// A sender who has [`limits::TO_DEVICE_PER_SENDER`] messages waiting for a device loses their own
    /// oldest one, encrypted ones last; those of others stay whatever anybody sends.
    async fn make_room<T: Tx>(&self, tx: &mut T, user: &OwnedUserId, device: &OwnedDeviceId) -> Result<(), StoreError> {
        let sender = &self.txn.user;
        let sql = "select count(*) from device_queue where user_id = $1 and device_id = $2 and sender = $3";
        let waiting = tx.row(sql, args![user, device, sender]).await?.map_or(Ok(0), |row| row.int(0))?;
        if waiting < limits::TO_DEVICE_PER_SENDER {
            return Ok(());
        }
        let sql = "delete from device_queue where user_id = $1 and device_id = $2 and seq = (select seq from device_queue \
                   where user_id = $1 and device_id = $2 and sender = $3 \
                   order by case when type = 'm.room.encrypted' then 1 else 0 end, seq limit 1)";
        tx.exec(sql, args![user, device, sender]).await?;
        Ok(())
    }
}
