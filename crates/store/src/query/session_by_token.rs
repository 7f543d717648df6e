//! Who holds an access token.

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
}

impl Query for SessionByToken {
    type Out = Option<Session>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Session>, StoreError> {
        let sql =
            "select t.user_id, t.device_id, u.state from access_tokens t join users u on u.user_id = t.user_id where t.token_hash = $1";
        let Some(row) = tx.row(sql, args![self.token_hash.as_slice()]).await? else {
            return Ok(None);
        };
        let state = AccountState::parse(row.text(2)?).unwrap_or(AccountState::Locked);
        Ok(Some(Session { user_id: row.parse(0)?, device_id: OwnedDeviceId::from(row.text(1)?), state }))
    }
}
