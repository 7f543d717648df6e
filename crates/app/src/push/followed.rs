//! The people with pushers, so that whoever has none costs nothing but a look at a flag.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::id::OwnedUserId;
use tokio::sync::Notify;

/// Those who are followed in this process, and those of them for whom something changed.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    any: AtomicBool,
    people: Mutex<People>,
    moved: Notify,
}

#[derive(Debug, Default)]
struct People {
    all: HashSet<OwnedUserId>,
    moved: BTreeSet<OwnedUserId>,
}

impl Followed {
    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows these people from now on.
    pub(crate) fn follow(&self, people: impl IntoIterator<Item = OwnedUserId>) {
        let mut followed = self.people();
        followed.all.extend(people);
        self.any.store(!followed.all.is_empty(), Ordering::Release);
    }

    /// Whether anybody is followed.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Notes that something changed for these people; costs next to nothing while nobody is followed.
    pub(crate) fn note<'a>(&self, people: impl IntoIterator<Item = &'a OwnedUserId>) {
        if !self.any() {
            return;
        }
        let mut followed = self.people();
        let before = followed.moved.len();
        for user in people {
            if followed.all.contains(user) {
                followed.moved.insert(user.clone());
            }
        }
        if followed.moved.len() > before {
            self.moved.notify_one();
        }
    }

    /// Waits until something changed for somebody; takes those out.
    pub(crate) async fn moved(&self) -> BTreeSet<OwnedUserId> {
        loop {
            let moved = std::mem::take(&mut self.people().moved);
            if !moved.is_empty() {
                return moved;
            }
            self.moved.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_those_followed_are_noted() {
        let (ana, ben) = (OwnedUserId::try_from("@ana:example.org").unwrap(), OwnedUserId::try_from("@ben:example.org").unwrap());
        let followed = Followed::default();
        followed.note([&ana, &ben]);
        followed.follow([ben.clone()]);
        followed.note([&ana]);
        followed.note([&ana, &ben]);
        assert_eq!(followed.moved().await, BTreeSet::from([ben]));
        assert!(followed.people().moved.is_empty());
    }
}
