//! Words that are what they are: common English words, names and places. They are never taken for a mistyped key.

include!(concat!(env!("OUT_DIR"), "/words_table.rs"));

/// Longest word worth looking up, in bytes.
pub(crate) const WORD_BYTES: usize = 24;

const START: u64 = 0xCBF2_9CE4_8422_2325;

/// FNV-1a over the bytes; `build.rs` fills the table with the same.
pub(crate) fn hash(word: &[u8]) -> u64 {
    word.iter().fold(START, |state, byte| extend(state, *byte))
}

/// [`hash`] of one byte more.
pub(crate) const fn extend(state: u64, byte: u8) -> u64 {
    (state ^ byte as u64).wrapping_mul(0x0100_0000_01B3)
}

/// [`hash`] of nothing.
pub(crate) const fn start() -> u64 {
    START
}

#[expect(clippy::cast_possible_truncation, reason = "both halves of the hash are used, each cut to its width")]
fn holds(slots: &[u32], hashed: u64) -> bool {
    let mask = slots.len() - 1;
    let print = (hashed >> 32) as u32 | 1;
    let mut slot = hashed as usize & mask;
    loop {
        match slots[slot] {
            0 => return false,
            found if found == print => return true,
            _ => slot = (slot + 1) & mask,
        }
    }
}

fn listed(hashed: u64) -> bool {
    holds(&SLOTS, hashed)
}

/// Whether the lower-case word is listed among the names of people and places.
pub(crate) fn is_name(word: &[u8]) -> bool {
    word.len() <= WORD_BYTES && holds(&NAME_SLOTS, hash(word))
}

/// Endings that make another form of a listed word; what is put in their place.
const ENDINGS: [(&[u8], &[u8]); 22] = [
    (b"s", b""),
    (b"es", b""),
    (b"ies", b"y"),
    (b"ed", b""),
    (b"ed", b"e"),
    (b"ied", b"y"),
    (b"ing", b""),
    (b"ing", b"e"),
    (b"er", b""),
    (b"er", b"e"),
    (b"ers", b""),
    (b"ers", b"e"),
    (b"est", b""),
    (b"ly", b""),
    (b"ness", b""),
    (b"ful", b""),
    (b"less", b""),
    (b"able", b""),
    (b"y", b""),
    (b"d", b""),
    (b"r", b""),
    (b"st", b""),
];

/// Whether the lower-case word is a listed one, or a regular form of one.
pub(crate) fn knows(word: &[u8]) -> bool {
    word.len() <= WORD_BYTES && !word.is_empty() && knows_hashed(word, &beginnings(word))
}

/// Hashes of all beginnings of a word of at most [`WORD_BYTES`] bytes, so that no stem is hashed again.
pub(crate) fn beginnings(word: &[u8]) -> [u64; WORD_BYTES + 1] {
    let mut hashes = [START; WORD_BYTES + 1];
    for (index, byte) in word.iter().take(WORD_BYTES).enumerate() {
        hashes[index + 1] = extend(hashes[index], *byte);
    }
    hashes
}

/// [`knows`] of a word that is not empty, with the hashes of its beginnings.
pub(crate) fn knows_hashed(word: &[u8], hashes: &[u64; WORD_BYTES + 1]) -> bool {
    let may_end = matches!(word.last(), Some(b's' | b'd' | b'g' | b'r' | b't' | b'y' | b'l' | b'e'));
    listed(hashes[word.len()])
        || (may_end && word.len() > 3 && ENDINGS.iter().any(|(ending, instead)| known_stem(word, ending, instead, hashes)))
}

/// Whether the word with this hash is listed as it stands.
pub(crate) fn lists(hash: u64) -> bool {
    listed(hash)
}

fn known_stem(word: &[u8], ending: &[u8], instead: &[u8], hashes: &[u64; WORD_BYTES + 1]) -> bool {
    let Some(stem) = word.strip_suffix(ending) else { return false };
    if stem.len() + instead.len() < 3 {
        return false;
    }
    if listed(instead.iter().fold(hashes[stem.len()], |state, byte| extend(state, *byte))) {
        return true;
    }
    let doubled = stem.len() > 3 && instead.is_empty() && stem[stem.len() - 1] == stem[stem.len() - 2];
    doubled && matches!(ending, b"ed" | b"ing" | b"er" | b"est") && listed(hashes[stem.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_their_forms_are_known() {
        for word in ["will", "skills", "running", "tried", "nicer", "therapist", "scunthorpe"] {
            assert!(knows(word.as_bytes()), "{word}");
        }
        for word in ["", "yuorself", "klil", "qqq"] {
            assert!(!knows(word.as_bytes()), "{word}");
        }
    }
}
