//! Keys with a typing error: one letter left out, added, changed, or two changed places, in one or more words.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::dictionary::{extend, hash, start};
use crate::fold::{CLASS, UPPER};
use crate::lexicon::number;
use crate::text::{Text, Token};

/// Words whose neighbourhood is kept; a lexicon of more distinct words finds typing errors in the first ones only.
const WORDS: usize = 200_000;
/// Letters of the longest token that may be a mistyped word.
const LETTERS: usize = 24;
/// Candidates of one token.
const CANDIDATES: usize = 4;
/// Steps taken from one token, so that a text made of look-alike words ends.
const STEPS: usize = 256;

/// The hash is a hash already.
#[derive(Default, Clone)]
pub(crate) struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, value: u64) {
        self.0 = value ^ (value >> 32);
    }
}

type Map<V> = HashMap<u64, V, BuildHasherDefault<Same>>;

/// Words of all keys, their neighbours, and the keys as paths of words.
#[derive(Debug, Default)]
pub(crate) struct TypingIndex {
    words: Vec<Box<[u8]>>,
    exact: Map<u32>,
    /// Where the words of each neighbour are in `near_words`: the first, and how many.
    near: Map<(u32, u32)>,
    near_words: Vec<u32>,
    /// Neighbours and their words, until [`TypingIndex::finish`].
    pending: Vec<(u64, u32)>,
    next: Map<u32>,
    ends: Vec<Vec<u32>>,
}

impl std::fmt::Debug for Same {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Same")
    }
}

/// A key found, from one token to another.
pub(crate) struct Found {
    pub(crate) key: u32,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// What a token may be: a few words of keys, each as typed or with an error.
#[derive(Clone, Copy, Default)]
struct Readings {
    words: [(u32, bool); CANDIDATES],
    count: usize,
}

impl Readings {
    fn push(&mut self, word: u32, typo: bool) {
        if self.count < CANDIDATES {
            self.words[self.count] = (word, typo);
            self.count += 1;
        }
    }

