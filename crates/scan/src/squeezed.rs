//! Keys pulled apart (`k i l l`, `ki.ll`) and words run together (`gokillyourself`).

use std::ops::{Range, RangeInclusive};

use crate::align::Alignment;
use crate::dictionary;
use crate::keys::Spelling;
use crate::text::{Text, Token};

/// Letters of a key of several words from which it counts wherever it stands in a long token.
const LONG_KEY_LETTERS: u16 = 10;
/// Letters of a token from which it may be several words run together.
const JOINED_LETTERS: usize = 6;
/// Longest run of letters that is split into words; longer ones cost too much.
const SPLIT_LETTERS: usize = 160;
/// Letters of one part that are split into words at most, counted at every try.
const SPLITS_LETTERS: usize = 4_000;

/// Short words that people run together with the word after or before them.
const GLUE: [&[u8]; 41] = [
    b"you", b"your", b"youre", b"the", b"and", b"are", b"was", b"all", b"she", b"him", b"her", b"his", b"its", b"our", b"for", b"who",
    b"what", b"this", b"that", b"they", b"them", b"such", b"just", b"will", b"now", b"then", b"with", b"from", b"have", b"has", b"get",
    b"please", b"hey", b"ill", b"gonna", b"wanna", b"gotta", b"lets", b"dont", b"why", b"how",
];

/// Whether the text has anything for this view: single letters in a row, signs inside words, fragments, long unknown tokens.
pub(crate) fn is_wanted(text: &Text) -> bool {
    let long = |token: &Token| token.letters >= JOINED_LETTERS && !token.known;
    let apart = |pair: &[Token]| (pair[0].letters == 1 && pair[1].letters == 1) || !pair[1].spaced || (!pair[0].known && !pair[1].known);
    text.tokens.iter().any(long) || text.tokens.windows(2).any(apart)
}

/// Whether a match of the squeezed automaton, aligned, is a key in disguise and not an accident.
pub(crate) fn is_disguise(text: &Text, start: usize, alignment: &Alignment, spelling: &Spelling, splits: &mut Splits) -> bool {
    let (first, last) = (text.token_of(start), text.token_of(alignment.end - 1));
    let before = &text.folded.bytes[text.tokens[first].start..start];
    let after = &text.folded.bytes[alignment.end..text.tokens[last].end];
    let glued = !before.is_empty() || !after.is_empty();
    if glued {
        return alignment.odd_gaps.is_empty() && stands_in(text, first..=last, [before, after], spelling, splits);
    }
    let singles = text.tokens[first..=last].iter().filter(|token| token.letters == 1).count();
    if alignment.odd_gaps.is_empty() {
        return !(first == last && text.tokens[first].known);
    }
    if first == last {
        return false;
    }
    alignment.odd_gaps.tokens().all(|left| gap_is_odd(text, left, singles, spelling))
}

fn gap_is_odd(text: &Text, left: usize, singles: usize, spelling: &Spelling) -> bool {
    let (left, right) = (&text.tokens[left], &text.tokens[left + 1]);
    let one_single = left.letters == 1 || right.letters == 1;
    if left.letters == 1 && right.letters == 1 || (one_single && singles >= 2) {
        return true;
    }
    if right.spaced {
        return spelling.count >= 5 && !is_word(left) && !is_word(right);
    }
    spelling.count >= 7 || !is_word(left) || !is_word(right)
}

fn is_word(token: &Token) -> bool {
    token.known
}

/// Whether a key inside a longer token is words run together: what is left on both sides must be words too, and the
/// token must not be words without the key.
fn stands_in(text: &Text, tokens: RangeInclusive<usize>, sides: [&[u8]; 2], spelling: &Spelling, splits: &mut Splits) -> bool {
    let (first, last, [before, after]) = (*tokens.start(), *tokens.end(), sides);
    let whole = |token: &Token| token.letters < JOINED_LETTERS || token.known;
    if (!before.is_empty() && whole(&text.tokens[first])) || (!after.is_empty() && whole(&text.tokens[last])) {
        return false;
    }
    if spelling.several && spelling.count >= LONG_KEY_LETTERS {
        return true;
    }
    let Some(left) = splits.fewest(before, None) else { return false };
    let Some(right) = splits.fewest(after, None) else { return false };
    let words = left + right + 1;
    // with other words than the key it must be longer (`pen island`)
    let innocent = first == last && {
        let token = text.bytes_of(&text.tokens[first]);
        let key = before.len()..token.len() - after.len();
        splits.fewest(token, Some(&key)).is_some_and(|others| others <= words)
    };
    if spelling.count < 4 {
        let long = |side: &[u8]| side.is_empty() || side.len() >= 3;
        return first == last && !innocent && long(before) && long(after) && !has_vowel(&spelling.letters);
    }
    let glue = |side: &[u8]| side.is_empty() || is_short_word(side) || GLUE.contains(&side);
    !innocent && (spelling.several || left + right >= 2 || (glue(before) && glue(after)))
}

fn has_vowel(letters: &[u8]) -> bool {
    letters.iter().any(|byte| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u'))
}

/// How many letters may still be split into words; what is made of half matches ends here.
#[derive(Debug)]
pub(crate) struct Splits {
    left: usize,
}

impl Default for Splits {
    fn default() -> Self {
        Self { left: SPLITS_LETTERS }
    }
}

impl Splits {
    /// Whether some token was not split any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// The least number of dictionary words that spell `letters` exactly, if any do; none of them is that at `without`.
    fn fewest(&mut self, letters: &[u8], without: Option<&Range<usize>>) -> Option<usize> {
        if letters.len() > SPLIT_LETTERS || self.left < letters.len() {
            self.left = if letters.len() > SPLIT_LETTERS { self.left } else { 0 };
            return None;
        }
        self.left -= letters.len();
        let mut fewest = [usize::MAX; SPLIT_LETTERS + 1];
        fewest[0] = 0;
        for start in 0..letters.len() {
            if fewest[start] == usize::MAX {
                continue;
            }
            let rest = &letters[start..letters.len().min(start + dictionary::WORD_BYTES)];
            let hashes = dictionary::beginnings(rest);
            for length in 1..=rest.len() {
                let end = start + length;
                if fewest[start] + 1 < fewest[end] && without != Some(&(start..end)) && is_piece(&rest[..length], &hashes) {
                    fewest[end] = fewest[start] + 1;
                }
            }
        }
        Some(fewest[letters.len()]).filter(|words| *words < usize::MAX)
    }
}

fn is_piece(word: &[u8], hashes: &[u64; dictionary::WORD_BYTES + 1]) -> bool {
    match word.len() {
        1 | 2 => is_short_word(word),
        3 | 4 => dictionary::lists(hashes[word.len()]),
        _ => dictionary::knows_hashed(word, hashes),
    }
}

/// Words of one or two letters.
fn is_short_word(word: &[u8]) -> bool {
    matches!(
        word,
        b"a" | b"i"
            | b"u"
            | b"im"
            | b"ur"
            | b"my"
            | b"me"
            | b"we"
            | b"he"
            | b"it"
            | b"is"
            | b"am"
            | b"be"
            | b"do"
            | b"go"
            | b"so"
            | b"to"
            | b"of"
            | b"an"
            | b"us"
            | b"ya"
            | b"in"
            | b"on"
            | b"at"
            | b"as"
            | b"by"
            | b"if"
            | b"no"
            | b"or"
            | b"up"
            | b"oh"
            | b"ok"
    )
}
