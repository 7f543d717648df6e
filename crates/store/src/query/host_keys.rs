//! Keys of the host platform.

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::Row;

/// A key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// What the operator calls it.
    pub name: String,
    /// Whose people it may tell of.
    pub tenant: String,
    /// When it was made, in milliseconds.
    pub created_ms: i64,
    /// When it was revoked, in milliseconds.
    pub revoked_ms: Option<i64>,
}

impl HostKey {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let (name, tenant) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(Self { name, tenant, created_ms: row.int(2)?, revoked_ms: row.int_or_null(3)? })
    }
}

/// The good key with this hash.
#[derive(Clone, Debug)]
pub struct HostKeyByHash(pub [u8; 32]);

impl Query for HostKeyByHash {
    type Out = Option<HostKey>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<HostKey>, StoreError> {
        let sql = "select name, tenant, created_ms, revoked_ms from host_keys where key_hash = $1 and revoked_ms is null";
        tx.row(sql, args![self.0.as_slice()]).await?.map(|row| HostKey::read(&row)).transpose()
    }
}

/// All keys, the revoked ones too, in order of their names.
#[derive(Clone, Debug)]
pub struct HostKeys;

impl Query for HostKeys {
    type Out = Vec<HostKey>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<HostKey>, StoreError> {
        let sql = "select name, tenant, created_ms, revoked_ms from host_keys order by name";
        tx.rows(sql, args![]).await?.iter().map(HostKey::read).collect()
    }
}
