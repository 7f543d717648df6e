//! User-interactive authentication: which stages an act needs, and which were shown.

use std::time::Duration;

use model::id::random_word;
use model::limits;
use model::secret::Secret;
use moka::sync::Cache;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::config::Registration;
use crate::{App, Caller, Error};

/// Sessions of user-interactive authentication that were begun.
#[derive(Debug)]
pub(crate) struct UiaaSessions(Cache<String, ()>);

impl UiaaSessions {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(limits::UIAA_SESSIONS).time_to_live(Duration::from_mins(10)).build())
    }
}

/// Compares in a time that does not tell how much of the text was right.
fn same_text(given: &str, expected: &str) -> bool {
    bool::from(given.as_bytes().ct_eq(expected.as_bytes()))
}

impl App {
    /// Whether the `auth` object of a registration shows what the operator asks for.
    ///
    /// # Errors
    /// [`Error::Uiaa`] with what is still needed; [`Error::Forbidden`] when registration is closed.
    pub(crate) fn registration_allowed(&self, auth: Option<&Value>) -> Result<(), Error> {
        let stage = match &self.config.registration {
            Registration::Closed => return Err(Error::Forbidden("accounts are made by the operator here, not by registration".to_owned())),
            Registration::Open => "m.login.dummy",
            Registration::Token(_) => "m.login.registration_token",
        };
        let Some(auth) = auth.filter(|auth| auth.get("type").is_some()) else {
            return Err(self.more_needed(stage, None));
        };
        self.known_session(auth, stage)?;
        if auth.get("type").and_then(Value::as_str) != Some(stage) {
            return Err(self.more_needed(stage, Some("this is not one of the stages asked for")));
        }
        match &self.config.registration {
            Registration::Token(expected)
                if !same_text(auth.get("token").and_then(Value::as_str).unwrap_or_default(), expected.expose()) =>
            {
                Err(self.more_needed(stage, Some("this registration token is not valid")))
            }
            _ => Ok(()),
        }
    }

    /// Whether the `auth` object of a request shows the caller's password.
    ///
    /// # Errors
    /// [`Error::Uiaa`] with what is still needed.
    pub(crate) async fn shows_password(&self, caller: &Caller, auth: Option<&Value>) -> Result<(), Error> {
        const STAGE: &str = "m.login.password";
        let Some(auth) = auth.filter(|auth| auth.get("type").is_some()) else {
            return Err(self.more_needed(STAGE, None));
        };
        self.known_session(auth, STAGE)?;
        let named = auth.pointer("/identifier/user").or_else(|| auth.get("user")).and_then(Value::as_str);
        let same = named.is_none_or(|name| self.user_named(name).is_ok_and(|user| user == caller.user_id));
        let password = auth.get("password").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_password = auth.get("type").and_then(Value::as_str) == Some(STAGE);
        self.admit_password(&caller.user_id)?;
        if is_password && same && self.check_password(&caller.user_id, &Secret::new(password)).await? {
            return Ok(());
        }
        Err(self.more_needed(STAGE, Some("wrong password")))
    }

    /// A session that is named must have been begun here; a stage without a session is taken too.
    fn known_session(&self, auth: &Value, stage: &str) -> Result<(), Error> {
        match auth.get("session").and_then(Value::as_str) {
            Some(session) if !self.uiaa.0.contains_key(session) => {
                Err(self.more_needed(stage, Some("this session is not known; begin anew")))
            }
            _ => Ok(()),
        }
    }

    fn more_needed(&self, stage: &str, wrong: Option<&str>) -> Error {
        let session = random_word(&*self.entropy, 24);
        self.uiaa.0.insert(session.clone(), ());
        let mut answer = json!({"flows": [{"stages": [stage]}], "params": {}, "session": session, "completed": []});
        if let Some(wrong) = wrong {
            answer["errcode"] = "M_FORBIDDEN".into();
            answer["error"] = wrong.into();
        }
        Error::Uiaa(answer)
    }
}