    fn iter(&self) -> impl Iterator<Item = &(u32, bool)> {
        self.words[..self.count].iter()
    }
}

#[derive(Clone, Copy)]
struct Step {
    node: u32,
    token: usize,
    typos: usize,
    changed_known: usize,
    letters: usize,
}

/// Buffers that are kept from text to text.
#[derive(Default)]
pub(crate) struct Scratch {
    readings: Vec<Readings>,
    stack: Vec<Step>,
}

fn step(node: u32, word: u32) -> u64 {
    ((u64::from(node) << 32) | u64::from(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn class_word(word: &[u8]) -> Vec<u8> {
    word.iter().map(|byte| CLASS[usize::from(*byte)]).collect()
}

/// Calls `each` with the hash of the word without one letter, for every letter.
fn without_each(word: &[u8], mut each: impl FnMut(u64)) {
    let mut before = start();
    for (index, byte) in word.iter().enumerate() {
        each(word[index + 1..].iter().fold(before, |state, byte| extend(state, *byte)));
        before = extend(before, *byte);
    }
}

impl TypingIndex {
    /// Adds a key, given as letters with single spaces.
    pub(crate) fn add(&mut self, key: u32, letters: &[u8]) {
        if self.ends.is_empty() {
            self.ends.push(Vec::new());
        }
        let several = letters.contains(&b' ');
        let count = letters.iter().filter(|byte| **byte != b' ').count();
        if self.words.len() >= WORDS || count < if several { 7 } else { 5 } {
            return;
        }
        let mut node = 0;
        for word in letters.split(|byte| *byte == b' ') {
            let word = self.word(&class_word(word));
            let fresh = number(self.ends.len());
            node = *self.next.entry(step(node, word)).or_insert(fresh);
            if node == fresh {
                self.ends.push(Vec::new());
            }
        }
        self.ends[node as usize].push(key);
    }

    /// Makes the neighbours ready, once all keys are added.
    pub(crate) fn finish(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.sort_unstable();
        pending.dedup();
        self.near.reserve(pending.len());
        for group in pending.chunk_by(|one, next| one.0 == next.0) {
            self.near.insert(group[0].0, (number(self.near_words.len()), number(group.len())));
            self.near_words.extend(group.iter().map(|(_, word)| *word));
        }
    }

    fn word(&mut self, word: &[u8]) -> u32 {
        let hashed = hash(word);
        if let Some(known) = self.exact.get(&hashed) {
            return *known;
        }
        let index = number(self.words.len());
        self.words.push(word.into());
        self.exact.insert(hashed, index);
        if word.len() >= 3 {
            self.pending.push((hashed, index));
            without_each(word, |hashed| self.pending.push((hashed, index)));
        }
        index
    }

    /// Whether any token may be a mistyped word.
    pub(crate) fn is_wanted(&self, text: &Text) -> bool {
        !self.words.is_empty() && text.tokens.iter().any(|token| !token.known && token.letters >= 3 && token.letters <= LETTERS)
    }

    /// Calls `found` for every key with at least one mistyped word.
    pub(crate) fn each(&self, text: &Text, scratch: &mut Scratch, mut found: impl FnMut(Found)) {
        let mistyped = |token: &Token| !token.known && self.readings(text, token).iter().any(|(_, typo)| *typo);
        // nearly every text ends here
        if !text.tokens.iter().any(mistyped) {
            return;
        }
        scratch.readings.clear();
        scratch.readings.extend(text.tokens.iter().map(|token| self.readings(text, token)));
        for first in 0..text.tokens.len() {
            self.phrase_at(text, scratch, first, &mut found);
        }
    }

    fn phrase_at(&self, text: &Text, scratch: &mut Scratch, first: usize, found: &mut impl FnMut(Found)) {
        let Scratch { readings, stack } = scratch;
        stack.clear();
        stack.push(Step { node: 0, token: first, typos: 0, changed_known: 0, letters: 0 });
        let mut steps = 0;
        while let Some(at) = stack.pop() {
            steps += 1;
            if at.typos > at.changed_known && steps <= STEPS {
                for key in &self.ends[at.node as usize] {
                    if holds(text, first, at) {
                        found(Found { key: *key, first, last: at.token - 1 });
                    }
                }
            }
            let Some(candidates) = readings.get(at.token).filter(|_| steps <= STEPS) else { continue };
            for (word, typo) in candidates.iter() {
                if let Some(node) = self.next.get(&step(at.node, *word)) {
                    let known = usize::from(*typo && text.tokens[at.token].known);
                    stack.push(Step {
                        node: *node,
                        token: at.token + 1,
                        typos: at.typos + usize::from(*typo),
                        changed_known: at.changed_known + known,
                        letters: at.letters + self.words[*word as usize].len(),
                    });
                }
            }
        }
    }

    /// Whether the token may be a word of some key, rightly or wrongly typed.
    pub(crate) fn reads(&self, text: &Text, token: &Token) -> bool {
        !self.words.is_empty() && self.readings(text, token).count > 0
    }

    /// The key words a token may be: itself, or, when it is unknown, those one error away.
    fn readings(&self, text: &Text, token: &Token) -> Readings {
        let mut readings = Readings::default();
        if token.letters > LETTERS {
            return readings;
        }
        let mut letters = [0_u8; LETTERS];
        let mut length = 0;
        for (letter, class) in letters.iter_mut().zip((token.start..token.end).filter_map(|index| text.class(index))) {
            *letter = class;
            length += 1;
        }
        let word = &letters[..length];
        let hashed = hash(word);
        if let Some(exact) = self.exact.get(&hashed) {
            readings.push(*exact, false);
            return readings;
        }
        if word.len() < 2 {
            return readings;
        }
        let mut look = |hashed: u64| {
            let (first, length) = self.near.get(&hashed).copied().unwrap_or_default();
            for candidate in &self.near_words[first as usize..(first + length) as usize] {
                let new = !readings.iter().any(|(known, _)| known == candidate);
                if new && readings.count < CANDIDATES && is_one_error(word, &self.words[*candidate as usize]) {
                    readings.push(*candidate, true);
                }
            }
        };
        look(hashed);
        without_each(word, &mut look);
        readings
    }
}

/// A capital first letter inside a text that is otherwise lower case.
fn looks_like_name(text: &Text, token: usize) -> bool {
    let upper = |index: usize| text.folded.flags[index] & UPPER != 0;
    let word = &text.tokens[token];
    token > 0 && upper(word.start) && (word.start + 1..word.end).all(|index| !upper(index))
}

/// Whether one letter left out, added or changed, or two neighbours exchanged, makes one of the other.
fn is_one_error(typed: &[u8], word: &[u8]) -> bool {
    let same_start = typed.iter().zip(word).take_while(|(a, b)| a == b).count();
    let (rest, other) = (&typed[same_start..], &word[same_start..]);
    match rest.len().cmp(&other.len()) {
        std::cmp::Ordering::Equal => {
            rest.is_empty()
                || rest[1..] == other[1..]
                || (rest.len() >= 2 && rest[0] == other[1] && rest[1] == other[0] && rest[2..] == other[2..])
        }
        std::cmp::Ordering::Less => &other[1..] == rest,
        std::cmp::Ordering::Greater => &rest[1..] == other,
    }
}

/// A single word must be long and not look like a name; several words may have one changed dictionary word among
/// others that are clearly mistyped, when the whole is long.
fn holds(text: &Text, first: usize, at: Step) -> bool {
    if at.token - first == 1 {
        return at.letters >= 5 && !looks_like_name(text, first);
    }
    at.changed_known == 0 || (at.changed_known == 1 && at.letters >= 9)
}
