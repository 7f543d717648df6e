//! Accounts by ID: profile, age band, state.

use model::id::OwnedUserId;
use model::person::{AccountState, AgeBand};

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Looks several accounts up.
#[derive(Clone, Debug)]
pub struct People {
    /// Whom.
    pub user_ids: Vec<OwnedUserId>,
}

/// What others may learn of an account, and what the server must know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user_id: OwnedUserId,
    /// The name they show.
    pub display_name: Option<String>,
    /// The picture they show, an `mxc:` address.
    pub avatar_url: Option<String>,
    /// Age band as told by the operator.
    pub age_band: AgeBand,
    /// What the account may do.
    pub state: AccountState,
    /// Whether it is the server's own account.
    pub service: bool,
}

impl Query for People {
    /// Those found, in the order asked; unknown ones are left out.
    type Out = Vec<Person>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Person>, StoreError> {
        let sql = "select display_name, avatar_url, age_band, state, service from users where user_id = $1";
        let mut people = Vec::with_capacity(self.user_ids.len());
        for user_id in &self.user_ids {
            let Some(row) = tx.row(sql, args![user_id]).await? else { continue };
            people.push(Person {
                user_id: user_id.clone(),
                display_name: row.text_or_null(0)?.map(str::to_owned),
                avatar_url: row.text_or_null(1)?.map(str::to_owned),
                age_band: AgeBand::parse(row.text(2)?).unwrap_or_default(),
                state: AccountState::parse(row.text(3)?).unwrap_or(AccountState::Locked),
                service: row.flag(4)?,
            });
        }
        Ok(people)
    }
}
