//! What the linear model sees of a text: pieces of two to five characters and of one to three words, each as a number.

use crate::fold::{Folded, KIND, Kind, LETTER, UPPER};

/// Numbers are below two to this power.
pub(crate) const BUCKET_BITS: u32 = 17;
/// Bytes of one part that are looked at.
const BYTES: usize = 2_048;
/// Longest piece, in characters.
const PIECE: usize = 5;
/// Longest piece, in words.
const WORDS: usize = 3;

/// The text of a message as the model reads it; buffers are kept.
#[derive(Debug, Default)]
pub(crate) struct Features {
    /// Letters as read, digits and signs by rule, one space between words and at both ends.
    text: Vec<u8>,
    /// Hash of each word.
    words: Vec<u32>,
    letters: usize,
    upper: usize,
    digits: usize,
    links: usize,
}

impl Features {
    /// Forgets the text before.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.text.push(b' ');
        self.words.clear();
        (self.letters, self.upper, self.digits, self.links) = (0, 0, 0, 0);
    }

    /// Adds a part of a message.
    pub(crate) fn add(&mut self, folded: &Folded, links: u32) {
        self.links += links as usize;
        let bytes = &folded.bytes[..folded.bytes.len().min(BYTES)];
        let from = self.text.len();
        for (index, byte) in bytes.iter().enumerate() {
            self.upper += usize::from(folded.flags[index] & UPPER != 0);
            match KIND[usize::from(*byte)] {
                Kind::Letter if byte.is_ascii_digit() => {
                    self.digits += 1;
                    let read = digit(bytes, index);
                    self.push(read);
                }
                Kind::Letter => {
                    self.letters += 1;
                    self.push(*byte);
                }
                Kind::Drawn => self.push(sign(bytes, index)),
                Kind::Silent => {}
                Kind::Space => self.push(b' '),
                Kind::Mark => self.push(*byte),
            }
        }
        self.push(b' ');
        self.join_apart(from);
    }

    /// At most two of a kind in a row, and one space.
    fn push(&mut self, byte: u8) {
        let length = self.text.len();
        let last = self.text[length - 1];
        let twice = length > 1 && self.text[length - 2] == byte;
        if last == byte && (byte == b' ' || twice) {
            return;
        }
        self.text.push(byte);
    }

    /// Letters that stand apart, three or more in a row, are one word (`k i l l`, `k.i.l.l`).
    fn join_apart(&mut self, from: usize) {
        let is_letter = |byte: u8| KIND[usize::from(byte)] == Kind::Letter;
        let alone = |text: &[u8], at: usize| {
            is_letter(text[at]) && !is_letter(text[at - 1]) && text.get(at + 1).is_none_or(|next| !is_letter(*next))
        };
        let (mut read, mut write) = (from.max(1), from.max(1));
        while read < self.text.len() {
            let run = (read..self.text.len()).step_by(2).take_while(|at| alone(&self.text, *at)).count();
            if run >= 3 {
                for nth in 0..run {
                    self.text[write] = self.text[read + 2 * nth];
                    write += 1;
                }
                read += 2 * run - 1;
            } else {
                self.text[write] = self.text[read];
                write += 1;
                read += 1;
            }
        }
        self.text.truncate(write);
    }

    /// Gives every piece as a number below two to the [`BUCKET_BITS`]; some come more than once.
    pub(crate) fn each(&mut self, mut found: impl FnMut(u32)) {
        for start in 0..self.text.len() {
            let mut state = 0x811C_9DC5_u32;
            for (length, byte) in self.text[start..].iter().take(PIECE).enumerate() {
                state = extend(state, *byte);
                if length > 0 {
                    found(bucket(state));
                }
            }
        }
        self.cut_words();
        for first in 0..self.words.len() {
            let mut state = 0x9E37_79B9_u32;
            for word in self.words[first..].iter().take(WORDS) {
                state = (state ^ word).wrapping_mul(0x85EB_CA6B).rotate_left(13);
                found(bucket(state));
            }
        }
        for (kind, step) in self.shape() {
            let state = extend(extend(0x1234_5677, kind), step);
            // as much as a whole word would say
            (0..4).for_each(|again| found(bucket(extend(state, again))));
        }
    }

    fn cut_words(&mut self) {
        let mut state = None;
        for byte in &self.text {
            if KIND[usize::from(*byte)] == Kind::Letter {
                state = Some(extend(state.unwrap_or(0x0BAD_5EED), *byte));
            } else if let Some(word) = state.take() {
                self.words.push(word);
            }
        }
    }

    /// What is told of the whole: length, capitals, digits, links, each in steps.
    fn shape(&self) -> [(u8, u8); 4] {
        let step = |value: usize, bounds: &[usize]| u8::try_from(bounds.iter().filter(|bound| value >= **bound).count()).unwrap_or(u8::MAX);
        let capitals = (self.upper * 100).checked_div(self.letters).unwrap_or(0);
        [
            (b'l', step(self.text.len(), &[20, 40, 80, 120, 150, 200, 400])),
            (b'u', step(capitals, &[1, 10, 25, 50, 80])),
            (b'd', step(self.digits, &[1, 4, 8, 12, 20])),
            (b'k', step(self.links, &[1, 2])),
        ]
    }
}

/// A digit among letters is a letter drawn (`k1ll`), any other is a digit like all.
fn digit(bytes: &[u8], index: usize) -> u8 {
    let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_lowercase);
    let before = |back: usize| letter(index.checked_sub(back));
    let after = |on: usize| letter(Some(index + on));
    let between = before(1) && after(1);
    let begins = !before(1) && after(1) && after(2) && after(3) && index.checked_sub(1).is_none_or(|at| !bytes[at].is_ascii_digit());
    if between || begins { LETTER[usize::from(bytes[index])] } else { b'0' }
}

/// A sign between letters is a letter drawn (`sh!t`); so is a dollar before one (`$hit`).
fn sign(bytes: &[u8], index: usize) -> u8 {
    let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_lowercase);
    let (before, after) = (letter(index.checked_sub(1)), letter(Some(index + 1)));
    if after && (before || bytes[index] == b'$') { LETTER[usize::from(bytes[index])] } else { bytes[index] }
}

fn extend(state: u32, byte: u8) -> u32 {
    (state ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

/// The upper bits of a product say more than the lower.
fn bucket(state: u32) -> u32 {
    state.wrapping_mul(0x9E37_79B1) >> (32 - BUCKET_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let mut folded = Folded::default();
        folded.set(text);
        let mut features = Features::default();
        features.clear();
        features.add(&folded, 0);
        String::from_utf8_lossy(&features.text).into_owned()
    }

    #[test]
    fn dress_makes_no_difference() {
        for dressed in ["kill you", "K1LL you", "k!ll you", "k i l l you", "k.i.l.l you", "kííííll you", "𝓴𝓲𝓵𝓵 you"] {
            assert!(read(dressed) == " kill you " || read(dressed) == " kiill you ", "{dressed}: {}", read(dressed));
        }
        assert_eq!(read("Call 0800 123 for $hit"), " call 00 00 for shit ");
    }

    #[test]
    fn any_text_is_cut() {
        for odd in ["", " ", "a", "1", "a b", "a b c", "\u{301}\u{301}", "....", "a.b.c.d.", "é 你 好"] {
            let mut folded = Folded::default();
            folded.set(odd);
            let mut features = Features::default();
            features.clear();
            features.add(&folded, 3);
            let mut count = 0;
            features.each(|bucket| {
                assert!(bucket < 1 << BUCKET_BITS);
                count += 1;
            });
            assert!(count >= 4, "{odd}");
        }
    }
}
