//! Sync tokens: a position, bound to its person and device.

use hmac::{Hmac, KeyInit, Mac};
use model::id::{DeviceId, OwnedUserId};
use model::secret::Secret;
use model::seq::InboxPos;
use sha2::Sha256;

use crate::Error;

/// What a person has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SyncToken {
    /// Their inbox position.
    pub inbox: InboxPos,
    /// The place in their device's own queue up to which the device has received messages.
    pub queue: InboxPos,
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

    /// `s<inbox>_<queue>_<typing>_<device>_<tag>`.
    pub(crate) fn seal(&self, user: &OwnedUserId, device: &DeviceId, token: SyncToken) -> String {
        let of_device = self.tag(user, device.as_str());
        let plain = format!("s{}_{}_{}_{of_device}", token.inbox, token.queue, token.typing);
        let tag = self.tag(user, &plain);
        format!("{plain}_{tag}")
    }

    /// Reads a token of this person. One that another of their devices got says nothing about what this
    /// device has received; nor does one from before devices had queues, which has a part less.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] when it was not issued to them.
    pub(crate) fn open(&self, user: &OwnedUserId, device: &DeviceId, token: &str) -> Result<SyncToken, Error> {
        let invalid = || Error::InvalidParam("this is not a sync token of yours; sync anew without `since`".to_owned());
        let (plain, tag) = token.rsplit_once('_').ok_or_else(invalid)?;
        let parts: Vec<&str> = plain.strip_prefix('s').ok_or_else(invalid)?.split('_').collect();
        let (inbox, queue, typing, of_device) = match parts[..] {
            [inbox, queue, typing] => (inbox, queue, typing, None),
            [inbox, queue, typing, of_device] => (inbox, queue, typing, Some(of_device)),
            _ => return Err(invalid()),
        };
        if self.tag(user, plain) != tag {
            return Err(invalid());
        }
        let place = |text: &str| text.parse().ok().and_then(InboxPos::new).ok_or_else(invalid);
        let own = of_device.is_some_and(|of_device| of_device == self.tag(user, device.as_str()));
        let queue = if own { place(queue)? } else { InboxPos::ZERO };
        Ok(SyncToken { inbox: place(inbox)?, queue, typing: typing.parse().map_err(|_| invalid())? })
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

    fn device(name: &str) -> &DeviceId {
        name.into()
    }

    #[test]
    fn a_token_from_before_queues_opens_and_acknowledges_nothing() {
        let key = TokenKey::new("k".to_owned());
        let old = format!("s7_0_3_{}", key.tag(&user("ana"), "s7_0_3"));
        let opened = key.open(&user("ana"), device("PHONE"), &old).unwrap();
        assert_eq!(opened, SyncToken { inbox: InboxPos::new(7).unwrap(), queue: InboxPos::ZERO, typing: 3 });
    }

    proptest! {
        #[test]
        fn a_token_opens_for_its_person_alone(inbox in 0..i64::MAX, queue in 0..i64::MAX, typing in any::<u64>()) {
            let key = TokenKey::new("k".to_owned());
            let token = SyncToken { inbox: InboxPos::new(inbox).unwrap(), queue: InboxPos::new(queue).unwrap(), typing };
            let sealed = key.seal(&user("ana"), device("PHONE"), token);
            prop_assert_eq!(key.open(&user("ana"), device("PHONE"), &sealed).unwrap(), token);
            prop_assert!(key.open(&user("ben"), device("PHONE"), &sealed).is_err());
            let elsewhere = key.open(&user("ana"), device("LAPTOP"), &sealed).unwrap();
            prop_assert_eq!(elsewhere, SyncToken { queue: InboxPos::ZERO, ..token });
        }

        #[test]
        fn any_text_is_a_token_or_a_clear_error(text in "\\PC{0,40}") {
            let key = TokenKey::new("k".to_owned());
            prop_assert!(key.open(&user("ana"), device("PHONE"), &text).is_err());
        }
    }
}
