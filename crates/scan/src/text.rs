//! A part of a message cut into tokens.

use crate::dictionary;
use crate::fold::{CLASS, DRAWN, Folded, KIND, Kind, LETTER, LETTERS, PICTURE, SILENT, SORT, UPPER};

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
        while let Some(start) = self.inside[index..].iter().position(|inside| *inside).map(|gap| index + gap) {
            spaced |= self.folded.bytes[index..start].iter().any(|byte| KIND[usize::from(*byte)] == Kind::Space);
            let length = self.inside[start..].iter().position(|inside| !inside).unwrap_or(self.inside.len() - start);
            index = start + length;
            let token = self.token(start, index, spaced);
            self.tokens.push(token);
            spaced = false;
        }
    }

    fn token(&self, start: usize, end: usize, spaced: bool) -> Token {
        let (bytes, flags) = (&self.folded.bytes[start..end], &self.folded.flags[start..end]);
        let silent =
            if self.folded.sorts & SILENT == 0 { 0 } else { bytes.iter().filter(|byte| SORT[usize::from(**byte)] == SILENT).count() };
        let letters = bytes.len() - silent;
        let all = flags.iter().fold(0, |all, flags| all | flags);
        let mut plain = all & !UPPER == 0 && bytes.iter().all(u8::is_ascii_lowercase);
        if plain && all != 0 {
            // a capital first letter, or capitals only: cases that ordinary words have
            let upper = flags.iter().filter(|flags| **flags == UPPER).count();
            plain = upper == letters || (upper == 1 && flags[0] == UPPER);
        }
        let known = plain && dictionary::knows(bytes);
        Token { start, end, letters, plain, known, spaced }
    }

    fn mark_letters(&mut self, drawn: bool) {
        self.inside.clear();
        self.doubtful = self.folded.seen & PICTURE != 0;
        if self.folded.sorts & (DRAWN | SILENT) == 0 && !self.doubtful {
            self.inside.extend(self.folded.bytes.iter().map(|byte| SORT[usize::from(*byte)] == LETTERS));
            return;
        }
        for index in 0..self.folded.bytes.len() {
            let letter = match self.kind(index) {
                Kind::Letter => drawn || self.folded.flags[index] & PICTURE == 0,
                Kind::Drawn => {
                    let letter = drawn && self.drawn_letter(index);
                    self.doubtful |= letter;
                    letter
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

    /// Whether a sign like `@` or `!` stands for a letter here: a letter follows, or (not for `!`) goes before, or it
    /// stands alone.
    fn drawn_letter(&self, index: usize) -> bool {
        let run = self.folded.bytes[index..].iter().take(8).take_while(|byte| KIND[usize::from(**byte)] == Kind::Drawn).count();
        let letter_follows = self.next_is_letter(index + run);
        let alone = run == 1 && self.word_start(index) && self.kind(index + 1) == Kind::Space;
        match self.folded.bytes[index] {
            b'!' => self.open() && letter_follows || letter_follows && run == 1 && self.word_start(index) || alone,
            b'+' => self.open() && (letter_follows || run == 1) || letter_follows && run == 1 && self.word_start(index) || alone,
            _ => self.open() || letter_follows || alone,
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
    /// For each token of a view of words, the hash of its classes ([`word_hash`]).
    pub(crate) hashes: Vec<u64>,
}

/// Hash of a word's look-alike classes, repeats collapsed.
pub(crate) fn word_hash(classes: impl Iterator<Item = u8>) -> u64 {
    let mut last = 0;
    classes.fold(dictionary::start(), |state, class| {
        let fresh = class != last;
        last = class;
        if fresh { dictionary::extend(state, class) } else { state }
    })
}

impl View {
    fn clear(&mut self) {
        self.bytes.clear();
        self.at.clear();
        self.hashes.clear();
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
            let (mut hash, mut last) = (dictionary::start(), b' ');
            for (index, byte) in (token.start..).zip(text.bytes_of(token)) {
                let class = CLASS[usize::from(*byte)];
                if class != last && SORT[usize::from(*byte)] != SILENT {
                    hash = dictionary::extend(hash, class);
                    self.push(class, index);
                    last = class;
                }
            }
            self.push(b' ', token.end);
            self.hashes.push(hash);
        }
    }

    /// Classes with repeats collapsed, no spaces.
    pub(crate) fn set_squeezed(&mut self, text: &Text) {
        self.clear();
        let mut last = 0;
        for token in &text.tokens {
            for (index, byte) in (token.start..).zip(text.bytes_of(token)) {
                let class = CLASS[usize::from(*byte)];
                if class != last && SORT[usize::from(*byte)] != SILENT {
                    self.push(class, index);
                    last = class;
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
