//! What the commands about a device's keys share: the lock of its row, its counts, and its end.

use std::collections::{BTreeMap, BTreeSet};

use model::id::{DeviceId, OwnedDeviceId, OwnedUserId};

use super::{device_lists, fanout, refresh};
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// The kind of marks that tell a device that its counts changed; their key is the device.
pub(crate) const COUNTS_KIND: &str = "key_counts";

/// What a device's row knows of its keys. While a transaction holds it, nobody else uploads or claims.
pub(crate) struct Held {
    /// The number the last uploaded one-time key got.
    pub(crate) seq: i64,
    /// One-time keys left, by algorithm.
    pub(crate) counts: BTreeMap<String, i64>,
    /// Algorithms with a fallback key that was not used yet.
    pub(crate) fallback: BTreeSet<String>,
}

impl Held {
    /// Locks the row of a device; `None` when there is no such device.
    pub(crate) async fn take<T: Tx>(tx: &mut T, user: &OwnedUserId, device: &DeviceId) -> Result<Option<Self>, StoreError> {
        let sql =
            "update devices set key_seq = key_seq where user_id = $1 and device_id = $2 returning key_seq, key_counts, fallback_types";
        let Some(row) = tx.row(sql, args![user, device]).await? else { return Ok(None) };
        Ok(Some(Self { seq: row.int(0)?, counts: row.json(1)?, fallback: row.json(2)? }))
    }

    /// One-time keys of all algorithms.
    pub(crate) fn total(&self) -> i64 {
        self.counts.values().sum()
    }

    /// The counts as a sync tells them: without algorithms of which none is left, but for the one that clients look for.
    pub(crate) fn counts_text(&self) -> String {
        let told = self.counts.iter().filter(|(algorithm, count)| **count > 0 || *algorithm == "signed_curve25519");
        serde_json::to_string(&told.collect::<BTreeMap<_, _>>()).expect("a map of numbers is JSON")
    }

    /// Writes back what changed.
    pub(crate) async fn give_back<T: Tx>(&self, tx: &mut T, user: &OwnedUserId, device: &DeviceId) -> Result<(), StoreError> {
        assert!(self.counts.values().all(|count| *count >= 0), "a count of keys went below zero");
        let sql = "update devices set key_seq = $3, key_counts = $4, fallback_types = $5 where user_id = $1 and device_id = $2";
        let fallback = serde_json::to_string(&self.fallback).expect("a set of texts is JSON");
        tx.exec(sql, args![user, device, self.seq, self.counts_text(), fallback]).await?;
        Ok(())
    }
}

/// Takes devices away with their tokens, keys, signatures and what waits for them. Gives whom to wake.
pub(crate) async fn remove<T: Tx>(tx: &mut T, user: &OwnedUserId, devices: &[OwnedDeviceId]) -> Result<Vec<OwnedUserId>, StoreError> {
    // the counter's lock: nobody puts a message into a queue that is being taken away
    fanout::bump(tx, user).await?;
    let mut had_keys = false;
    for device in devices {
        refresh::forget(tx, user, device).await?;
        tx.exec("delete from pushers where user_id = $1 and device_id = $2", args![user, device]).await?;
        tx.exec("delete from devices where user_id = $1 and device_id = $2", args![user, device]).await?;
        had_keys |= tx.exec("delete from device_keys where user_id = $1 and device_id = $2", args![user, device]).await? > 0;
        tx.exec("delete from one_time_keys where user_id = $1 and device_id = $2", args![user, device]).await?;
        tx.exec("delete from claimed_keys where user_id = $1 and device_id = $2", args![user, device]).await?;
        tx.exec("delete from fallback_keys where user_id = $1 and device_id = $2", args![user, device]).await?;
        tx.exec("delete from device_queue where user_id = $1 and device_id = $2", args![user, device]).await?;
        tx.exec("delete from sliding_connections where user_id = $1 and device_id = $2", args![user, device]).await?;
        tx.exec("delete from signatures where user_id = $1 and target = $2", args![user, device]).await?;
        let signer_key = format!("ed25519:{device}");
        tx.exec("delete from signatures where signer = $1 and signer_key = $2", args![user, signer_key]).await?;
        tx.exec("delete from marks where user_id = $1 and kind = $2 and mark_key = $3", args![user, COUNTS_KIND, device]).await?;
    }
    if had_keys { device_lists::changed(tx, user).await } else { Ok(vec![user.clone()]) }
}

/// The devices of a person, all but one.
pub(crate) async fn all_but<T: Tx>(tx: &mut T, user: &OwnedUserId, except: Option<&DeviceId>) -> Result<Vec<OwnedDeviceId>, StoreError> {
    let sql = "select device_id from devices where user_id = $1 and device_id <> $2 order by device_id";
    let rows = tx.rows(sql, args![user, except.map_or("", DeviceId::as_str)]).await?;
    rows.iter().map(|row| Ok(OwnedDeviceId::from(row.text(0)?))).collect()
}
