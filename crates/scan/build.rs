//! Makes the fold table and the dictionary's hash table, so that nothing is filled when the scanner starts.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;

/// The text was upper case.
const UPPER: u16 = 1 << 8;
/// Upside-down letter.
const FLIP: u16 = 2 << 8;
/// Picture that stands for a letter.
const PICTURE: u16 = 4 << 8;
/// Not the letter itself, only drawn like it.
const LOOK: u16 = 8 << 8;
/// Read by its sound, it is another letter than by its looks.
const SOUND: u16 = 0x10 << 8;
/// A picture that stands for a word.
const WORD: u16 = 0x20 << 8;
/// Drawn like another letter too.
const ALSO: u16 = 0x40 << 8;
/// The low byte is an index of the expansions.
const EXPAND: u16 = 0x80 << 8;
/// A sign that is neither letter nor space.
const SYMBOL: u16 = 2;
/// Characters in the table; above it everything is a letter of its own.
const TABLE_CHARS: u32 = 0x2_0000;
/// First digit of decimal digits outside ASCII that have no decomposition.
const DIGIT_ZEROS: [u32; 20] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20, 0x1040, 0x17E0, 0x1810,
    0xA620, 0xA8D0,
];

const LOOKALIKES: [&str; 2] = ["tables/lookalikes.txt", "tables/latin.txt"];
const READINGS: [(&str, &str); 4] = [
    ("ALSO_DRAWN", "tables/also.txt"),
    ("TURNED", "tables/turned.txt"),
    ("SOUNDS", "tables/sounds.txt"),
    ("PICTURES", "tables/pictures.txt"),
];
const WORDS: [(&str, &[&str]); 2] =
    [("SLOTS", &["tables/words.txt", "tables/names.txt", "tables/scowl.txt"]), ("NAME_SLOTS", &["tables/names.txt"])];

fn main() {
    let files = LOOKALIKES.iter().chain(READINGS.iter().map(|(_, file)| file)).chain(WORDS.iter().flat_map(|(_, files)| *files));
    for file in files.chain(&["tables/allowed.txt", "build.rs"]) {
        println!("cargo::rerun-if-changed={file}");
    }
    let readings = READINGS.map(|(name, file)| (name, readings(&read(file))));
    let table = fold_table(&lookalikes(&LOOKALIKES.map(read).join("\n")), &readings);
    let lists: String = readings.iter().map(|(name, found)| readings_table(name, found)).collect();
    write("fold_table.rs", &(table + &lists));
    let words = WORDS.map(|(name, files)| words_table(name, &files.iter().map(|file| read(file)).collect::<Vec<_>>().join("\n")));
    write("words_table.rs", &words.concat());
}

fn write(name: &str, text: &str) {
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    fs::write(Path::new(&out).join(name), text).expect("OUT_DIR is writable");
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Reads `letter: characters` lines under `[look]`, `[flip]` and `[emoji]`, and alphabets of 26 characters under
/// `[alphabets]`; the first mention of a character wins among look-alikes, and upside-down letters and pictures win over
/// look-alikes.
fn lookalikes(text: &str) -> HashMap<char, u16> {
    let mut map = HashMap::new();
    let mut flags = LOOK;
    let mut add = |letter: u8, drawn: &str, flags: u16| {
        for character in drawn.chars().filter(|c| !c.is_ascii() && !is_combining_mark(*c) && !dropped(*c)) {
            let entry = u16::from(letter) | flags;
            if flags == LOOK {
                map.entry(character).or_insert(entry);
            } else {
                map.insert(character, entry);
            }
        }
    };
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match (line, line.split_once(':')) {
            ("[look]" | "[alphabets]", _) => flags = LOOK,
            ("[flip]", _) => flags = LOOK | FLIP,
            ("[emoji]", _) => flags = LOOK | PICTURE,
            (_, Some((letter, drawn))) => add(letter.as_bytes()[0], drawn, flags),
            (alphabet, None) if !alphabet.is_empty() => {
                assert_eq!(alphabet.chars().count(), 26, "an alphabet has 26 letters: {alphabet}");
                (b'a'..=b'z').zip(alphabet.chars()).for_each(|(letter, drawn)| add(letter, &drawn.to_string(), flags));
            }
            _ => {}
        }
    }
    map
}

/// Reads `letters: characters` lines: how each character is read in another way. A character may have several readings.
fn readings(text: &str) -> BTreeMap<char, Vec<String>> {
    let mut map: BTreeMap<char, Vec<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((letters, drawn)) = line.split_once(':') else { continue };
        for character in drawn.chars().filter(|c| !c.is_ascii() && !is_combining_mark(*c) && !dropped(*c)) {
            map.entry(character).or_default().push(letters.to_owned());
        }
    }
    map
}

