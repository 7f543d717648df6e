//! The rules in force: what the scanner looks for, and what a finding earns.

use model::body::PlainBody;
use model::clock::Timestamp;
use model::facts::Facts;
use model::finding::Findings;
use model::verdict::Verdict;
use policy::pack::{PackError, RuleSet};
use scan::{Key, Lexicon, LexiconError, Pattern, Seam};

/// Why packs cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A pack is at fault; the text names file and rule.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The keys of the packs do not make a lexicon.
    #[error(transparent)]
    Lexicon(#[from] LexiconError),
}

/// Packs and the lexicon built of their keys; replaced as a whole.
#[derive(Debug, Default)]
pub struct Rules {
    set: RuleSet,
    lexicon: Lexicon,
}

impl Rules {
    /// Puts packs together, given as file name and text, and runs the tests they bring along.
    ///
    /// # Errors
    /// When any pack is at fault; none is taken then.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, RulesError> {
        let set = RuleSet::load(files)?;
        let keys = set.keys().map(|(term, key)| Key { term: term.to_owned(), key: key.to_owned() });
        let patterns = set.patterns().map(|(term, regex)| Pattern { term: term.to_owned(), pattern: regex.to_owned() });
        let lexicon = Lexicon::with_patterns(keys, patterns)?;
        set.check(|body| scan::scan(body, &lexicon))?;
        Ok(Self { set, lexicon })
    }

    /// Rules over a plain list of keys, all alike: any hit is found, nothing else is judged.
    ///
    /// # Errors
    /// When a key is not acceptable.
    pub fn of_keys(keys: impl IntoIterator<Item = String>) -> Result<Self, RulesError> {
        let keys = keys.into_iter().map(|key| Key { term: "lexicon".to_owned(), key });
        Ok(Self { set: RuleSet::default(), lexicon: Lexicon::build(keys)? })
    }

    /// Content hash of the packs; it is kept with every verdict.
    pub fn version(&self) -> &str {
        self.set.version()
    }

    /// Number of rules.
    pub fn count(&self) -> usize {
        self.set.len()
    }

    /// Whether there is nothing that a text could hit.
    pub fn is_without_terms(&self) -> bool {
        self.lexicon.is_empty()
    }

    /// What the scanner sees in a text.
    pub fn scan(&self, body: &PlainBody) -> Findings {
        scan::scan(body, &self.lexicon)
    }

    /// What the scanner sees across the seam of this text and those before it.
    pub fn scan_seam(&self, seam: &mut Seam, body: &PlainBody, now: Timestamp) -> Findings {
        seam.cross(body, now, &self.lexicon)
    }

    /// What the findings earn.
    pub fn judge(&self, facts: &Facts, findings: &Findings) -> Verdict {
        self.set.judge(facts, findings)
    }
}
