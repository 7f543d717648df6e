//! What is wrong with a file, and where.

use std::fmt;

use serde_saphyr::Location;

/// A place in a file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1; 0 when the file as a whole is meant.
    pub line: u64,
    /// Column, from 1; 0 when the line as a whole is meant.
    pub column: u64,
    /// The rule that is broken, such as `duplicate-id`.
    pub rule: &'static str,
    /// What is wrong, in words.
    pub reason: String,
}

impl Fault {
    /// A fault at a place of a YAML file.
    pub fn at(file: &str, place: Location, rule: &'static str, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: place.line(), column: place.column(), rule, reason: reason.into() }
    }

    /// A fault of the file as a whole.
    pub fn of(file: &str, rule: &'static str, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0, rule, reason: reason.into() }
    }

    /// What the YAML reader complains of.
    pub fn syntax(file: &str, error: &serde_saphyr::Error) -> Self {
        let place = error.location().unwrap_or(Location::UNKNOWN);
        let whole = error.to_string();
        // the reader draws the place below its first line, and names it in front, as we do
        let reason = whole.lines().next().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        let named = format!("line {} column {}: ", place.line(), place.column());
        let reason = reason.strip_prefix(&named).unwrap_or(reason);
        Self::at(file, place, "syntax", reason)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}: {}: {}", self.file, self.rule, self.reason),
            (line, 0) => write!(f, "{}:{line}: {}: {}", self.file, self.rule, self.reason),
            (line, column) => write!(f, "{}:{line}:{column}: {}: {}", self.file, self.rule, self.reason),
        }
    }
}
