//! A page as text: Markdown without its looks, cut into sentences that compare equal when only their looks differ.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::bounds;
use super::inline::plain;
use super::words::{begins_month, key_words};

/// What a sentence is compared by: a hash of its words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key([u8; 16]);

impl Key {
    /// The key of these words.
    pub fn of(words: &str) -> Self {
        let hash = Sha256::digest(words.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        Self(key)
    }

    /// One key for many, in this order.
    pub fn of_all<'a>(keys: impl Iterator<Item = &'a Self>) -> Self {
        let mut hash = Sha256::new();
        for key in keys {
            hash.update(key.0);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Self(key)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for Key {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "a key has 32 hex digits";
        if text.len() != 32 || !text.is_ascii() {
            return Err(wrong);
        }
        let mut key = [0; 16];
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| wrong)?;
        }
        Ok(Self(key))
    }
}

/// A sentence as it is read, and what it is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// As people read it.
    pub text: String,
    /// Equal for sentences that differ in looks only.
    pub key: Key,
}

/// A page as sentences, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Text {
    /// In the order of the page.
    pub sentences: Vec<Sentence>,
    /// Characters of all of them.
    pub chars: usize,
    /// Whether the page was longer than [`bounds::PAGE_CHARS`] or [`bounds::PAGE_SENTENCES`].
    #[serde(default)]
    pub cut: bool,
}

impl Text {
    /// Reads Markdown, or any plain text.
    ///
    /// Left out are link targets, images, marks of emphasis and lists, tags, tracking parameters, white space; and, for
    /// comparing, case, punctuation and the date in a sentence that says when the page was updated.
    pub fn of_markdown(markdown: &str) -> Self {
        let mut text = Self::default();
        let mut end = markdown.len();
        if let Some((at, _)) = markdown.char_indices().nth(bounds::PAGE_CHARS) {
            end = at;
            text.cut = true;
        }
        let mut block = String::new();
        for line in markdown[..end].lines() {
            text.take_line(line, &mut block);
        }
        text.take_block(&mut block);
        text
    }

    /// A text of sentences that are there already.
    pub fn of_sentences(sentences: Vec<Sentence>) -> Self {
        let chars = sentences.iter().map(|sentence| sentence.text.chars().count()).sum();
        Self { sentences, chars, cut: false }
    }

    /// One key for the whole text, whatever the order of its sentences.
    pub fn fingerprint(&self) -> Key {
        let mut keys: Vec<&Key> = self.sentences.iter().map(|sentence| &sentence.key).collect();
        keys.sort_unstable();
        Key::of_all(keys.into_iter())
    }

    fn take_line(&mut self, line: &str, block: &mut String) {
        let (rest, begins) = without_marks(line);
        if rest.is_empty() || begins {
            self.take_block(block);
        }
        if rest.is_empty() {
            return;
        }
        if rest.starts_with('|') {
            // a row of a table: each cell for itself, so that a table made a list is the same text
            for cell in rest.split('|').filter(|cell| !cell.chars().all(|c| matches!(c, '-' | ':' | ' '))) {
                block.push_str(cell);
                self.take_block(block);
            }
            return;
        }
        if !block.is_empty() {
            block.push(' ');
        }
        block.push_str(rest.trim_end_matches('\\'));
        if line.trim_start().starts_with('#') {
            self.take_block(block);
        }
    }

    fn take_block(&mut self, block: &mut String) {
        let read = plain(block);
        block.clear();
        for sentence in sentences(&read) {
            if self.sentences.len() >= bounds::PAGE_SENTENCES {
                self.cut = true;
                return;
            }
            let words = key_words(sentence);
            if words.is_empty() {
                continue;
            }
            self.chars += sentence.chars().count();
            self.sentences.push(Sentence { text: sentence.to_owned(), key: Key::of(&words) });
        }
    }
}

/// A line without the marks of its block, and whether a new block begins with it.
fn without_marks(line: &str) -> (&str, bool) {
    let mut rest = line.trim();
    let mut begins = false;
    while let Some(inner) = rest.strip_prefix('>') {
        rest = inner.trim_start();
    }
    let is_rule = rest.len() > 1 && rest.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | ' ' | '`' | '~'));
    let is_definition = rest.starts_with('[') && rest.split_once("]: ").is_some_and(|(_, target)| target.starts_with("http"));
    if is_rule || is_definition || rest.starts_with("```") || rest.starts_with("~~~") {
        return ("", true);
    }
    if rest.starts_with('#') {
        begins = true;
        rest = rest.trim_start_matches('#').trim_end_matches('#').trim();
    }
    // the marks of lists in lists
    while let Some(inner) = without_bullet(rest) {
        begins = true;
        rest = inner.trim_start();
    }
    (rest, begins)
}

/// What follows `- `, `* `, `• `, `1. `, `(a) `, `iv) `.
fn without_bullet(rest: &str) -> Option<&str> {
    let mut characters = rest.chars();
    let first = characters.next()?;
    if matches!(first, '-' | '*' | '+' | '•' | '◦' | '▪' | '·') {
        let inner = characters.as_str();
        return (inner.is_empty() || inner.starts_with([' ', '\t', '\u{a0}'])).then_some(inner);
    }
    let inner = rest.strip_prefix('(').unwrap_or(rest);
    let length = inner.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (label, after) = inner.split_at(length);
    let is_number = !label.is_empty() && label.len() <= 3 && label.bytes().all(|byte| byte.is_ascii_digit());
    let is_letter = label.len() == 1 && label.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_roman = !label.is_empty() && label.len() <= 5 && label.bytes().all(|byte| matches!(byte, b'i' | b'v' | b'x'));
    let after = after.strip_prefix('\\').unwrap_or(after);
    let after = after.strip_prefix(['.', ')'])?;
    ((is_number || is_letter || is_roman) && after.starts_with([' ', '\t', '\u{a0}'])).then_some(after)
}

