//! Rule packs: YAML files whose rules are CEL expressions over what the scanner saw and what is known of the people.
//!
//! A pack with any fault is refused whole. [`RuleSet::load`] checks everything that needs no scanner; the caller then
//! makes a lexicon of [`RuleSet::keys`] and [`RuleSet::patterns`] and runs the packs' own tests with [`RuleSet::check`].

mod error;
pub(crate) mod expression;
mod file;
mod judge;
mod rule;
mod schema;
mod trial;

use std::collections::BTreeSet;

use model::limits;
use sha2::{Digest, Sha256};

pub use error::PackError;
pub use file::{PackFile, parse};
pub(crate) use judge::Root;
use rule::Rule;

/// All rules of all packs, ready to judge.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    keys: Vec<(String, String)>,
    patterns: Vec<(String, String)>,
    version: String,
    root: judge::Root,
}

impl RuleSet {
    /// Reads packs given as file name and text. The version is a hash of all of them.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, PackError> {
        if files.len() > limits::PACKS {
            return Err(PackError::TooMany { what: "packs", most: limits::PACKS });
        }
        let mut set = Self::default();
        let mut digest = Sha256::new();
        let mut names = BTreeSet::new();
        for (name, text) in files {
            let pack = parse(name, text)?;
            if !names.insert(pack.pack.clone()) {
                return Err(PackError::pack(name, &format!("another file is already the pack {}", pack.pack)));
            }
            digest.update(name.len().to_le_bytes());
            digest.update(name.as_bytes());
            digest.update(text.len().to_le_bytes());
            digest.update(text.as_bytes());
            set.add(name, pack)?;
        }
        set.version = hex(&digest.finalize()[..8]);
        set.rules.sort_by_key(|rule| std::cmp::Reverse((rule.action, rule.severity)));
        set.try_given_tests()?;
        Ok(set)
    }

    fn add(&mut self, name: &str, pack: PackFile) -> Result<(), PackError> {
        let mut ids = BTreeSet::new();
        for rule in &pack.rules {
            if !ids.insert(&rule.id) {
                return Err(PackError::rule(name, &rule.id, "another rule has this id"));
            }
            self.rules.push(Rule::make(name, &pack, rule)?);
        }
        for (set, terms) in pack.terms {
            let term = format!("{}.{set}", pack.pack);
            self.keys.extend(terms.keys.into_iter().map(|key| (term.clone(), key)));
            self.patterns.extend(terms.patterns.into_iter().map(|pattern| (term.clone(), pattern)));
        }
        if self.rules.len() > limits::RULES {
            return Err(PackError::TooMany { what: "rules", most: limits::RULES });
        }
        if self.keys.len() > limits::LEXICON_KEYS {
            return Err(PackError::TooMany { what: "keys", most: limits::LEXICON_KEYS });
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
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}
