//! Keys with signs in the place of vowels: `k*ll`, `y**rs*lf`, `sh#t`.

use crate::fold::{KIND, Kind, LETTER, LETTERS, MASKS, SORT};
use crate::keys::{Spelling, spell};
use crate::text::Text;

/// The message as the starred automaton reads it.
#[derive(Debug, Default)]
pub(crate) struct Stars {
    /// Vowels and signs as `*`, one space between chunks and at both ends.
    pub(crate) bytes: Vec<u8>,
    /// For each byte, its folded byte.
    pub(crate) at: Vec<usize>,
    /// For each byte, whether it is a sign in the text.
    masked: Vec<bool>,
}

fn is_mask(byte: u8) -> bool {
    SORT[usize::from(byte)] == MASKS
}

/// Whether the byte is a letter or a sign that may hide one.
fn is_beside(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| matches!(SORT[usize::from(*byte)], LETTERS | MASKS))
}

/// Whether any sign hides a letter by itself.
fn hides_any(bytes: &[u8]) -> bool {
    let hides = |index: usize| mask(bytes[index], is_beside(bytes.get(index + 1)), index > 0 && is_beside(bytes.get(index - 1)));
    (0..bytes.len()).any(|index| is_mask(bytes[index]) && hides(index) == Some(true))
}

/// Whether a sign with letters or signs after and before it may hide a letter, and whether it does so by itself: a hyphen
/// at the end of a word hides one only where others do, and a full stop there is one.
fn mask(byte: u8, after: bool, before: bool) -> Option<bool> {
    match byte {
        _ if !is_mask(byte) || !(after || before) => None,
        b'.' | b'?' => (after && before).then_some(true),
        b'-' | b'=' => Some(after && before),
        _ => Some(true),
    }
}

impl Stars {
    /// Prepares the view; answers whether any sign stands where a vowel may have been.
    pub(crate) fn set(&mut self, text: &Text) -> bool {
        let bytes = &text.folded.bytes;
        if text.folded.sorts & MASKS == 0 || !hides_any(bytes) {
            return false;
        }
        self.bytes.clear();
        self.at.clear();
        self.masked.clear();
        self.push(b' ', 0, false);
        for (index, byte) in bytes.iter().enumerate() {
            if text.is_inside(index) && KIND[usize::from(*byte)] != Kind::Silent {
                self.push(spell::star(LETTER[usize::from(*byte)]), index, false);
            } else if mask(*byte, is_beside(bytes.get(index + 1)), index > 0 && is_beside(bytes.get(index - 1))).is_some() {
                self.push(b'*', index, true);
            } else if self.bytes.last() != Some(&b' ') && KIND[usize::from(*byte)] != Kind::Silent {
                self.push(b' ', index, false);
            }
        }
        if self.bytes.last() != Some(&b' ') {
            self.push(b' ', bytes.len(), false);
        }
        true
    }

    fn push(&mut self, byte: u8, at: usize, masked: bool) {
        self.bytes.push(byte);
        self.at.push(at);
        self.masked.push(masked);
    }

    /// Whether the match (spaces at both ends included) spells the key with at least one sign for a vowel.
    pub(crate) fn spells(&self, start: usize, text: &Text, spelling: &Spelling) -> bool {
        let (mut signs, mut letters) = (0, 0);
        for (offset, letter) in spelling.letters.iter().enumerate() {
            let position = start + 1 + offset;
            if self.masked[position] {
                signs += 1;
            } else if *letter != b' ' && text.letter(self.at[position]) != Some(LETTER[usize::from(*letter)]) {
                return false;
            } else {
                letters += usize::from(text.folded.bytes[self.at[position]].is_ascii_alphabetic());
            }
        }
        signs > 0 && letters > 0
    }
}
