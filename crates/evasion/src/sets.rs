//! The texts: phrases of abuse, scam, solicitation, threat and incitement with the key that is in each, and harmless
//! lines that look like them. All of it written for these tests.

/// A harmful sentence and the key in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// What a lexicon would hold.
    pub key: &'static str,
    /// The sentence, lower-case ASCII letters and spaces, the key in it.
    pub text: &'static str,
}

/// The harmful sentences.
pub fn phrases() -> Vec<Phrase> {
    lines(include_str!("../sets/phrases.txt")).filter_map(|line| line.split_once(" | ")).map(|(key, text)| Phrase { key, text }).collect()
}

/// Harmless lines.
pub fn benign() -> Vec<&'static str> {
    lines(include_str!("../sets/benign.txt")).collect()
}

/// Short vulgar words, as profanity lists hold them: keys that harmless words are full of.
pub fn profanity() -> Vec<&'static str> {
    include_str!("../sets/profanity.txt").split_whitespace().collect()
}

/// Conversations in which somebody is groomed: blocks apart by blank lines, each line `sender: text`. No line of them says
/// much by itself.
pub const GROOMING: &str = include_str!("../sets/grooming.txt");

/// Ordinary conversations that touch upon the same things, in the same form.
pub const ORDINARY: &str = include_str!("../sets/ordinary.txt");

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_are_large_and_every_sentence_holds_its_key() {
        let phrases = phrases();
        assert!(phrases.len() >= 150, "{} sentences", phrases.len());
        assert!(benign().len() >= 500, "{} harmless lines", benign().len());
        for Phrase { key, text } in phrases {
            assert!(format!(" {text} ").contains(&format!(" {key} ")), "{key} in {text}");
            assert!(text.bytes().all(|byte| byte == b' ' || byte.is_ascii_lowercase()), "{text}");
        }
    }
}
