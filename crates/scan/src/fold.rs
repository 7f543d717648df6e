//! From characters to bytes: case, marks, look-alikes, enclosed letters and invisible characters resolved by one table.
//!
//! The table is made at build time (`build.rs`): a page index and pages of 256 entries. A character becomes one byte
//! (or, for ligatures and word signs, up to four), or nothing. Letters of scripts that are not drawn like Latin become a
//! byte above 0x7F, so that keys in those scripts still match.

use model::body::PlainBody;

include!(concat!(env!("OUT_DIR"), "/fold_table.rs"));

/// The character was upper case.
pub(crate) const UPPER: u8 = 1;
/// The character is an upside-down letter.
pub(crate) const FLIP: u8 = 2;
/// The character is a picture that stands for a letter.
pub(crate) const PICTURE: u8 = 4;
/// The character is only drawn like the letter.
pub(crate) const LOOK: u8 = 8;
const EXPAND: u8 = 0x80;
/// A sign that is neither a letter nor a space.
pub(crate) const SYMBOL: u8 = 2;

/// What one byte of folded text is for the views.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Letter or digit.
    Letter,
    /// Punctuation that is read as a letter beside letters: `@ $ ! | +`.
    Drawn,
    /// Left out inside words: `'` and the backtick.
    Silent,
    /// White space.
    Space,
    /// Everything else.
    Mark,
}

/// Kind of each folded byte.
pub(crate) static KIND: [Kind; 256] = kinds();

const fn kinds() -> [Kind; 256] {
    let mut table = [Kind::Mark; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte {
            0x30..=0x39 | 0x61..=0x7A | 0x80..=0xFF => Kind::Letter,
            0x40 | 0x24 | 0x21 | 0x7C | 0x2B => Kind::Drawn,
            0x27 | 0x60 => Kind::Silent,
            0x20 => Kind::Space,
            _ => Kind::Mark,
        };
        byte += 1;
    }
    table
}

/// The letter a byte is read as: digits and drawn punctuation become letters, the rest stays.
pub(crate) static LETTER: [u8; 256] = letters();

const fn letters() -> [u8; 256] {
    let mut table = [0_u8; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let same = byte as u8;
        table[byte] = match same {
            b'0' => b'o',
            b'1' | b'!' | b'|' => b'i',
            b'2' => b'z',
            b'3' => b'e',
            b'4' | b'@' => b'a',
            b'5' | b'$' => b's',
            b'6' | b'9' => b'g',
            b'7' | b'+' => b't',
            b'8' => b'b',
            other => other,
        };
        byte += 1;
    }
    table
}

/// The look-alike class of a byte: [`LETTER`] with i and l as one.
pub(crate) static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = letters();
    table[b'l' as usize] = b'i';
    table
}

/// Folded text with the way back to the characters it came from.
#[derive(Debug, Default, Clone)]
pub(crate) struct Folded {
    /// Folded bytes.
    pub(crate) bytes: Vec<u8>,
    /// For each byte, the index of its character in the original.
    pub(crate) origin: Vec<u32>,
    /// For each byte, [`UPPER`], [`FLIP`], [`PICTURE`], [`LOOK`].
    pub(crate) flags: Vec<u8>,
    /// All flags seen.
    pub(crate) seen: u8,
    /// Characters of the original.
    pub(crate) chars: u32,
}

impl Folded {
    /// Folds `text` into this buffer, replacing what it held.
    pub(crate) fn set(&mut self, text: &str) {
        self.bytes.clear();
        self.origin.clear();
        self.flags.clear();
        self.seen = 0;
        if text.is_ascii() { self.set_ascii(text) } else { self.set_any(text) }
    }

    fn set_ascii(&mut self, text: &str) {
        self.chars = count(text.len());
        for (index, byte) in (0_u32..).zip(text.bytes()) {
            let upper = u8::from(byte.is_ascii_uppercase());
            let folded = if byte.is_ascii_whitespace() { b' ' } else { byte.to_ascii_lowercase() };
            if folded >= b' ' {
                self.push(folded, index, upper);
            }
        }
    }

    fn set_any(&mut self, text: &str) {
        let mut next = 0;
        for (index, character) in (0_u32..).zip(text.chars()) {
            next = index + 1;
            let (byte, flags) = entry(character);
            if flags & EXPAND != 0 {
                for piece in EXPANSIONS[usize::from(byte)].bytes() {
                    self.push(piece, index, flags & !EXPAND);
                }
            } else if byte != 0 {
                self.push(byte, index, flags);
            }
        }
        self.chars = next;
    }

    fn push(&mut self, byte: u8, origin: u32, flags: u8) {
        self.bytes.push(byte);
        self.origin.push(origin);
        self.flags.push(flags);
        self.seen |= flags;
    }

