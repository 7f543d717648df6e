//! Results as `JUnit` XML, which every CI shows: a suite for each platform, a case for each control.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::snapshot::ResultFile;
use crate::judge::State;

/// What a CI shows as a suite of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Its cases, in order.
    pub cases: Vec<Case>,
}

/// What a CI shows as a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Passed.
    Passed,
    /// Failed: a kind and a message.
    Failed(String, String),
    /// Not decided: a message.
    Skipped(String),
}

/// A run as suites: what is unknown is skipped, what is stale fails.
pub fn suites(results: &ResultFile) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    for entry in &results.cells {
        if suites.last().is_none_or(|suite| suite.name != entry.platform) {
            suites.push(Suite { name: entry.platform.clone(), cases: Vec::new() });
        }
        let outcome = match entry.state {
            State::Met => Outcome::Passed,
            State::NotMet | State::Stale => Outcome::Failed(entry.state.word().to_owned(), entry.reason.clone()),
            State::Unknown | State::Disputed | State::NotApplicable => Outcome::Skipped(format!("{}: {}", entry.state, entry.reason)),
        };
        if let Some(suite) = suites.last_mut() {
            suite.cases.push(Case { name: entry.control.clone(), outcome });
        }
    }
    suites
}

/// The XML.
pub fn to_junit(name: &str, suites: &[Suite]) -> String {
    let mut report = Report::new(name);
    for suite in suites {
        let mut written = TestSuite::new(suite.name.as_str());
        for case in &suite.cases {
            let status = match &case.outcome {
                Outcome::Passed => TestCaseStatus::success(),
                Outcome::Failed(kind, message) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_type(kind.as_str()).set_message(message.as_str());
                    status
                }
                Outcome::Skipped(message) => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(message.as_str());
                    status
                }
            };
            let mut one = TestCase::new(case.name.as_str(), status);
            one.set_classname(suite.name.as_str());
            written.add_test_case(one);
        }
        report.add_test_suite(written);
    }
    report.to_string().expect("memory takes what is written") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_messages_are_in_the_file() {
        let case = |name: &str, outcome| Case { name: name.to_owned(), outcome };
        let suites = [Suite {
            name: "chat".to_owned(),
            cases: vec![
                case("ENC-1", Outcome::Passed),
                case("ENC-2", Outcome::Failed("stale".to_owned(), "older than <120> days & \"counting\"".to_owned())),
                case("ENC-3", Outcome::Skipped("unknown: no evidence".to_owned())),
            ],
        }];
        let text = to_junit("frankly audit", &suites);
        assert!(text.contains("tests=\"3\"") && text.contains("failures=\"1\"") && text.contains("skipped=\"1\""), "{text}");
        assert!(text.contains("older than &lt;120&gt; days &amp; &quot;counting&quot;"), "{text}");
        assert!(!text.contains("timestamp") && !text.contains("uuid"), "the same run makes the same file: {text}");
    }
}
