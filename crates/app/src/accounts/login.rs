//! Logging in and out.

use model::id::{OwnedDeviceId, OwnedUserId, UserId, random_word};
use model::limits;
use model::person::AccountState;
use model::secret::Secret;
use serde::Deserialize;
use store::command::session::{LogIn, LogOut};
use store::query::accounts::AccountById;

use super::refresh::Tokens;
use crate::{App, Caller, Error};

/// A log-in that was granted.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who.
    pub user_id: OwnedUserId,
    /// The device.
    pub device_id: OwnedDeviceId,
    /// The tokens to be sent with each request, and to get the next ones.
    pub tokens: Tokens,
}

/// A device as it introduces itself.
#[derive(Clone, Debug, Default)]
pub struct NewDevice {
    /// Its ID, when it has one from before.
    pub device_id: Option<OwnedDeviceId>,
    /// How it calls itself.
    pub display_name: Option<String>,
    /// Whether it understands that access tokens end.
    pub refreshes: bool,
}

/// The claims of the host platform's log-in token.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since the epoch at which the token ends.
    exp: i64,
    /// Seconds since the epoch before which it does not count.
    nbf: Option<i64>,
}

/// Milliseconds by which the host platform's clock may be ahead of or behind ours.
const JWT_LEEWAY_MS: i64 = 60_000;

impl App {
    /// Logs in by password; `user` is a local part or a whole user ID.
    ///
    /// # Errors
    /// [`Error::Forbidden`] with the same words for an unknown account and a wrong password.
    pub async fn log_in(&self, user: &str, password: &Secret<String>, device: NewDevice) -> Result<Session, Error> {
        let wrong = || Error::Forbidden("wrong user name or password".to_owned());
        let user_id = self.user_named(user).map_err(|_| wrong())?;
        if !self.check_password(&user_id, password).await? {
            return Err(wrong());
        }
        self.open_session(user_id, device).await
    }

    /// Logs in by a token of the host platform: a JSON web token (HS256) whose `sub` is the local part.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the token is not valid, or there is no such account.
    pub async fn log_in_by_jwt(&self, token: &str, device: NewDevice) -> Result<Session, Error> {
        use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
        let login = self.config.jwt.as_ref().ok_or_else(|| Error::Unknown("this kind of log-in is not offered here".to_owned()))?;
        let mut validation = Validation::new(Algorithm::HS256);
        let mut needed = vec!["exp", "sub"];
        if let Some(issuer) = &login.issuer {
            validation.set_issuer(&[issuer]);
            needed.push("iss");
        }
        validation.validate_aud = login.audience.is_some();
        if let Some(audience) = &login.audience {
            validation.set_audience(&[audience]);
            needed.push("aud");
        }
        validation.set_required_spec_claims(&needed);
        // its time is judged by our own clock below
        validation.validate_exp = false;
        let key = DecodingKey::from_secret(login.secret.expose().as_bytes());
        let claims = decode::<Claims>(token, &key, &validation)
            .map_err(|error| Error::Forbidden(format!("the log-in token is not valid: {error}")))?;
        self.is_its_time(&claims.claims)?;
        let user_id = self.user_named(&claims.claims.sub).map_err(|error| Error::Forbidden(error.to_string()))?;
        let known = self.store.read(AccountById(user_id.clone())).await?.is_some_and(|account| !account.service);
        if !known {
            return Err(Error::Forbidden("the host platform has not made this account here".to_owned()));
        }
        self.open_session(user_id, device).await
    }

    /// Whether a log-in token has begun to count and not run out.
    fn is_its_time(&self, claims: &Claims) -> Result<(), Error> {
        let now_ms = self.clock.now().0;
        let ms = |seconds: i64| seconds.saturating_mul(1000);
        if now_ms > ms(claims.exp).saturating_add(JWT_LEEWAY_MS) {
            return Err(Error::Forbidden("the log-in token has run out".to_owned()));
        }
        if claims.nbf.is_some_and(|from| now_ms < ms(from).saturating_sub(JWT_LEEWAY_MS)) {
            return Err(Error::Forbidden("the log-in token does not count yet".to_owned()));
        }
        Ok(())
    }

    /// The ID of a local account by its local part or its whole ID, whatever case it was typed in.
    ///
    /// # Errors
    /// [`Error::InvalidUsername`] when it is neither.
    pub fn user_named(&self, name: &str) -> Result<OwnedUserId, Error> {
        let name = name.to_lowercase();
        let user_id =
            if name.starts_with('@') { UserId::parse(name) } else { UserId::parse(format!("@{name}:{}", self.config.server_name)) };
        let user_id = user_id.map_err(|_| Error::InvalidUsername("this is not a user name".to_owned()))?;
        if user_id.server_name() == self.config.server_name {
            Ok(user_id)
        } else {
            Err(Error::InvalidUsername("this user is on another server".to_owned()))
        }
    }

    /// Opens a session for somebody who has shown who they are.
    pub(crate) async fn open_session(&self, user_id: OwnedUserId, device: NewDevice) -> Result<Session, Error> {
        let account = self.store.read(AccountById(user_id.clone())).await?;
        match account.map(|account| account.state) {
            Some(AccountState::Active | AccountState::Suspended) => {}
            Some(AccountState::Locked) => return Err(Error::UserLocked),
            Some(AccountState::Deactivated) => return Err(Error::UserDeactivated),
            None => return Err(Error::Forbidden("there is no such account".to_owned())),
        }
        let device_id = device.device_id.unwrap_or_else(|| OwnedDeviceId::from(random_word(&*self.entropy, 10).to_uppercase()));
        if device_id.as_str().is_empty() || device_id.as_str().len() > limits::EVENT_KEY_BYTES {
            return Err(Error::InvalidParam("a device ID has between 1 and 255 bytes".to_owned()));
        }
        let display_name = device.display_name.map(|name| name.chars().take(limits::DISPLAY_NAME_BYTES / 4).collect());
        let tokens = self.new_tokens(device.refreshes);
        let now = self.clock.now();
        let (token_hash, refresh) = tokens.hashed(now);
        let command = LogIn { user_id: user_id.clone(), device_id: device_id.clone(), display_name, token_hash, refresh, now };
        if !self.store.run(command).await? {
            return Err(Error::Forbidden(format!("an account has at most {} devices; log some out", limits::DEVICES_PER_USER)));
        }
        self.forget_sessions(&user_id);
        Ok(Session { user_id, device_id, tokens })
    }

    /// Logs the caller's device out; with `everywhere`, all their devices.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn log_out(&self, caller: &Caller, everywhere: bool) -> Result<(), Error> {
        let devices = (!everywhere).then(|| vec![caller.device_id.clone()]);
        let told = self.store.run(LogOut { user_id: caller.user_id.clone(), devices, except: None }).await?;
        self.forget_sessions(&caller.user_id);
        self.wake.ring(&told);
        Ok(())
    }
}