    /// Reads upside-down text upright: the ASCII letters that are each other turned by half a turn change places.
    pub(crate) fn turn(&mut self) {
        for (byte, flags) in self.bytes.iter_mut().zip(&self.flags) {
            if flags & FLIP == 0 {
                *byte = turned(*byte, flags & UPPER != 0);
            }
        }
    }
}

fn turned(byte: u8, upper: bool) -> u8 {
    match byte {
        b'u' if !upper => b'n',
        b'n' if !upper => b'u',
        b'd' if !upper => b'p',
        b'p' => b'd',
        b'b' if !upper => b'q',
        b'q' if !upper => b'b',
        b'm' => b'w',
        b'w' => b'm',
        b'6' => b'9',
        b'9' => b'6',
        b'7' => b'l',
        other => other,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn entry(character: char) -> (u8, u8) {
    let code = u32::from(character) as usize;
    let Some(page) = PAGE_OF.get(code >> 8) else {
        let dropped = (0xE_0000..0xE_1000).contains(&code);
        let [byte, ..] = (u32::from(character).wrapping_mul(0x9E37_79B1) >> 25).to_le_bytes();
        return (if dropped { 0 } else { 0x80 | byte }, 0);
    };
    let [byte, flags] = PAGES[usize::from(*page)][code & 0xFF].to_le_bytes();
    (byte, flags)
}

/// The text as the scanner reads it: lower case, marks and invisible characters gone, look-alikes and enclosed letters
/// resolved to ASCII; digits and punctuation kept. Bytes that are not ASCII stand for letters of other scripts and are
/// shown as `?`.
///
/// ```
/// assert_eq!(scan::fold("Ｋ\u{200B}ÍĻⓁ"), "kill");
/// ```
pub fn fold(text: &str) -> String {
    let mut folded = Folded::default();
    folded.set(text);
    folded.bytes.iter().map(|byte| if byte.is_ascii() && *byte != SYMBOL { char::from(*byte) } else { '?' }).collect()
}

/// A number that is the same for texts that read the same, for counting repeated messages; 0 for no letters at all.
///
/// Case, marks, look-alikes, repeated letters, spaces and punctuation make no difference. It is a hash for counting,
/// not a digest: it can be forged.
pub fn fingerprint(body: &PlainBody) -> u64 {
    let mut state = 0_u64;
    let mut folded = Folded::default();
    for part in body.parts() {
        folded.set(part.text());
        let mut last = 0;
        for byte in &folded.bytes {
            let class = CLASS[usize::from(*byte)];
            if KIND[usize::from(*byte)] == Kind::Letter && class != last {
                state = (state ^ u64::from(class)).wrapping_mul(0x0100_0000_01B3).rotate_left(5);
                last = class;
            }
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_reads_what_people_read() {
        let same = [
            "kill",
            "KILL",
            "ｋｉｌｌ",
            "𝓴𝓲𝓵𝓵",
            "ⓚⓘⓛⓛ",
            "🅚🅘🅛🅛",
            "🅺🅸🅻🅻",
            "🇰🇮🇱🇱",
            "ᴋɪʟʟ",
            "k\u{200D}i\u{200B}l\u{FEFF}l",
            "k\u{336}i\u{336}l\u{336}l\u{336}",
            "кіⅼⅼ",
            "ᏦᎥll",
            "⒦⒤⒧⒧",
            "ķíļľ",
        ];
        for text in same {
            assert_eq!(fold(text), "kill", "{text}");
        }
        assert_eq!(fold("ﬁne æon 🆗"), "fine aeon ok");
        assert_eq!(fold("\u{202E}llik\u{202C}"), "llik");
    }

    #[test]
    fn origins_point_at_the_original_characters() {
        let mut folded = Folded::default();
        folded.set("é\u{301}x\u{200B}ﬀy");
        assert_eq!(folded.bytes, b"exffy");
        assert_eq!(folded.origin, [0, 2, 4, 4, 5]);
        assert_eq!(folded.chars, 6);
    }

    #[test]
    fn other_scripts_stay_letters_and_stay_apart() {
        let mut folded = Folded::default();
        folded.set("你好");
        assert!(folded.bytes.iter().all(|byte| *byte >= 0x80));
        assert_ne!(folded.bytes[0], folded.bytes[1]);
    }

    #[test]
    fn the_fingerprint_ignores_dress_only() {
        let print = |text: &str| fingerprint(&PlainBody::of_text(text));
        assert_eq!(print("Win a PRIZE now!!"), print("w1n a pr\u{200B}ize,,, nooow"));
        assert_ne!(print("win a prize now"), print("win a price now"));
    }
}
