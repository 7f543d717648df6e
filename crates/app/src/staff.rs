//! Staff sessions: a log-in with a role, a token in a cookie, its hash in the store.

use model::id::{OwnedUserId, UserId, random_word};
use model::limits;
use model::secret::Secret;
use store::command::staff_session::{CloseStaffSession, OpenStaffSession};
use store::query::staff::{StaffById, StaffByToken};

use crate::caller::hash_token;
use crate::review::Staff;
use crate::{App, Error};

/// Characters of a staff token: 5 bits each.
const TOKEN_CHARS: usize = 52;

impl App {
    /// Logs a member of staff in; gives the token of the session.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a wrong name or password and for who is not staff, in the same words.
    pub async fn staff_login(&self, user: &str, password: &Secret<String>) -> Result<(Secret<String>, Staff), Error> {
        let refused = || Error::Forbidden("wrong name or password, or not a member of staff".to_owned());
        let user_id = self.staff_id(user).ok_or_else(refused)?;
        let failures = self.desk.failures.get(&user_id).unwrap_or(0);
        if failures >= limits::STAFF_LOGIN_FAILURES {
            return Err(Error::LimitExceeded { retry_after_ms: limits::STAFF_LOGIN_WINDOW_MS });
        }
        if !self.check_password(&user_id, password).await? {
            self.desk.failures.insert(user_id, failures + 1);
            return Err(refused());
        }
        let staff = self.store.read(StaffById { user_id: user_id.clone() }).await?.ok_or_else(refused)?;
        let token = random_word(&*self.entropy, TOKEN_CHARS);
        let token_hash = hash_token(&token);
        self.store.run(OpenStaffSession { token_hash, user_id, now: self.clock.now() }).await?;
        tracing::info!(staff = %staff.user_id, "a member of staff logged in");
        Ok((Secret::new(token), staff))
    }

    /// The member of staff behind a token.
    ///
    /// # Errors
    /// [`Error::MissingToken`] when the session is unknown or has run out.
    pub async fn staff(&self, token: &str) -> Result<Staff, Error> {
        let query = StaffByToken { token_hash: hash_token(token), now: self.clock.now() };
        self.store.read(query).await?.ok_or(Error::MissingToken)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn staff_logout(&self, token: &str) -> Result<(), Error> {
        Ok(self.store.run(CloseStaffSession { token_hash: hash_token(token) }).await?)
    }

    /// A local part or a whole ID as typed.
    fn staff_id(&self, typed: &str) -> Option<OwnedUserId> {
        let typed = typed.trim();
        if typed.starts_with('@') {
            return UserId::parse(typed).ok().filter(|id| id.server_name() == self.config.server_name);
        }
        UserId::parse(format!("@{typed}:{}", self.config.server_name)).ok()
    }
}
