//! Whether a quote stands in a text: markup, spelling of quotation marks and white space do not matter, words do.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The words of a text: lower case, without markup, one space between them.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for letter in without_link_targets(text).nfkc().flat_map(char::to_lowercase) {
        let letter = match letter {
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            // emphasis, code and headings of Markdown; soft hyphen, zero-width signs
            '*' | '_' | '`' | '#' | '\\' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => continue,
            letter => letter,
        };
        if letter.is_whitespace() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        out.push(letter);
    }
    out
}

/// Markdown links as their text: `[text](target)` is `text`.
fn without_link_targets(text: &str) -> Cow<'_, str> {
    if !text.contains("](") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        // the bracket that opens the text of this link
        match before.rfind('[') {
            Some(open) => {
                out.push_str(before[..open].strip_suffix('!').unwrap_or(&before[..open]));
                out.push_str(&before[open + 1..]);
            }
            None => out.push_str(before),
        }
        rest = after.find(')').map_or("", |end| &after[end + 1..]);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether a normalised text holds a normalised quote, at the borders of words.
pub(super) fn holds(text: &str, quote: &str) -> bool {
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    !quote.is_empty()
        && text.match_indices(quote).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            let after = text[start + quote.len()..].chars().next();
            let opens = !(is_word(before) && is_word(quote.chars().next()));
            opens && !(is_word(after) && is_word(quote.chars().next_back()))
        })
}

/// The text of a snapshot, whatever its encoding; HTML without its tags, scripts and styles.
pub fn readable_text(bytes: &[u8]) -> String {
    let text = decoded(bytes);
    let head = text.trim_start().get(..200.min(text.trim_start().len())).unwrap_or(&text).to_ascii_lowercase();
    let is_html = head.starts_with("<!doctype html") || head.starts_with("<html") || head.contains("<head") || head.contains("<body");
    if is_html { without_tags(&text) } else { text.into_owned() }
}

fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
            // what is not UTF-8 is most often one byte a letter
            Err(_) => Cow::Owned(bytes.iter().map(|byte| western(*byte)).collect()),
        },
    }
}

/// A byte of Windows-1252, as far as quotes need it.
fn western(byte: u8) -> char {
    match byte {
        0x91 | 0x92 => '\'',
        0x93 | 0x94 => '"',
        0x96 | 0x97 => '-',
        0x80 => '\u{20ac}',
        _ => char::from(byte),
    }
}

fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push_str(&entities(&rest[..open]));
        let tag = &rest[open..];
        let hidden = ["script", "style"].into_iter().find(|name| {
            tag.get(1..=name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name))
                && tag[name.len() + 1..].starts_with([' ', '>', '\n', '\t'])
        });
        let end = match hidden {
            Some(name) => end_of(tag, &format!("</{name}")),
            None if tag.starts_with("<!--") => tag.find("-->").map_or(tag.len(), |at| at + 2),
            None => tag.find('>').unwrap_or(tag.len()),
        };
        let inline = ["<b>", "<i>", "<a ", "<em", "</b", "</i", "</a", "</e", "<st", "</s", "<sp", "<u>", "</u"];
        if !inline.iter().any(|start| tag.get(..3).is_some_and(|head| head.eq_ignore_ascii_case(start))) {
            out.push(' ');
        }
        rest = tag.get(end + 1..).unwrap_or("");
    }
    out.push_str(&entities(rest));
    out
}

/// Where the closing tag of a hidden element ends; the end of the text when it never closes.
fn end_of(tag: &str, closing: &str) -> usize {
    let lower = tag.to_ascii_lowercase();
    lower.find(closing).and_then(|at| lower[at..].find('>').map(|end| at + end)).unwrap_or(tag.len())
}

fn entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = rest.find(';').filter(|end| *end <= 8).map(|end| &rest[..end]);
        match name.and_then(entity) {
            Some(letter) => {
                out.push(letter);
                rest = &rest[name.map_or(0, str::len) + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    let code = match name.strip_prefix('#') {
        Some(code) => match code.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => code.parse().ok(),
        },
        None => None,
    };
    code.and_then(char::from_u32).or(match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "apos" | "rsquo" | "lsquo" => Some('\''),
        "quot" | "ldquo" | "rdquo" => Some('"'),
        "nbsp" => Some(' '),
        "ndash" | "mdash" => Some('-'),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(text: &str, quote: &str) -> bool {
        holds(&normalise(text), &normalise(quote))
    }

    #[test]
    fn markup_and_spelling_of_quotation_marks_do_not_matter() {
        let page = "We **cannot** decrypt\n   or otherwise [access](https://example.org/a_b) the “content” of your mes\u{ad}sages — ever.";
        assert!(stands(page, "cannot decrypt or otherwise access the \"content\" of your messages - ever"));
        assert!(stands("an ![image](x.png) here", "an image here"));
    }

    #[test]
    fn a_word_more_or_less_or_other_does_matter() {
        let page = "You must be 16 and older to use DMs";
        assert!(stands(page, "must be 16 and older to use DMs"));
        for altered in
            ["must be 13 and older to use DMs", "must be 16 or older to use DMs", "must be 16 and older to use DM", "ust be 16", ""]
        {
            assert!(!stands(page, altered), "{altered}");
        }
    }

    #[test]
    fn html_is_read_without_tags_scripts_and_broken_ends() {
        let html = "<!DOCTYPE html><head><style>p{content:'we never'}</style><script>var a='always encrypted'</script></head><body><p>Messages are <b>al</b>ways<br>kept &amp; read&#8217;s";
        let text = readable_text(html.as_bytes());
        assert!(stands(&text, "messages are always kept & read's"), "{text}");
        assert!(!stands(&text, "we never") && !stands(&text, "encrypted"));
        assert!(readable_text(b"<html><body>open <scr").contains("open"));
        assert!(readable_text(b"<html><script>never closed").trim().is_empty());
    }

    #[test]
    fn other_encodings_are_read() {
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain("we can’t read".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(stands(&readable_text(&wide), "we can't read"));
        assert!(stands(&readable_text(b"we can\x92t read caf\xe9"), "can't read caf\u{e9}"));
        assert!(stands(&readable_text(b"\xef\xbb\xbfwe read"), "we read"));
    }
}
