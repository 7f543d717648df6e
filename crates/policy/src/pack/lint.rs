//! What is wrong with packs that load all the same.

use serde::Serialize;

use super::RuleSet;
use super::approvals::APPROVERS;
use super::rule::{Rule, Status};

/// How grave a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Must be mended before the pack is used.
    Error,
    /// Should be looked at.
    Warning,
}

/// Something to be said of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// How grave.
    pub level: Level,
    /// The file.
    pub file: String,
    /// Its line.
    pub line: u64,
    /// Rule or term set.
    pub subject: String,
    /// What is to be mended.
    pub text: String,
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        write!(f, "{}:{}: {level}: {}: {}", self.file, self.line, self.subject, self.text)
    }
}

/// Tests that a rule which acts needs of each kind.
const TESTS_OF_EACH_KIND: usize = 2;

impl RuleSet {
    /// Looks for what a rule that acts must have besides what loading asks for. `today` is a date, as in `2026-11-28`.
    pub fn lint(&self, today: &str) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for rule in &self.rules {
            let mut say = |level, text: String| {
                remarks.push(Remark { level, file: rule.file.clone(), line: rule.line, subject: rule.id.clone(), text });
            };
            self.approval(rule, &mut say);
            review(rule, today, &mut say);
            tests(rule, &mut say);
        }
        self.unused(&mut remarks);
        remarks.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        remarks
    }

    fn approval(&self, rule: &Rule, say: &mut impl FnMut(Level, String)) {
        if rule.acts() && !self.is_approved(rule) {
            let count = self.approvals.of(&rule.name(), &rule.hash).count();
            say(
                Level::Error,
                format!("acts on messages with {count} of {APPROVERS} approvals of {}; see `frankly rules approve`", rule.hash),
            );
        }
    }

    fn unused(&self, remarks: &mut Vec<Remark>) {
        for set in &self.sets {
            let name = set.term.strip_prefix(&set.pack).and_then(|rest| rest.strip_prefix('.')).unwrap_or(&set.term);
            let wanted = format!("terms.{name}");
            let (file, line) = set.place();
            let mut say = |level, text: &str| {
                remarks.push(Remark { level, file: file.to_owned(), line, subject: set.term.clone(), text: text.to_owned() });
            };
            if !self.rules.iter().any(|rule| rule.pack == set.pack && rule.names.contains(&wanted)) {
                say(Level::Warning, "no rule names this term set");
            }
            if set.examples().is_empty() && !set.pieces().is_empty() {
                say(Level::Warning, "has keys, but no examples that would notice if one went missing");
            }
        }
    }
}

fn review(rule: &Rule, today: &str, say: &mut impl FnMut(Level, String)) {
    let by = rule.written.review_by.trim();
    if !is_date(by) {
        say(Level::Error, format!("review_by is {by}; write a date, as in 2027-05-31"));
    } else if by < today {
        say(Level::Warning, format!("was to be looked at again by {by}"));
    }
}

fn is_date(text: &str) -> bool {
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    digits(year, 4) && digits(month, 2) && digits(day, 2) && ("01"..="12").contains(&month) && ("01"..="31").contains(&day)
}

fn tests(rule: &Rule, say: &mut impl FnMut(Level, String)) {
    let fires = rule.tests().iter().filter(|test| test.value.expect != "allow").count();
    let kinds = [("fires", fires), ("does not fire", rule.tests().len() - fires)];
    for (what, count) in kinds {
        if count < TESTS_OF_EACH_KIND && rule.action != model::verdict::Action::Allow {
            let level = if rule.status == Status::Shadow { Level::Warning } else { Level::Error };
            say(level, format!("has {count} tests in which it {what}; {TESTS_OF_EACH_KIND} are needed"));
        }
    }
}
