//! Making an account.

use model::id::{OwnedUserId, UserId, random_word};
use model::limits;
use model::person::AgeBand;
use model::secret::Secret;
use serde_json::Value;
use store::command::create_user::CreateUser;
use store::query::accounts::AccountById;

use super::login::{NewDevice, Session};
use crate::config::Registration;
use crate::{App, Error};

/// A registration as a client asks for it.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// The wanted local part; one is made when there is none.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The device to be logged in.
    pub device: NewDevice,
    /// No session, only the account.
    pub inhibit_login: bool,
    /// The stages shown.
    pub auth: Option<Value>,
}

/// An account as the operator makes it.
#[derive(Clone, Debug)]
pub struct StaffMadeAccount {
    /// The local part.
    pub localpart: String,
    /// The password; `None` for accounts that log in by the host platform's token.
    pub password: Option<Secret<String>>,
    /// The name shown.
    pub display_name: Option<String>,
    /// Age band.
    pub age_band: AgeBand,
    /// Jurisdiction; empty when unknown.
    pub jurisdiction: String,
}

impl App {
    /// Whether a name can be had.
    ///
    /// # Errors
    /// [`Error::InvalidUsername`] by its form, [`Error::UserInUse`] when it is taken.
    pub async fn name_is_free(&self, username: &str) -> Result<OwnedUserId, Error> {
        let user_id = self.new_user_id(username)?;
        if self.store.read(AccountById(user_id.clone())).await?.is_some() {
            return Err(Error::UserInUse);
        }
        Ok(user_id)
    }

    /// As [`App::name_is_free`], for somebody who shows nothing: where registration is not open, nobody learns from it
    /// who is here.
    ///
    /// # Errors
    /// [`Error::Forbidden`] where registration is not open.
    pub async fn name_is_free_to_strangers(&self, username: &str) -> Result<OwnedUserId, Error> {
        if self.config.registration != Registration::Open {
            return Err(Error::Forbidden("this server does not tell strangers which names are taken".to_owned()));
        }
        self.name_is_free(username).await
    }

    /// Registers an account and, unless told not to, logs its first device in.
    ///
    /// # Errors
    /// As [`App::name_is_free`]; [`Error::Uiaa`] when stages are missing; [`Error::Forbidden`] when closed.
    pub async fn register(&self, new: NewAccount) -> Result<(OwnedUserId, Option<Session>), Error> {
        // whether a name is taken is told to those alone who may register
        let is_open = self.config.registration == Registration::Open;
        if !is_open {
            self.registration_allowed(new.auth.as_ref())?;
        }
        let user_id = match &new.username {
            Some(username) => self.name_is_free(username).await?,
            None => self.new_user_id(&random_word(&*self.entropy, 12))?,
        };
        if is_open {
            self.registration_allowed(new.auth.as_ref())?;
        }
        let password = new.password.ok_or_else(|| Error::MissingParam("a password is needed".to_owned()))?;
        let password_hash = Some(self.hash_password(&Secret::new(password)).await?);
        self.create_account(user_id.clone(), password_hash, None, self.config.registered_age, String::new()).await?;
        if new.inhibit_login {
            return Ok((user_id, None));
        }
        let session = self.open_session(user_id.clone(), new.device).await?;
        Ok((user_id, Some(session)))
    }

    /// Makes an account by the operator's hand.
    ///
    /// # Errors
    /// As [`App::name_is_free`].
    pub async fn make_account(&self, new: StaffMadeAccount) -> Result<OwnedUserId, Error> {
        let user_id = self.name_is_free(&new.localpart).await?;
        let password_hash = match &new.password {
            Some(password) => Some(self.hash_password(password).await?),
            None => None,
        };
        self.create_account(user_id.clone(), password_hash, new.display_name, new.age_band, new.jurisdiction).await?;
        Ok(user_id)
    }

    async fn create_account(
        &self,
        user_id: OwnedUserId,
        password_hash: Option<String>,
        display_name: Option<String>,
        age_band: AgeBand,
        jurisdiction: String,
    ) -> Result<(), Error> {
        let tenant = self.config.tenant.0.clone();
        let command =
            CreateUser { user_id, password_hash, display_name, age_band, jurisdiction, tenant, service: false, now: self.clock.now() };
        if self.store.run(command).await? { Ok(()) } else { Err(Error::UserInUse) }
    }

    /// A user ID for a new account: the historical characters are refused (spec appendix "User Identifiers").
    pub(crate) fn new_user_id(&self, username: &str) -> Result<OwnedUserId, Error> {
        let localpart = username.to_lowercase();
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._=-/+".contains(&byte);
        if localpart.is_empty() || localpart.len() > limits::LOCALPART_BYTES || !localpart.bytes().all(allowed) {
            let words = format!("a user name has up to {} of the characters a-z 0-9 . _ = - / +", limits::LOCALPART_BYTES);
            return Err(Error::InvalidUsername(words));
        }
        let user_id = UserId::parse(format!("@{localpart}:{}", self.config.server_name));
        user_id.map_err(|_| Error::InvalidUsername("this name is too long".to_owned()))
    }
}
