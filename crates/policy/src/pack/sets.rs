//! Term sets: keys, patterns and the sentences that show what they are for.

use std::sync::Arc;

use model::limits;

use super::error::PackError;
use super::gather::{Placeholders, Written, alternatives, expand, uses};

/// A term set of a pack.
#[derive(Debug)]
pub struct TermSet {
    /// Full name, as in `frankly-en.insult`.
    pub term: String,
    /// Its pack.
    pub pack: String,
    written: Written,
    placeholders: Arc<Placeholders>,
}

/// A piece of a term set that may be left out, to see whether a test notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A key or pattern as written.
    Key(String),
    /// A word of a placeholder.
    Word {
        /// The placeholder.
        placeholder: String,
        /// The word.
        word: String,
    },
}

impl std::fmt::Display for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => write!(f, "without \"{key}\""),
            Self::Word { placeholder, word } => write!(f, "without \"{word}\" of {{{placeholder}}}"),
        }
    }
}

/// Term and key, or term and pattern.
pub type Pairs = Vec<(String, String)>;

impl TermSet {
    pub(crate) fn new(pack: &str, name: &str, written: Written, placeholders: Arc<Placeholders>) -> Self {
        Self { term: format!("{pack}.{name}"), pack: pack.to_owned(), written, placeholders }
    }

    /// File and line.
    pub fn place(&self) -> (&str, u64) {
        (&self.written.file, self.written.line)
    }

    /// Sentences in which it is hit.
    pub fn examples(&self) -> &[String] {
        &self.written.terms.examples
    }

    /// Sentences in which it is not.
    pub fn near_misses(&self) -> &[String] {
        &self.written.terms.near_misses
    }

    /// Everything of it that may be left out, lists of the operator's own apart.
    pub fn pieces(&self) -> Vec<Piece> {
        let templates = || self.written.terms.keys.iter().chain(&self.written.terms.patterns);
        let mut pieces: Vec<Piece> = templates().map(|key| Piece::Key(key.clone())).collect();
        for (name, words) in self.placeholders.iter().filter(|(name, words)| words.len() > 1 && templates().any(|key| uses(key, name))) {
            pieces.extend(words.iter().map(|word| Piece::Word { placeholder: name.clone(), word: word.clone() }));
        }
        pieces
    }

    /// Keys and patterns without one piece.
    ///
    /// # Errors
    /// What a placeholder is at fault in; not after the set was made once.
    pub fn without(&self, piece: &Piece) -> Result<(Pairs, Pairs), PackError> {
        let mut less = Self {
            term: self.term.clone(),
            pack: self.pack.clone(),
            written: self.written.clone(),
            placeholders: Arc::clone(&self.placeholders),
        };
        match piece {
            Piece::Key(key) => {
                less.written.terms.keys.retain(|known| known != key);
                less.written.terms.patterns.retain(|known| known != key);
            }
            Piece::Word { placeholder, word } => {
                if let Some(words) = Arc::make_mut(&mut less.placeholders).get_mut(placeholder) {
                    words.retain(|known| known != word);
                }
            }
        }
        let (mut keys, mut patterns) = (Pairs::new(), Pairs::new());
        less.make(&mut keys, &mut patterns)?;
        Ok((keys, patterns))
    }

    /// Adds its keys and patterns, placeholders filled in.
    pub(crate) fn make(&self, keys: &mut Pairs, patterns: &mut Pairs) -> Result<(), PackError> {
        let fault = |reason: &str| PackError::pack(&self.written.file, &format!("term set {}: {reason}", self.term)).at(self.written.line);
        for template in &self.written.terms.keys {
            let made = expand(template, &self.placeholders).map_err(|reason| fault(&reason))?;
            keys.extend(made.into_iter().map(|key| (self.term.clone(), key)));
            self.bounded(keys.len())?;
        }
        keys.extend(self.written.listed.iter().map(|key| (self.term.clone(), key.clone())));
        self.bounded(keys.len())?;
        for pattern in &self.written.terms.patterns {
            let made = alternatives(pattern, &self.placeholders).map_err(|reason| fault(&reason))?;
            patterns.push((self.term.clone(), made));
        }
        Ok(())
    }

    fn bounded(&self, keys: usize) -> Result<(), PackError> {
        if keys > limits::LEXICON_KEYS {
            return Err(PackError::too_many(&self.written.file, "keys", limits::LEXICON_KEYS).at(self.written.line));
        }
        Ok(())
    }
}
