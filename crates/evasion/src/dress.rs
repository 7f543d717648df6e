//! The classes of evasion. Each takes lower-case ASCII text and gives what a person would still read.

use crate::chance::Chance;
use crate::glyphs::{CYRILLIC_SOUNDS, ENCLOSED, FANCY, GREEK_SOUNDS, LOOK, MATHEMATICAL, PICTURES, SMALL, TURNED, run};

/// The twenty-one classes, the undressed one first.
pub const CLASSES: [&str; 21] = [
    "clean",
    "random case",
    "leet",
    "homoglyph",
    "zero-width",
    "combining",
    "spacing",
    "punctuation",
    "repetition",
    "rtl override",
    "reversed",
    "emoji letters",
    "circled",
    "fullwidth",
    "mathematical",
    "small caps",
    "upside-down",
    "starred",
    "joined",
    "typo",
    "mixed",
];

/// Classes beyond those: words put between, other scripts by sound, pictures in the place of words.
pub const EXTRA: [&str; 3] = ["filler", "transliterated", "emoji words"];

const FILLERS: [&str; 14] =
    ["um", "uh", "like", "lol", "just", "really", "literally", "haha", "like totally", "er", "pls", "hmm", "ok", "bro"];
const ZERO_WIDTH: [&str; 8] = ["\u{200B}", "\u{200C}", "\u{200D}", "\u{2060}", "\u{FEFF}", "\u{AD}", "\u{180E}", "\u{2063}"];
const MARKS: [&str; 8] = ["\u{301}", "\u{336}", "\u{323}\u{30A}", "\u{334}", "\u{489}", "\u{308}", "\u{327}\u{301}", "\u{20DD}"];
const SIGNS: [&str; 10] = [".", "-", "_", "*", "~", "/", "|", ",", "'", "·"];

/// `text` (lower-case ASCII) in the dress of `class`, one of [`CLASSES`] or [`EXTRA`]; any other class leaves it as it is.
pub fn dress(class: &str, text: &str, chance: &mut Chance) -> String {
    match class {
        "random case" => each(text, |c| if chance.below(2) == 0 { c.to_ascii_uppercase().to_string() } else { c.to_string() }),
        "leet" => leet(text, chance),
        "homoglyph" => homoglyph(text, chance),
        "zero-width" => between(text, || (*chance.of(&ZERO_WIDTH)).to_owned()),
        "combining" => combining(text, chance),
        "spacing" => spacing(text, chance),
        "punctuation" => punctuation(text, chance),
        "repetition" => each(text, |c| if c == ' ' { " ".to_owned() } else { c.to_string().repeat(1 + chance.below(4)) }),
        "rtl override" => format!("\u{202E}{}\u{202C}", reversed(text)),
        "reversed" => backwards(text, chance),
        "emoji letters" => emoji_letters(text, chance),
        "circled" => alphabet(text, &run(*chance.of(&ENCLOSED))),
        "fullwidth" => alphabet(text, &run([0xFF41, 0xFF21][chance.below(2)])),
        "mathematical" => alphabet(text, &run(*chance.of(&MATHEMATICAL))),
        "small caps" => alphabet(text, &letters(&chance.of(&SMALL)[..])),
        "upside-down" => upside_down(text, chance),
        "starred" => starred(text, chance),
        "joined" => text.replace(' ', ""),
        "typo" => text.split(' ').map(|word| typo(word, chance)).collect::<Vec<_>>().join(" "),
        "mixed" => mixed(text, chance),
        "filler" => text.split(' ').collect::<Vec<_>>().join(&format!(" {} ", chance.of(&FILLERS))),
        "transliterated" => transliterated(text, chance),
        "emoji words" => text.split(' ').map(picture).collect::<Vec<_>>().join(" "),
        _ => text.to_owned(),
    }
}

/// The text in two messages, cut between words or inside one.
pub fn split_messages(text: &str, chance: &mut Chance) -> [String; 2] {
    let gaps: Vec<usize> = text.char_indices().filter(|(_, c)| *c == ' ').map(|(at, _)| at).collect();
    if gaps.is_empty() || chance.below(3) == 0 {
        let middle = text.len() / 2;
        return [text[..middle].trim_end().to_owned(), text[middle..].trim_start().to_owned()];
    }
    let at = *chance.of(&gaps);
    [text[..at].to_owned(), text[at + 1..].to_owned()]
}

