//! Transaction IDs: a retried request gets the first answer.

use model::clock::Timestamp;
use model::id::{OwnedEventId, OwnedUserId};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// A client's transaction: unique per device and request path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txn {
    /// Who sends.
    pub user: OwnedUserId,
    /// From which device.
    pub device_id: String,
    /// The endpoint's path with the client's transaction ID; without NUL.
    pub key: String,
    /// When the request came.
    pub now: Timestamp,
}

/// Bytes of the hash of a device at the beginning of a key.
const DEVICE_BYTES: usize = 6;
/// Bytes of the hash of the whole transaction after it.
const TXN_BYTES: usize = 16;

impl Txn {
    /// The key in `answers`. Only the person's own transactions could be made to collide, and 128 bits stand against it.
    pub(crate) fn hash(&self) -> Vec<u8> {
        hash_of(self.user.as_str(), &self.device_id, &self.key)
    }
}

/// No part of a key holds a NUL, so that different parts never make the same text.
pub(crate) fn hash_of(user: &str, device_id: &str, key: &str) -> Vec<u8> {
    let device = Sha256::new().chain_update(user).chain_update([0]).chain_update(device_id);
    let whole = device.clone().chain_update([0]).chain_update(key).finalize();
    let mut hash = Vec::with_capacity(DEVICE_BYTES + TXN_BYTES);
    hash.extend_from_slice(&device.finalize()[..DEVICE_BYTES]);
    hash.extend_from_slice(&whole[..TXN_BYTES]);
    hash
}

/// The answer a transaction got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It made this event.
    Accepted(OwnedEventId),
    /// It was refused with these particulars.
    Refused(Json),
}

/// The answer given before, if the transaction was seen.
pub(crate) async fn answer<T: Tx>(tx: &mut T, txn: &Txn) -> Result<Option<Answer>, StoreError> {
    let Some(row) = tx.row("select event_id, refusal from answers where txn_hash = $1", args![txn.hash()]).await? else {
        return Ok(None);
    };
    if row.text_or_null(0)?.is_some() {
        return Ok(Some(Answer::Accepted(row.parse(0)?)));
    }
    Ok(Some(Answer::Refused(row.json(1)?)))
}

/// Remembers the answer; two requests at once for one transaction cannot both get here.
pub(crate) async fn remember<T: Tx>(tx: &mut T, txn: &Txn, answer: &Answer) -> Result<(), StoreError> {
    let sql = "insert into answers (txn_hash, event_id, refusal, ts) values ($1, $2, $3, $4)";
    let (event_id, refusal) = match answer {
        Answer::Accepted(event_id) => (Some(event_id.as_str()), None),
        Answer::Refused(refusal) => (None, Some(refusal.to_string())),
    };
    tx.exec(sql, args![txn.hash(), event_id, refusal, txn.now]).await?;
    Ok(())
}

/// Whether a transaction that has no answer but success was carried out.
pub(crate) async fn is_done<T: Tx>(tx: &mut T, txn: &Txn) -> Result<bool, StoreError> {
    Ok(tx.row("select 1 from answers where txn_hash = $1", args![txn.hash()]).await?.is_some())
}

/// Remembers that a transaction was carried out; of two requests at once one fails here and is repeated.
pub(crate) async fn note_done<T: Tx>(tx: &mut T, txn: &Txn) -> Result<(), StoreError> {
    tx.exec("insert into answers (txn_hash, ts) values ($1, $2)", args![txn.hash(), txn.now]).await?;
    Ok(())
}
