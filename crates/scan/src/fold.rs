//! From characters to bytes: case, marks, look-alikes, enclosed letters and invisible characters resolved by one table.
//!
//! The table is made at build time (`build.rs`): a page index and pages of 256 entries. A character becomes one byte
//! (or, for ligatures and word signs, up to four), or nothing. Letters of scripts that are not drawn like Latin become a
//! byte above 0x7F, so that keys in those scripts still match.

use std::cell::RefCell;

use model::body::PlainBody;

use crate::{dictionary, links};

include!(concat!(env!("OUT_DIR"), "/fold_table.rs"));

/// The character was upper case.
pub(crate) const UPPER: u8 = 1;
/// The character is an upside-down letter.
pub(crate) const FLIP: u8 = 2;
/// The character is a picture that stands for a letter.
pub(crate) const PICTURE: u8 = 4;
/// The character is only drawn like the letter.
pub(crate) const LOOK: u8 = 8;
/// By its sound the character is another letter than by its looks.
pub(crate) const SOUND: u8 = 0x10;
/// The character is a picture that stands for a word.
pub(crate) const WORD: u8 = 0x20;
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

/// Sort of [`Kind::Letter`].
pub(crate) const LETTERS: u8 = 1;
/// Sort of [`Kind::Drawn`].
pub(crate) const DRAWN: u8 = 2;
/// Sort of [`Kind::Silent`].
pub(crate) const SILENT: u8 = 4;
/// Sort of the signs that may hide a letter.
pub(crate) const MASKS: u8 = 8;

/// What a byte is, as a bit, so that a text tells which views have anything to see in it.
pub(crate) static SORT: [u8; 256] = sorts();

const fn sorts() -> [u8; 256] {
    let kinds = kinds();
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match kinds[byte] {
            Kind::Letter => LETTERS,
            Kind::Drawn => DRAWN,
            Kind::Silent => SILENT,
            Kind::Space => 0,
            Kind::Mark => match byte {
                0x2A | 0x23 | 0x25 | 0x26 | 0x7E | 0x5E | 0x3F | 0x2D | 0x5F | 0x2E | 0x3D => MASKS,
                other if other == SYMBOL as usize => MASKS,
                _ => 0,
            },
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

/// The character is drawn like another letter too.
pub(crate) const ALSO: u8 = 0x40;

/// How characters are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// As they are drawn.
    Drawn,
    /// As they are drawn, in the other way where there are two.
    Also,
    /// Upright, in a text that stands on its head.
    Turned,
    /// By sound; which of several sounds.
    Sounds(usize),
    /// Pictures as words; which of several words.
    Pictures(usize),
}

/// Folded text with the way back to the characters it came from.
#[derive(Debug, Default, Clone)]
pub(crate) struct Folded {
    /// Folded bytes.
    pub(crate) bytes: Vec<u8>,
    /// For each byte, the index of its character in the original.
    pub(crate) origin: Vec<u32>,
    /// For each byte, [`UPPER`], [`FLIP`], [`PICTURE`], [`LOOK`], [`SOUND`], [`WORD`], [`ALSO`].
    pub(crate) flags: Vec<u8>,
    /// All flags seen.
    pub(crate) seen: u8,
    /// All [`SORT`]s seen.
    pub(crate) sorts: u8,
    /// Characters of the original.
    pub(crate) chars: u32,
}

impl Folded {
    /// Folds `text` into this buffer, replacing what it held.
    pub(crate) fn set(&mut self, text: &str) {
        self.clear();
        if text.is_ascii() { self.set_ascii(text.as_bytes()) } else { self.set_any(text, Reading::Drawn) }
    }

    /// Folds `text` as one reads it in another way.
    pub(crate) fn set_reading(&mut self, text: &str, reading: Reading) {
        self.clear();
        self.set_any(text, reading);
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.origin.clear();
        self.flags.clear();
        self.seen = 0;
        self.sorts = 0;
    }

    fn set_ascii(&mut self, text: &[u8]) {
        self.chars = count(text.len());
        self.bytes.extend(text.iter().map(|byte| ASCII[usize::from(*byte)]));
        self.flags.extend(text.iter().map(|byte| u8::from(byte.is_ascii_uppercase())));
        self.origin.extend(0..self.chars);
        self.seen = self.flags.iter().fold(0, |seen, flags| seen | flags);
        self.sorts = self.bytes.iter().fold(0, |sorts, byte| sorts | SORT[usize::from(*byte)]);
        if self.bytes.contains(&0) {
            self.drop_controls();
        }
    }

    /// Leaves out the characters that are not drawn.
    fn drop_controls(&mut self) {
        let mut kept = 0;
        for index in 0..self.bytes.len() {
            if self.bytes[index] != 0 {
                self.bytes[kept] = self.bytes[index];
                self.flags[kept] = self.flags[index];
                self.origin[kept] = self.origin[index];
                kept += 1;
            }
        }
        self.bytes.truncate(kept);
        self.flags.truncate(kept);
        self.origin.truncate(kept);
    }

    fn set_any(&mut self, text: &str, reading: Reading) {
        let mut next = 0;
        for (index, character) in (0_u32..).zip(text.chars()) {
            next = index + 1;
            match other_reading(character, reading) {
                Some(word) if matches!(reading, Reading::Pictures(_)) => {
                    for piece in [" ", word, " "].iter().flat_map(|part| part.bytes()) {
                        self.push(piece, index, 0);
                    }
                }
                Some(letters) => letters.bytes().for_each(|piece| self.push(piece, index, LOOK)),
                None => self.push_drawn(character, index, reading),
            }
        }
        self.chars = next;
    }

    fn push_drawn(&mut self, character: char, index: u32, reading: Reading) {
        let (byte, flags) = entry(character);
        if flags & EXPAND != 0 {
            for piece in EXPANSIONS[usize::from(byte)].bytes() {
                self.push(piece, index, flags & !EXPAND);
            }
        } else if byte != 0 {
            let turned = if reading == Reading::Turned && flags & FLIP == 0 { turned(byte, flags & UPPER != 0) } else { byte };
            self.push(turned, index, flags);
        } else {
            self.seen |= flags;
        }
    }

    pub(crate) fn push(&mut self, byte: u8, origin: u32, flags: u8) {
        self.bytes.push(byte);
        self.origin.push(origin);
        self.flags.push(flags);
        self.seen |= flags;
        self.sorts |= SORT[usize::from(byte)];
    }
}

/// ASCII in lower case, white space as a space, what is not drawn as 0.
static ASCII: [u8; 128] = ascii();

const fn ascii() -> [u8; 128] {
    let mut table = [0; 128];
    let mut byte: u8 = 9;
    while byte < 128 {
        table[byte as usize] = match byte {
            9..=13 => b' ',
            0..32 | 127 => 0,
            _ => byte.to_ascii_lowercase(),
        };
        byte += 1;
    }
    table
}

/// What the character is in another reading than as it is drawn, if it is anything else.
fn other_reading(character: char, reading: Reading) -> Option<&'static str> {
    let (list, nth): (&'static [(char, &'static [&'static str])], usize) = match reading {
        Reading::Drawn => return None,
        Reading::Also => (&ALSO_DRAWN, 0),
        Reading::Turned => (&TURNED, 0),
        Reading::Sounds(nth) => (&SOUNDS, nth),
        Reading::Pictures(nth) => (&PICTURES, nth),
    };
    let found = list.binary_search_by_key(&character, |(known, _)| *known).ok()?;
    let (_, readings) = list[found];
    Some(readings[nth.min(readings.len() - 1)])
}

/// The letter that is this one turned by half a turn.
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
    thread_local! {
        static FOLDED: RefCell<Folded> = RefCell::default();
    }
    FOLDED.with_borrow_mut(|folded| fingerprint_of(body, folded))
}