/// The text by way of two edits of harmless messages: first the texts that are sent, then what they become.
pub fn split_edits(text: &str, chance: &mut Chance) -> [String; 4] {
    let [first, second] = split_messages(text, chance);
    ["good morning".to_owned(), "see you there".to_owned(), first, second]
}

fn each(text: &str, mut one: impl FnMut(char) -> String) -> String {
    text.chars().map(&mut one).collect()
}

fn letters(of: &str) -> Vec<char> {
    of.chars().collect()
}

fn place(c: char) -> Option<usize> {
    c.is_ascii_lowercase().then(|| usize::from(c as u8 - b'a'))
}

fn alphabet(text: &str, letters: &[char]) -> String {
    each(text, |c| place(c).map_or(c, |place| letters[place]).to_string())
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

fn words(text: &str, mut one: impl FnMut(&str) -> String) -> String {
    text.split(' ').map(&mut one).collect::<Vec<_>>().join(" ")
}

/// A sign between the letters of each word.
fn between(text: &str, mut sign: impl FnMut() -> String) -> String {
    words(text, |word| {
        let letters: Vec<String> = word.chars().map(String::from).collect();
        letters.into_iter().reduce(|all, next| format!("{all}{}{next}", sign())).unwrap_or_default()
    })
}

fn leet(text: &str, chance: &mut Chance) -> String {
    each(text, |c| {
        let forms = match c {
            'a' => "4@",
            'b' => "8",
            'e' => "33",
            'g' => "96",
            'i' => "1!",
            'l' => "1|",
            'o' => "00",
            's' => "5$",
            't' => "7+",
            'z' => "2",
            _ => return c.to_string(),
        };
        if chance.below(4) == 0 { c.to_string() } else { chance.letter(forms).to_string() }
    })
}

fn homoglyph(text: &str, chance: &mut Chance) -> String {
    if chance.below(2) == 0 {
        return alphabet(text, &letters(&chance.of(&FANCY)[..]));
    }
    let share = 1 + chance.below(3);
    each(text, |c| match place(c) {
        Some(place) if chance.below(3) < share => chance.letter(LOOK[place]).to_string(),
        _ => c.to_string(),
    })
}

fn combining(text: &str, chance: &mut Chance) -> String {
    let most = [1, 1, 3, 8][chance.below(4)];
    each(text, |c| {
        let marks: String = (0..=chance.below(most)).map(|_| *chance.of(&MARKS)).collect();
        format!("{c}{marks}")
    })
}

fn spacing(text: &str, chance: &mut Chance) -> String {
    let gap = [" ", " ", "  ", "\u{2003}", "\u{A0}"][chance.below(5)];
    let wide = if chance.below(2) == 0 { gap.repeat(3) } else { gap.to_owned() };
    let spread = text.split(' ').map(|word| word.chars().map(String::from).collect::<Vec<_>>().join(gap));
    spread.collect::<Vec<_>>().join(&wide)
}

fn punctuation(text: &str, chance: &mut Chance) -> String {
    let one = *chance.of(&SIGNS);
    match chance.below(3) {
        0 => between(text, || (*chance.of(&SIGNS)).to_owned()),
        1 => between(text, || one.to_owned()),
        // only one sign in each word
        _ => words(text, |word| {
            let at = 1 + chance.below(word.len().saturating_sub(1));
            if word.len() < 2 { word.to_owned() } else { format!("{}{one}{}", &word[..at], &word[at..]) }
        }),
    }
}

fn backwards(text: &str, chance: &mut Chance) -> String {
    if chance.below(3) == 0 { words(text, reversed) } else { reversed(text) }
}

fn emoji_letters(text: &str, chance: &mut Chance) -> String {
    if chance.below(3) == 0 {
        return between(&alphabet(text, &run(0x1_F1E6)), || "\u{200B}".to_owned());
    }
    if chance.below(2) == 0 {
        return alphabet(text, &run(0x1_F1E6));
    }
    let signs = [("a", "🅰️"), ("b", "🅱️"), ("o", "🅾️"), ("p", "🅿️"), ("i", "ℹ️"), ("m", "Ⓜ️"), ("x", "❌")];
    each(text, |c| {
        let found = signs.iter().find(|(letter, _)| letter.starts_with(c));
        found.map_or_else(|| alphabet(&c.to_string(), &run(0x1_F170)), |(_, sign)| (*sign).to_owned())
    })
}

fn upside_down(text: &str, chance: &mut Chance) -> String {
    let turned = alphabet(text, &letters(&chance.of(&TURNED)[..]));
    if chance.below(2) == 0 { turned } else { reversed(&turned) }
}

/// Stars for all vowels, or for one vowel of each word.
fn starred(text: &str, chance: &mut Chance) -> String {
    let star = ["*", "*", "*", "#", "_", "-"][chance.below(6)];
    let all = chance.below(2) == 0;
    words(text, |word| {
        let vowels: Vec<usize> = word.char_indices().filter(|(_, c)| "aeiou".contains(*c)).map(|(at, _)| at).collect();
        if vowels.is_empty() || word.len() < 2 {
            return word.to_owned();
        }
        let one = *chance.of(&vowels);
        word.char_indices()
            .map(|(at, c)| if at == one || (all && vowels.contains(&at)) { star.to_owned() } else { c.to_string() })
            .collect()
    })
}

const NEIGHBOURS: [&str; 26] = [
    "qsz", "vn", "xv", "sf", "wr", "dg", "fh", "gj", "uo", "hk", "jl", "k", "n", "bm", "ip", "o", "wa", "et", "ad", "ry", "yi", "cb", "qe",
    "zc", "tu", "xa",
];

/// One error in a word of four letters or more: exchanged, left out, doubled, or the key beside.
fn typo(word: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 4 {
        return word.to_owned();
    }
    let at = 1 + chance.below(letters.len() - 2);
    match chance.below(4) {
        0 => letters.swap(at, at + 1),
        1 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letters[at]),
        _ => {
            if let Some(place) = place(letters[at]) {
                letters[at] = chance.letter(NEIGHBOURS[place]);
            }
        }
    }
    letters.into_iter().collect()
}

