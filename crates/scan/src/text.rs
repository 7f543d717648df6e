//! A part of a message cut into tokens.

use crate::dictionary;
use crate::fold::{CLASS, Folded, KIND, Kind, LETTER, PICTURE, UPPER};

/// A run of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
    /// Letters, silent signs not counted.
    pub(crate) letters: usize,
    /// Only ASCII letters as typed.
    pub(crate) plain: bool,
    /// A plain word of the dictionary.
    pub(crate) known: bool,
    /// White space stands before it (or it is the first).
    pub(crate) spaced: bool,
}

/// The text of one part, folded and cut; buffers are reused from part to part.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) folded: Folded,
    pub(crate) tokens: Vec<Token>,
    /// Letter or not, for each byte.
    inside: Vec<bool>,
    /// Whether there are signs or pictures that may or may not be letters.
    pub(crate) doubtful: bool,
}

impl Text {
    /// Cuts the folded text. With `drawn`, signs and pictures beside letters count as letters.
    pub(crate) fn cut(&mut self, drawn: bool) {
        self.mark_letters(drawn);
        self.tokens.clear();
        let mut spaced = true;
        let mut index = 0;
        while index < self.inside.len() {
            if !self.inside[index] {
                spaced |= KIND[usize::from(self.folded.bytes[index])] == Kind::Space;
                index += 1;
                continue;
            }
            let token = self.token_at(index, spaced);
            index = token.end;
            self.tokens.push(token);
            spaced = false;
        }
    }

    fn token_at(&self, start: usize, spaced: bool) -> Token {
        let mut end = start;
        let (mut letters, mut plain) = (0, true);
        while end < self.inside.len() && self.inside[end] {
            let byte = self.folded.bytes[end];
            if KIND[usize::from(byte)] != Kind::Silent {
                letters += 1;
            }
            plain &= byte.is_ascii_lowercase() && self.folded.flags[end] & !UPPER == 0;
            end += 1;
        }
        let known = plain && dictionary::knows(&self.folded.bytes[start..end]);
        Token { start, end, letters, plain, known, spaced }
    }

    fn mark_letters(&mut self, drawn: bool) {
        self.inside.clear();
        self.doubtful = self.folded.seen & PICTURE != 0;
        for index in 0..self.folded.bytes.len() {
            let letter = match self.kind(index) {
                Kind::Letter => drawn || self.folded.flags[index] & PICTURE == 0,
                Kind::Drawn => {
                    self.doubtful = true;
                    drawn && self.drawn_letter(index)
                }
                Kind::Silent => self.open() && self.next_is_letter(index + 1),
                Kind::Space | Kind::Mark => false,
            };
            self.inside.push(letter);
        }
    }

    fn open(&self) -> bool {
        self.inside.last().copied().unwrap_or(false)
    }

    fn kind(&self, index: usize) -> Kind {
        self.folded.bytes.get(index).map_or(Kind::Space, |byte| KIND[usize::from(*byte)])
    }

    fn next_is_letter(&self, index: usize) -> bool {
        self.kind(index) == Kind::Letter
    }

    /// Whether a sign like `@` or `!` stands for a letter here: a letter follows, or (not for `!` and `+`) goes before.
    fn drawn_letter(&self, index: usize) -> bool {
        let run = self.folded.bytes[index..].iter().take(8).take_while(|byte| KIND[usize::from(**byte)] == Kind::Drawn).count();
        let letter_follows = self.next_is_letter(index + run);
        match self.folded.bytes[index] {
            b'!' | b'+' => self.open() && letter_follows || letter_follows && run == 1 && self.word_start(index),
            _ => self.open() || letter_follows,
        }
    }

    fn word_start(&self, index: usize) -> bool {
        index == 0 || self.kind(index - 1) == Kind::Space
    }

    /// Look-alike class of the letter at `index`, or nothing for what is left out or apart.
    pub(crate) fn class(&self, index: usize) -> Option<u8> {
        let byte = self.folded.bytes[index];
        (self.inside[index] && KIND[usize::from(byte)] != Kind::Silent).then(|| CLASS[usize::from(byte)])
    }

    /// The letter as read at `index`.
    pub(crate) fn letter(&self, index: usize) -> Option<u8> {
        let byte = self.folded.bytes[index];
        (self.inside[index] && KIND[usize::from(byte)] != Kind::Silent).then(|| LETTER[usize::from(byte)])
    }

    /// Whether the byte at `index` belongs to a token.
    pub(crate) fn is_inside(&self, index: usize) -> bool {
        self.inside[index]
    }

    /// The folded bytes of a token.
    pub(crate) fn bytes_of(&self, token: &Token) -> &[u8] {
        &self.folded.bytes[token.start..token.end]
    }

    /// Index of the token that holds the byte at `index`.
    pub(crate) fn token_of(&self, index: usize) -> usize {
        self.tokens.partition_point(|token| token.end <= index)
    }
}

/// A string made for an automaton, with the way back to the folded bytes.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) bytes: Vec<u8>,
    /// For each byte, where its run begins in the folded text.
    pub(crate) at: Vec<u32>,
}

impl View {
    fn clear(&mut self) {
        self.bytes.clear();
        self.at.clear();
    }

    fn push(&mut self, byte: u8, at: usize) {
        self.bytes.push(byte);
        self.at.push(u32::try_from(at).unwrap_or(u32::MAX));
    }

    /// Classes with repeats collapsed, one space between tokens and at both ends.
    pub(crate) fn set_words(&mut self, text: &Text) {
        self.clear();
        self.push(b' ', 0);
        for token in &text.tokens {
            for index in token.start..token.end {
                if let Some(class) = text.class(index)
                    && self.bytes.last() != Some(&class)
                {
                    self.push(class, index);
                }
            }
            self.push(b' ', token.end);
        }
    }

    /// Classes with repeats collapsed, no spaces.
    pub(crate) fn set_squeezed(&mut self, text: &Text) {
        self.clear();
        for token in &text.tokens {
            for index in token.start..token.end {
                if let Some(class) = text.class(index)
                    && self.bytes.last() != Some(&class)
                {
                    self.push(class, index);
                }
            }
        }
        self.push(0, text.folded.bytes.len());
    }

    /// Where the run after the one at `position` begins, in folded bytes.
    pub(crate) fn run(&self, position: usize) -> usize {
        self.at[position] as usize
    }
}
