//! Keys of the host platform: made and revoked by the operator, kept as hashes.

use model::clock::Timestamp;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Makes a key.
#[derive(Clone, Debug)]
pub struct MakeHostKey {
    /// SHA-256 of the key.
    pub key_hash: [u8; 32],
    /// What the operator calls it; never given twice, so that a log line means one key for ever.
    pub name: String,
    /// Whose people it may tell of.
    pub tenant: String,
    /// When.
    pub now: Timestamp,
}

impl Command for MakeHostKey {
    /// Whether the name was free.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "insert into host_keys (key_hash, name, tenant, created_ms) values ($1, $2, $3, $4) on conflict (name) do nothing";
        let arguments = args![self.key_hash.as_slice(), self.name.as_str(), self.tenant.as_str(), self.now];
        Ok(tx.exec(sql, arguments).await? > 0)
    }
}

/// Ends a key at once and for ever.
#[derive(Clone, Debug)]
pub struct RevokeHostKey {
    /// Its name.
    pub name: String,
    /// When.
    pub now: Timestamp,
}

impl Command for RevokeHostKey {
    /// Whether there was such a key that was good.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "update host_keys set revoked_ms = $2 where name = $1 and revoked_ms is null";
        Ok(tx.exec(sql, args![self.name.as_str(), self.now]).await? > 0)
    }
}
