//! Log-ins of staff; only the hash of a session's token is stored.

use model::clock::Timestamp;
use model::id::OwnedUserId;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Logs a member of staff in for [`limits::STAFF_SESSION_MS`]; sessions that have run out are forgotten.
#[derive(Clone, Debug)]
pub struct OpenStaffSession {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// Who.
    pub user_id: OwnedUserId,
    /// When.
    pub now: Timestamp,
}

impl Command for OpenStaffSession {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.exec("delete from staff_sessions where expires_ms <= $1", args![self.now]).await?;
        let sql = "insert into staff_sessions (token_hash, user_id, expires_ms) values ($1, $2, $3)";
        tx.exec(sql, args![self.token_hash.as_slice(), &self.user_id, self.now.plus_ms(limits::STAFF_SESSION_MS)]).await?;
        Ok(())
    }
}

/// Logs a session of staff out.
#[derive(Clone, Debug)]
pub struct CloseStaffSession {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
}

impl Command for CloseStaffSession {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.exec("delete from staff_sessions where token_hash = $1", args![self.token_hash.as_slice()]).await?;
        Ok(())
    }
}
