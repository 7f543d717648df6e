//! Lets go of old transaction IDs: a retry after so long is a new request.

use model::clock::Timestamp;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};
use crate::value::rows;

/// Looks at the next [`limits::FORGET_TXNS_ROWS`] transaction IDs in the order of their hashes and deletes those older than
/// [`limits::TXN_KEEP_MS`]. There is no index by time: it would be written with every message, and read once a day.
#[derive(Clone, Debug)]
pub struct ForgetTxns {
    /// Where the last round ended; empty for the first.
    pub after: Vec<u8>,
    /// The present moment.
    pub now: Timestamp,
}

/// What one round did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// How many were let go.
    pub rows: u64,
    /// Where the next round goes on; `None` when this was the last.
    pub end: Option<Vec<u8>>,
}

impl Command for ForgetTxns {
    type Out = Forgotten;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Forgotten, StoreError> {
        let sql = "select txn_hash from answers where txn_hash > $1 order by txn_hash limit 1 offset $2";
        let last = tx.row(sql, args![self.after.clone(), rows(limits::FORGET_TXNS_ROWS - 1)]).await?;
        let end = last.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()?;
        let before = self.now.plus_ms(-limits::TXN_KEEP_MS);
        let rows = match &end {
            Some(end) => {
                let sql = "delete from answers where txn_hash > $1 and txn_hash <= $2 and ts < $3";
                tx.exec(sql, args![self.after.clone(), end.clone(), before]).await?
            }
            None => tx.exec("delete from answers where txn_hash > $1 and ts < $2", args![self.after.clone(), before]).await?,
        };
        Ok(Forgotten { rows, end })
    }
}
