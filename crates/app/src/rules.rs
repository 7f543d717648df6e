//! The rules in force: what the scanner looks for, and what a finding earns.

use std::sync::Arc;

use model::body::PlainBody;
use model::clock::Timestamp;
use model::facts::Facts;
use model::finding::Findings;
use model::verdict::Verdict;
use policy::pack::{Mutant, PackError, Reader, RuleSet, Trial};
pub use scan::Model;
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
    /// A rule asks for what the linear model does not say.
    #[error("a rule asks for model.{0}, and the model has no such label")]
    NoLabel(String),
}

/// Packs and the lexicon built of their keys; replaced as a whole.
#[derive(Debug, Default)]
pub struct Rules {
    set: RuleSet,
    lexicon: Lexicon,
    /// Only when a rule asks for it.
    model: Option<Arc<Model>>,
}

/// What packs need besides their own text.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// Files that packs include.
    pub reader: Reader<'a>,
    /// The list of approvals, as name and text.
    pub approvals: Option<(&'a str, &'a str)>,
    /// The linear model, given when a rule asks for it.
    pub model: &'a dyn Fn() -> Option<Arc<Model>>,
}

impl Rules {
    /// Puts packs together, given as file name and text, and runs the tests they bring along. They include nothing, and
    /// there is no model.
    ///
    /// # Errors
    /// When any pack is at fault; none is taken then.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, RulesError> {
        let reader = |_: &str| Err("there is no such file".to_owned());
        Self::load_with(files, Beside { reader: &reader, approvals: None, model: &|| None })
    }

    /// As [`Rules::load`], with what stands beside the packs.
    ///
    /// # Errors
    /// When any pack is at fault; none is taken then.
    pub fn load_with(files: &[(&str, &str)], beside: Beside<'_>) -> Result<Self, RulesError> {
        let rules = Self::load_untested(files, beside)?;
        rules.set.check(|body| rules.scan(body))?;
        Ok(rules)
    }

    /// As [`Rules::load_with`], but the tests are not run: for those who want to see what comes of each.
    ///
    /// # Errors
    /// When any pack is at fault.
    pub fn load_untested(files: &[(&str, &str)], beside: Beside<'_>) -> Result<Self, RulesError> {
        let set = RuleSet::load_with(files, beside.reader, beside.approvals)?;
        let lexicon = lexicon(set.keys(), set.patterns())?;
        let model = if set.labels().is_empty() { None } else { (beside.model)() };
        let has = |label: &String| model.iter().any(|model| model.heads().iter().any(|head| head.name == *label));
        if let Some(missing) = set.labels().iter().find(|label| !has(label)) {
            return Err(RulesError::NoLabel(missing.clone()));
        }
        Ok(Self { set, lexicon, model })
    }

    /// The linear model, when a rule asks for it.
    pub fn model(&self) -> Option<&Model> {
        self.model.as_deref()
    }

    /// The rules as written: what they are, their tests, what is to be said of them.
    pub fn set(&self) -> &RuleSet {
        &self.set
    }

    /// What came of each test that the packs bring along.
    ///
    /// # Errors
    /// When a test cannot be run.
    pub fn trials(&self) -> Result<Vec<Trial>, RulesError> {
        Ok(self.set.trials(|body| self.scan(body))?)
    }

    /// Every rule and term set with one thing wrong, and whether a test noticed.
    ///
    /// # Errors
    /// When a test of the packs cannot be run.
    pub fn mutants(&self) -> Result<Vec<Mutant>, RulesError> {
        let mut mutants = self.set.mutate(|body| self.scan(body))?;
        for set in self.set.sets() {
            for piece in set.pieces() {
                let (keys, patterns) = set.without(&piece)?;
                let less = lexicon(pairs(&keys), pairs(&patterns))?;
                let hits = |sentence: &String| scan::scan(&PlainBody::of_text(sentence), &less).has(&set.term);
                let (file, line) = set.place();
                mutants.push(Mutant {
                    file: file.to_owned(),
                    line,
                    subject: set.term.clone(),
                    change: piece.to_string(),
                    noticed: !set.examples().iter().all(hits),
                });
            }
        }
        Ok(mutants)
    }

    /// Rules over a plain list of keys, all alike: any hit is found, nothing else is judged.
    ///
    /// # Errors
    /// When a key is not acceptable.
    pub fn of_keys(keys: impl IntoIterator<Item = String>) -> Result<Self, RulesError> {
        let keys = keys.into_iter().map(|key| Key { term: "lexicon".to_owned(), key });
        Ok(Self { set: RuleSet::default(), lexicon: Lexicon::build(keys)?, model: None })
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
        let mut findings = scan::scan(body, &self.lexicon);
        if let Some(model) = &self.model {
            findings.labels = model.labels(body);
        }
        findings
    }

    /// What the scanner sees across the seam of this text and those before it.
    pub fn scan_seam(&self, seam: &mut Seam, body: &PlainBody, now: Timestamp) -> Findings {
        seam.cross(body, now, &self.lexicon)
    }

    /// What a message earns that nobody can read.
    pub fn judge_sealed(&self, facts: &Facts) -> Verdict {
        self.set.judge_sealed(facts)
    }

    /// What the findings earn.
    pub fn judge(&self, facts: &Facts, findings: &Findings) -> Verdict {
        self.set.judge(facts, findings)
    }
}

fn pairs(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(term, text)| (term.as_str(), text.as_str()))
}

fn lexicon<'a>(
    keys: impl Iterator<Item = (&'a str, &'a str)>,
    patterns: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Lexicon, LexiconError> {
    let keys = keys.map(|(term, key)| Key { term: term.to_owned(), key: key.to_owned() });
    let patterns = patterns.map(|(term, regex)| Pattern { term: term.to_owned(), pattern: regex.to_owned() });
    Lexicon::with_patterns(keys, patterns)
}
