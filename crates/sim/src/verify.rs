//! Compares what a sender was promised with what a recipient sees.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use crate::sealed::Keyring;
use crate::text::{Script, Tag};
use crate::wire::Event;

/// An event id, shortened to eight bytes so that millions can be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventKey(u64);

impl EventKey {
    /// The key of an event id.
    pub fn of(event_id: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        event_id.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// The key as a number.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What one sender sent, by sequence: the acknowledged event, or nothing where no acknowledgement came.
///
/// A message without an acknowledgement may or may not have been stored; both are right, twice is wrong.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    acknowledged: Vec<Option<EventKey>>,
}

impl Sent {
    /// Adds the next message in order.
    pub fn push(&mut self, event: Option<EventKey>) {
        self.acknowledged.push(event);
    }

    /// The sequence that the next message gets.
    pub fn next_sequence(&self) -> u32 {
        u32::try_from(self.acknowledged.len()).expect("fewer messages than MESSAGES_MAX")
    }

    /// How many were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.iter().flatten().count() as u64
    }
}

/// One text message in a recipient's timeline.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The tag, if the body has one of this run.
    pub tag: Option<Tag>,
    /// The event it came in.
    pub event: EventKey,
    /// True if the body is exactly what was sent under the tag.
    pub intact: bool,
}

impl Seen {
    /// Reads an event; nothing if it is not a text message. One that the keyring does not open has no tag, and so is
    /// what nobody sent.
    pub fn read(script: &Script, keyring: Option<&Keyring>, event: &Event<'_>) -> Option<Self> {
        let text = match event.ciphertext() {
            Some(ciphertext) => keyring.and_then(|keyring| keyring.open(ciphertext)).unwrap_or_default().into(),
            None => event.text()?,
        };
        let tag = script.tag(&text);
        let intact = tag.is_some_and(|tag| script.is_intact(tag, &text));
        Some(Self { tag, event: EventKey::of(&event.event_id), intact })
    }
}

/// Faults of one or many timelines. All zero is the only good answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Faults {
    /// Acknowledged, and not in the timeline.
    pub lost: u64,
    /// Further copies of a message that is already in the timeline.
    pub duplicated: u64,
    /// First copies that stand after a later message of the same sender.
    pub misordered: u64,
    /// Bodies that differ from what was sent, messages nobody sent, and event ids other than acknowledged.
    pub mismatched: u64,
}

impl Faults {
    /// Adds up.
    pub fn total(&self) -> u64 {
        self.lost + self.duplicated + self.misordered + self.mismatched
    }

    /// Adds the faults of another timeline.
    pub fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.misordered += other.misordered;
        self.mismatched += other.mismatched;
    }
}

/// Checks one timeline, oldest first, against what the senders of its room sent.
pub fn verify<'a>(sent: &BTreeMap<u32, &Sent>, seen: impl IntoIterator<Item = &'a Seen>) -> Faults {
    let mut faults = Faults::default();
    let mut marks: BTreeMap<u32, Marks> = sent.iter().map(|(sender, sent)| (*sender, Marks::new(sent.acknowledged.len()))).collect();
    for message in seen {
        let known = message.tag.and_then(|tag| Some((tag, sent.get(&tag.sender)?, marks.get_mut(&tag.sender)?)));
        let Some((tag, sent, marks)) = known else {
            faults.mismatched += 1;
            continue;
        };
        let Some(promised) = sent.acknowledged.get(tag.sequence as usize) else {
            faults.mismatched += 1;
            continue;
        };
        match marks.see(tag.sequence) {
            Mark::Again => {
                faults.duplicated += 1;
                continue;
            }
            Mark::Late => faults.misordered += 1,
            Mark::InOrder => {}
        }
        if !message.intact || promised.is_some_and(|event| event != message.event) {
            faults.mismatched += 1;
        }
    }
    for (sender, marks) in &marks {
        let promised = sent[sender].acknowledged.iter().zip(&marks.seen);
        faults.lost += promised.filter(|(event, seen)| event.is_some() && !**seen).count() as u64;
    }
    faults
}

enum Mark {
    InOrder,
    Late,
    Again,
}

struct Marks {
    seen: Vec<bool>,
    highest: Option<u32>,
}

impl Marks {
    fn new(length: usize) -> Self {
        Self { seen: vec![false; length], highest: None }
    }

