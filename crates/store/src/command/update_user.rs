//! Changes to an account: password, profile, state, age band, roles.

use model::clock::Timestamp;
use model::contact::ContactLimit;
use model::id::OwnedUserId;
use model::person::{AccountState, AgeBand, Role};
use model::ruma::RoomVersionId;

use serde_json::json;

use super::append_events::rules_of;
use super::open_flag::enqueue;
use super::{backup_version, device_keys, media, redaction};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// One change to an account.
#[derive(Clone, Debug)]
pub enum UserChange {
    /// Another password, as a hash in PHC form.
    Password(String),
    /// The name shown; `None` for none.
    DisplayName(Option<String>),
    /// The picture shown.
    AvatarUrl(Option<String>),
    /// What the account may do.
    State(AccountState),
    /// Age band as told by the operator.
    AgeBand(AgeBand),
    /// Jurisdiction, as in `DE`.
    Jurisdiction(String),
    /// A role given to a member of staff.
    AddRole(Role),
    /// A role taken away.
    RemoveRole(Role),
    /// Whose account watches over it.
    Guardian(Option<OwnedUserId>),
    /// What a guardian narrowed its contacts to.
    ContactLimit(Option<ContactLimit>),
    /// Closed for good: no password, no profile, no sessions.
    Deactivate {
        /// Whether the person asked that what they said be erased: from then on it is given to those alone who were there
        /// when it was said. Kept as the moment they asked.
        erase: bool,
        /// Whether a webhook is to be told.
        tell_webhook: bool,
    },
}

/// Changes an account.
#[derive(Clone, Debug)]
pub struct UpdateUser {
    /// Whose.
    pub user_id: OwnedUserId,
    /// What.
    pub change: UserChange,
    /// When.
    pub now: Timestamp,
}

impl Command for UpdateUser {
    /// Whether there is such an account.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let user = &self.user_id;
        if tx.row("select 1 from users where user_id = $1", args![user]).await?.is_none() {
            return Ok(false);
        }
        match &self.change {
            UserChange::Password(hash) => tx.exec("update users set password_hash = $2 where user_id = $1", args![user, hash]).await?,
            UserChange::DisplayName(name) => {
                tx.exec("update users set display_name = $2 where user_id = $1", args![user, name.as_deref()]).await?
            }
            UserChange::AvatarUrl(url) => {
                tx.exec("update users set avatar_url = $2 where user_id = $1", args![user, url.as_deref()]).await?
            }
            UserChange::State(state) => {
                // a closed account stays closed, whoever raced to change it
                let sql = "update users set state = $2 where user_id = $1 and state <> 'deactivated'";
                tx.exec(sql, args![user, state.as_str()]).await?
            }
            UserChange::AgeBand(band) => tx.exec("update users set age_band = $2 where user_id = $1", args![user, band.as_str()]).await?,
            UserChange::Jurisdiction(place) => tx.exec("update users set jurisdiction = $2 where user_id = $1", args![user, place]).await?,
            UserChange::Guardian(guardian) => {
                let guardian = guardian.as_ref().map(|user| user.as_str());
                tx.exec("update users set guardian = $2 where user_id = $1", args![user, guardian]).await?
            }
            UserChange::ContactLimit(limit) => {
                let limit = limit.map(ContactLimit::as_str);
                tx.exec("update users set contact_limit = $2 where user_id = $1", args![user, limit]).await?
            }
            UserChange::AddRole(role) => {
                let sql = "insert into staff_roles (user_id, role, granted_ms) values ($1, $2, $3) on conflict (user_id, role) do nothing";
                tx.exec(sql, args![user, role.as_str(), self.now]).await?
            }
            UserChange::RemoveRole(role) => {
                tx.exec("delete from staff_roles where user_id = $1 and role = $2", args![user, role.as_str()]).await?
            }
            UserChange::Deactivate { erase, tell_webhook } => self.deactivate(tx, *erase, *tell_webhook).await?,
        };
        Ok(true)
    }
}

impl UpdateUser {
    async fn deactivate<T: Tx>(&self, tx: &mut T, erase: bool, tell_webhook: bool) -> Result<u64, StoreError> {
        let user = &self.user_id;
        if tell_webhook {
            let payload = json!({"type": "account.deactivated", "user_id": user, "erase_asked": erase, "deactivated_ms": self.now});
            enqueue(tx, "webhook", &payload, self.now).await?;
        }
        let devices = device_keys::all_but(tx, user, None).await?;
        device_keys::remove(tx, user, &devices).await?;
        tx.exec("delete from cross_signing_keys where user_id = $1", args![user]).await?;
        tx.exec("delete from signatures where user_id = $1 or signer = $1", args![user]).await?;
        backup_version::delete_all(tx, user).await?;
        tx.exec("delete from staff_roles where user_id = $1", args![user]).await?;
        tx.exec("delete from account_data where user_id = $1", args![user]).await?;
        tx.exec("delete from account_data_use where user_id = $1", args![user]).await?;
        tx.exec("delete from profiles where user_id = $1", args![user]).await?;
        tx.exec("delete from filters where user_id = $1", args![user]).await?;
        tx.exec("delete from relations where user_id = $1 or other = $1", args![user]).await?;
        tx.exec("update users set guardian = null where guardian = $1", args![user]).await?;
        if erase {
            redaction::prune_own_members(tx, user, &rules_of(&RoomVersionId::V12)?).await?;
            media::let_go_of_all(tx, user).await?;
        }
        let sql = "update users set state = 'deactivated', password_hash = null, display_name = null, avatar_url = null, \
                   guardian = null, contact_limit = null, erase_asked_ms = coalesce(erase_asked_ms, $2) where user_id = $1";
        tx.exec(sql, args![user, erase.then_some(self.now)]).await
    }
}
