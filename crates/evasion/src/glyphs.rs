//! What people put in the place of Latin letters: whole alphabets, and single characters of other scripts.

/// Alphabets of other scripts, drawn like `a` to `z`, as the pages that make "fancy text" have them.
pub(crate) const FANCY: [&str; 18] = [
    "αвc∂єƒgнιנкℓмησρqяѕтυνωχуz",
    "αႦƈԃҽϝɠԋιʝƙʅɱɳσρϙɾʂƚυʋɯxყȥ",
    "ąცƈɖɛʄɠɧıʝƙƖɱŋơ℘զཞʂɬų۷ῳҳყʑ",
    "ǟɮƈɖɛʄɢɦɨʝӄʟʍռօքզʀֆȶʊʋաӼʏʐ",
    "ค๒ς๔єŦﻮђเןкɭ๓ภ๏קợгรՇยשฬאץչ",
    "卂乃匚ᗪ乇千Ꮆ卄丨ﾌҜㄥ爪几ㄖ卩Ɋ尺丂ㄒㄩᐯ山乂ㄚ乙",
    "₳฿₵ĐɆ₣₲ⱧłJ₭Ⱡ₥₦Ø₱QⱤ₴₮ɄV₩ӾɎⱫ",
    "ልጌርዕቿቻኗዘጎጋጕረጠክዐየዒዪነፕሁሀሠሸሃጊ",
    "ᗩᗷᑕᗪEᖴGᕼIᒍKᒪᗰᑎOᑭᑫᖇᔕTᑌᐯᗯ᙭Yᘔ",
    "ąҍçժҽƒցհìʝҟӀʍղօքզɾʂէմѵա×վՀ",
    "åβ¢Ðêƒghïjklmñðþqrštµvwx¥z",
    "ᎪᏴᏟᎠᎬFᏀᎻᎥᎫᏦᏞᎷNᎾᏢQᏒᏚᎢUᏙᏔXᎽᏃ",
    "ⲁⲃⲥⲇⲉϝⳋⲏⲓϳⲕⳑⲙⲛⲟⲣϥⲅⳝⲧⳙⳳⲱⲭⲩⲍ",
    "ДБCDΞFGHIJҜLMИФPǪЯSΓЦVЩЖУZ",
    "ɑხcძeƒցհἰյკlოոօρզɾꜱtυვωxყz",
    "ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑQꓣꓢꓔꓴꓦꓪꓫꓬꓜ",
    "ⱥƀȼđɇfǥħɨɉꝁłmnøᵽꝗɍsŧᵾvwxɏƶ",
    "äḅċďëḟġḧïĵḳḷṁñöṗqŕśẗüṽẅẍÿź",
];

/// Look-alikes of each letter, closest first.
pub(crate) const LOOK: [&str; 26] = [
    "аαɑӓ",
    "ЬƄвβ",
    "сϲⅽᴄ",
    "ԁⅾɗժ",
    "еєҽё",
    "ғϝƒք",
    "ɡցɢģ",
    "һհнħ",
    "іιɩӏ",
    "јʝϳј",
    "кκĸқ",
    "ⅼӏΙɫ",
    "мϻⅿʍ",
    "пηոռ",
    "оοօσ",
    "рρᴩþ",
    "ԛզգɋ",
    "гɾᴦʀ",
    "ѕꜱʂš",
    "тτţƭ",
    "υսцµ",
    "ѵνᴠⅴ",
    "ԝωѡш",
    "хχⅹҳ",
    "уγүყ",
    "ᴢʐżƶ",
];

/// Upside-down letters, two ways.
pub(crate) const TURNED: [&str; 2] = ["ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz", "ɒqɔpəɟɓɥıɾʞʅɯuodbɹsʇnʌʍxʎz"];

/// Small capitals, two ways.
pub(crate) const SMALL: [&str; 2] = ["ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀsᴛᴜᴠᴡxʏᴢ", "ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘϙʀꜱᴛᴜᴠᴡxʏᴢ"];

/// The alphabet beginning at `first`, or nothing where Unicode has a hole.
pub(crate) fn run(first: u32) -> Vec<char> {
    (0..26).map(|n| hole(first + n).unwrap_or_else(|| char::from_u32(first + n).expect("a letter"))).collect()
}

