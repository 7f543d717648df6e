//! What a contact policy watches: how many strangers somebody may reach in a day, how much they may say in a minute, and
//! which counts need a person.

use std::collections::BTreeMap;

use cel::Program;
use model::contact::{ContactCounters, ContactFacts};
use model::verdict::{Action, Reason, Verdict};
use serde::Deserialize;
use serde_json::Value;

use super::ContactPolicy;
use super::file::TestFile;
use super::names::{self, Fact, Names};
use super::trial::put;
use crate::pack::PackError;

/// A bound as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitFile {
    id: String,
    title: String,
    when: String,
    /// Strangers that may be reached in 24 hours.
    new_contacts_24h: i64,
    /// Messages and state events that may be sent in a minute; left out: as many as everybody may.
    messages_1m: Option<u32>,
    tests: Vec<TestFile>,
}

/// An alert as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertFile {
    id: String,
    title: String,
    when: String,
    /// The harm, as in `child_safety.grooming`.
    harm: String,
    /// 0 to 4.
    severity: u8,
    /// Queue of the case.
    queue: String,
    /// For the reviewer; `{{fact}}` is replaced by its value.
    explain: String,
    tests: Vec<TestFile>,
}

/// How many strangers some people may reach, and how much they may say.
#[derive(Debug)]
pub(super) struct Limit {
    id: String,
    when: Program,
    new_contacts_24h: i64,
    messages_1m: Option<u32>,
    tests: Vec<TestFile>,
}

/// Counts that need a person.
#[derive(Debug)]
pub(super) struct Alert {
    id: String,
    when: Program,
    harm: String,
    severity: u8,
    queue: String,
    explain: String,
    tests: Vec<TestFile>,
}

impl LimitFile {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn make(self) -> Result<Limit, String> {
        if self.title.trim().is_empty() || self.new_contacts_24h < 0 {
            return Err("title must say something, and new_contacts_24h is a number from 0".to_owned());
        }
        if self.messages_1m == Some(0) {
            return Err("messages_1m is a number from 1; leave it out for no bound of its own".to_owned());
        }
        let when = super::file::compile(&self.when, &names::OPENER)?;
        let Self { id, new_contacts_24h, messages_1m, tests, .. } = self;
        Ok(Limit { id, when, new_contacts_24h, messages_1m, tests })
    }
}

impl AlertFile {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn make(self) -> Result<Alert, String> {
        if [&self.title, &self.harm, &self.queue, &self.explain].iter().any(|text| text.trim().is_empty()) || self.severity > 4 {
            return Err("title, harm, queue and explain must say something, and severity goes from 0 to 4".to_owned());
        }
        let known: Vec<&str> = names::OPENER.iter().chain(&names::COUNTERS).copied().collect();
        let when = super::file::compile(&self.when, &known)?;
        for piece in self.explain.split("{{").skip(1) {
            let (name, _) = piece.split_once("}}").ok_or("explain has {{ without }}")?;
            if !known.contains(&name.trim()) {
                return Err(format!("there is no fact {}", name.trim()));
            }
        }
        let AlertFile { id, harm, severity, queue, explain, tests, .. } = self;
        Ok(Alert { id, when, harm, severity, queue, explain, tests })
    }
}

impl ContactPolicy {
    /// How many people somebody may reach in 24 hours whom they do not know; `None`: as many as they like.
    pub fn new_contacts_24h(&self, opener: &ContactFacts) -> Option<i64> {
        self.limit(opener).map(|limit| limit.new_contacts_24h)
    }

    /// How many messages and state events somebody may send in a minute; `None`: as many as everybody may.
    pub fn messages_1m(&self, sender: &ContactFacts) -> Option<u32> {
        self.limit(sender).and_then(|limit| limit.messages_1m)
    }

    fn limit(&self, who: &ContactFacts) -> Option<&Limit> {
        let counters = ContactCounters::default();
        let names = Names { facts: who, counters: &counters };
        // a bound that cannot be evaluated binds
        self.limits.iter().find(|limit| self.root.is_true(&limit.when, &names).unwrap_or(true))
    }

