//! The tests that packs bring along.

use model::body::PlainBody;
use model::facts::Facts;
use model::finding::{Findings, Hit};
use model::verdict::Action;
use serde_json::Value;

use super::error::PackError;
use super::file::TestFile;
use super::rule::Rule;
use super::{RuleSet, schema};

impl RuleSet {
    /// Runs the tests that have a text, with the scanner's answer to it. Call it once the lexicon is made of this set's
    /// keys and patterns, and take no set whose tests fail.
    pub fn check(&self, scan: impl Fn(&PlainBody) -> Findings) -> Result<(), PackError> {
        for rule in &self.rules {
            for test in &rule.tests {
                if let Some(text) = &test.text {
                    self.try_one(rule, test, &scan(&PlainBody::of_text(text)))?;
                }
            }
        }
        Ok(())
    }

    /// Runs the tests that need no text, and every expression once with all terms hit and once with none.
    pub(crate) fn try_given_tests(&self) -> Result<(), PackError> {
        for rule in &self.rules {
            let fault = |reason: &str| PackError::rule(&rule.file, &rule.id, reason);
            for findings in [Findings::default(), every_term(rule)] {
                self.evaluate(rule, &Facts::default(), &findings).map_err(|reason| fault(&format!("when: {reason}")))?;
            }
            let fires = rule.tests.iter().filter(|test| test.expect != Action::Allow.as_str()).count();
            if rule.action != Action::Allow && (fires == 0 || fires == rule.tests.len()) {
                return Err(fault("needs a test that fires and one that does not"));
            }
            for test in rule.tests.iter().filter(|test| test.text.is_none()) {
                self.try_one(rule, test, &Findings::default())?;
            }
        }
        Ok(())
    }

    fn try_one(&self, rule: &Rule, test: &TestFile, findings: &Findings) -> Result<(), PackError> {
        let fault = |reason: &str| PackError::rule(&rule.file, &rule.id, reason);
        let expected = Action::parse(&test.expect).ok_or_else(|| fault("a test expects allow, annotate, hold or block"))?;
        let mut facts = facts_of(test).map_err(|reason| fault(&reason))?;
        facts.msg.links = facts.msg.links.max(i64::from(findings.links));
        facts.msg.len = facts.msg.len.max(i64::from(findings.chars));
        let got = if self.fires(rule, &facts, findings) { rule.action } else { Action::Allow };
        if got == expected {
            return Ok(());
        }
        let what = test.text.clone().unwrap_or_else(|| format!("{:?}", test.given));
        Err(fault(&format!("test failed: expected {}, got {} for {what}", expected.as_str(), got.as_str())))
    }
}

fn every_term(rule: &Rule) -> Findings {
    let sets = rule.need.iter().flatten();
    let hit = |set: &String| Hit { term: format!("{}.{set}", rule.pack), key: String::new(), field: String::new(), start: 0, end: 1 };
    Findings { hits: sets.map(hit).collect(), ..Findings::default() }
}

/// Facts with the given ones put in by their dotted names.
fn facts_of(test: &TestFile) -> Result<Facts, String> {
    let mut facts = serde_json::to_value(Facts::default()).map_err(|error| error.to_string())?;
    for (name, value) in &test.given {
        let known = schema::BEHAVIOUR.contains(&name.as_str()) || schema::CONTENT.contains(&name.as_str());
        let place = name.split_once('.').and_then(|(group, field)| facts.get_mut(group)?.get_mut(field));
        match place.filter(|_| known) {
            Some(place) => *place = as_fact(value),
            None => return Err(format!("a test gives {name}, which is no fact")),
        }
    }
    serde_json::from_value(facts).map_err(|error| format!("a test gives a fact of the wrong type: {error}"))
}

fn as_fact(value: &Value) -> Value {
    value.as_f64().filter(|number| number.fract() == 0.0 && value.as_i64().is_none()).map_or_else(
        || value.clone(),
        |number| {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number of a test")]
            let whole = number as i64;
            Value::from(whole)
        },
    )
}