/// Words before a full stop that ends no sentence.
const ABBREVIATIONS: [&str; 22] = [
    "e.g", "i.e", "etc", "inc", "ltd", "corp", "co", "no", "art", "arts", "sec", "vs", "mr", "ms", "mrs", "dr", "st", "u.s", "u.k", "bzw",
    "z.b", "nr",
];

/// The sentences of a block.
fn sentences(block: &str) -> impl Iterator<Item = &str> {
    let mut rest = block;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (sentence, after) = rest.split_at(sentence_end(rest));
            rest = after;
            let sentence = sentence.trim();
            if !sentence.is_empty() {
                return Some(sentence);
            }
        }
        None
    })
}

/// Where the first sentence ends.
fn sentence_end(text: &str) -> usize {
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if matches!(c, '。' | '！' | '？') {
            return end;
        }
        if !matches!(c, '.' | '!' | '?') {
            continue;
        }
        let after = text[end..].trim_start_matches(['"', '\'', ')', ']', '.', '!', '?']);
        let Some(next) = after.strip_prefix(' ') else { continue };
        let begins = next.chars().next().is_none_or(|c| !c.is_lowercase() && !matches!(c, ',' | ';' | ')'));
        if begins && (c != '.' || !(ends_in_abbreviation(&text[..at]) || is_ordinal(&text[..at], next))) {
            return text.len() - after.len();
        }
    }
    text.len()
}

/// The day of `3. März`.
fn is_ordinal(before: &str, next: &str) -> bool {
    let word = before.rsplit(' ').next().unwrap_or_default();
    let is_day = matches!(word.len(), 1 | 2) && word.bytes().all(|byte| byte.is_ascii_digit());
    is_day && begins_month(next.split(' ').next().unwrap_or_default())
}

fn ends_in_abbreviation(before: &str) -> bool {
    let word = before.rsplit([' ', '(', '"']).next().unwrap_or_default();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    is_initial || (word.len() <= 4 && ABBREVIATIONS.contains(&word.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(markdown: &str) -> Vec<String> {
        Text::of_markdown(markdown).sentences.into_iter().map(|sentence| sentence.text).collect()
    }

    #[track_caller]
    fn same(one: &str, other: &str) {
        let keys = |text: &str| Text::of_markdown(text).sentences.iter().map(|sentence| sentence.key).collect::<Vec<_>>();
        assert_eq!(keys(one), keys(other), "{:?} {:?}", read(one), read(other));
    }

    #[track_caller]
    fn differ(one: &str, other: &str) {
        assert_ne!(Text::of_markdown(one).fingerprint(), Text::of_markdown(other).fingerprint(), "{one} {other}");
    }

    #[test]
    fn sentences_are_read_from_blocks() {
        let text = "# Your messages\n\nWe read them, e.g. when reported. Do we sell them? No!\nNever \"ever.\" Meta Inc. does not.\n\n\
                    * one\n* two\n\n| a | b |\n|---|---|\n| c | d |\n";
        assert_eq!(
            read(text),
            [
                "Your messages",
                "We read them, e.g. when reported.",
                "Do we sell them?",
                "No!",
                "Never \"ever.\"",
                "Meta Inc. does not.",
                "one",
                "two",
                "a",
                "b",
                "c",
                "d"
            ]
        );
    }

    #[test]
    fn looks_do_not_count() {
        same("We **never** [read](https://a.example/x?y=1) your messages.", "We never [read](https://b.example) your\nmessages.");
        same("- one\n- two", "1.  one\n2.  Two");
        same("## Heading", "Heading\n=======");
        same("a “quoted” word – and\u{a0}more", "a \"quoted\" word - and more");
        same("![logo](x.png) Text here", "Text here");
        same("| a | b |", "- a\n- b");
        same("See https://a.example/p?utm_source=x&id=2 now", "See https://a.example/p?id=2&gclid=9 now");
        same("Snake\\_case and it\\'s &amp; fine", "Snake_case and it's & fine");
        same("<b>Bold</b> text<br>", "Bold text");
        same("End-to-end encrypted", "End to end encrypted");
    }

    #[test]
    fn a_date_of_the_last_update_does_not_count_and_other_dates_do() {
        same("Last updated: March 3, 2026", "Last updated: 12 April 2026");
        same("Zuletzt aktualisiert am 3. März 2026", "Zuletzt aktualisiert am 14. April 2027");
        same("Effective date: 2026-01-02", "Effective date: 03/04/2027");
        differ("We delete them after 30 days.", "We delete them after 90 days.");
        differ("Updated policy: kept for 30 days", "Updated policy: kept for 90 days");
        differ("From March 3, 2026 we read messages.", "From March 9, 2026 we read messages.");
    }

    #[test]
    fn words_count() {
        differ("We read your messages.", "We do not read your messages.");
        differ("Fees of 1.5 %", "Fees of 15 %");
        differ("We read messages. We scan.", "We read messages.");
        assert_eq!(Text::of_markdown("A b. C d.").fingerprint(), Text::of_markdown("C d.\n\nA b.").fingerprint());
    }

    #[test]
    fn hostile_marks_end() {
        for hostile in ["[", "](", "![", "<a", "\\", "*", "|", "> ", "- ", "(", "&#"] {
            let text = hostile.repeat(200_000);
            assert!(Text::of_markdown(&text).sentences.len() <= bounds::PAGE_SENTENCES);
        }
        let long = "word. Word ".repeat(300_000);
        let read = Text::of_markdown(&long);
        assert!(read.cut && read.sentences.len() <= bounds::PAGE_SENTENCES);
    }
}
