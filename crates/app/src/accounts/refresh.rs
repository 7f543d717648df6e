//! Sessions that end: an access token that runs out, and the refresh token that gets the next pair.

use model::clock::Timestamp;
use model::id::random_word;
use model::limits;
use model::person::AccountState;
use model::secret::Secret;
use store::command::refresh::Refresh;
use store::command::session::Refreshable;
use store::query::session_by_token::HolderByRefreshToken;

use crate::caller::{TokenHash, hash_token};
use crate::{App, Error};

/// What a client keeps of a session.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// To be sent with each request.
    pub access: Secret<String>,
    /// What gets the next pair; without it the access token does not end.
    pub refresh: Option<Secret<String>>,
}

impl Tokens {
    /// Milliseconds for which the access token counts, where it ends.
    pub fn expires_in_ms(&self) -> Option<i64> {
        self.refresh.as_ref().map(|_| limits::ACCESS_TOKEN_MS)
    }

    /// As the store keeps them.
    pub(crate) fn hashed(&self, now: Timestamp) -> (TokenHash, Option<Refreshable>) {
        let refresh = self.refresh.as_ref().map(|token| refreshable(token, now));
        (hash_token(self.access.expose()), refresh)
    }
}

fn refreshable(token: &Secret<String>, now: Timestamp) -> Refreshable {
    Refreshable { token_hash: hash_token(token.expose()), expires: now.plus_ms(limits::ACCESS_TOKEN_MS) }
}

impl App {
    /// Tokens for a session that begins.
    pub(crate) fn new_tokens(&self, refreshes: bool) -> Tokens {
        let token = |begin: &str| Secret::new(format!("{begin}_{}", random_word(&*self.entropy, 40)));
        Tokens { access: token("fr"), refresh: refreshes.then(|| token("frr")) }
    }

    /// Trades a refresh token for the next pair. It stays good until the new pair is used, so that a client that did
    /// not get the answer asks again.
    ///
    /// # Errors
    /// [`Error::UnknownToken`] when it is not good, or no longer; [`Error::UserLocked`]; [`Error::LimitExceeded`].
    pub async fn refresh(&self, token: &str) -> Result<Tokens, Error> {
        let shown = hash_token(token);
        let holder = self.store.read(HolderByRefreshToken { token_hash: shown }).await?;
        let (user_id, state) = holder.ok_or(Error::UnknownToken)?;
        match state {
            AccountState::Active | AccountState::Suspended => {}
            AccountState::Locked => return Err(Error::UserLocked),
            AccountState::Deactivated => return Err(Error::UnknownToken),
        }
        self.admit_refresh(&user_id)?;
        let (tokens, now) = (self.new_tokens(true), self.clock.now());
        let (token_hash, Some(refresh)) = tokens.hashed(now) else {
            return Err(Error::Internal("a pair without a refresh token".to_owned()));
        };
        if !self.store.run(Refresh { shown, token_hash, refresh, now }).await? {
            return Err(Error::UnknownToken);
        }
        // what the pair before it may still do is asked of the database
        self.forget_sessions(&user_id);
        Ok(tokens)
    }
}
