//! Sync tokens: a position, bound to its person.

use hmac::{Hmac, KeyInit, Mac};
use model::id::OwnedUserId;
use model::secret::Secret;
use model::seq::InboxPos;
use sha2::Sha256;

use crate::Error;

/// What a person has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SyncToken {
    /// Their inbox position.
    pub inbox: InboxPos,
    /// The place in their device's own queue.
    pub device: u64,
    /// The count of typing changes; forgotten by a restart, at the cost of one repetition.
    pub typing: u64,
}

/// The key by which tokens are bound to people.
#[derive(Clone, Debug)]
pub(crate) struct TokenKey(Secret<String>);

impl TokenKey {
    pub(crate) fn new(secret: String) -> Self {
        Self(Secret::new(secret))
    }

    /// `s<inbox>_<device>_<typing>_<tag>`.
    pub(crate) fn seal(&self, user: &OwnedUserId, token: SyncToken) -> String {
        let plain = format!("s{}_{}_{}", token.inbox, token.device, token.typing);
        let tag = self.tag(user, &plain);
        format!("{plain}_{tag}")
    }

    /// Reads a token of this person.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] when it was not issued to them.
    pub(crate) fn open(&self, user: &OwnedUserId, token: &str) -> Result<SyncToken, Error> {
        let invalid = || Error::InvalidParam("this is not a sync token of yours; sync anew without `since`".to_owned());
        let (plain, tag) = token.rsplit_once('_').ok_or_else(invalid)?;
        let numbers = plain.strip_prefix('s').and_then(|numbers| numbers.split_once('_'));
        let (inbox, rest) = numbers.ok_or_else(invalid)?;
        let (device, typing) = rest.split_once('_').ok_or_else(invalid)?;
        if self.tag(user, plain) != tag {
            return Err(invalid());
        }
        let inbox = inbox.parse().ok().and_then(InboxPos::new).ok_or_else(invalid)?;
        Ok(SyncToken { inbox, device: device.parse().map_err(|_| invalid())?, typing: typing.parse().map_err(|_| invalid())? })
    }

    /// Ten characters that only this server can make for this person and token. They keep tokens from
    /// being mixed up, not secrets from being guessed: a position tells nothing.
    fn tag(&self, user: &OwnedUserId, plain: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose().as_bytes()).expect("HMAC takes keys of any length");
        mac.update(user.as_bytes());
        mac.update(&[0]);
        mac.update(plain.as_bytes());
        let tag = mac.finalize().into_bytes();
        let number = tag.iter().take(5).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{number:010x}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(name: &str) -> OwnedUserId {
        OwnedUserId::try_from(format!("@{name}:example.org")).unwrap()
    }

    proptest! {
        #[test]
        fn a_token_opens_for_its_person_alone(inbox in 0..i64::MAX, device in any::<u64>(), typing in any::<u64>()) {
            let key = TokenKey::new("k".to_owned());
            let token = SyncToken { inbox: InboxPos::new(inbox).unwrap(), device, typing };
            let sealed = key.seal(&user("ana"), token);
            prop_assert_eq!(key.open(&user("ana"), &sealed).unwrap(), token);
            prop_assert!(key.open(&user("ben"), &sealed).is_err());
        }

        #[test]
        fn any_text_is_a_token_or_a_clear_error(text in "\\PC{0,40}") {
            let key = TokenKey::new("k".to_owned());
            prop_assert!(key.open(&user("ana"), &text).is_err());
        }
    }
}
