//! The server's name is part of every user ID: given once, remembered for good.

use model::id::OwnedServerName;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Gives the server its name if it has none, and tells the name it has.
#[derive(Clone, Debug)]
pub struct NameServer {
    /// The name to give; `None` only asks.
    pub wanted: Option<OwnedServerName>,
}

impl Command for NameServer {
    /// The name the server has now; `None` when it has none and none was given.
    type Out = Option<OwnedServerName>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<OwnedServerName>, StoreError> {
        if let Some(wanted) = &self.wanted {
            let sql = "insert into meta (meta_key, value) values ('server_name', $1) on conflict (meta_key) do nothing";
            tx.exec(sql, args![wanted.as_str()]).await?;
        }
        let row = tx.row("select value from meta where meta_key = 'server_name'", args![]).await?;
        row.map(|row| row.parse(0)).transpose()
    }
}
