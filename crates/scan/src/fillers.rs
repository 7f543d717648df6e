//! Words that people put between those of a phrase without changing what it says: `kill like yourself`.

use crate::dictionary;
use crate::fold::CLASS;
use crate::text::{Text, View};

const FILLERS: [&[u8]; 34] = [
    b"um",
    b"umm",
    b"uh",
    b"uhm",
    b"er",
    b"erm",
    b"hm",
    b"hmm",
    b"ah",
    b"oh",
    b"eh",
    b"lol",
    b"lmao",
    b"haha",
    b"hehe",
    b"like",
    b"just",
    b"really",
    b"literally",
    b"totally",
    b"actually",
    b"basically",
    b"honestly",
    b"so",
    b"well",
    b"ok",
    b"okay",
    b"pls",
    b"please",
    b"bro",
    b"man",
    b"dude",
    b"yeah",
    b"hey",
];

/// Fillers in a row that are looked over.
const RUN: usize = 4;

const BITS: usize = 1024;

/// The hash of each filler, as of a word of a text.
static HASHES: [u64; FILLERS.len()] = hashes();

const fn hashes() -> [u64; FILLERS.len()] {
    let mut hashes = [0; FILLERS.len()];
    let mut nth = 0;
    while nth < FILLERS.len() {
        let mut state = dictionary::start();
        let (mut index, mut last) = (0, 0);
        while index < FILLERS[nth].len() {
            let class = CLASS[FILLERS[nth][index] as usize];
            if class != last {
                state = dictionary::extend(state, class);
            }
            last = class;
            index += 1;
        }
        hashes[nth] = state;
        nth += 1;
    }
    hashes
}

/// A bit for the hash of each filler: nearly every other word ends here.
static SIEVE: [u64; BITS / 64] = sieve();

const fn sieve() -> [u64; BITS / 64] {
    let hashes = hashes();
    let mut bits = [0; BITS / 64];
    let mut nth = 0;
    while nth < hashes.len() {
        let bit = bit(hashes[nth]);
        bits[bit / 64] |= 1 << (bit % 64);
        nth += 1;
    }
    bits
}

const fn bit(hash: u64) -> usize {
    (hash >> 20) as usize % BITS
}

/// Whether a token with this hash is a filler.
pub(crate) fn is_filler(hash: u64) -> bool {
    let bit = bit(hash);
    SIEVE[bit / 64] & (1 << (bit % 64)) != 0 && HASHES.contains(&hash)
}

/// Notes in `skipped` the fillers that stand between two words that follow one another in a key; answers whether there
/// are any. The view is one of words.
pub(crate) fn between_keys(view: &View, skipped: &mut Vec<usize>, follow: impl Fn(u64, u64) -> bool) -> bool {
    skipped.clear();
    let mut before: Option<u64> = None;
    let mut token = 0;
    while token < view.hashes.len() {
        if let Some(before) = before.filter(|_| is_filler(view.hashes[token])) {
            let fillers = (token..view.hashes.len()).take(RUN).take_while(|next| is_filler(view.hashes[*next])).count();
            let next = (token + 1..=token + fillers).find(|next| view.hashes.get(*next).is_some_and(|after| follow(before, *after)));
            if let Some(next) = next {
                skipped.extend(token..next);
                token = next;
            }
        }
        before = Some(view.hashes[token]);
        token += 1;
    }
    !skipped.is_empty()
}

/// Puts the text without the skipped tokens into `thin`.
pub(crate) fn leave_out(text: &Text, skipped: &[usize], thin: &mut Text) {
    let mut skipped = skipped.iter().map(|token| &text.tokens[*token]).peekable();
    thin.folded.clear();
    for index in 0..text.folded.bytes.len() {
        while skipped.next_if(|token| token.end <= index).is_some() {}
        if skipped.peek().is_none_or(|token| index < token.start) {
            thin.folded.push(text.folded.bytes[index], text.folded.origin[index], text.folded.flags[index]);
        }
    }
    thin.folded.chars = text.folded.chars;
}
