//! Transaction IDs: a retried request gets the first answer.

use model::clock::Timestamp;
use model::id::{OwnedEventId, OwnedUserId};
use serde_json::Value as Json;

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
    /// The endpoint's path with the client's transaction ID.
    pub key: String,
    /// When the request came.
    pub now: Timestamp,
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
    let sql = "select event_id, refusal from txns where user_id = $1 and device_id = $2 and txn_key = $3";
    let Some(row) = tx.row(sql, args![&txn.user, txn.device_id.as_str(), txn.key.as_str()]).await? else {
        return Ok(None);
    };
    if row.text_or_null(0)?.is_some() {
        return Ok(Some(Answer::Accepted(row.parse(0)?)));
    }
    Ok(Some(Answer::Refused(row.json(1)?)))
}

/// Remembers the answer; two requests at once for one transaction cannot both get here.
pub(crate) async fn remember<T: Tx>(tx: &mut T, txn: &Txn, answer: &Answer) -> Result<(), StoreError> {
    let sql = "insert into txns (user_id, device_id, txn_key, event_id, refusal, ts) values ($1, $2, $3, $4, $5, $6)";
    let (event_id, refusal) = match answer {
        Answer::Accepted(event_id) => (Some(event_id.as_str()), None),
        Answer::Refused(refusal) => (None, Some(refusal.to_string())),
    };
    tx.exec(sql, args![&txn.user, txn.device_id.as_str(), txn.key.as_str(), event_id, refusal, txn.now]).await?;
    Ok(())
}

/// Whether a transaction that has no answer but success was carried out.
pub(crate) async fn is_done<T: Tx>(tx: &mut T, txn: &Txn) -> Result<bool, StoreError> {
    let sql = "select 1 from txns where user_id = $1 and device_id = $2 and txn_key = $3";
    Ok(tx.row(sql, args![&txn.user, txn.device_id.as_str(), txn.key.as_str()]).await?.is_some())
}

/// Remembers that a transaction was carried out; of two requests at once one fails here and is repeated.
pub(crate) async fn note_done<T: Tx>(tx: &mut T, txn: &Txn) -> Result<(), StoreError> {
    let sql = "insert into txns (user_id, device_id, txn_key, ts) values ($1, $2, $3, $4)";
    tx.exec(sql, args![&txn.user, txn.device_id.as_str(), txn.key.as_str(), txn.now]).await?;
    Ok(())
}
