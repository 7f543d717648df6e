//! Regular expressions of packs, on folded text.

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::fold::{Folded, SYMBOL};
use crate::lexicon::{LexiconError, Pattern};
use model::limits;

/// Matches of one pattern that are reported.
const MATCHES: usize = 4;

/// Compiled patterns.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    set: Option<RegexSet>,
    each: Vec<(Pattern, Regex)>,
}

impl Patterns {
    pub(crate) fn build(patterns: impl IntoIterator<Item = Pattern>) -> Result<Self, LexiconError> {
        let mut each = Vec::new();
        for pattern in patterns {
            let compiled = RegexBuilder::new(&pattern.pattern).size_limit(limits::REGEX_BYTES).unicode(false).build();
            let regex = compiled.map_err(|error| LexiconError::Pattern { term: pattern.term.clone(), reason: error.to_string() })?;
            each.push((pattern, regex));
        }
        if each.is_empty() {
            return Ok(Self::default());
        }
        let sources = each.iter().map(|(pattern, _)| pattern.pattern.as_str());
        let set = RegexSetBuilder::new(sources).size_limit(limits::REGEX_BYTES * 4).unicode(false).build();
        let set = set.map_err(|error| LexiconError::Pattern { term: "all".to_owned(), reason: error.to_string() })?;
        Ok(Self { set: Some(set), each })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// The patterns, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.each.iter().map(|(pattern, _)| pattern)
    }

    /// Calls `found` with the number of the pattern, the pattern, and the first and last-plus-one folded byte of each match.
    pub(crate) fn each(&self, folded: &Folded, mut found: impl FnMut(usize, &Pattern, usize, usize)) {
        let Some(set) = &self.set else { return };
        let text: String =
            folded.bytes.iter().map(|byte| if byte.is_ascii() && *byte != SYMBOL { char::from(*byte) } else { '~' }).collect();
        for index in set.matches(&text) {
            let (pattern, regex) = &self.each[index];
            for hit in regex.find_iter(&text).take(MATCHES).filter(|hit| !hit.is_empty()) {
                found(index, pattern, hit.start(), hit.end());
            }
        }
    }
}
