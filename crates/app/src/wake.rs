//! Wakes people who wait in a long poll. A wake-up says "you have something", never what:
//! losing one costs latency, not data.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use model::id::OwnedUserId;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::push::Followed;

/// What wakes the long polls of one person.
#[derive(Debug, Default)]
pub struct Bell {
    notify: Notify,
    rings: AtomicU64,
}

impl Bell {
    /// The next ring, once it is enabled or polled.
    pub(crate) fn heard(&self) -> Notified<'_> {
        self.notify.notified()
    }

    /// How often it rang.
    pub(crate) fn rings(&self) -> u64 {
        self.rings.load(Ordering::SeqCst)
    }

    fn ring(&self) {
        self.rings.fetch_add(1, Ordering::SeqCst);
        self.notify.notify_waiters();
    }
}

/// The people who wait in this process.
#[derive(Debug, Default)]
pub struct Wake {
    /// Those whose applications are told outside a long poll.
    pub(crate) followed: Followed,
    waiting: Mutex<HashMap<OwnedUserId, Weak<Bell>>>,
}

impl Wake {
    /// The bell of a person. Take it *before* reading their position: a change after the read rings it.
    pub fn bell(&self, user: &OwnedUserId) -> Arc<Bell> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = waiting.get(user).and_then(Weak::upgrade) {
            return bell;
        }
        if waiting.len() == waiting.capacity() {
            waiting.retain(|_, bell| bell.strong_count() > 0);
        }
        let bell = Arc::<Bell>::default();
        waiting.insert(user.clone(), Arc::downgrade(&bell));
        bell
    }

    /// Rings for each of these people; to be called after the commit.
    pub fn ring<'a>(&self, users: impl IntoIterator<Item = &'a OwnedUserId> + Clone) {
        self.followed.note(users.clone());
        self.ring_only(users);
    }

    /// As [`Wake::ring`], for what is in no inbox.
    pub(crate) fn ring_only<'a>(&self, users: impl IntoIterator<Item = &'a OwnedUserId>) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for user in users {
            if let Some(bell) = waiting.get(user).and_then(Weak::upgrade) {
                bell.ring();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ring_after_the_bell_was_taken_is_heard() {
        let wake = Wake::default();
        let ana = OwnedUserId::try_from("@ana:example.org").unwrap();
        let bell = wake.bell(&ana);
        let heard = bell.heard();
        tokio::pin!(heard);
        heard.as_mut().enable();
        wake.ring([&ana]);
        heard.await;
    }

    #[test]
    fn those_who_left_are_forgotten() {
        let wake = Wake::default();
        for n in 0..1000 {
            drop(wake.bell(&OwnedUserId::try_from(format!("@u{n}:example.org")).unwrap()));
        }
        assert!(wake.waiting.lock().unwrap().len() < 10);
    }
}
