//! Reviews of whole logs: each check on a log that has what it looks for, and on one that has not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checks;
mod imports;
mod reading;

use audit::logs::settings::Settings;
use audit::logs::source::{Format, LogError};
use audit::logs::{Beside, Check, Checked, InMemory, Review, State, review, time};

/// The moment of all reviews here.
fn now() -> i64 {
    time::parse(b"2026-11-28T07:20:00Z").unwrap()
}

fn try_review(text: &[u8], format: &Format, settings: &Settings, beside: &Beside) -> Result<Review, LogError> {
    review(text, format, settings, beside, now(), &mut InMemory::default(), |_| ())
}

/// Reviews entries of our own log with settings as on the command line.
fn own_beside(entries: &[serde_json::Value], set: &[&str], beside: &Beside) -> Review {
    let text: String = entries.iter().flat_map(|entry| [entry.to_string(), "\n".to_owned()]).collect();
    let settings = Settings::read(None, &set.iter().map(|change| (*change).to_owned()).collect::<Vec<_>>()).unwrap();
    try_review(text.as_bytes(), &Format::Own, &settings, beside).unwrap()
}

fn own(entries: &[serde_json::Value], set: &[&str]) -> Review {
    own_beside(entries, set, &Beside::default())
}

fn checked(review: &Review, check: Check) -> &Checked {
    review.checks.iter().find(|checked| checked.check == check).unwrap()
}

/// What a check found, as `severity count: what it says [line: what it shows …]`.
fn found(review: &Review, check: Check) -> Vec<String> {
    let of = |finding: &audit::logs::Finding| {
        let evidence: Vec<String> = finding
            .evidence
            .iter()
            .map(|evidence| evidence.line.map_or_else(|| evidence.shows.clone(), |line| format!("{line}: {}", evidence.shows)))
            .collect();
        format!("{:?} {}: {} [{}]", finding.severity, finding.count, finding.says, evidence.join("; "))
    };
    checked(review, check).findings().iter().map(of).collect()
}

/// Whether a check looked and found nothing.
fn passes(review: &Review, check: Check) -> bool {
    matches!(checked(review, check).state, State::Passed { .. })
}

/// Why a check was not made.
fn not_checked(review: &Review, check: Check) -> &str {
    match &checked(review, check).state {
        State::NotChecked { because } => because,
        other => panic!("{check:?} was made: {other:?}"),
    }
}
