//! Where a word means something else: phrases that hold a key and are harmless, and names of people.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::dictionary;
use crate::fold::{Folded, KIND, Kind, UPPER};
use crate::text::{Text, Token};

const PHRASES: &str = include_str!("../tables/allowed.txt");

static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| PHRASES.split_whitespace().collect());

/// The harmless phrases of each key that stands in one.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    /// For a key: the phrases, and where in each the key begins.
    of: HashMap<u32, Vec<(&'static str, usize)>>,
}

impl Allowed {
    /// Notes the phrases that hold this key and more than it.
    pub(crate) fn add(&mut self, key: u32, letters: &[u8]) {
        let Ok(letters) = std::str::from_utf8(letters) else { return };
        if !letters.split(' ').next().is_some_and(|word| WORDS.contains(word)) {
            return;
        }
        for phrase in PHRASES.lines().filter(|line| !line.starts_with('#') && line.len() > letters.len()) {
            if let Some(at) = place(phrase, letters) {
                self.of.entry(key).or_default().push((phrase, at));
            }
        }
    }

    /// Whether the key found from `start` on, letter for letter, is part of a harmless phrase.
    pub(crate) fn covers(&self, key: u32, folded: &Folded, start: usize) -> bool {
        let Some(phrases) = self.of.get(&key) else { return false };
        phrases.iter().any(|(phrase, at)| start.checked_sub(*at).is_some_and(|from| stands_at(phrase.as_bytes(), &folded.bytes, from)))
    }
}

/// Where in the phrase the key stands as words of its own.
fn place(phrase: &str, key: &str) -> Option<usize> {
    phrase.match_indices(key).map(|(at, _)| at).find(|at| {
        let (before, after) = (&phrase.as_bytes()[..*at], &phrase.as_bytes()[at + key.len()..]);
        before.last().is_none_or(|byte| *byte == b' ') && after.first().is_none_or(|byte| *byte == b' ')
    })
}

fn stands_at(phrase: &[u8], text: &[u8], from: usize) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(|byte| KIND[usize::from(*byte)] == Kind::Letter);
    text[from..].starts_with(phrase)
        && !letter(text.get(from + phrase.len()))
        && !letter(from.checked_sub(1).and_then(|before| text.get(before)))
}

/// Whether the token is written like the name that it also is, beside another name: `Dick van Dyke`, `Mr Kuntz`.
pub(crate) fn is_named(text: &Text, index: usize) -> bool {
    let token = &text.tokens[index];
    if !is_title(text, token) || !dictionary::is_name(text.bytes_of(token)) {
        return false;
    }
    let title = |other: Option<&Token>| other.is_some_and(|other| is_title(text, other) && other.letters > 1);
    let small = |other: Option<&Token>| {
        other.is_some_and(|other| matches!(text.bytes_of(other), b"van" | b"von" | b"de" | b"da" | b"del" | b"di" | b"bin" | b"la"))
    };
    let (before, after) = (index.checked_sub(1).and_then(|before| text.tokens.get(before)), text.tokens.get(index + 1));
    title(after) || (small(after) && title(text.tokens.get(index + 2))) || (title(before) && after.is_none_or(|after| after.spaced))
}

fn is_title(text: &Text, token: &Token) -> bool {
    let upper = |at: usize| text.folded.flags[at] & UPPER != 0;
    token.plain && upper(token.start) && (token.start + 1..token.end).all(|at| !upper(at))
}
