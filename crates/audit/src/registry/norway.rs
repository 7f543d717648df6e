//! Words that other readers of YAML take for something else: `no` is false in YAML 1.1, and Norway with it.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_saphyr::Location;

use crate::fault::Fault;

const WORDS: [&str; 8] = ["y", "yes", "n", "no", "on", "off", "true", "false"];

/// Every plain word that YAML 1.1 reads as a boolean, with its place.
///
/// What is not YAML ends the search: the reader proper tells where.
pub fn unquoted_words(file: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for next in Parser::new_from_str(text) {
        let Ok((event, span)) = next else { break };
        if let Event::Scalar(word, ScalarStyle::Plain, _, None) = event
            && WORDS.contains(&word.to_ascii_lowercase().as_str())
        {
            faults.push(Fault {
                line: span.start.line() as u64,
                column: span.start.col() as u64 + 1,
                ..Fault::at(
                    file,
                    Location::UNKNOWN,
                    "unquoted-word",
                    format!("{word} without quotes is true or false to many readers of YAML: write \"{word}\""),
                )
            });
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_plain_word_is_named_with_its_place() {
        let text = "a: yes\nb: \"no\"\nc:\n  - {region: NO, x: 'off'}\n# no\nd: nothing\n";
        let faults: Vec<String> = unquoted_words("a.yaml", text).iter().map(ToString::to_string).collect();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("a.yaml:1:4: unquoted-word: yes without quotes"), "{faults:?}");
        assert!(faults[1].starts_with("a.yaml:4:14: unquoted-word: NO without quotes"), "{faults:?}");
    }

    #[test]
    fn what_is_not_yaml_ends_the_search() {
        assert!(unquoted_words("a.yaml", "a: [1, 2\nb: {").is_empty());
    }
}