fn readings_table(name: &str, readings: &BTreeMap<char, Vec<String>>) -> String {
    let entries: Vec<String> = readings.iter().map(|(character, letters)| format!("({character:?}, &{letters:?})")).collect();
    format!("static {name}: [(char, &[&str]); {}] = [{}];\n", entries.len(), entries.join(", "))
}

/// Invisible characters: zero width, bidirectional controls, fillers, variation selectors.
fn dropped(c: char) -> bool {
    matches!(u32::from(c), 0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E
        | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0x1_BCA0..=0x1_BCA3 | 0x1_D173..=0x1_D17A)
        || (c.is_control() && !c.is_whitespace())
}

fn hashed_letter(c: char) -> u16 {
    let mixed = u32::from(c).wrapping_mul(0x9E37_79B1) >> 25;
    0x80 | u16::try_from(mixed & 0x7F).expect("seven bits")
}

struct Folder<'a> {
    look: &'a HashMap<char, u16>,
    expansions: Vec<String>,
}

impl Folder<'_> {
    fn entry(&mut self, c: char) -> u16 {
        if c.is_ascii() {
            return ascii(c);
        }
        if dropped(c) {
            return 0;
        }
        if let Some(found) = self.lookalike(c) {
            return found;
        }
        if c.is_whitespace() || u32::from(c) == 0x2800 {
            return u16::from(b' ');
        }
        if is_combining_mark(c) || matches!(u32::from(c), 0x1_F3FB..=0x1_F3FF) {
            return 0;
        }
        if let Some(found) = regular_series(c) {
            return found;
        }
        if let Some(word) = word_sign(c) {
            return self.expansion(word);
        }
        self.decomposed(c)
    }

    fn lookalike(&self, c: char) -> Option<u16> {
        let other_case = |mut cased: std::vec::IntoIter<char>| if cased.len() == 1 { cased.next() } else { None };
        let lower = other_case(c.to_lowercase().collect::<Vec<_>>().into_iter());
        let upper = other_case(c.to_uppercase().collect::<Vec<_>>().into_iter());
        [Some(c), lower, upper].into_iter().flatten().find_map(|form| self.look.get(&form).copied())
    }

    fn decomposed(&mut self, c: char) -> u16 {
        let pieces: Vec<char> =
            c.nfkd().filter(|piece| !is_combining_mark(*piece) && !dropped(*piece)).flat_map(char::to_lowercase).collect();
        let inner: Vec<char> = match pieces.as_slice() {
            ['(', inner @ .., ')'] | [inner @ .., '.'] if !inner.is_empty() => inner.to_vec(),
            other => other.to_vec(),
        };
        if let [single] = inner.as_slice() {
            let upper = if c.is_uppercase() { UPPER } else { 0 };
            return match single {
                ascii_piece if ascii_piece.is_ascii() => {
                    let drawn = if ascii_piece.is_ascii_alphanumeric() { LOOK | upper } else { 0 };
                    (ascii(*ascii_piece) & 0xFF) | drawn
                }
                piece => self.lookalike(*piece).or_else(|| confusable(*piece)).unwrap_or_else(|| own(*piece)),
            };
        }
        if (2..=4).contains(&inner.len()) && inner.iter().all(char::is_ascii_alphanumeric) {
            return self.expansion(&inner.iter().collect::<String>());
        }
        confusable(c).unwrap_or_else(|| own(c))
    }

    fn expansion(&mut self, word: &str) -> u16 {
        let position = self.expansions.iter().position(|known| known == word).unwrap_or_else(|| {
            self.expansions.push(word.to_owned());
            self.expansions.len() - 1
        });
        u8::try_from(position).map_or(SYMBOL, |index| EXPAND | LOOK | u16::from(index))
    }
}

/// The ASCII letter or digit that Unicode's list of confusables (UTS 39) has for a letter.
fn confusable(c: char) -> Option<u16> {
    let text = c.to_string();
    let mut pieces = skeleton(&text).filter(|piece| !is_combining_mark(*piece));
    let first = pieces.next().filter(char::is_ascii_alphanumeric)?;
    // Chinese and Japanese strokes are drawn like Latin letters and are hardly ever meant as such
    let ideograph = matches!(u32::from(c), 0x2E80..=0x9FFF | 0xAC00..=0xD7A3);
    (pieces.next().is_none() && c.is_alphanumeric() && !ideograph).then(|| (ascii(first) & 0xFF) | LOOK)
}

/// A character that stands for itself: a letter of another script, or a sign.
fn own(c: char) -> u16 {
    let code = u32::from(c);
    if let Some(zero) = DIGIT_ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)) {
        return u16::from(b'0') + u16::try_from(code - zero).expect("below ten");
    }
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2BC}' => u16::from(b'\''),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => u16::from(b'-'),
        '\u{2217}'
        | '\u{204E}'
        | '\u{2022}'
        | '\u{B7}'
        | '\u{2731}'..='\u{273D}'
        | '\u{2605}'
        | '\u{2606}'
        | '\u{2B50}'
        | '\u{25AA}'
        | '\u{2588}' => u16::from(b'*'),
        _ if c.is_alphabetic() => hashed_letter(c),
        _ => SYMBOL,
    }
}

