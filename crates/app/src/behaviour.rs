//! What people did lately, in fixed memory: sliding counts for rules that need no text.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::clock::Timestamp;
use model::facts::CounterFacts;
use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;
use moka::sync::Cache;
use store::query::sender_history::History;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Recent behaviour of all senders, bounded by [`limits::BEHAVIOUR_SENDERS`]; the longest unseen go first.
#[derive(Debug)]
pub(crate) struct Behaviour {
    senders: Cache<OwnedUserId, Arc<Mutex<Sender>>>,
    /// Past of a sender in a room, read from the store once in ten minutes and counted on in memory.
    histories: Cache<(OwnedRoomId, OwnedUserId), History>,
}

/// One message, as far as counting needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) now: Timestamp,
    /// Fingerprint of the folded text.
    pub(crate) fingerprint: u64,
    /// Hash of its first link; 0 for none.
    pub(crate) link: u64,
    /// Hash of the room's ID, to tell rooms apart.
    pub(crate) room: u64,
    /// Whether it is the sender's first message in the room.
    pub(crate) first_contact: bool,
    /// Whether it is an adult's first message to a minor.
    pub(crate) to_new_minor: bool,
}

impl Behaviour {
    pub(crate) fn new() -> Self {
        Self {
            senders: Cache::new(limits::BEHAVIOUR_SENDERS),
            histories: Cache::builder().max_capacity(limits::BEHAVIOUR_SENDERS).time_to_live(Duration::from_mins(10)).build(),
        }
    }

    /// Counts a message in, and gives the counts with it.
    pub(crate) fn count(&self, sender: &OwnedUserId, seen: Seen) -> CounterFacts {
        let record = self.senders.get_with_by_ref(sender, Arc::default);
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        record.count(seen)
    }

    pub(crate) fn history(&self, room: &OwnedRoomId, sender: &OwnedUserId) -> Option<History> {
        self.histories.get(&(room.clone(), sender.clone()))
    }

    pub(crate) fn remember(&self, room: &OwnedRoomId, sender: &OwnedUserId, history: History) {
        self.histories.insert((room.clone(), sender.clone()), history);
    }
}

/// A count over a sliding span, from two adjacent buckets: the present one, and a share of the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    bucket: i64,
    current: i64,
    previous: i64,
}

impl Window {
    fn add(&mut self, now: Timestamp, span_ms: i64, count: i64) -> i64 {
        let bucket = now.0.div_euclid(span_ms);
        if bucket == self.bucket + 1 {
            (self.previous, self.current) = (self.current, 0);
        } else if bucket != self.bucket {
            (self.previous, self.current) = (0, 0);
        }
        self.bucket = bucket;
        self.current = self.current.saturating_add(count);
        let left_ms = span_ms - now.0.rem_euclid(span_ms);
        self.current.saturating_add(self.previous.saturating_mul(left_ms) / span_ms)
    }
}

/// Texts, and links, of one sender that are remembered to see the same one sent to many.
const REMEMBERED: usize = 32;

/// What was sent lately, oldest first: hash, room and time.
#[derive(Debug, Default)]
struct Repeats(VecDeque<(u64, u64, Timestamp)>);

impl Repeats {
    /// In how many other rooms the same was sent within an hour; remembers it.
    fn count(&mut self, hash: u64, room: u64, now: Timestamp) -> i64 {
        while self.0.front().is_some_and(|(_, _, at)| now.since_ms(*at) > HOUR_MS) || self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        let mut rooms: Vec<u64> = Vec::new();
        for (known, other, _) in &self.0 {
            if *known == hash && *other != room && !rooms.contains(other) {
                rooms.push(*other);
            }
        }
        self.0.push_back((hash, room, now));
        i64::try_from(rooms.len()).unwrap_or(i64::MAX)
    }
}

#[derive(Debug, Default)]
struct Sender {
    messages: Window,
    first_contacts: Window,
    new_minors: Window,
    texts: Repeats,
    links: Repeats,
}

impl Sender {
    fn count(&mut self, seen: Seen) -> CounterFacts {
        CounterFacts {
            messages_1m: self.messages.add(seen.now, MINUTE_MS, 1),
            first_contacts_1h: self.first_contacts.add(seen.now, HOUR_MS, i64::from(seen.first_contact)),
            new_minor_threads_24h: self.new_minors.add(seen.now, DAY_MS, i64::from(seen.to_new_minor)),
            identical_texts_1h: self.texts.count(seen.fingerprint, seen.room, seen.now),
            identical_links_1h: if seen.link == 0 { 0 } else { self.links.count(seen.link, seen.room, seen.now) },
            reports_7d: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(now: i64, fingerprint: u64, room: u64) -> Seen {
        Seen { now: Timestamp(now), fingerprint, link: 0, room, first_contact: true, to_new_minor: false }
    }

    #[test]
    fn counts_slide_and_fade() {
        let mut sender = Sender::default();
        for n in 0..10 {
            sender.count(seen(DAY_MS + n, 1, 1));
        }
        assert_eq!(sender.count(seen(DAY_MS + 10, 1, 1)).messages_1m, 11);
        assert_eq!(sender.count(seen(DAY_MS + MINUTE_MS + MINUTE_MS / 2, 1, 1)).messages_1m, 6);
        assert_eq!(sender.count(seen(2 * DAY_MS, 1, 1)).messages_1m, 1);
    }

    #[test]
    fn the_same_text_to_other_rooms_is_counted_once_a_room() {
        let mut sender = Sender::default();
        assert_eq!(sender.count(seen(DAY_MS, 7, 1)).identical_texts_1h, 0);
        assert_eq!(sender.count(seen(DAY_MS, 7, 2)).identical_texts_1h, 1);
        assert_eq!(sender.count(seen(DAY_MS, 7, 2)).identical_texts_1h, 1);
        assert_eq!(sender.count(seen(DAY_MS, 8, 3)).identical_texts_1h, 0);
        assert_eq!(sender.count(seen(DAY_MS + 2 * HOUR_MS, 7, 4)).identical_texts_1h, 0);
        assert!(sender.texts.0.len() <= REMEMBERED);
    }

    #[test]
    fn the_same_link_in_other_words_is_counted_too() {
        let mut sender = Sender::default();
        let with_link = |text: u64, link: u64, room: u64| Seen { link, ..seen(DAY_MS, text, room) };
        assert_eq!(sender.count(with_link(1, 9, 1)).identical_links_1h, 0);
        assert_eq!(sender.count(with_link(2, 9, 2)).identical_links_1h, 1);
        assert_eq!(sender.count(with_link(3, 0, 3)).identical_links_1h, 0, "no link");
        let counters = sender.count(with_link(4, 9, 3));
        assert_eq!((counters.identical_links_1h, counters.identical_texts_1h), (2, 0));
    }
}
