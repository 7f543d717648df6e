//! The two states of a connection that are kept.

use crate::args;
use crate::command::put_connection::ConnectionKey;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Reads a connection.
#[derive(Clone, Debug)]
pub struct StoredConnection(pub ConnectionKey);

/// The states of a connection by the names of their versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Name and state of the version that the client has shown to have; empty when there is none.
    pub shown: (String, String),
    /// Name and state of the version that it was given last.
    pub given: (String, String),
    /// When its use was noted last, in milliseconds.
    pub used_ms: i64,
}

impl Query for StoredConnection {
    type Out = Option<Versions>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Versions>, StoreError> {
        let sql = "select shown, shown_state, given, given_state, used_ms from sliding_connections \
                   where user_id = $1 and device_id = $2 and conn_id = $3";
        let Some(mut row) = tx.row(sql, args![&self.0.user_id, &self.0.device_id, &self.0.conn_id]).await? else { return Ok(None) };
        let used_ms = row.int(4)?;
        let shown = (row.take_text(0)?, row.take_text(1)?);
        Ok(Some(Versions { shown, given: (row.take_text(2)?, row.take_text(3)?), used_ms }))
    }
}
