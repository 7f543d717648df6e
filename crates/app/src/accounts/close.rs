//! Closing an account for good, and what becomes of what its person said.

use model::id::OwnedUserId;
use model::person::AccountState;
use model::room::Membership;
use serde_json::Value;
use store::command::update_user::UserChange;
use store::query::history::RoomsToLeave;

use crate::host::HostKey;
use crate::rooms::membership::MembershipWish;
use crate::{App, Caller, Error};

/// What became of the wish to close an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed, or what its person said is erased, from now on.
    Now,
    /// It was so already.
    Before,
}

impl App {
    /// Closes the caller's account. With `erase`, what they said is given from then on to those alone who were in the
    /// room when it was said.
    ///
    /// # Errors
    /// [`Error::Uiaa`] until the password was shown.
    pub async fn deactivate(&self, caller: &Caller, erase: bool, auth: Option<&Value>) -> Result<(), Error> {
        self.shows_password(caller, auth).await?;
        self.close_account(&caller.user_id, erase).await
    }

    /// Closes the account of one of the host platform's people, or erases what somebody said whose account is closed.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such account of its tenant, [`Error::Forbidden`] for members of staff.
    pub async fn host_closes_person(&self, host: &HostKey, id: &str, erase: bool) -> Result<(OwnedUserId, Closed), Error> {
        let account = self.host_reads_person(host, id).await?;
        let closed = account.state == AccountState::Deactivated;
        if closed && (!erase || account.erase_asked_ms.is_some()) {
            return Ok((account.user_id, Closed::Before));
        }
        if !account.roles.is_empty() {
            return Err(Error::Forbidden("this is a member of staff; take their roles away first".to_owned()));
        }
        self.close_account(&account.user_id, erase).await?;
        Ok((account.user_id, Closed::Now))
    }

    /// Leaves every room, declines every invitation, and closes the account.
    async fn close_account(&self, user: &OwnedUserId, erase: bool) -> Result<(), Error> {
        const INSIDE: &[Membership] = &[Membership::Join, Membership::Invite];
        for room_id in self.store.read(RoomsToLeave(user.clone())).await? {
            let (target, membership) = (user.clone(), Membership::Leave);
            let wish = MembershipWish { room_id, target, membership, reason: None, content: None, only_from: Some(INSIDE) };
            match self.set_membership(user, wish).await {
                // somebody else was faster
                Ok(()) | Err(Error::Forbidden(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let change = UserChange::Deactivate { erase, tell_webhook: self.config.webhook.is_some() };
        self.change_account(user, change).await?;
        self.desk.ring();
        self.media.sweep.notify_one();
        Ok(())
    }
}
