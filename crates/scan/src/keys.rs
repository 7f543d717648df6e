//! The spelling of a key, and the strings the automata look for.

/// Which way a spelling runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// As written.
    Forward,
    /// Read from the end.
    Backward,
}

/// One way a key is spelled.
#[derive(Clone, Debug)]
pub(crate) struct Spelling {
    /// Index of the key.
    pub(crate) key: u32,
    /// Which way it runs.
    pub(crate) form: Form,
    /// Folded letters, words apart by one space.
    pub(crate) letters: Box<[u8]>,
    /// Letters without the spaces.
    pub(crate) count: u16,
    /// Whether it has several words.
    pub(crate) several: bool,
}

impl Spelling {
    pub(crate) fn new(key: u32, form: Form, letters: Vec<u8>) -> Self {
        let spaces = letters.iter().filter(|byte| **byte == b' ').count();
        let count = u16::try_from(letters.len() - spaces).expect("a key is bounded in bytes");
        Self { key, form, letters: letters.into_boxed_slice(), count, several: spaces > 0 }
    }
}

/// Strings for the automata.
pub(crate) mod spell {
    use crate::fold::{CLASS, LETTER};

    /// Class of each letter, repeats collapsed, a space at both ends and between words.
    pub(crate) fn words(letters: &[u8]) -> Vec<u8> {
        let mut text = vec![b' '];
        for byte in letters {
            let class = CLASS[usize::from(*byte)];
            if text.last() != Some(&class) {
                text.push(class);
            }
        }
        text.push(b' ');
        text
    }

    /// Class of each letter, repeats collapsed, no spaces.
    pub(crate) fn squeezed(letters: &[u8]) -> Vec<u8> {
        let mut text: Vec<u8> = Vec::with_capacity(letters.len());
        for byte in letters.iter().filter(|byte| **byte != b' ') {
            let class = CLASS[usize::from(*byte)];
            if text.last() != Some(&class) {
                text.push(class);
            }
        }
        text
    }

    /// Vowels as stars, a space at both ends; nothing for keys without a vowel or too short to tell.
    pub(crate) fn starred(letters: &[u8]) -> Option<Vec<u8>> {
        let mut text = vec![b' '];
        text.extend(letters.iter().map(|byte| star(LETTER[usize::from(*byte)])));
        text.push(b' ');
        let stars = text.iter().filter(|byte| **byte == b'*').count();
        (stars > 0 && letters.len() >= 3 && letters.len() - stars >= 2).then_some(text)
    }

    /// The byte, or a star for a vowel.
    pub(crate) fn star(byte: u8) -> u8 {
        if matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u') { b'*' } else { byte }
    }
}