/// A number that is the same for texts whose first link is the same; 0 for no link.
pub fn link_fingerprint(body: &PlainBody) -> u64 {
    let mut folded = Folded::default();
    for part in body.parts() {
        folded.set(part.text());
        if let Some(link) = links::first(&folded.bytes) {
            return dictionary::hash(link).max(1);
        }
    }
    0
}

fn fingerprint_of(body: &PlainBody, folded: &mut Folded) -> u64 {
    let mut state = 0_u64;
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
        folded.set("a\u{1}B\tc");
        assert_eq!((folded.bytes.as_slice(), folded.origin.as_slice()), (&b"ab c"[..], &[0, 2, 3, 4][..]));
        assert_eq!((folded.flags[1], folded.seen, folded.chars), (UPPER, UPPER, 5));
    }

    #[test]
    fn other_scripts_stay_letters_and_stay_apart() {
        let mut folded = Folded::default();
        folded.set("你好");
        assert!(folded.bytes.iter().all(|byte| *byte >= 0x80));
        assert_ne!(folded.bytes[0], folded.bytes[1]);
    }

    #[test]
    fn the_same_link_has_the_same_fingerprint() {
        let print = |text: &str| link_fingerprint(&PlainBody::of_text(text));
        assert_eq!(print("look: HTTPS://evil.example.com/a"), print("so good hxxps://evil.example.com/a !!"));
        assert_ne!(print("https://evil.example.com/a"), print("https://evil.example.com/b"));
        assert_eq!(print("nothing here"), 0);
    }

    #[test]
    fn the_fingerprint_ignores_dress_only() {
        let print = |text: &str| fingerprint(&PlainBody::of_text(text));
        assert_eq!(print("Win a PRIZE now!!"), print("w1n a pr\u{200B}ize,,, nooow"));
        assert_ne!(print("win a prize now"), print("win a price now"));
    }
}