    /// What the counts of somebody's contacts earn: nothing, or a case with these reasons.
    pub fn alerts(&self, opener: &ContactFacts, counters: &ContactCounters) -> Option<Verdict> {
        let names = Names { facts: opener, counters };
        let mut reasons: Vec<Reason> = self
            .alerts
            .iter()
            .filter(|alert| self.root.is_true(&alert.when, &names) == Ok(true))
            .map(|alert| Reason {
                rule: format!("{}/{}", self.name, alert.id),
                harm: alert.harm.clone(),
                severity: alert.severity,
                action: Action::Annotate,
                shadow: false,
                queue: alert.queue.clone(),
                explain: explain(&alert.explain, &names),
                score: 0.6,
                ..Reason::default()
            })
            .collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.severity));
        let verdict = Verdict { action: Action::Annotate, hold: None, reasons, pack_version: self.version.clone() };
        (!verdict.reasons.is_empty()).then_some(verdict)
    }

    /// As [`ContactPolicy::try_tests`], for bounds and alerts.
    pub(super) fn try_watch(&self, file: &str) -> Result<(), PackError> {
        for limit in &self.limits {
            self.try_one(file, &limit.id, &limit.when, &limit.tests)?;
        }
        for alert in &self.alerts {
            self.try_one(file, &alert.id, &alert.when, &alert.tests)?;
        }
        Ok(())
    }

    fn try_one(&self, file: &str, id: &str, when: &Program, tests: &[TestFile]) -> Result<(), PackError> {
        let fault = |reason: &str| PackError::rule(file, id, reason);
        let fires = |given: &BTreeMap<String, Value>| {
            let (facts, counters) = given_facts(given)?;
            self.root.is_true(when, &Names { facts: &facts, counters: &counters }).map_err(|reason| format!("when: {reason}"))
        };
        fires(&BTreeMap::new()).map_err(|reason| fault(&reason))?;
        if !tests.iter().any(|test| test.expect == "fires") {
            return Err(fault("needs a test in which it fires"));
        }
        for test in tests {
            let expected = match test.expect.as_str() {
                "fires" => true,
                "passes" => false,
                _ => return Err(fault("a test expects fires or passes")),
            };
            if fires(&test.given).map_err(|reason| fault(&reason))? != expected {
                return Err(fault(&format!("test failed: expected that it {} given {:?}", test.expect, test.given)));
            }
        }
        Ok(())
    }
}

fn given_facts(given: &BTreeMap<String, Value>) -> Result<(ContactFacts, ContactCounters), String> {
    let wrong = |error: serde_json::Error| format!("a test gives a fact of the wrong type: {error}");
    let mut facts = serde_json::to_value(ContactFacts::default()).map_err(wrong)?;
    let mut counters = serde_json::to_value(ContactCounters::default()).map_err(wrong)?;
    for (name, value) in given {
        match name.strip_prefix("counters.") {
            Some(field) if names::COUNTERS.contains(&name.as_str()) => counters[field] = super::trial::whole(value),
            None if names::OPENER.contains(&name.as_str()) => put(&mut facts, name, value)?,
            _ => return Err(format!("a test gives {name}, which is no fact that can be given")),
        }
    }
    Ok((serde_json::from_value(facts).map_err(wrong)?, serde_json::from_value(counters).map_err(wrong)?))
}

/// Fills `{{fact}}`.
fn explain(text: &str, names: &Names<'_>) -> String {
    let mut filled = String::new();
    for (index, piece) in text.split("{{").enumerate() {
        let Some((name, rest)) = piece.split_once("}}").filter(|_| index > 0) else {
            filled.push_str(piece);
            continue;
        };
        match names::value(name.trim(), names) {
            Some(Fact::Int(number)) => filled.push_str(&number.to_string()),
            Some(Fact::Bool(yes)) => filled.push_str(if yes { "yes" } else { "no" }),
            Some(Fact::Name(word)) => filled.push_str(word),
            None => {}
        }
        filled.push_str(rest);
    }
    filled
}
