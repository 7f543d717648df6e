//! Who asks: an access token turned into a person and a device.

use std::sync::Arc;
use std::time::Duration;

use model::clock::Timestamp;
use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;
use model::person::AccountState;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use store::command::refresh::TakeUp;
use store::query::session_by_token::SessionByToken;

use crate::{App, Error};

/// The person and device behind a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user_id: OwnedUserId,
    /// From which device.
    pub device_id: OwnedDeviceId,
    /// What the account may do.
    pub state: AccountState,
}

impl Caller {
    /// Fails for an account that may not write.
    ///
    /// # Errors
    /// [`Error::UserSuspended`] when it is suspended.
    pub fn may_write(&self) -> Result<(), Error> {
        match self.state {
            AccountState::Active => Ok(()),
            AccountState::Suspended => Err(Error::UserSuspended),
            AccountState::Locked => Err(Error::UserLocked),
            AccountState::Deactivated => Err(Error::UserDeactivated),
        }
    }
}

/// The SHA-256 of a token; only this is stored and cached.
pub type TokenHash = [u8; 32];

/// Hashes a token.
pub fn hash_token(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// A session as it was last looked up.
#[derive(Clone, Debug)]
struct Seen {
    caller: Arc<Caller>,
    /// When its token ends.
    expires: Option<Timestamp>,
}

/// Sessions seen lately.
#[derive(Debug)]
pub(crate) struct Sessions {
    cache: Cache<TokenHash, Seen>,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(limits::SESSION_CACHE)
            .time_to_live(Duration::from_secs(limits::SESSION_CACHE_S))
            .support_invalidation_closures()
            .build();
        Self { cache }
    }

    /// Forgets every session of a person.
    fn forget(&self, user: &OwnedUserId) {
        let user = user.clone();
        // closures are supported, so this cannot be refused
        let _accepted = self.cache.invalidate_entries_if(move |_, seen| seen.caller.user_id == user);
    }
}

impl App {
    /// The caller behind an access token, whatever the state of the account except closed.
    ///
    /// # Errors
    /// [`Error::UnknownToken`] when nobody has it, [`Error::TokenEnded`] when it is to be refreshed.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Caller>, Error> {
        let token_hash = hash_token(token);
        let seen = match self.sessions.cache.get(&token_hash) {
            Some(seen) => seen,
            None => self.look_up(token_hash).await?,
        };
        if seen.expires.is_some_and(|expires| self.clock.now() >= expires) {
            return Err(Error::TokenEnded);
        }
        Ok(seen.caller)
    }

    /// Looks up every session of a person anew, after a log-out, a lock, a suspension; what waits for them ends.
    pub(crate) fn forget_sessions(&self, user: &OwnedUserId) {
        self.sessions.forget(user);
        self.waiters.end(user);
    }

    async fn look_up(&self, token_hash: TokenHash) -> Result<Seen, Error> {
        let session = self.store.read(SessionByToken { token_hash }).await?.ok_or(Error::UnknownToken)?;
        if session.state == AccountState::Deactivated {
            return Err(Error::UnknownToken);
        }
        let caller = Caller { user_id: session.user_id, device_id: session.device_id, state: session.state };
        let seen = Seen { caller: Arc::new(caller), expires: session.expires };
        if session.fresh {
            self.take_up(token_hash, &seen.caller).await?;
        }
        self.sessions.cache.insert(token_hash, seen.clone());
        Ok(seen)
    }

    /// A token is used for the first time: what it replaces counts no more, here neither.
    async fn take_up(&self, token_hash: TokenHash, caller: &Caller) -> Result<(), Error> {
        let Caller { user_id, device_id, .. } = caller.clone();
        if !self.store.run(TakeUp { token_hash, user_id, device_id, now: self.clock.now() }).await? {
            return Err(Error::UnknownToken);
        }
        self.sessions.forget(&caller.user_id);
        Ok(())
    }
}
