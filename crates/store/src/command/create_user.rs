//! Makes an account, with its inbox counter.

use model::clock::Timestamp;
use model::id::OwnedUserId;
use model::person::AgeBand;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Makes an account.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// Its ID.
    pub user_id: OwnedUserId,
    /// The hash of its password in PHC form; `None` for accounts that log in otherwise, or never.
    pub password_hash: Option<String>,
    /// The name it shows.
    pub display_name: Option<String>,
    /// Age band as told by the operator.
    pub age_band: AgeBand,
    /// Jurisdiction, as in `DE`; empty when unknown.
    pub jurisdiction: String,
    /// Its tenant.
    pub tenant: String,
    /// Whether it is the server's own.
    pub service: bool,
    /// When.
    pub now: Timestamp,
}

impl Command for CreateUser {
    /// Whether the name was free.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "insert into users (user_id, localpart, password_hash, display_name, age_band, jurisdiction, tenant, state, service, created_ms) \
                   values ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9) on conflict (user_id) do nothing";
        let made = tx
            .exec(
                sql,
                args![
                    &self.user_id,
                    self.user_id.localpart(),
                    self.password_hash.as_deref(),
                    self.display_name.as_deref(),
                    self.age_band.as_str(),
                    self.jurisdiction.as_str(),
                    self.tenant.as_str(),
                    self.service,
                    self.now
                ],
            )
            .await?;
        if made == 0 {
            return Ok(false);
        }
        tx.exec("insert into user_seq (user_id, pos) values ($1, 0)", args![&self.user_id]).await?;
        Ok(true)
    }
}