/// The letter that stands in the Letterlike Symbols block, where the mathematical alphabets have a hole.
fn hole(code: u32) -> Option<char> {
    Some(match code {
        0x1_D455 => 'ℎ',
        0x1_D49D => 'ℬ',
        0x1_D4A0 => 'ℰ',
        0x1_D4A1 => 'ℱ',
        0x1_D4A3 => 'ℋ',
        0x1_D4A4 => 'ℐ',
        0x1_D4A7 => 'ℒ',
        0x1_D4A8 => 'ℳ',
        0x1_D4AD => 'ℛ',
        0x1_D4BA => 'ℯ',
        0x1_D4BC => 'ℊ',
        0x1_D4C4 => 'ℴ',
        0x1_D506 => 'ℭ',
        0x1_D50B => 'ℌ',
        0x1_D50C => 'ℑ',
        0x1_D515 => 'ℜ',
        0x1_D51D => 'ℨ',
        0x1_D53A => 'ℂ',
        0x1_D53F => 'ℍ',
        0x1_D545 => 'ℕ',
        0x1_D547 => 'ℙ',
        0x1_D548 => 'ℚ',
        0x1_D549 => 'ℝ',
        0x1_D551 => 'ℤ',
        _ => return None,
    })
}

/// First letters of the mathematical alphabets: bold, italic, script, fraktur, double-struck, sans-serif, monospace; both cases.
pub(crate) const MATHEMATICAL: [u32; 14] = [
    0x1_D41A, 0x1_D44E, 0x1_D482, 0x1_D4B6, 0x1_D4EA, 0x1_D51E, 0x1_D552, 0x1_D586, 0x1_D5BA, 0x1_D5EE, 0x1_D622, 0x1_D68A, 0x1_D400,
    0x1_D538,
];

/// First letters of the enclosed alphabets: circled, circled capitals, negative circled, parenthesized, squared, negative squared.
pub(crate) const ENCLOSED: [u32; 6] = [0x24D0, 0x24B6, 0x1_F150, 0x249C, 0x1_F130, 0x1_F170];

/// Pictures that are read as a word.
pub(crate) const PICTURES: [(&str, &str); 30] = [
    ("kill", "🔪"),
    ("dead", "💀"),
    ("die", "💀"),
    ("shoot", "🔫"),
    ("gun", "🔫"),
    ("money", "💰"),
    ("gift", "🎁"),
    ("card", "💳"),
    ("bomb", "💣"),
    ("house", "🏠"),
    ("home", "🏠"),
    ("school", "🏫"),
    ("phone", "📱"),
    ("photo", "📷"),
    ("picture", "📸"),
    ("pic", "📸"),
    ("pics", "📸"),
    ("secret", "🤫"),
    ("pig", "🐷"),
    ("dog", "🐶"),
    ("rat", "🐀"),
    ("snake", "🐍"),
    ("trash", "🗑️"),
    ("garbage", "🗑️"),
    ("clown", "🤡"),
    ("fire", "🔥"),
    ("blood", "🩸"),
    ("pills", "💊"),
    ("bank", "🏦"),
    ("love", "❤️"),
];

/// How Latin letters are written by the sounds of Cyrillic ones, in order `a` to `z`.
pub(crate) const CYRILLIC_SOUNDS: [&str; 26] =
    ["а", "б", "к", "д", "е", "ф", "г", "х", "и", "дж", "к", "л", "м", "н", "о", "п", "к", "р", "с", "т", "у", "в", "в", "кс", "й", "з"];

/// The same with Greek ones.
pub(crate) const GREEK_SOUNDS: [&str; 26] =
    ["α", "β", "κ", "δ", "ε", "φ", "γ", "χ", "ι", "τζ", "κ", "λ", "μ", "ν", "ο", "π", "κ", "ρ", "σ", "τ", "υ", "β", "ω", "ξ", "υ", "ζ"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets_have_twenty_six_letters() {
        for letters in FANCY.iter().chain(&TURNED).chain(&SMALL) {
            assert_eq!(letters.chars().count(), 26, "{letters}");
        }
        assert!(LOOK.iter().all(|letters| letters.chars().count() == 4));
    }
}
