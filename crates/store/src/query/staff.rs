//! Members of staff: who they are, in which roles.

use model::clock::Timestamp;
use model::id::OwnedUserId;
use model::person::{AccountState, Role};

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Who.
    pub user_id: OwnedUserId,
    /// The name they show.
    pub display_name: Option<String>,
    /// Their roles; nobody without one is staff.
    pub roles: Vec<Role>,
}

/// Looks a staff session up.
#[derive(Clone, Debug)]
pub struct StaffByToken {
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// The present moment; a session that has run out is none.
    pub now: Timestamp,
}

impl Query for StaffByToken {
    type Out = Option<Staff>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Staff>, StoreError> {
        let sql = "select user_id from staff_sessions where token_hash = $1 and expires_ms > $2";
        match tx.row(sql, args![self.token_hash.as_slice(), self.now]).await? {
            None => Ok(None),
            Some(row) => staff(tx, &row.parse(0)?).await,
        }
    }
}

/// Looks a member of staff up.
#[derive(Clone, Debug)]
pub struct StaffById {
    /// Who.
    pub user_id: OwnedUserId,
}

impl Query for StaffById {
    type Out = Option<Staff>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Staff>, StoreError> {
        staff(tx, &self.user_id).await
    }
}

/// An account that is not active, or has no role, is not staff.
async fn staff<T: Tx>(tx: &mut T, user_id: &OwnedUserId) -> Result<Option<Staff>, StoreError> {
    let Some(row) = tx.row("select display_name, state from users where user_id = $1", args![user_id]).await? else {
        return Ok(None);
    };
    if AccountState::parse(row.text(1)?) != Some(AccountState::Active) {
        return Ok(None);
    }
    let mut roles = Vec::new();
    for role in tx.rows("select role from staff_roles where user_id = $1", args![user_id]).await? {
        roles.extend(Role::parse(role.text(0)?));
    }
    roles.sort();
    let display_name = row.text_or_null(0)?.map(str::to_owned);
    Ok((!roles.is_empty()).then(|| Staff { user_id: user_id.clone(), display_name, roles }))
}
