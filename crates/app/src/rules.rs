//! The rules in force: what the scanner looks for, and what a finding earns.

use model::body::PlainBody;
use model::facts::Facts;
use model::finding::Findings;
use model::verdict::Verdict;

/// Packs and the lexicon built of their keys; replaced as a whole.
#[derive(Debug, Default)]
pub struct Rules {}

impl Rules {
    pub(crate) fn scan(&self, body: &PlainBody) -> Findings {
        Findings { chars: u32::try_from(body.chars()).unwrap_or(u32::MAX), ..Findings::default() }
    }

    pub(crate) fn judge(&self, _: &Facts, _: &Findings) -> Verdict {
        Verdict::default()
    }
}
