//! A device's public keys: who it is, and the keys others begin conversations with.

use std::collections::BTreeSet;

use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;

use super::device_keys::{COUNTS_KIND, Held};
use super::{device_lists, fanout};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Keeps keys that a device uploads: all or none. Uploading the same again changes nothing.
#[derive(Clone, Debug)]
pub struct UploadKeys {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which device.
    pub device_id: OwnedDeviceId,
    /// Its identity, with its own signature alone; checked by the caller.
    pub identity: Option<Identity>,
    /// Keys to be given out once each, in the order in which they are to be given out.
    pub one_time_keys: Vec<NewKey>,
    /// Keys to be given out when no one-time key is left, one an algorithm.
    pub fallback_keys: Vec<NewKey>,
}

/// A device's identity.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The `keys` object as canonical JSON.
    pub keys: String,
    /// The whole as canonical JSON.
    pub content: String,
}

/// One key as it is uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// As in `signed_curve25519`.
    pub algorithm: String,
    /// As in `signed_curve25519:AAAAHQ`.
    pub key_id: String,
    /// The key as canonical JSON.
    pub content: String,
}

/// What became of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadOutcome {
    /// Kept: how many one-time keys there are by algorithm, as JSON, and whom to wake.
    Kept(String, Vec<OwnedUserId>),
    /// The device has another identity already.
    OtherIdentity,
    /// There is a key with this ID and another content.
    OtherContent(String),
    /// There would be more than [`limits::ONE_TIME_KEYS`], or fallback keys of more than [`limits::FALLBACK_KEYS`] algorithms.
    TooMany,
    /// The device is no longer logged in.
    NoDevice,
}

impl Command for UploadKeys {
    type Out = UploadOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<UploadOutcome, StoreError> {
        let Some(mut held) = Held::take(tx, &self.user_id, &self.device_id).await? else { return Ok(UploadOutcome::NoDevice) };
        // everything is looked at before anything is written
        let stored = self.stored_identity(tx).await?;
        if let (Some(new), Some((keys, _))) = (&self.identity, &stored)
            && new.keys != *keys
        {
            return Ok(UploadOutcome::OtherIdentity);
        }
        let mut fresh = Vec::with_capacity(self.one_time_keys.len());
        for key in &self.one_time_keys {
            match self.seen(tx, key).await? {
                Seen::Never => fresh.push(key),
                Seen::Same => {}
                Seen::Other => return Ok(UploadOutcome::OtherContent(key.key_id.clone())),
            }
        }
        if held.total() + crate::value::rows(fresh.len()) > limits::ONE_TIME_KEYS
            || self.fallback_algorithms(tx).await? > limits::FALLBACK_KEYS
        {
            return Ok(UploadOutcome::TooMany);
        }
        let counts_change = !fresh.is_empty() || !self.fallback_keys.is_empty();
        for key in fresh {
            held.seq += 1;
            self.insert(tx, key, held.seq).await?;
            *held.counts.entry(key.algorithm.clone()).or_default() += 1;
        }
        for key in &self.fallback_keys {
            self.put_fallback(tx, key, &mut held).await?;
        }
        held.give_back(tx, &self.user_id, &self.device_id).await?;
        let told = self.tell(tx, stored, counts_change).await?;
        Ok(UploadOutcome::Kept(held.counts_text(), told))
    }
}

/// Whether a one-time key was uploaded before.
enum Seen {
    Never,
    Same,
    Other,
}

impl UploadKeys {
    async fn stored_identity<T: Tx>(&self, tx: &mut T) -> Result<Option<(String, String)>, StoreError> {
        let sql = "select identity, content from device_keys where user_id = $1 and device_id = $2";
        let row = tx.row(sql, args![&self.user_id, &self.device_id]).await?;
        row.map(|mut row| Ok((row.take_text(0)?, row.take_text(1)?))).transpose()
    }

