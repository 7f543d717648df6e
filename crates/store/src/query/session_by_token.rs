//! Who holds an access token, or a refresh token.

use model::clock::Timestamp;
use model::id::{OwnedDeviceId, OwnedUserId};
use model::person::AccountState;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Looks a token up by its SHA-256.
#[derive(Clone, Debug)]
pub struct SessionByToken {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user_id: OwnedUserId,
    /// From which device.
    pub device_id: OwnedDeviceId,
    /// What the account may do.
    pub state: AccountState,
    /// When the token ends; `None`: when it is logged out.
    pub expires: Option<Timestamp>,
    /// Whether it was given out for another one and has not been used yet.
    pub fresh: bool,
}

impl Query for SessionByToken {
    type Out = Option<Session>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Session>, StoreError> {
        let sql = "select t.user_id, t.device_id, u.state, t.expires_ms, t.fresh from access_tokens t \
                   join users u on u.user_id = t.user_id where t.token_hash = $1";
        let Some(row) = tx.row(sql, args![self.token_hash.as_slice()]).await? else {
            return Ok(None);
        };
        let state = AccountState::parse(row.text(2)?).unwrap_or(AccountState::Locked);
        let expires = row.int_or_null(3)?.map(Timestamp);
        Ok(Some(Session { user_id: row.parse(0)?, device_id: OwnedDeviceId::from(row.text(1)?), state, expires, fresh: row.flag(4)? }))
    }
}

/// Looks a refresh token up by its SHA-256.
#[derive(Clone, Debug)]
pub struct HolderByRefreshToken {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
}

impl Query for HolderByRefreshToken {
    /// Whose it is, and what the account may do.
    type Out = Option<(OwnedUserId, AccountState)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let sql = "select t.user_id, u.state from refresh_tokens t join users u on u.user_id = t.user_id where t.token_hash = $1";
        let Some(row) = tx.row(sql, args![self.token_hash.as_slice()]).await? else { return Ok(None) };
        Ok(Some((row.parse(0)?, AccountState::parse(row.text(1)?).unwrap_or(AccountState::Locked))))
    }
}