    fn see(&mut self, sequence: u32) -> Mark {
        let seen = &mut self.seen[sequence as usize];
        if std::mem::replace(seen, true) {
            return Mark::Again;
        }
        if self.highest.is_some_and(|highest| highest > sequence) {
            return Mark::Late;
        }
        self.highest = Some(sequence);
        Mark::InOrder
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(sender: u32, sequence: u32) -> EventKey {
        EventKey::of(&format!("${sender}.{sequence}"))
    }

    fn seen(sender: u32, sequence: u32) -> Seen {
        Seen { tag: Some(Tag { sender, sequence }), event: key(sender, sequence), intact: true }
    }

    fn journal(sender: u32, length: u32) -> Sent {
        let mut sent = Sent::default();
        for sequence in 0..length {
            sent.push(Some(key(sender, sequence)));
        }
        sent
    }

    fn check(sent: &Sent, timeline: &[Seen]) -> Faults {
        verify(&BTreeMap::from([(0, sent)]), timeline)
    }

    /// A merge of the senders' messages that keeps each sender's order.
    fn interleaved(lengths: [u32; 2], picks: &[bool]) -> Vec<Seen> {
        let mut next = [0; 2];
        let mut timeline = Vec::new();
        for pick in picks.iter().copied().chain([false].into_iter().cycle()) {
            let open: Vec<usize> = (0..2).filter(|sender| next[*sender] < lengths[*sender]).collect();
            let Some(first) = open.first() else { return timeline };
            let sender = if pick { *open.last().unwrap() } else { *first };
            timeline.push(seen(u32::try_from(sender).unwrap(), next[sender]));
            next[sender] += 1;
        }
        timeline
    }

    #[test]
    fn an_unacknowledged_message_may_be_there_or_not_but_not_twice() {
        let mut sent = journal(0, 2);
        sent.push(None);
        assert_eq!(check(&sent, &[seen(0, 0), seen(0, 1)]), Faults::default());
        assert_eq!(check(&sent, &[seen(0, 0), seen(0, 1), seen(0, 2)]), Faults::default());
        let twice = check(&sent, &[seen(0, 0), seen(0, 1), seen(0, 2), seen(0, 2)]);
        assert_eq!(twice, Faults { duplicated: 1, ..Faults::default() });
    }

    #[test]
    fn what_nobody_sent_is_a_mismatch() {
        let sent = journal(0, 1);
        let untagged = Seen { tag: None, event: key(9, 9), intact: false };
        let timeline = [seen(0, 0), untagged, seen(0, 5), seen(3, 0)];
        assert_eq!(check(&sent, &timeline), Faults { mismatched: 3, ..Faults::default() });
    }

    #[test]
    fn another_event_id_than_acknowledged_is_a_mismatch() {
        let other = Seen { event: key(9, 9), ..seen(0, 0) };
        assert_eq!(check(&journal(0, 1), &[other]), Faults { mismatched: 1, ..Faults::default() });
    }

    proptest! {
        #[test]
        fn any_interleaving_of_senders_is_clean(left in 0u32..20, right in 0u32..20, picks in prop::collection::vec(any::<bool>(), 40)) {
            let (one, two) = (journal(0, left), journal(1, right));
            let timeline = interleaved([left, right], &picks);
            prop_assert_eq!(timeline.len(), (left + right) as usize);
            let faults = verify(&BTreeMap::from([(0, &one), (1, &two)]), &timeline);
            prop_assert_eq!(faults, Faults::default());
        }

        #[test]
        fn every_drop_is_lost(kept in prop::collection::vec(any::<bool>(), 1..60)) {
            let sent = journal(0, u32::try_from(kept.len()).unwrap());
            let timeline: Vec<Seen> = (0u32..).zip(&kept).filter(|(_, kept)| **kept).map(|(sequence, _)| seen(0, sequence)).collect();
            let lost = kept.iter().filter(|kept| !**kept).count() as u64;
            prop_assert_eq!(check(&sent, &timeline), Faults { lost, ..Faults::default() });
        }

        #[test]
        fn every_copy_is_duplicated(copies in prop::collection::vec(1u64..4, 1..40)) {
            let sent = journal(0, u32::try_from(copies.len()).unwrap());
            let timeline: Vec<Seen> = (0u32..).zip(&copies).flat_map(|(sequence, copies)| (0..*copies).map(move |_| seen(0, sequence))).collect();
            let duplicated = copies.iter().map(|copies| copies - 1).sum();
            prop_assert_eq!(check(&sent, &timeline), Faults { duplicated, ..Faults::default() });
        }

        #[test]
        fn a_permutation_is_misordered_exactly_where_it_falls(order in Just((0u32..30).collect::<Vec<_>>()).prop_shuffle()) {
            let sent = journal(0, 30);
            let timeline: Vec<Seen> = order.iter().map(|sequence| seen(0, *sequence)).collect();
            let misordered = (1..order.len()).filter(|at| order[..*at].iter().any(|earlier| *earlier > order[*at])).count() as u64;
            prop_assert_eq!(check(&sent, &timeline), Faults { misordered, ..Faults::default() });
        }

        #[test]
        fn every_altered_body_is_mismatched(altered in prop::collection::vec(any::<bool>(), 1..40)) {
            let sent = journal(0, u32::try_from(altered.len()).unwrap());
            let timeline: Vec<Seen> = (0u32..).zip(&altered).map(|(sequence, altered)| Seen { intact: !altered, ..seen(0, sequence) }).collect();
            let mismatched = altered.iter().filter(|altered| **altered).count() as u64;
            prop_assert_eq!(check(&sent, &timeline), Faults { mismatched, ..Faults::default() });
        }
    }
}
