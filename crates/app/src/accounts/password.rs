//! Passwords: argon2id, on threads that may block, two at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use model::id::OwnedUserId;
use model::limits;
use model::secret::Secret;
use store::query::accounts::AccountById;
use tokio::sync::Semaphore;

use crate::{App, Error};

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    at_once: Semaphore,
    argon: Arc<Argon2<'static>>,
}

impl Passwords {
    /// `cheap` is for development on loopback: hundreds of test people would take minutes otherwise.
    pub(crate) fn new(cheap: bool) -> Self {
        // OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane
        let params = if cheap { Params::new(64, 1, 1, None) } else { Params::new(19 * 1024, 2, 1, None) };
        let params = params.expect("constant parameters within argon2's bounds");
        Self {
            at_once: Semaphore::new(limits::PASSWORD_HASHES_AT_ONCE),
            argon: Arc::new(Argon2::new(Algorithm::Argon2id, Version::V0x13, params)),
        }
    }

    pub(crate) async fn hash(&self, password: &Secret<String>, salt: [u8; 16]) -> Result<String, Error> {
        check_length(password)?;
        let (argon, password) = (Arc::clone(&self.argon), password.clone());
        self.off_thread(move || {
            let hash = argon.hash_password_with_salt(password.expose().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| Error::Internal(error.to_string()))
        })
        .await?
    }

    pub(crate) async fn matches(&self, password: &Secret<String>, hash: String) -> Result<bool, Error> {
        if password.expose().len() > limits::PASSWORD_BYTES {
            return Ok(false);
        }
        let (argon, password) = (Arc::clone(&self.argon), password.clone());
        self.off_thread(move || {
            let parsed = PasswordHash::new(&hash).map_err(|error| Error::Internal(error.to_string()))?;
            Ok(argon.verify_password(password.expose().as_bytes(), &parsed).is_ok())
        })
        .await?
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let _permit = self.at_once.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))
    }
}

fn check_length(password: &Secret<String>) -> Result<(), Error> {
    match password.expose().len() {
        0 => Err(Error::InvalidParam("a password cannot be empty".to_owned())),
        bytes if bytes > limits::PASSWORD_BYTES => {
            Err(Error::InvalidParam(format!("a password has at most {} bytes", limits::PASSWORD_BYTES)))
        }
        _ => Ok(()),
    }
}

impl App {
    /// A hash for a new password.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] when it is empty or too long.
    pub async fn hash_password(&self, password: &Secret<String>) -> Result<String, Error> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        self.passwords.hash(password, salt).await
    }

    /// Whether this is the password of this account. Unknown accounts take as long as known ones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn check_password(&self, user: &OwnedUserId, password: &Secret<String>) -> Result<bool, Error> {
        let account = self.store.read(AccountById(user.clone())).await?;
        let hash = account.filter(|account| !account.service).and_then(|account| account.password_hash);
        let Some(hash) = hash else {
            self.passwords.hash(&Secret::new("nobody".to_owned()), [0; 16]).await?;
            return Ok(false);
        };
        self.passwords.matches(password, hash).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_alone() {
        let passwords = Passwords::new(true);
        let secret = |text: &str| Secret::new(text.to_owned());
        let hash = passwords.hash(&secret("correct horse"), [7; 16]).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.matches(&secret("correct horse"), hash.clone()).await.unwrap());
        assert!(!passwords.matches(&secret("wrong"), hash).await.unwrap());
        assert!(passwords.hash(&secret(""), [7; 16]).await.is_err());
        assert!(passwords.hash(&secret(&"x".repeat(513)), [7; 16]).await.is_err());
    }
}
