//! Lets go of old transaction IDs: a retry after so long is a new request.

use model::clock::Timestamp;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Deletes transaction IDs older than [`limits::TXN_KEEP_MS`].
#[derive(Clone, Debug)]
pub struct ForgetTxns {
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ForgetTxns {
    /// How many were let go.
    type Out = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.exec("delete from txns where ts < $1", args![self.now.plus_ms(-limits::TXN_KEEP_MS)]).await
    }
}
