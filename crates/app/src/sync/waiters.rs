//! At most a few long polls of one device wait at a time: the oldest is answered early.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;
use tokio::sync::Notify;

type Key = (OwnedUserId, OwnedDeviceId);

/// The long polls that wait.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<Key, Vec<Arc<Over>>>>,
}

#[derive(Debug, Default)]
struct Over {
    over: std::sync::atomic::AtomicBool,
    bell: Notify,
}

/// One long poll's place among those of its device; given back when it is answered or its client goes away.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    waiters: &'a Waiters,
    key: Key,
    over: Arc<Over>,
}

impl Waiters {
    pub(crate) fn enter(&self, user: &OwnedUserId, device: &OwnedDeviceId) -> Turn<'_> {
        let key = (user.clone(), device.clone());
        let over = Arc::new(Over::default());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = waiting.entry(key.clone()).or_default();
        if turns.len() >= limits::SYNC_WAITERS_PER_DEVICE {
            turns.remove(0).end();
        }
        turns.push(Arc::clone(&over));
        Turn { waiters: self, key, over }
    }
}

impl Waiters {
    /// Ends every long poll of a person: whoever waits asks again, and is asked who they are.
    pub(crate) fn end(&self, user: &OwnedUserId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for over in waiting.iter().filter(|((one, _), _)| one == user).flat_map(|(_, turns)| turns) {
            over.end();
        }
    }
}

impl Over {
    fn end(&self) {
        self.over.store(true, std::sync::atomic::Ordering::SeqCst);
        self.bell.notify_one();
    }
}

impl Turn<'_> {
    /// Whether a newer poll has taken the place, or the session may have ended.
    pub(crate) fn is_over(&self) -> bool {
        self.over.over.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Waits until that is so.
    pub(crate) async fn over(&mut self) {
        self.over.bell.notified().await;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiters.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = waiting.get_mut(&self.key) {
            turns.retain(|turn| !Arc::ptr_eq(turn, &self.over));
            if turns.is_empty() {
                waiting.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_poll_makes_room_and_all_of_a_person_can_be_ended() {
        let waiters = Waiters::default();
        let (user, device) = (OwnedUserId::try_from("@ana:x").unwrap(), OwnedDeviceId::from("D"));
        let turns: Vec<_> = (0..=limits::SYNC_WAITERS_PER_DEVICE).map(|_| waiters.enter(&user, &device)).collect();
        assert!(turns[0].is_over() && !turns[1].is_over());
        let other = waiters.enter(&OwnedUserId::try_from("@ben:x").unwrap(), &device);
        waiters.end(&user);
        assert!(turns.iter().all(Turn::is_over) && !other.is_over());
        drop((turns, other));
        assert!(waiters.waiting.lock().unwrap().is_empty());
    }
}
