//! Account data and filters a person keeps.

use model::id::OwnedUserId;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// One piece of account data.
#[derive(Clone, Debug)]
pub struct AccountData {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which room; empty for global.
    pub room_id: String,
    /// Its type.
    pub data_type: String,
}

impl Query for AccountData {
    /// The content as JSON text.
    type Out = Option<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<String>, StoreError> {
        let sql = "select content from account_data where user_id = $1 and room_id = $2 and type = $3";
        let row = tx.row(sql, args![&self.user_id, &self.room_id, &self.data_type]).await?;
        row.map(|mut row| row.take_text(0)).transpose()
    }
}

/// One filter.
#[derive(Clone, Debug)]
pub struct StoredFilter {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Its number.
    pub filter_id: i64,
}

impl Query for StoredFilter {
    /// The filter as JSON text.
    type Out = Option<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<String>, StoreError> {
        let sql = "select definition from filters where user_id = $1 and filter_id = $2";
        let row = tx.row(sql, args![&self.user_id, self.filter_id]).await?;
        row.map(|mut row| row.take_text(0)).transpose()
    }
}
