//! What the scanner saw, before anybody judged it.

use serde::{Deserialize, Serialize};

/// One key or pattern of a pack, found in one part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The term set of the pack that holds the key, as in `threats.kill`; for a plain lexicon, `lexicon`.
    pub term: String,
    /// The key as written in the pack.
    pub key: String,
    /// The part of the message it was found in, as in `body` or `m.new_content.body`.
    pub field: String,
    /// First character of the match in the original text of that part, counted in characters.
    pub start: u32,
    /// One past the last character of the match, counted in characters.
    pub end: u32,
}

/// How much a linear model makes of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The label, as in `spam`.
    pub name: String,
    /// Calibrated share in millionths: a whole number, so that a stored one is judged again as it was.
    pub millionths: u32,
}

/// Everything the scanner saw in one message; at most [`crate::limits::SCAN_HITS`] hits of each term set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// The hits, in order of part and start.
    pub hits: Vec<Hit>,
    /// Links seen in the text, counted.
    pub links: u32,
    /// Characters of text scanned, over all parts.
    pub chars: u32,
    /// Whether a term set had more hits than are kept. All sets that were hit are named all the same.
    pub truncated: bool,
    /// Whether the scan ended at a bound before the end of the text, so that something may not have been seen.
    #[serde(default)]
    pub overrun: bool,
    /// What the linear model makes of it; nothing when no rule asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
}

impl Findings {
    /// Whether any key of the term set was hit.
    pub fn has(&self, term: &str) -> bool {
        self.hits.iter().any(|hit| hit.term == term)
    }

    /// Share of the label, in millionths; 0 when the model was not asked.
    pub fn millionths(&self, label: &str) -> u32 {
        self.labels.iter().find(|known| known.name == label).map_or(0, |known| known.millionths)
    }

    /// The term sets that are themes of a conversation, each once: those whose name begins with `theme_`.
    pub fn themes(&self) -> Vec<&str> {
        let is_theme = |term: &str| term.rsplit('.').next().is_some_and(|set| set.starts_with("theme_"));
        let mut themes: Vec<&str> = self.hits.iter().map(|hit| hit.term.as_str()).filter(|term| is_theme(term)).collect();
        themes.sort_unstable();
        themes.dedup();
        themes
    }

    /// How many hits the term set has.
    pub fn count(&self, term: &str) -> usize {
        self.hits.iter().filter(|hit| hit.term == term).count()
    }
}
