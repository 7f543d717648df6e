//! What staff and the operator do with accounts.

use model::id::OwnedUserId;
use model::person::AccountState;
use policy::rights::{Act, CaseFacts};
use store::command::update_user::UpdateUser;
pub use store::command::update_user::UserChange;
pub use store::query::accounts::Account;
use store::query::accounts::{AccountById, Accounts};

use crate::{App, Caller, Error};

/// Accounts in one page of the operator's list.
const PAGE_ROWS: i64 = 200;

impl App {
    /// An account as the operator sees it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn account(&self, user: &OwnedUserId) -> Result<Account, Error> {
        let found = self.store.read(AccountById(user.clone())).await?;
        found.ok_or_else(|| Error::NotFound(format!("there is no {user} here")))
    }

    /// A page of accounts after this ID.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accounts(&self, after: String) -> Result<Vec<Account>, Error> {
        Ok(self.store.read(Accounts { after, limit: PAGE_ROWS }).await?)
    }

    /// Changes an account by the operator's hand.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn change_account(&self, user: &OwnedUserId, change: UserChange) -> Result<(), Error> {
        let known = self.store.run(UpdateUser { user_id: user.clone(), change, now: self.clock.now() }).await?;
        self.forget_sessions(user);
        self.rooms.invalidate_all();
        self.wake.ring([user]);
        if known { Ok(()) } else { Err(Error::NotFound(format!("there is no {user} here"))) }
    }

    /// The state of an account, for staff who may change it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everybody else.
    pub async fn account_state(&self, caller: &Caller, user: &OwnedUserId) -> Result<AccountState, Error> {
        self.may_restrict(caller, user).await?;
        Ok(self.account(user).await?.state)
    }

    /// Locks or suspends an account (`holds`), or frees it of that, through the Matrix administration endpoints (spec
    /// v1.18). Freeing of one restriction lifts no other, a lock is not weakened to a suspension, and who has closed
    /// their account stays gone.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those without the role, and against oneself or other staff.
    pub async fn restrict(&self, caller: &Caller, user: &OwnedUserId, restriction: AccountState, holds: bool) -> Result<(), Error> {
        self.may_restrict(caller, user).await?;
        let present = self.account(user).await?.state;
        let wanted = match (present, holds) {
            (AccountState::Deactivated, _) => return Err(Error::NotFound(format!("{user} has closed their account"))),
            (AccountState::Locked, true) => AccountState::Locked,
            (_, true) => restriction,
            (_, false) if present == restriction => AccountState::Active,
            (_, false) => present,
        };
        if wanted == present { Ok(()) } else { self.change_account(user, UserChange::State(wanted)).await }
    }

    /// Whether the caller may lock and suspend accounts at all.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_account_moderator(&self, caller: &Caller) -> Result<bool, Error> {
        match self.moderator(caller).await {
            Ok(()) => Ok(true),
            Err(Error::Forbidden(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    async fn moderator(&self, caller: &Caller) -> Result<(), Error> {
        let roles = self.account(&caller.user_id).await?.roles;
        let allowed = self.desk.rights.check(&roles, Act::Restrict, CaseFacts::default());
        allowed.map_err(|denied| Error::Forbidden(denied.why))
    }

    async fn may_restrict(&self, caller: &Caller, user: &OwnedUserId) -> Result<(), Error> {
        self.moderator(caller).await?;
        if caller.user_id == *user || !self.account(user).await?.roles.is_empty() {
            return Err(Error::Forbidden("staff cannot be restricted this way, nor can you restrict yourself".to_owned()));
        }
        Ok(())
    }
}
