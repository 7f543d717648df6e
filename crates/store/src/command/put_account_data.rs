//! Account data of a person, global or of a room; all their devices see the change.

use model::id::OwnedUserId;
use model::limits;

use super::fanout;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

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
    /// Whether it was kept: not beyond [`limits::ACCOUNT_DATA_ENTRIES`].
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let Self { user_id, room_id, data_type, content } = self;
        let sql = "select count(*) from account_data where user_id = $1 and not (room_id = $2 and type = $3)";
        let others = tx.row(sql, args![user_id, room_id, data_type]).await?.map(|row| row.int(0)).transpose()?.unwrap_or_default();
        if others >= limits::ACCOUNT_DATA_ENTRIES {
            return Ok(false);
        }
        let sql = "insert into account_data (user_id, room_id, type, content) values ($1, $2, $3, $4) \
                   on conflict (user_id, room_id, type) do update set content = excluded.content";
        tx.exec(sql, args![user_id, room_id, data_type, content]).await?;
        fanout::mark(tx, user_id, "account_data", &format!("{room_id}|{data_type}")).await?;
        Ok(true)
    }
}
