//! Does this stretch of text really spell that key? The automata work on collapsed look-alike classes; here letters,
//! repeats and gaps are compared.

use crate::fold::{CLASS, LOOK, UPPER};
use crate::keys::{Form, Spelling};
use crate::text::{Text, Token};

/// Gaps between the tokens of a match that are not gaps between two words of the key. Nothing is allocated for them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OddGaps {
    /// Token in which the match begins.
    first: usize,
    /// A bit for the gap after each of its tokens.
    after: u128,
}

impl OddGaps {
    /// Notes the gap after a token; answers whether there is room for it.
    fn push(&mut self, token: usize) -> bool {
        let fits = token - self.first < 128;
        if fits {
            self.after |= 1 << (token - self.first);
        }
        fits
    }

    /// Whether there are none.
    pub(crate) fn is_empty(self) -> bool {
        self.after == 0
    }

    /// The tokens before the gaps.
    pub(crate) fn tokens(self) -> impl Iterator<Item = usize> {
        (0..128).filter(move |bit| self.after >> bit & 1 == 1).map(move |bit| self.first + bit)
    }
}

/// How a stretch of text spells a key.
#[derive(Debug, Default)]
pub(crate) struct Alignment {
    /// Letter for letter as the key is written, upper case apart.
    pub(crate) exact: bool,
    /// Gaps the key does not have.
    pub(crate) odd_gaps: OddGaps,
    /// One past the last folded byte.
    pub(crate) end: usize,
}

/// A run of one class: how many letters, and whether a gap lies inside it or right after it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Run {
    class: u8,
    length: usize,
    gap_inside: bool,
    gap_after: bool,
}

/// Compares the text from `start` with the spelling; nothing when it does not spell it.
///
/// Each run of a class must be at least as long as the key's. A stretch with no real letter (`455`) spells nothing.
pub(crate) fn align(text: &Text, start: usize, spelling: &Spelling) -> Option<Alignment> {
    let mut alignment = Alignment { exact: true, ..Alignment::default() };
    let mut index = start;
    let mut real_letters = 0;
    let mut token = text.token_of(start);
    alignment.odd_gaps.first = token;
    let mut key = spelling.letters.as_ref();
    while !key.is_empty() {
        let run = take_run(&mut key);
        let mut length = 0;
        while index < text.folded.bytes.len() {
            match text.class(index) {
                Some(class) if class == run.class => {
                    if index >= text.tokens[token].end {
                        // the key is spelled: what begins alike in the next word is none of it (`kill you under`)
                        if key.is_empty() && length >= run.length {
                            break;
                        }
                        let expected = if length == 0 { false } else { run.gap_inside };
                        let between = length == 0;
                        let allowed = expected || (between && alignment.end != 0 && gap_before(spelling, key, run));
                        if !allowed && !alignment.odd_gaps.push(token) {
                            return None;
                        }
                        token += 1;
                    }
                    length += 1;
                    real_letters += usize::from(text.folded.bytes[index].is_ascii_lowercase() || text.folded.bytes[index] >= 0x80);
                    alignment.end = index + 1;
                }
                Some(_) => break,
                None => {}
            }
            index += 1;
        }
        if length < run.length {
            return None;
        }
    }
    alignment.exact = alignment.odd_gaps.is_empty() && same_letters(text, start, alignment.end, &spelling.letters);
    (real_letters > 0).then_some(alignment)
}

/// Whether the key has a gap right before `run`, of which `rest` is what follows.
fn gap_before(spelling: &Spelling, rest: &[u8], run: Run) -> bool {
    let consumed = spelling.letters.len() - rest.len();
    let mut position = consumed;
    let mut left = run.length;
    if run.gap_after {
        position -= 1;
    }
    while left > 0 {
        position -= 1;
        if spelling.letters[position] != b' ' {
            left -= 1;
        }
    }
    position > 0 && spelling.letters[position - 1] == b' '
}

fn take_run(key: &mut &[u8]) -> Run {
    let mut run = Run { class: CLASS[usize::from(key[0])], ..Run::default() };
    let mut pending_gap = false;
    while let Some((first, rest)) = key.split_first() {
        if *first == b' ' {
            pending_gap = true;
        } else if CLASS[usize::from(*first)] == run.class {
            run.gap_inside |= pending_gap;
            pending_gap = false;
            run.length += 1;
        } else {
            break;
        }
        *key = rest;
    }
    run.gap_after = pending_gap;
    run
}

fn same_letters(text: &Text, start: usize, end: usize, letters: &[u8]) -> bool {
    let mut key = letters.iter().filter(|byte| **byte != b' ');
    for index in (start..end).filter(|index| text.class(*index).is_some()) {
        if key.next() != Some(&text.folded.bytes[index]) || text.folded.flags[index] & !(UPPER | LOOK) != 0 {
            return false;
        }
    }
    key.next().is_none()
}

/// Whether a match that is not exact is only a dictionary word that happens to look alike (`fall` for `fail`).
pub(crate) fn is_other_word(text: &Text, alignment: &Alignment, start: usize, spelling: &Spelling) -> bool {
    if alignment.exact {
        return false;
    }
    let (first, last) = (text.token_of(start), text.token_of(alignment.end - 1));
    let tokens = &text.tokens[first..=last];
    let word_of_key = |token: &Token| spelling.letters.split(|byte| *byte == b' ').any(|word| word == text.bytes_of(token));
    match spelling.form {
        Form::Forward => tokens.iter().any(|token| token.known && !word_of_key(token)),
        Form::Backward => tokens.iter().all(|token| token.known),
    }
}