fn ascii(c: char) -> u16 {
    let byte = u8::try_from(c).expect("ASCII");
    match byte {
        b'A'..=b'Z' => u16::from(byte.to_ascii_lowercase()) | UPPER,
        b'\t' | b'\n' | 0x0B | 0x0C | b'\r' => u16::from(b' '),
        0..=0x1F | 0x7F => 0,
        _ => u16::from(byte),
    }
}

/// Runs of enclosed letters and digits that have no decomposition, and regional indicators.
fn regular_series(c: char) -> Option<u16> {
    let code = u32::from(c);
    let letter = |first: u32, flags: u16| Some((u16::from(b'a') + u16::try_from(code - first).expect("in the alphabet")) | flags);
    let digit = |first: u32| Some((u16::from(b'1') + u16::try_from(code - first).expect("below ten")) | LOOK);
    match code {
        0x1_F1E6..=0x1_F1FF => letter(0x1_F1E6, LOOK | PICTURE),
        0x1_F130..=0x1_F149 => letter(0x1_F130, LOOK),
        0x1_F150..=0x1_F169 => letter(0x1_F150, LOOK),
        0x1_F170..=0x1_F189 => letter(0x1_F170, LOOK),
        0x1_F110..=0x1_F129 => letter(0x1_F110, LOOK),
        0x2776..=0x277E => digit(0x2776),
        0x2780..=0x2788 => digit(0x2780),
        0x278A..=0x2792 => digit(0x278A),
        0x24F5..=0x24FD => digit(0x24F5),
        _ => None,
    }
}

/// Single signs that spell a word.
fn word_sign(c: char) -> Option<&'static str> {
    Some(match u32::from(c) {
        0x1_F18E => "ab",
        0x1_F191 => "cl",
        0x1_F192 => "cool",
        0x1_F193 => "free",
        0x1_F194 => "id",
        0x1_F195 => "new",
        0x1_F196 => "ng",
        0x1_F197 => "ok",
        0x1_F198 => "sos",
        0x1_F199 => "up",
        0x1_F19A => "vs",
        0xE6 | 0xC6 => "ae",
        0x153 | 0x152 => "oe",
        _ => return None,
    })
}

fn fold_table(look: &HashMap<char, u16>, readings: &[(&str, BTreeMap<char, Vec<String>>); 4]) -> String {
    let also = |name: &str, c: char| readings.iter().any(|(known, found)| *known == name && found.contains_key(&c));
    let mut folder = Folder { look, expansions: Vec::new() };
    let mut pages: Vec<[u16; 256]> = Vec::new();
    let mut index = Vec::new();
    for high in 0..TABLE_CHARS >> 8 {
        let mut page = [SYMBOL; 256];
        for (low, slot) in page.iter_mut().enumerate() {
            let code = (high << 8) | u32::try_from(low).expect("below 256");
            *slot = char::from_u32(code).map_or(0, |c| {
                let flags = [("SOUNDS", SOUND), ("PICTURES", WORD), ("ALSO_DRAWN", ALSO)];
                folder.entry(c) | flags.iter().filter(|(name, _)| also(name, c)).fold(0, |all, (_, flag)| all | flag)
            });
        }
        let position = pages.iter().position(|known| *known == page).unwrap_or_else(|| {
            pages.push(page);
            pages.len() - 1
        });
        index.push(position);
    }
    let mut code = String::new();
    writeln!(code, "static PAGE_OF: [u16; {}] = {index:?};", index.len()).expect("writing to a string");
    writeln!(code, "static PAGES: [[u16; 256]; {}] = {pages:?};", pages.len()).expect("writing to a string");
    writeln!(code, "static EXPANSIONS: [&str; {}] = {:?};", folder.expansions.len(), folder.expansions).expect("writing to a string");
    code
}

/// The hash of the dictionary (FNV-1a, 64 bits); `src/dictionary.rs` has the same.
fn hash(word: &str) -> u64 {
    word.bytes().fold(0xCBF2_9CE4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

fn words_table(name: &str, text: &str) -> String {
    let words: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect();
    let size = (words.len() * 2).next_power_of_two();
    let mut slots = vec![0_u32; size];
    for word in words {
        let hashed = hash(word);
        let print = u32::try_from(hashed >> 32).expect("upper half") | 1;
        let mut slot = usize::try_from(hashed).expect("64-bit build machine") & (size - 1);
        while slots[slot] != 0 && slots[slot] != print {
            slot = (slot + 1) & (size - 1);
        }
        slots[slot] = print;
    }
    let written: Vec<String> = slots.iter().map(|slot| format!("0x{:04x}_{:04x}", slot >> 16, slot & 0xffff)).collect();
    format!("static {name}: [u32; {size}] = [{}];\n", written.join(", "))
}
