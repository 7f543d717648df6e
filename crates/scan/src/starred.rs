//! Keys with signs in the place of vowels: `k*ll`, `y**rs*lf`, `sh#t`.

use crate::fold::{KIND, Kind, LETTER};
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
    matches!(byte, b'*' | b'#' | b'%' | b'&' | b'~' | b'^' | b'?' | b'-' | b'_' | b'.' | b'=') || byte == crate::fold::SYMBOL
}

impl Stars {
    /// Prepares the view; answers whether any sign stands where a vowel may have been.
    pub(crate) fn set(&mut self, text: &Text) -> bool {
        self.bytes.clear();
        self.at.clear();
        self.masked.clear();
        self.push(b' ', 0, false);
        let bytes = &text.folded.bytes;
        let mut any = false;
        for (index, byte) in bytes.iter().enumerate() {
            let beside = |other: Option<&u8>| other.is_some_and(|byte| KIND[usize::from(*byte)] == Kind::Letter || is_mask(*byte));
            if text.is_inside(index) && KIND[usize::from(*byte)] != Kind::Silent {
                self.push(spell::star(LETTER[usize::from(*byte)]), index, false);
            } else if is_mask(*byte) && (beside(bytes.get(index + 1)) || beside(index.checked_sub(1).and_then(|before| bytes.get(before))))
            {
                any = true;
                self.push(b'*', index, true);
            } else if self.bytes.last() != Some(&b' ') && KIND[usize::from(*byte)] != Kind::Silent {
                self.push(b' ', index, false);
            }
        }
        if self.bytes.last() != Some(&b' ') {
            self.push(b' ', bytes.len(), false);
        }
        any
    }

    fn push(&mut self, byte: u8, at: usize, masked: bool) {
        self.bytes.push(byte);
        self.at.push(at);
        self.masked.push(masked);
    }

    /// Whether the match (spaces at both ends included) spells the key with at least one sign for a vowel.
    pub(crate) fn spells(&self, start: usize, text: &Text, spelling: &Spelling) -> bool {
        let mut signs = 0;
        for (offset, letter) in spelling.letters.iter().enumerate() {
            let position = start + 1 + offset;
            if self.masked[position] {
                signs += 1;
            } else if *letter != b' ' && text.letter(self.at[position]) != Some(LETTER[usize::from(*letter)]) {
                return false;
            }
        }
        signs > 0
    }
}
