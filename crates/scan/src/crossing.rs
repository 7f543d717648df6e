//! Whether anything can cross a seam at all: a cheap look at the words beside it. Nearly every message ends here.

use std::cell::RefCell;

use crate::fillers;
use crate::fold::{KIND, Kind, UPPER};
use crate::lexicon::Lexicon;
use crate::text::{Text, Token, View, word_hash};

/// Tokens beside the seam that are looked at.
const BESIDE: usize = 3;
/// Letters of an unknown word from which it may be several words run together.
const JOINED_LETTERS: usize = 6;
/// Tokens before the seam that may be pieces of one word.
const PIECES: usize = 4;

#[derive(Default)]
struct Scratch {
    joined: String,
    text: Text,
    view: View,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Whether a key of the lexicon may lie across the seam of the two texts.
pub(crate) fn may_cross(earlier: &str, current: &str, lexicon: &Lexicon) -> bool {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.joined.clear();
        scratch.joined.push_str(earlier);
        scratch.joined.push(' ');
        scratch.joined.push_str(current);
        scratch.text.folded.set(&scratch.joined);
        scratch.text.cut(true);
        scratch.view.set_words(&scratch.text);
        let seam = earlier.chars().count();
        let before = scratch.text.tokens.partition_point(|token| (scratch.text.folded.origin[token.start] as usize) < seam);
        Seam { text: &scratch.text, view: &scratch.view, lexicon, before }.may_be_crossed()
    })
}

struct Seam<'a> {
    text: &'a Text,
    view: &'a View,
    lexicon: &'a Lexicon,
    /// Tokens before the seam.
    before: usize,
}

impl Seam<'_> {
    fn may_be_crossed(&self) -> bool {
        let tokens = &self.text.tokens;
        if self.before == 0 || self.before == tokens.len() {
            return self.has_signs();
        }
        let (left, right) = (self.before - 1, self.before);
        let near = left.saturating_sub(BESIDE - 1)..(right + BESIDE).min(tokens.len());
        self.has_signs()
            || near.clone().any(|token| self.is_odd(token))
            || near.clone().zip(near.skip(1)).any(|(one, next)| tokens[one].letters == 1 && tokens[next].letters == 1)
            || [left, right].into_iter().any(|token| self.is_open(token))
            || self.words_follow(left, right)
            || self.pieces_spell(left, right)
    }

    /// Signs at the seam that may hide letters or be letters.
    fn has_signs(&self) -> bool {
        let bytes = &self.text.folded.bytes;
        let from = self.before.checked_sub(1).map_or(0, |left| self.text.tokens[left].end);
        let to = self.text.tokens.get(self.before).map_or(bytes.len(), |right| right.start);
        bytes[from..to]
            .iter()
            .any(|byte| !matches!(byte, b' ' | b'.' | b',' | b'!' | b'?' | b':' | b';' | b'\'' | b'"' | b'(' | b')' | b'/'))
    }

    /// A token that is not written in plain letters or figures, or joined to another one by a sign.
    fn is_odd(&self, index: usize) -> bool {
        let token = &self.text.tokens[index];
        let figures = || self.text.bytes_of(token).iter().all(u8::is_ascii_digit);
        let silent = || (token.start..token.end).any(|at| KIND[usize::from(self.text.folded.bytes[at])] == Kind::Silent);
        let joined = index > 0 && !token.spaced && index != self.before;
        joined || !(token.plain || figures() || silent() && self.is_lettered(token))
    }

    fn is_lettered(&self, token: &Token) -> bool {
        (token.start..token.end).all(|at| {
            let byte = self.text.folded.bytes[at];
            self.text.folded.flags[at] & !UPPER == 0 && (byte.is_ascii_lowercase() || KIND[usize::from(byte)] == Kind::Silent)
        })
    }

    /// An unknown word that may be a word of a key, or several run together.
    fn is_open(&self, index: usize) -> bool {
        let token = &self.text.tokens[index];
        !token.known && (token.letters >= JOINED_LETTERS || self.lexicon.typing.reads(self.text, token))
    }

    /// Whether the words beside the seam follow one another in a key, fillers left out.
    fn words_follow(&self, left: usize, right: usize) -> bool {
        let filler = |token: &usize| fillers::is_filler(self.view.hashes[*token]);
        let left = (0..=left).rev().find(|token| !filler(token));
        let right = (right..self.text.tokens.len()).find(|token| !filler(token));
        let near = left.zip(right).is_some_and(|(left, right)| self.lexicon.follow(self.view.hashes[left], self.view.hashes[right]));
        near || self.lexicon.follow(self.view.hashes[self.before - 1], self.view.hashes[self.before])
    }

    /// Whether the pieces before the seam, one to four of them, make a word of a key with the one after it.
    fn pieces_spell(&self, left: usize, right: usize) -> bool {
        let classes = |token: usize| {
            let token = self.text.tokens[token];
            (token.start..token.end).filter_map(|index| self.text.class(index))
        };
        (left.saturating_sub(PIECES - 1)..=left).any(|first| self.lexicon.has_word(word_hash((first..=right).flat_map(classes))))
    }
}
