//! The bodies that are sent: a tag that names run, sender and sequence, then everyday words.
//!
//! A body is a pure function of its tag and length, so a recipient can tell whether it arrived as it was sent
//! without a copy of everything that was sent.

use crate::limits;

const WORDS: [&str; 64] = [
    "the", "tea", "is", "ready", "and", "bread", "smells", "good", "we", "walked", "along", "river", "before", "lunch", "with", "a", "map",
    "of", "old", "town", "please", "bring", "umbrella", "rain", "comes", "after", "noon", "train", "leaves", "from", "platform", "near",
    "garden", "where", "roses", "grow", "my", "sister", "plays", "piano", "every", "evening", "while", "cat", "sleeps", "on", "window",
    "let", "us", "cook", "soup", "then", "read", "book", "about", "stars", "thank", "you", "for", "picture", "it", "looks", "lovely",
    "today",
];

/// The common part of one run's bodies.
#[derive(Clone, Debug)]
pub struct Script {
    run: String,
    body_bytes: usize,
}

/// What a body says about itself.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tag {
    /// Index of the sender within the run.
    pub sender: u32,
    /// Position within what the sender sent, from 0.
    pub sequence: u32,
}

impl Script {
    /// A script for the run named by `seed`, with bodies of `body_bytes` (or the shortest that holds a tag).
    pub fn new(seed: u64, body_bytes: usize) -> Self {
        Self { run: letters(seed), body_bytes: body_bytes.clamp(limits::BODY_BYTES_MIN, limits::BODY_BYTES_MAX) }
    }

    /// The name of the run, in letters; part of user names too, so that runs on one server do not meet.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The body of one message.
    pub fn body(&self, tag: Tag) -> String {
        let mut body = String::with_capacity(self.body_bytes + 16);
        body.push_str("note ");
        body.push_str(&self.run);
        for part in [u64::from(tag.sender), u64::from(tag.sequence)] {
            body.push(' ');
            body.push_str(&letters(part));
        }
        body.push(':');
        let mut state = (u64::from(tag.sender) << 32) ^ u64::from(tag.sequence);
        while body.len() < self.body_bytes {
            state = mix(state);
            body.push(' ');
            body.push_str(WORDS[usize::try_from(state >> 58).expect("six bits")]);
        }
        body
    }

    /// Reads the tag of a body of this run.
    pub fn tag(&self, body: &str) -> Option<Tag> {
        let rest = body.strip_prefix("note ")?.strip_prefix(self.run.as_str())?.strip_prefix(' ')?;
        let (tag, _) = rest.split_once(':')?;
        let (sender, sequence) = tag.split_once(' ')?;
        Some(Tag { sender: number(sender)?, sequence: number(sequence)? })
    }

    /// True if `body` is exactly what was sent under `tag`.
    pub fn is_intact(&self, tag: Tag, body: &str) -> bool {
        self.body(tag) == body
    }
}

/// A number in letters: digits could look like a telephone number to a scanner.
fn letters(mut number: u64) -> String {
    let mut text = Vec::new();
    loop {
        text.push(b"bcdfghjklmnpqrst"[usize::try_from(number & 15).expect("four bits")]);
        number >>= 4;
        if number == 0 {
            break;
        }
    }
    text.reverse();
    text.into_iter().map(char::from).collect()
}

fn number(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    text.bytes().try_fold(0, |number: u32, letter| {
        let digit = b"bcdfghjklmnpqrst".iter().position(|known| *known == letter)?;
        Some((number << 4) | u32::try_from(digit).ok()?)
    })
}

/// One step of `SplitMix64`: enough to vary words, and the same on every machine.
fn mix(state: u64) -> u64 {
    let mut next = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    next = (next ^ (next >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    next = (next ^ (next >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    next ^ (next >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_tag_survives_its_body(seed: u64, sender: u32, sequence: u32, length in 0usize..400) {
            let script = Script::new(seed, length);
            let tag = Tag { sender, sequence };
            let body = script.body(tag);
            prop_assert_eq!(script.tag(&body), Some(tag));
            prop_assert!(script.is_intact(tag, &body));
            prop_assert!(body.len() >= length && body.len() < length.max(limits::BODY_BYTES_MIN) + 16);
            let longer = format!("{body}.");
            prop_assert!(!script.is_intact(tag, &longer));
        }
    }

    #[test]
    fn other_runs_and_notices_have_no_tag() {
        let script = Script::new(7, 80);
        assert_eq!(script.tag("This conversation can be read by the service."), None);
        assert_eq!(script.tag(&Script::new(8, 80).body(Tag { sender: 0, sequence: 0 })), None);
        assert_eq!(script.tag("note k : x"), None);
    }
}
