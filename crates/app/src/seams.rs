//! What people wrote last, in bounded memory: a threat that is split over messages is seen when its last piece comes.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::body::PlainBody;
use model::clock::{Entropy, Timestamp};
use model::finding::Hit;
use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;
use moka::sync::Cache;
use scan::Seam;

use crate::rules::Rules;

/// The ends of the recent messages of [`limits::SEAM_SENDERS`] pairs of room and sender.
pub(crate) struct Seams {
    recent: Cache<u64, Arc<Mutex<Seam>>>,
    /// Goes into every key, so that nobody can choose an ID that shares the key of another.
    seed: [u8; 16],
}

impl std::fmt::Debug for Seams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seams").field("pairs", &self.recent.entry_count()).finish_non_exhaustive()
    }
}

impl Seams {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut seed = [0; 16];
        entropy.fill(&mut seed);
        let idle = Duration::from_millis(limits::SEAM_IDLE_MS);
        Self { recent: Cache::builder().max_capacity(limits::SEAM_SENDERS).time_to_idle(idle).build(), seed }
    }

    /// What the rules' terms hit across the seam of this message and the sender's last ones in the room; remembers it.
    pub(crate) fn cross(&self, room: &OwnedRoomId, sender: &OwnedUserId, body: &PlainBody, now: Timestamp, rules: &Rules) -> Vec<Hit> {
        if body.kind() != "m.room.message" || rules.is_without_terms() {
            return Vec::new();
        }
        let seam = self.recent.get_with(self.key(room, sender), Arc::default);
        let mut seam = seam.lock().unwrap_or_else(PoisonError::into_inner);
        rules.scan_seam(&mut seam, body, now).hits
    }

    /// Forgets a message that was refused.
    pub(crate) fn take_back(&self, room: &OwnedRoomId, sender: &OwnedUserId, body: &PlainBody) {
        if let Some(seam) = self.recent.get(&self.key(room, sender)) {
            seam.lock().unwrap_or_else(PoisonError::into_inner).take_back(body);
        }
    }

    fn key(&self, room: &OwnedRoomId, sender: &OwnedUserId) -> u64 {
        let mut hasher = std::hash::DefaultHasher::default();
        (self.seed, room.as_str(), sender.as_str()).hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use model::clock::SeededEntropy;

    use super::*;

    fn seams() -> (Seams, Rules) {
        (Seams::new(&SeededEntropy::new(1)), Rules::of_keys(["purple elephant".to_owned()]).unwrap())
    }

    fn id<T: for<'a> TryFrom<&'a str>>(text: &str) -> T {
        T::try_from(text).unwrap_or_else(|_| panic!("{text} is an ID"))
    }

    #[test]
    fn rooms_and_senders_are_not_mixed() {
        let (seams, rules) = seams();
        let say = |room: &str, sender: &str, text: &str| {
            seams.cross(&id(room), &id(sender), &PlainBody::of_text(text), Timestamp(0), &rules).len()
        };
        assert_eq!(say("!a:example.org", "@ana:example.org", "purple"), 0);
        assert_eq!(say("!b:example.org", "@ana:example.org", "elephant"), 0);
        assert_eq!(say("!a:example.org", "@ben:example.org", "elephant"), 0);
        assert_eq!(say("!a:example.org", "@ana:example.org", "elephant"), 1);
    }

    #[test]
    fn a_bounded_number_of_pairs_is_remembered() {
        let (seams, rules) = seams();
        let body = PlainBody::of_text("purple");
        for n in 0..limits::SEAM_SENDERS + 2_000 {
            seams.cross(&id(&format!("!{n}:example.org")), &id("@ana:example.org"), &body, Timestamp(0), &rules);
        }
        seams.recent.run_pending_tasks();
        assert!(seams.recent.entry_count() <= limits::SEAM_SENDERS);
    }
}
