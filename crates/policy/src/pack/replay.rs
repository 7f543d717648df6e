//! A recorded reason held against the rules of today: by the facts it was recorded with, without any text.

use model::finding::Findings;
use model::verdict::Reason;
use serde::Serialize;

use super::RuleSet;
use super::file::TestFile;
use super::trial::given;

/// What has become of a recorded reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// `pack/rule`.
    pub rule: String,
    /// Whether there is still a rule of that name.
    pub known: bool,
    /// Whether it is the very rule: terms, tests and all.
    pub unchanged: bool,
    /// Whether it fires on the recorded facts.
    pub fires: bool,
}

impl Replayed {
    /// Whether the same comes out as was recorded.
    pub fn same(&self) -> bool {
        self.unchanged && self.fires
    }
}

impl RuleSet {
    /// Replays one reason.
    pub fn replay(&self, reason: &Reason) -> Replayed {
        let rule = self.rules.iter().find(|rule| rule.name() == reason.rule);
        let facts = TestFile { text: None, given: reason.facts.clone(), expect: String::new() };
        let fires = rule.is_some_and(|rule| {
            given(&facts, &rule.pack, Findings::default()).is_ok_and(|(facts, findings)| self.evaluate(rule, &facts, &findings) == Ok(true))
        });
        Replayed { rule: reason.rule.clone(), known: rule.is_some(), unchanged: rule.is_some_and(|rule| rule.hash == reason.hash), fires }
    }
}
