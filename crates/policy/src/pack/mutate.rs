//! Rules with one thing wrong: each must make a test of the pack fail, or the tests say nothing about it.

use std::ops::Range;

use cel::Program;
use model::body::PlainBody;
use model::finding::Findings;
use serde::Serialize;

use super::rule::Rule;
use super::schema::Names;
use super::trial::given;
use super::{PackError, RuleSet};

/// A change to a rule or term set, and whether a test noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mutant {
    /// The file.
    pub file: String,
    /// Its line.
    pub line: u64,
    /// Rule, as in `pack/rule`, or term set.
    pub subject: String,
    /// What was changed.
    pub change: String,
    /// Whether a test failed.
    pub noticed: bool,
}

impl RuleSet {
    /// Every `when` with one comparison, negation, conjunction or list entry changed, held against the tests of its rule.
    ///
    /// # Errors
    /// When a test of the pack cannot be run.
    pub fn mutate(&self, scan: impl Fn(&PlainBody) -> Findings) -> Result<Vec<Mutant>, PackError> {
        let mut mutants = Vec::new();
        for rule in &self.rules {
            let mut cases = Vec::new();
            for test in rule.tests() {
                let findings = test.value.text.as_ref().map(|text| scan(&PlainBody::of_text(text))).unwrap_or_default();
                let line = test.referenced.line();
                let fault = |reason: String| PackError::rule(&rule.file, &rule.id, &reason).at(line);
                cases.push((given(&test.value, &rule.pack, findings).map_err(fault)?, test.value.expect != "allow"));
            }
            let when = rule.written.when.value.as_str();
            for change in changes(when) {
                let noticed = match Program::compile(&change.apply(when)) {
                    Ok(changed) => cases.iter().any(|((facts, findings), fires)| {
                        let names = Names { facts, findings, pack: &rule.pack };
                        let holds = rule.places.hold(&facts.ctx.jurisdiction);
                        (holds && self.root.is_true(&changed, &names) == Ok(true)) != *fires
                    }),
                    Err(_) => true,
                };
                mutants.push(mutant(rule, change.text(when), noticed));
            }
        }
        Ok(mutants)
    }
}

fn mutant(rule: &Rule, change: String, noticed: bool) -> Mutant {
    Mutant { file: rule.file.clone(), line: rule.written.when.referenced.line(), subject: rule.name(), change, noticed }
}

/// A stretch of the expression and what is put in its place.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    at: Range<usize>,
    with: String,
}

impl Change {
    fn apply(&self, when: &str) -> String {
        format!("{}{}{}", &when[..self.at.start], self.with, &when[self.at.end..])
    }

    fn text(&self, when: &str) -> String {
        let around = when[..self.at.start].chars().rev().take(24).collect::<Vec<_>>().into_iter().rev().collect::<String>();
        let with = if self.with.is_empty() { "nothing" } else { &self.with };
        format!("…{around}[{} → {with}]", &when[self.at.clone()])
    }
}

/// What each operator is changed to; longer ones first.
const OPERATORS: [(&str, &[&str]); 8] = [
    (">=", &[">", "<"]),
    ("<=", &["<", ">"]),
    ("==", &["!="]),
    ("!=", &["=="]),
    ("&&", &["||"]),
    ("||", &["&&"]),
    (">", &[">=", "<="]),
    ("<", &["<=", ">="]),
];

/// Every change to be tried.
fn changes(when: &str) -> Vec<Change> {
    let bytes = when.as_bytes();
    let mut changes = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => at += quoted(&bytes[at..], quote),
            b'[' => at = list(when, at, &mut changes),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => at = name(when, at, &mut changes),
            b'!' if bytes.get(at + 1) != Some(&b'=') => {
                changes.push(Change { at: at..at + 1, with: String::new() });
                at += 1;
                // what is negated needs no second negation
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'.' | b'_')) {
                    at += 1;
                }
            }
            _ => at += operator(when, at, &mut changes),
        }
    }
    changes
}

fn quoted(bytes: &[u8], quote: u8) -> usize {
    bytes[1..].iter().position(|byte| *byte == quote).map_or(bytes.len(), |end| end + 2)
}

fn operator(when: &str, at: usize, changes: &mut Vec<Change>) -> usize {
    let Some((operator, others)) = OPERATORS.iter().find(|(operator, _)| when.as_bytes()[at..].starts_with(operator.as_bytes())) else {
        return 1;
    };
    changes.extend(others.iter().map(|other| Change { at: at..at + operator.len(), with: (*other).to_owned() }));
    operator.len()
}

/// A name that stands for yes or no is negated. Returns where it ends.
fn name(when: &str, from: usize, changes: &mut Vec<Change>) -> usize {
    let end = when[from..].find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))).map_or(when.len(), |end| from + end);
    let compared = |text: &str| ["<", ">", "==", "!=", "in ", "+", "-", "?"].iter().any(|sign| text.starts_with(sign));
    let before = when[..from].trim_end();
    let after_comparison = before.ends_with(['<', '>', '=', '+', '-']);
    if when[from..end].contains('.') && !compared(when[end..].trim_start()) && !after_comparison {
        changes.push(Change { at: from..from, with: "!".to_owned() });
    }
    end
}

/// Each entry of a list is left out. Returns where the list ends.
fn list(when: &str, from: usize, changes: &mut Vec<Change>) -> usize {
    let end = when[from..].find(']').map_or(when.len(), |end| from + end + 1);
    let inner = &when[from + 1..end.saturating_sub(1).max(from + 1)];
    let entries: Vec<&str> = inner.split(',').map(str::trim).collect();
    for left_out in 0..entries.len() {
        let rest: Vec<&str> = entries.iter().enumerate().filter(|(index, _)| *index != left_out).map(|(_, entry)| *entry).collect();
        changes.push(Change { at: from..end, with: format!("[{}]", rest.join(", ")) });
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(when: &str) -> Vec<String> {
        changes(when).iter().map(|change| change.apply(when)).collect()
    }

    #[test]
    fn everything_that_decides_is_changed() {
        assert_eq!(all("terms.a > 1"), ["terms.a >= 1", "terms.a <= 1"]);
        assert_eq!(all("!pair.mutual"), ["pair.mutual"]);
        assert_eq!(all("pair.mutual"), ["!pair.mutual"]);
        assert_eq!(all("ctx.mode == \"a > b\""), ["ctx.mode != \"a > b\""]);
        assert_eq!(all("x.y in ['a', 'b']"), ["x.y in ['b']", "x.y in ['a']"]);
        let both = all("pair.mutual && !(msg.links >= 2 || msg.is_edit)");
        assert!(both.contains(&"pair.mutual || !(msg.links >= 2 || msg.is_edit)".to_owned()));
        assert!(both.contains(&"pair.mutual && (msg.links >= 2 || msg.is_edit)".to_owned()));
        assert!(both.contains(&"pair.mutual && !(msg.links >= 2 || !msg.is_edit)".to_owned()));
        assert_eq!(both.len(), 7);
    }

    #[test]
    fn odd_text_is_cut_without_harm() {
        for odd in ["[", "\"", "a.b[", "!", "é > 1", "]", "['é', 'ü'"] {
            all(odd);
        }
    }
}
