//! A guardian narrows the contacts of a young person, or takes the limit back.

use model::contact::ContactLimit;
use model::id::OwnedUserId;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Sets the limit.
#[derive(Clone, Debug)]
pub struct NarrowWard {
    /// Who asks.
    pub guardian: OwnedUserId,
    /// Whom they watch over.
    pub ward: OwnedUserId,
    /// The limit; `None` for none, which leaves what the contact policy allows.
    pub limit: Option<ContactLimit>,
}

impl Command for NarrowWard {
    /// Whether the one is the other's guardian.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "update users set contact_limit = $3 where user_id = $1 and guardian = $2 and age_band <> 'adult'";
        Ok(tx.exec(sql, args![&self.ward, &self.guardian, self.limit.map(ContactLimit::as_str)]).await? > 0)
    }
}