    async fn seen<T: Tx>(&self, tx: &mut T, key: &NewKey) -> Result<Seen, StoreError> {
        let sql = "select 0, content from one_time_keys where user_id = $1 and device_id = $2 and key_id = $3 union all \
                   select 1, content from claimed_keys where user_id = $1 and device_id = $2 and key_id = $3";
        let mut seen = Seen::Never;
        for row in tx.rows(sql, args![&self.user_id, &self.device_id, key.key_id.as_str()]).await? {
            let (claimed, same) = (row.int(0)? == 1, row.text(1)? == key.content);
            match (claimed, same) {
                (_, true) => return Ok(Seen::Same),
                (false, false) => seen = Seen::Other,
                // a key of this ID is gone for ever; this one is another
                (true, false) => {}
            }
        }
        Ok(seen)
    }

    async fn insert<T: Tx>(&self, tx: &mut T, key: &NewKey, seq: i64) -> Result<(), StoreError> {
        let sql = "insert into one_time_keys (user_id, device_id, algorithm, upload_seq, key_id, content) values ($1, $2, $3, $4, $5, $6)";
        let arguments = args![&self.user_id, &self.device_id, key.algorithm.as_str(), seq, key.key_id.as_str(), key.content.as_str()];
        tx.exec(sql, arguments).await?;
        Ok(())
    }

    /// How many algorithms there would be with a fallback key.
    async fn fallback_algorithms<T: Tx>(&self, tx: &mut T) -> Result<usize, StoreError> {
        if self.fallback_keys.is_empty() {
            return Ok(0);
        }
        let mut algorithms: BTreeSet<String> = self.fallback_keys.iter().map(|key| key.algorithm.clone()).collect();
        let sql = "select algorithm from fallback_keys where user_id = $1 and device_id = $2";
        for mut row in tx.rows(sql, args![&self.user_id, &self.device_id]).await? {
            algorithms.insert(row.take_text(0)?);
        }
        Ok(algorithms.len())
    }

    /// A new fallback key is unused; the one that is there stays as it is.
    async fn put_fallback<T: Tx>(&self, tx: &mut T, key: &NewKey, held: &mut Held) -> Result<(), StoreError> {
        let sql = "insert into fallback_keys (user_id, device_id, algorithm, key_id, content, used) values ($1, $2, $3, $4, $5, 0) \
                   on conflict (user_id, device_id, algorithm) do update set key_id = excluded.key_id, content = excluded.content, used = 0 \
                   where fallback_keys.key_id <> excluded.key_id or fallback_keys.content <> excluded.content";
        let arguments = args![&self.user_id, &self.device_id, key.algorithm.as_str(), key.key_id.as_str(), key.content.as_str()];
        if tx.exec(sql, arguments).await? > 0 {
            held.fallback.insert(key.algorithm.clone());
        }
        Ok(())
    }

    /// Keeps the identity where it is new, and tells who must know. Gives whom to wake.
    async fn tell<T: Tx>(&self, tx: &mut T, stored: Option<(String, String)>, counts_change: bool) -> Result<Vec<OwnedUserId>, StoreError> {
        let mut told = Vec::new();
        if let Some(new) = self.identity.as_ref().filter(|new| stored.as_ref().is_none_or(|(_, content)| *content != new.content)) {
            let sql = "insert into device_keys (user_id, device_id, identity, content) values ($1, $2, $3, $4) \
                       on conflict (user_id, device_id) do update set content = excluded.content";
            tx.exec(sql, args![&self.user_id, &self.device_id, new.keys.as_str(), new.content.as_str()]).await?;
            told = device_lists::changed(tx, &self.user_id).await?;
        }
        if counts_change {
            fanout::mark(tx, &self.user_id, COUNTS_KIND, self.device_id.as_str()).await?;
            if told.is_empty() {
                told.push(self.user_id.clone());
            }
        }
        Ok(told)
    }
}
