//! Words an auditor cares for, and the controls they are about.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::words::words;

/// How much a change matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// No word of the lexicon.
    Low,
    /// About a control.
    Medium,
    /// Told at once, before the hold is over.
    High,
}

impl Severity {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High].into_iter().find(|severity| severity.as_str() == name)
    }
}

/// Beginnings of words (`|` ends a whole word), the controls they touch, and how much it matters.
const TERMS: [(&str, &[&str], Severity); 62] = [
    ("end to end", &["ENC-1", "ENC-2"], Severity::High),
    ("e2ee|", &["ENC-1", "ENC-2"], Severity::High),
    ("encrypt", &["ENC-1", "ENC-2"], Severity::High),
    ("verschlüssel", &["ENC-1", "ENC-2"], Severity::High),
    ("chiffr", &["ENC-1", "ENC-2"], Severity::High),
    ("cifrad", &["ENC-1", "ENC-2"], Severity::High),
    ("crittograf", &["ENC-1", "ENC-2"], Severity::High),
    ("secret conversation", &["ENC-1", "ENC-2"], Severity::High),
    ("secret chat", &["ENC-1", "ENC-2"], Severity::High),
    ("backup", &["ENC-5"], Severity::Medium),
    ("forward secrecy", &["ENC-6"], Severity::Medium),
    ("post quantum", &["ENC-6"], Severity::Medium),
    ("safety number", &["KEY-1"], Severity::Medium),
    ("security code", &["KEY-1", "KEY-2"], Severity::Medium),
    ("key transparency", &["KEY-3"], Severity::Medium),
    ("linked device", &["KEY-4"], Severity::Medium),
    ("recovery key", &["KEY-6"], Severity::Medium),
    ("passkey", &["KEY-5"], Severity::Medium),
    ("metadata", &["META-1"], Severity::Medium),
    ("contact list", &["META-3"], Severity::Medium),
    ("address book", &["META-3"], Severity::Medium),
    ("independent audit", &["ASR-3"], Severity::Medium),
    ("vulnerabilit", &["ASR-5"], Severity::Medium),
    ("direct message", &["MOD-1", "MOD-2"], Severity::Medium),
    ("private message", &["MOD-1", "MOD-2"], Severity::Medium),
    ("content of the message", &["MOD-1", "META-1"], Severity::High),
    ("content of your message", &["MOD-1", "META-1"], Severity::High),
    ("messages you send", &["MOD-1", "META-1"], Severity::Medium),
    ("scan", &["MOD-2"], Severity::High),
    ("moderat", &["MOD-1"], Severity::Medium),
    ("human review", &["MOD-1", "ACC-1"], Severity::Medium),
    ("automated system", &["MOD-2"], Severity::Medium),
    ("report a message", &["MOD-3"], Severity::Medium),
    ("appeal", &["MOD-4"], Severity::Medium),
    ("statement of reasons", &["MOD-4"], Severity::Medium),
    ("transparency report", &["MOD-5", "ACC-5"], Severity::Medium),
    ("under 13", &["MIN-1"], Severity::High),
    ("under 16", &["MIN-1"], Severity::High),
    ("under 18", &["MIN-1"], Severity::High),
    ("at least 13", &["MIN-1"], Severity::High),
    ("at least 16", &["MIN-1"], Severity::High),
    ("minimum age", &["MIN-1"], Severity::High),
    ("years old", &["MIN-1"], Severity::Medium),
    ("age verification", &["MIN-2"], Severity::Medium),
    ("age assurance", &["MIN-2"], Severity::Medium),
    ("minors", &["MIN-1", "MIN-3"], Severity::Medium),
    ("teen", &["MIN-3"], Severity::Medium),
    ("parent", &["MIN-4"], Severity::Medium),
    ("guardian", &["MIN-4"], Severity::Medium),
    ("our employees", &["ACC-1"], Severity::Medium),
    ("law enforcement", &["ACC-2", "ACC-3"], Severity::High),
    ("warrant|", &["ACC-3"], Severity::High),
    ("warrants|", &["ACC-3"], Severity::High),
    ("subpoena", &["ACC-3"], Severity::High),
    ("court order", &["ACC-3"], Severity::High),
    ("standard contractual clauses", &["GOV-2"], Severity::Medium),
    ("data transfer", &["GOV-2"], Severity::Medium),
    ("download your data", &["GOV-3"], Severity::Medium),
    ("retain", &["GOV-4", "META-2"], Severity::Medium),
    ("retention", &["GOV-4", "META-2"], Severity::Medium),
    ("delet", &["GOV-3", "GOV-4"], Severity::Medium),
    ("train our", &["GOV-5"], Severity::Medium),
];

/// What the words of a text are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Ids of controls, sorted.
    pub controls: BTreeSet<&'static str>,
    /// The gravest of them.
    pub severity: Severity,
}

/// Looks for words of the lexicon in the sentences that went or came.
pub fn touched<'a>(sentences: impl Iterator<Item = &'a str>) -> Touched {
    let mut found = Touched { controls: BTreeSet::new(), severity: Severity::Low };
    for sentence in sentences {
        let text = format!(" {} ", words(sentence));
        for (term, controls, severity) in &TERMS {
            if has(&text, term) {
                found.controls.extend(controls.iter());
                found.severity = found.severity.max(*severity);
            }
        }
    }
    found
}

fn has(text: &str, term: &str) -> bool {
    let (term, whole) = term.strip_suffix('|').map_or((term, false), |term| (term, true));
    text.match_indices(term).any(|(at, _)| {
        let begins = text[..at].ends_with(' ');
        begins && (!whole || text[at + term.len()..].starts_with(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::SHIPPED;

    fn of(text: &str) -> (Vec<&'static str>, Severity) {
        let touched = touched(std::iter::once(text));
        (touched.controls.into_iter().collect(), touched.severity)
    }

    #[test]
    fn words_lead_to_controls() {
        assert_eq!(of("Messages are End-to-End encrypted."), (vec!["ENC-1", "ENC-2"], Severity::High));
        assert_eq!(of("We answer a warrant."), (vec!["ACC-3"], Severity::High));
        assert_eq!(of("A warranty of two years."), (vec![], Severity::Low));
        assert_eq!(of("You must not be under 13."), (vec!["MIN-1"], Severity::High));
        assert_eq!(of("Your landscape"), (vec![], Severity::Low), "scan stands inside of a word");
    }

    #[test]
    fn every_control_of_the_lexicon_exists() {
        for (term, controls, _) in &TERMS {
            assert!(!controls.is_empty() && *term == term.to_lowercase(), "{term}");
            for control in *controls {
                assert!(SHIPPED.get(control).is_some(), "{term}: {control}");
            }
        }
    }
}
