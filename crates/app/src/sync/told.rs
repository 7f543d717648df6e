//! Devices that were told everything there was: when one asks again from there and its person's bell did not ring
//! meanwhile, there is nothing to read, and the long poll goes straight to waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;

use super::SyncToken;
use crate::wake::Bell;

type Key = (OwnedUserId, OwnedDeviceId);

/// What the devices that asked lately were told last.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<HashMap<Key, Last>>);

/// The last answer of one device.
#[derive(Debug)]
struct Last {
    next: SyncToken,
    bell: Arc<Bell>,
    rings: u64,
}

impl Told {
    /// Remembers an answer that told all: the token it ended with, and how often the bell had rung before it was read.
    pub(crate) fn remember(&self, user: &OwnedUserId, device: &OwnedDeviceId, next: SyncToken, bell: &Arc<Bell>, rings: u64) {
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= limits::SYNC_TOLD_DEVICES {
            devices.clear();
        }
        devices.insert((user.clone(), device.clone()), Last { next, bell: Arc::clone(bell), rings });
    }

    /// Whether a device that asks from `since` has been told all, and nothing rang since that was read. Says so once
    /// for each answer.
    pub(crate) fn all(&self, user: &OwnedUserId, device: &OwnedDeviceId, since: SyncToken, bell: &Arc<Bell>) -> bool {
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = devices.remove(&(user.clone(), device.clone()));
        last.is_some_and(|last| last.next == since && Arc::ptr_eq(&last.bell, bell) && last.rings == bell.rings())
    }
}

#[cfg(test)]
mod tests {
    use model::seq::InboxPos;

    use super::*;
    use crate::wake::Wake;

    fn token(inbox: i64) -> SyncToken {
        SyncToken { inbox: InboxPos::new(inbox).unwrap(), ..SyncToken::default() }
    }

    #[test]
    fn only_the_same_place_without_a_ring_is_all() {
        let (wake, told) = (Wake::default(), Told::default());
        let (ana, phone) = (OwnedUserId::try_from("@ana:x").unwrap(), OwnedDeviceId::from("PHONE"));
        let bell = wake.bell(&ana);
        let tell = || told.remember(&ana, &phone, token(7), &bell, bell.rings());
        let all = |since| told.all(&ana, &phone, token(since), &wake.bell(&ana));
        assert!(!all(7), "nothing was told");
        tell();
        assert!(all(7) && !all(7), "each answer counts once");
        tell();
        assert!(!all(6), "it asks from elsewhere");
        tell();
        assert!(!told.all(&ana, &OwnedDeviceId::from("OTHER"), token(7), &bell));
        wake.ring([&ana]);
        assert!(!all(7), "the bell rang");
    }

    #[test]
    fn what_was_read_before_a_ring_is_not_all() {
        let (wake, told) = (Wake::default(), Told::default());
        let (ana, phone) = (OwnedUserId::try_from("@ana:x").unwrap(), OwnedDeviceId::from("PHONE"));
        let bell = wake.bell(&ana);
        let rings = bell.rings();
        wake.ring([&ana]);
        told.remember(&ana, &phone, token(7), &bell, rings);
        assert!(!told.all(&ana, &phone, token(7), &bell));
    }

    #[test]
    fn a_bounded_number_of_devices_is_remembered() {
        let (wake, told) = (Wake::default(), Told::default());
        let ana = OwnedUserId::try_from("@ana:x").unwrap();
        let bell = wake.bell(&ana);
        for n in 0..limits::SYNC_TOLD_DEVICES + 10 {
            told.remember(&ana, &OwnedDeviceId::from(format!("D{n}")), token(1), &bell, 0);
        }
        assert!(told.0.lock().unwrap().len() <= limits::SYNC_TOLD_DEVICES);
    }
}
