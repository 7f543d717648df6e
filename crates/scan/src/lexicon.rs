//! Keys made ready for every view: word automaton, squeezed automaton, starred automaton, typing-error index, patterns.

use std::collections::{BTreeMap, HashMap, HashSet};

use std::hash::BuildHasherDefault;

use daachorse::DoubleArrayAhoCorasick;
use model::limits;

use crate::allowed::Allowed;
use crate::dictionary;
use crate::fold::{CLASS, Folded, KIND, Kind, LETTER};
use crate::keys::{Form, Spelling, spell};
use crate::pattern::Patterns;
use crate::text::word_hash;
use crate::typing::{Same, TypingIndex};

/// A key and the term set it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The term set, as in `threat`.
    pub term: String,
    /// One word or several, as a person would write it.
    pub key: String,
}

/// A regular expression and the term set it belongs to. It is matched on folded text ([`crate::fold()`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The term set, as in `phishing`.
    pub term: String,
    /// The expression, in the syntax of the `regex` crate.
    pub pattern: String,
}

/// Why keys cannot be made ready.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LexiconError {
    /// More keys than [`limits::LEXICON_KEYS`].
    #[error("more than {} keys", limits::LEXICON_KEYS)]
    TooManyKeys,
    /// A key longer than [`limits::LEXICON_KEY_BYTES`].
    #[error("key {index} of {term} is longer than {} bytes", limits::LEXICON_KEY_BYTES)]
    KeyTooLong {
        /// The term set.
        term: String,
        /// Position among all keys, from 0.
        index: usize,
    },
    /// A key in which no letter or digit is left after folding.
    #[error("key {index} of {term} has no letter")]
    NoLetters {
        /// The term set.
        term: String,
        /// Position among all keys, from 0.
        index: usize,
    },
    /// A pattern that does not compile or is too large compiled.
    #[error("pattern of {term}: {reason}")]
    Pattern {
        /// The term set.
        term: String,
        /// What the compiler says.
        reason: String,
    },
    /// The automaton could not be built.
    #[error("automaton: {0}")]
    Automaton(String),
}

/// Keys and patterns, ready to be matched. It is built once and shared; building does not touch the one in use.
#[derive(Debug, Default)]
pub struct Lexicon {
    pub(crate) keys: Vec<Key>,
    pub(crate) spellings: Vec<Spelling>,
    pub(crate) words: Automaton,
    pub(crate) squeezed: Automaton,
    pub(crate) starred: Automaton,
    pub(crate) typing: TypingIndex,
    pub(crate) patterns: Patterns,
    pub(crate) allowed: Allowed,
    /// Words of keys, and words that follow one another in a key, by [`word_hash`].
    words_of_keys: Hashes,
    pairs: Hashes,
    /// The number of each key's term set.
    pub(crate) key_terms: Vec<u32>,
    /// The number of each pattern's term set.
    pub(crate) pattern_terms: Vec<u32>,
    longest: usize,
}

type Hashes = HashSet<u64, BuildHasherDefault<Same>>;

/// An automaton whose matches lead to one or several spellings.
#[derive(Default)]
pub(crate) struct Automaton {
    machine: Option<DoubleArrayAhoCorasick<u32>>,
    groups: Vec<(u32, u32)>,
    members: Vec<u32>,
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Automaton").field("patterns", &self.groups.len()).finish_non_exhaustive()
    }
}

impl Automaton {
    fn build(patterns: &BTreeMap<Vec<u8>, Vec<u32>>) -> Result<Self, LexiconError> {
        if patterns.is_empty() {
            return Ok(Self::default());
        }
        let mut groups = Vec::with_capacity(patterns.len());
        let mut members = Vec::new();
        for spellings in patterns.values() {
            groups.push((number(members.len()), number(spellings.len())));
            members.extend_from_slice(spellings);
        }
        let numbered = patterns.keys().zip(0_u32..);
        let machine = DoubleArrayAhoCorasick::with_values(numbered).map_err(|error| LexiconError::Automaton(error.to_string()))?;
        Ok(Self { machine: Some(machine), groups, members })
    }

    /// Calls `found` with start, end and spelling of every match, overlapping ones too, until it answers `false`.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize, u32) -> bool) {
        let Some(machine) = &self.machine else { return };
        for hit in machine.find_overlapping_iter(text) {
            let (first, length) = self.groups[hit.value() as usize];
            for spelling in &self.members[first as usize..(first + length) as usize] {
                if !found(hit.start(), hit.end(), *spelling) {
                    return;
                }
            }
        }
    }
}

pub(crate) fn number(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than four thousand million keys")
}

impl Lexicon {
    /// Makes keys ready. Keys that fold to the same letters are all kept and all reported.
    pub fn build(keys: impl IntoIterator<Item = Key>) -> Result<Self, LexiconError> {
        Self::with_patterns(keys, [])
    }