/// Letters dressed one way and laid out another.
fn mixed(text: &str, chance: &mut Chance) -> String {
    let letters = ["leet", "homoglyph", "random case", "small caps", "fullwidth", "mathematical", "circled"];
    let layouts = ["zero-width", "combining", "repetition", "spacing", "punctuation", "reversed", "joined", "zero-width"];
    let (first, second) = (*chance.of(&letters), *chance.of(&layouts));
    if first == "random case" || chance.below(2) == 0 {
        let arranged = dress(second, text, chance);
        return dress(first, &arranged, chance);
    }
    // every word in a dress of its own
    let dressed = words(text, |word| dress(letters[chance.below(letters.len())], word, &mut chance.clone()));
    dress(["zero-width", "combining", "joined"][chance.below(3)], &dressed, chance)
}

fn transliterated(text: &str, chance: &mut Chance) -> String {
    let sounds = if chance.below(3) == 0 { &GREEK_SOUNDS } else { &CYRILLIC_SOUNDS };
    each(text, |c| place(c).map_or_else(|| c.to_string(), |place| sounds[place].to_owned()))
}

fn picture(word: &str) -> String {
    PICTURES.iter().find(|(spelled, _)| *spelled == word).map_or_else(|| word.to_owned(), |(_, picture)| (*picture).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_dresses_the_same_way() {
        for class in CLASSES.iter().chain(&EXTRA) {
            let once = dress(class, "send money home now", &mut Chance(7));
            assert_eq!(once, dress(class, "send money home now", &mut Chance(7)), "{class}");
            assert_eq!(*class == "clean", once == "send money home now", "{class}: {once}");
        }
    }

    #[test]
    fn what_is_split_can_be_put_together() {
        for seed in 0..50 {
            let [first, second] = split_messages("send money home now", &mut Chance(seed));
            assert_eq!([first, second].concat().replace(' ', ""), "sendmoneyhomenow");
        }
    }
}
