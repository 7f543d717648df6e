//! Twenty ways to dress a phrase up, each from a seed.

/// A small reproducible source of choices (`SplitMix64`).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}

pub(crate) const CLASSES: [&str; 20] = [
    "random case",
    "leet",
    "homoglyph",
    "zero-width",
    "combining",
    "spacing",
    "punctuation",
    "repetition",
    "rtl",
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

fn each(text: &str, mut one: impl FnMut(char) -> String) -> String {
    text.chars().map(&mut one).collect()
}

/// The letter's place in an alphabet of 26 characters.
fn alphabet(text: &str, letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    each(text, |c| if c.is_ascii_lowercase() { letters[usize::from(c as u8 - b'a')].to_string() } else { c.to_string() })
}

fn shifted(text: &str, first: u32) -> String {
    each(text, |c| if c.is_ascii_lowercase() { char::from_u32(first + u32::from(c) - 97).unwrap().to_string() } else { c.to_string() })
}

fn between(text: &str, mut sign: impl FnMut() -> String) -> String {
    let words = text.split(' ').map(|word| {
        let letters: Vec<String> = word.chars().map(String::from).collect();
        letters.into_iter().reduce(|all, next| format!("{all}{}{next}", sign())).unwrap_or_default()
    });
    words.collect::<Vec<_>>().join(" ")
}

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
        _ => letters[at] = char::from(b'a' + u8::try_from(chance.below(26)).unwrap()),
    }
    letters.into_iter().collect()
}

fn homoglyph(text: &str, chance: &mut Chance) -> String {
    let glyphs = [
        "аα", "ЬƄ", "сϲ", "ԁɗ", "еє", "ғϝ", "ɡց", "һհ", "іι", "јʝ", "кκ", "ⅼӏ", "мϻ", "пռ", "оο", "рρ", "ԛզ", "гɾ", "ѕʂ", "тτ", "υս", "ѵν",
        "ԝω", "хχ", "уγ", "ᴢʐ",
    ];
    each(text, |c| match c {
        'a'..='z' => glyphs[usize::from(c as u8 - b'a')].chars().nth(chance.below(2)).unwrap().to_string(),
        other => other.to_string(),
    })
}

fn leet(text: &str, chance: &mut Chance) -> String {
    each(text, |c| {
        let forms = match c {
            'a' => "4@",
            'e' => "33",
            'i' => "1!",
            'l' => "1|",
            'o' => "00",
            's' => "5$",
            't' => "7+",
            _ => return c.to_string(),
        };
        if chance.below(4) == 0 { c.to_string() } else { forms.chars().nth(chance.below(2)).unwrap().to_string() }
    })
}

/// `text` (lower-case ASCII) in the dress of `class`.
pub(crate) fn dress(class: &str, text: &str, chance: &mut Chance) -> String {
    let backwards = || text.chars().rev().collect::<String>();
    match class {
        "random case" => each(text, |c| if chance.below(2) == 0 { c.to_ascii_uppercase().to_string() } else { c.to_string() }),
        "leet" => leet(text, chance),
        "homoglyph" => homoglyph(text, chance),
        "zero-width" => between(text, || ["\u{200B}", "\u{200D}", "\u{2060}", "\u{FEFF}"][chance.below(4)].to_owned()),
        "combining" => each(text, |c| format!("{c}{}", ["\u{301}", "\u{336}", "\u{323}\u{30A}"][chance.below(3)])),
        "spacing" => between(text, || " ".to_owned()),
        "punctuation" => between(text, || [".", "-", "_", "*", "~"][chance.below(5)].to_owned()),
        "repetition" => each(text, |c| if c == ' ' { " ".to_owned() } else { c.to_string().repeat(1 + chance.below(4)) }),
        "rtl" => format!("\u{202E}{}\u{202C}", backwards()),
        "reversed" => backwards(),
        "emoji letters" => shifted(text, 0x1_F1E6),
        "circled" => shifted(text, 0x24D0),
        "fullwidth" => shifted(text, 0xFF41),
        "mathematical" => shifted(text, 0x1_D5EE),
        "small caps" => alphabet(text, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀsᴛᴜᴠᴡxʏᴢ"),
        "upside-down" => {
            let turned = alphabet(text, "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz");
            if chance.below(2) == 0 { turned } else { turned.chars().rev().collect() }
        }
        "starred" => each(text, |c| if "aeiou".contains(c) { "*".to_owned() } else { c.to_string() }),
        "joined" => text.replace(' ', ""),
        "typo" => text.split(' ').map(|word| typo(word, chance)).collect::<Vec<_>>().join(" "),
        "mixed" => {
            let first = ["leet", "homoglyph", "random case", "small caps"][chance.below(4)];
            let second = ["zero-width", "combining", "repetition", "spacing"][chance.below(4)];
            let dressed = dress(first, text, chance);
            dress(second, &dressed, chance)
        }
        _ => text.to_owned(),
    }
}