    /// Makes keys and patterns ready.
    pub fn with_patterns(keys: impl IntoIterator<Item = Key>, patterns: impl IntoIterator<Item = Pattern>) -> Result<Self, LexiconError> {
        let mut lexicon = Self { patterns: Patterns::build(patterns)?, ..Self::default() };
        let mut folded = Folded::default();
        let mut forms = Forms::default();
        for (index, key) in keys.into_iter().enumerate() {
            if index >= limits::LEXICON_KEYS {
                return Err(LexiconError::TooManyKeys);
            }
            if key.key.len() > limits::LEXICON_KEY_BYTES {
                return Err(LexiconError::KeyTooLong { term: key.term, index });
            }
            folded.set(&key.key);
            let letters = key_letters(&folded);
            if letters.is_empty() {
                return Err(LexiconError::NoLetters { term: key.term, index });
            }
            lexicon.longest = lexicon.longest.max(letters.len());
            lexicon.allowed.add(number(index), &letters);
            lexicon.note_words(&letters);
            forms.add(number(index), letters, &mut lexicon);
            lexicon.keys.push(key);
        }
        let mut terms = HashMap::new();
        let mut numbers = |term: &str| {
            let next = number(terms.len());
            *terms.entry(term.to_owned()).or_insert(next)
        };
        lexicon.key_terms = lexicon.keys.iter().map(|key| numbers(&key.term)).collect();
        lexicon.pattern_terms = lexicon.patterns.iter().map(|pattern| numbers(&pattern.term)).collect();
        lexicon.typing.finish();
        lexicon.words = Automaton::build(&forms.words)?;
        lexicon.squeezed = Automaton::build(&forms.squeezed)?;
        lexicon.starred = Automaton::build(&forms.starred)?;
        Ok(lexicon)
    }

    fn note_words(&mut self, letters: &[u8]) {
        let mut before: Option<u64> = None;
        for word in letters.split(|byte| *byte == b' ') {
            let hash = word_hash(word.iter().map(|byte| CLASS[usize::from(*byte)]));
            self.words_of_keys.insert(hash);
            if let Some(before) = before {
                self.pairs.insert(pair(before, hash));
            }
            before = Some(hash);
        }
    }

    /// Whether the key has several words.
    pub(crate) fn is_several(&self, key: u32) -> bool {
        self.keys[key as usize].key.trim().contains(|c: char| !c.is_alphanumeric())
    }

    /// Whether a key has this word, given by its [`word_hash`].
    pub(crate) fn has_word(&self, hash: u64) -> bool {
        self.words_of_keys.contains(&hash)
    }

    /// Whether some key has the one word right before the other.
    pub(crate) fn follow(&self, before: u64, after: u64) -> bool {
        self.pairs.contains(&pair(before, after))
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Letters and spaces of the longest key.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Whether there are patterns.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// Whether there are neither keys nor patterns.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.patterns.is_empty()
    }
}

fn pair(before: u64, after: u64) -> u64 {
    before.rotate_left(23) ^ after.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The letters of a key with one space between words; digits stay what they are.
fn key_letters(folded: &Folded) -> Vec<u8> {
    let mut letters = Vec::with_capacity(folded.bytes.len());
    for (index, byte) in folded.bytes.iter().enumerate() {
        let inside = index > 0 && folded.bytes.get(index + 1).is_some_and(|next| KIND[usize::from(*next)] == Kind::Letter);
        match KIND[usize::from(*byte)] {
            Kind::Letter => letters.push(*byte),
            Kind::Drawn if inside => letters.push(LETTER[usize::from(*byte)]),
            Kind::Silent => {}
            _ if letters.last().is_some_and(|last| *last != b' ') => letters.push(b' '),
            _ => {}
        }
    }
    if letters.last() == Some(&b' ') {
        letters.pop();
    }
    letters
}

#[derive(Default)]
struct Forms {
    words: BTreeMap<Vec<u8>, Vec<u32>>,
    squeezed: BTreeMap<Vec<u8>, Vec<u32>>,
    starred: BTreeMap<Vec<u8>, Vec<u32>>,
}

impl Forms {
    fn add(&mut self, key: u32, letters: Vec<u8>, lexicon: &mut Lexicon) {
        lexicon.typing.add(key, &letters);
        let mut backward = letters.clone();
        backward.reverse();
        let each_backward: Vec<u8> =
            letters.split(|byte| *byte == b' ').map(|word| word.iter().rev().copied().collect::<Vec<u8>>()).collect::<Vec<_>>().join(&b' ');
        let forward = self.push(key, Form::Forward, letters, lexicon);
        let starred = spell::starred(&lexicon.spellings[forward as usize].letters);
        if let Some(starred) = starred {
            self.starred.entry(starred).or_default().push(forward);
        }
        if reversible(&backward) {
            let several = backward != each_backward;
            self.push(key, Form::Backward, backward, lexicon);
            if several {
                self.push(key, Form::Backward, each_backward, lexicon);
            }
        }
    }

    fn push(&mut self, key: u32, form: Form, letters: Vec<u8>, lexicon: &mut Lexicon) -> u32 {
        let index = number(lexicon.spellings.len());
        let (words, squeezed) = (spell::words(&letters), spell::squeezed(&letters));
        self.words.entry(words).or_default().push(index);
        let letters_only = letters.iter().filter(|byte| **byte != b' ').count();
        if letters_only >= 3 {
            self.squeezed.entry(squeezed).or_default().push(index);
        }
        lexicon.spellings.push(Spelling::new(key, form, letters));
        index
    }
}

/// Whether a key read backwards is worth looking for: long enough, and not words of their own (as `live` for `evil`).
fn reversible(backward: &[u8]) -> bool {
    let letters = backward.iter().filter(|byte| **byte != b' ').count();
    letters >= 4 && !backward.split(|byte| *byte == b' ').all(dictionary::knows) && !backward.iter().eq(backward.iter().rev())
}
