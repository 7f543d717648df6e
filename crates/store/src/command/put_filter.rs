//! Filters a client keeps on the server.

use model::id::OwnedUserId;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Keeps a filter; the oldest of the person's go beyond [`limits::FILTERS_PER_USER`].
#[derive(Clone, Debug)]
pub struct PutFilter {
    /// Whose.
    pub user_id: OwnedUserId,
    /// The filter as JSON text.
    pub definition: String,
}

impl Command for PutFilter {
    /// Its number; the same definition has the same number.
    type Out = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        let sql = "select filter_id from filters where user_id = $1 and definition = $2";
        if let Some(row) = tx.row(sql, args![&self.user_id, &self.definition]).await? {
            return row.int(0);
        }
        let sql = "update users set next_filter = next_filter + 1 where user_id = $1 returning next_filter";
        let number = tx.row(sql, args![&self.user_id]).await?.ok_or(StoreError::Stale)?.int(0)?;
        let sql = "insert into filters (user_id, filter_id, definition) values ($1, $2, $3)";
        tx.exec(sql, args![&self.user_id, number, &self.definition]).await?;
        let kept = i64::try_from(limits::FILTERS_PER_USER).unwrap_or(i64::MAX);
        tx.exec("delete from filters where user_id = $1 and filter_id <= $2", args![&self.user_id, number - kept]).await?;
        Ok(number)
    }
}
