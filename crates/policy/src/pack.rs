//! Rule packs: YAML files whose rules are CEL expressions over what the scanner saw and what is known of the people.
//!
//! A pack with any fault is refused whole. [`RuleSet::load`] checks everything that needs no scanner; the caller then
//! makes a lexicon of [`RuleSet::keys`] and [`RuleSet::patterns`] and runs the packs' own tests with [`RuleSet::check`].

mod approvals;
mod card;
mod error;
pub(crate) mod expression;
mod file;
mod gather;
mod guard;
mod judge;
mod lint;
mod mutate;
mod places;
mod replay;
mod rule;
mod schema;
mod sets;
mod taxonomy;
mod trial;

use std::collections::BTreeSet;
use std::sync::Arc;

use model::limits;
use sha2::{Digest, Sha256};

pub use approvals::APPROVERS;
use approvals::Approvals;
pub use card::Card;
pub use error::PackError;
pub use file::{PackFile, parse};
pub use gather::Reader;
use judge::BlindRule;
pub(crate) use judge::Root;
pub use lint::{Level, Remark};
pub use mutate::Mutant;
pub use replay::Replayed;
use rule::Rule;
pub use sets::{Pairs, Piece, TermSet};
pub use taxonomy::{HARMS, Harm, harm_named};
pub use trial::Trial;

/// All rules of all packs, ready to judge.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Arc<Rule>>,
    /// Those of them that read no text: all that is known of sealed conversations.
    blind: Vec<BlindRule>,
    sets: Vec<TermSet>,
    keys: Vec<(String, String)>,
    patterns: Vec<(String, String)>,
    labels: BTreeSet<String>,
    approvals: Approvals,
    version: String,
    root: judge::Root,
}

impl RuleSet {
    /// Reads packs given as file name and text, that include nothing. The version is a hash of all of them.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, PackError> {
        Self::load_with(files, &|_| Err("there is no such file".to_owned()), None)
    }

    /// As [`RuleSet::load`], with the files that packs include, and the list of approvals as name and text.
    pub fn load_with(files: &[(&str, &str)], reader: Reader<'_>, approvals: Option<(&str, &str)>) -> Result<Self, PackError> {
        if files.len() > limits::PACKS {
            return Err(PackError::too_many(files[limits::PACKS].0, "packs", limits::PACKS));
        }
        let mut set = Self::default();
        let mut digest = Sha256::new();
        let mut names = BTreeSet::new();
        for (name, text) in files {
            let pack = parse(name, text)?;
            if !names.insert(pack.pack.clone()) {
                return Err(PackError::pack(name, &format!("another file is already the pack {}", pack.pack)));
            }
            note(&mut digest, name, text);
            set.add(name, &pack, reader, &mut digest)?;
        }
        if let Some((name, text)) = approvals {
            set.approvals = Approvals::read(name, text)?;
        }
        set.version = hex(&digest.finalize()[..8]);
        set.rules.sort_by_key(|rule| std::cmp::Reverse((rule.action, rule.written.severity)));
        set.blind = set.rules.iter().filter_map(BlindRule::of).collect();
        set.labels =
            set.rules.iter().flat_map(|rule| &rule.names).filter_map(|name| name.strip_prefix("model.")).map(str::to_owned).collect();
        set.try_given_tests()?;
        Ok(set)
    }

    fn add(&mut self, name: &str, pack: &PackFile, reader: Reader<'_>, digest: &mut Sha256) -> Result<(), PackError> {
        let gathered = gather::gather(name, pack, reader)?;
        for (included, text) in &gathered.texts {
            note(digest, included, text);
        }
        let mut ids = BTreeSet::new();
        for rule in &pack.rules {
            let line = rule.id.referenced.line();
            if !ids.insert(&rule.id.value) {
                return Err(PackError::rule(name, &rule.id.value, "another rule has this id").at(line));
            }
            self.rules.push(Arc::new(Rule::make(name, pack, &gathered.sets, rule)?));
            if self.rules.len() > limits::RULES {
                return Err(PackError::too_many(name, "rules", limits::RULES).at(line));
            }
        }
        let placeholders = Arc::new(gathered.placeholders);
        for (set, written) in gathered.sets {
            let set = TermSet::new(&pack.pack, &set, written, Arc::clone(&placeholders));
            set.make(&mut self.keys, &mut self.patterns)?;
            self.sets.push(set);
        }
        Ok(())
    }

    /// Term set and key, for the lexicon.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.keys.iter().map(|(term, key)| (term.as_str(), key.as_str()))
    }

    /// Term set and regular expression, for the lexicon.
    pub fn patterns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.patterns.iter().map(|(term, pattern)| (term.as_str(), pattern.as_str()))
    }

    /// The term sets, as written.
    pub fn sets(&self) -> &[TermSet] {
        &self.sets
    }

    /// Labels of the linear model that rules ask for.
    pub fn labels(&self) -> &BTreeSet<String> {
        &self.labels
    }

    /// Content hash of the packs, 16 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Rules that act on messages though fewer than [`APPROVERS`] people approved them as they are.
    pub fn unapproved(&self) -> Vec<String> {
        self.rules.iter().filter(|rule| rule.acts() && !self.is_approved(rule)).map(|rule| rule.name()).collect()
    }

    fn is_approved(&self, rule: &Rule) -> bool {
        self.approvals.cover(&rule.name(), &rule.hash)
    }
}

fn note(digest: &mut Sha256, name: &str, text: &str) {
    for part in [name, text] {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

#[cfg(test)]
mod tests;
