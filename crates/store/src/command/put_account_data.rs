//! Account data of a person, global or of a room; all their devices see the change.

use model::id::OwnedUserId;
use model::limits;

use super::fanout;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};
use crate::value::rows;

/// Sets a piece of account data.
#[derive(Clone, Debug)]
pub struct PutAccountData {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which room; empty for global.
    pub room_id: String,
    /// Its type.
    pub data_type: String,
    /// Its content as JSON text.
    pub content: String,
}

impl Command for PutAccountData {
    /// Whether it was kept: not beyond [`limits::ACCOUNT_DATA_ENTRIES`] or [`limits::ACCOUNT_DATA_TOTAL_BYTES`].
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let Self { user_id, room_id, data_type, content } = self;
        if !put(tx, user_id, room_id, data_type, content).await? {
            return Ok(false);
        }
        fanout::mark(tx, user_id, "account_data", &format!("{room_id}|{data_type}")).await?;
        Ok(true)
    }
}

/// Keeps a piece of account data and counts it, unless there would be too much; less than before is always kept.
pub(crate) async fn put<T: Tx>(tx: &mut T, user: &OwnedUserId, room_id: &str, data_type: &str, content: &str) -> Result<bool, StoreError> {
    // locks the row: of two that come at once the second sees what the first left
    let sql = "insert into account_data_use (user_id, bytes, entries) values ($1, 0, 0) \
               on conflict (user_id) do update set bytes = account_data_use.bytes returning bytes, entries";
    let row = tx.row(sql, args![user]).await?.ok_or_else(|| StoreError::Database("nothing is known of account data".to_owned()))?;
    let (bytes, entries) = (row.int(0)?, row.int(1)?);
    let sql = "select octet_length(content) from account_data where user_id = $1 and room_id = $2 and type = $3";
    let before = tx.row(sql, args![user, room_id, data_type]).await?.map(|row| row.int(0)).transpose()?;
    let more = rows(content.len()) - before.unwrap_or(0);
    let bytes = bytes + more;
    let entries = entries + i64::from(before.is_none());
    let too_much = bytes > limits::ACCOUNT_DATA_TOTAL_BYTES || entries > limits::ACCOUNT_DATA_ENTRIES;
    if too_much && (before.is_none() || more > 0) {
        return Ok(false);
    }
    let sql = "insert into account_data (user_id, room_id, type, content) values ($1, $2, $3, $4) \
               on conflict (user_id, room_id, type) do update set content = excluded.content";
    tx.exec(sql, args![user, room_id, data_type, content]).await?;
    tx.exec("update account_data_use set bytes = $2, entries = $3 where user_id = $1", args![user, bytes, entries]).await?;
    Ok(true)
}
