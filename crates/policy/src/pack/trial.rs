//! The tests that packs bring along.

use model::body::PlainBody;
use model::facts::Facts;
use model::finding::{Findings, Hit, Label};
use model::verdict::Action;
use serde::Serialize;
use serde_json::Value;

use super::error::PackError;
use super::file::TestFile;
use super::rule::Rule;
use super::{RuleSet, schema};

/// One test that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// The file.
    pub file: String,
    /// Its line.
    pub line: u64,
    /// Id of the rule, or full name of the term set.
    pub subject: String,
    /// The message, or the facts.
    pub what: String,
    /// What was to come of it.
    pub expected: String,
    /// What came of it.
    pub got: String,
}

impl Trial {
    /// Whether it came out as expected.
    pub fn passed(&self) -> bool {
        self.expected == self.got
    }

    fn fault(&self) -> PackError {
        let reason = format!("test failed: expected {}, got {} for {}", self.expected, self.got, self.what);
        PackError::rule(&self.file, &self.subject, &reason).at(self.line)
    }
}

impl RuleSet {
    /// Runs every test with the scanner's answer to its text. Call it once the lexicon is made of this set's keys and
    /// patterns, and take no set whose tests fail.
    pub fn check(&self, scan: impl Fn(&PlainBody) -> Findings) -> Result<(), PackError> {
        self.trials(scan)?.iter().find(|trial| !trial.passed()).map_or(Ok(()), |failed| Err(failed.fault()))
    }

    /// As [`RuleSet::check`], with what came of each.
    ///
    /// # Errors
    /// When a test cannot be run: it gives no fact, or expects no verdict.
    pub fn trials(&self, scan: impl Fn(&PlainBody) -> Findings) -> Result<Vec<Trial>, PackError> {
        let mut trials = Vec::new();
        for rule in &self.rules {
            for test in rule.tests() {
                let findings = test.value.text.as_ref().map(|text| scan(&PlainBody::of_text(text))).unwrap_or_default();
                trials.push(self.try_one(rule, &test.value, test.referenced.line(), findings)?);
            }
        }
        for set in &self.sets {
            for (sentences, expected) in [(set.examples(), "hit"), (set.near_misses(), "no hit")] {
                for sentence in sentences {
                    let got = if scan(&PlainBody::of_text(sentence)).has(&set.term) { "hit" } else { "no hit" };
                    let (file, line) = set.place();
                    let subject = set.term.clone();
                    trials.push(Trial {
                        file: file.to_owned(),
                        line,
                        subject,
                        what: sentence.clone(),
                        expected: expected.to_owned(),
                        got: got.to_owned(),
                    });
                }
            }
        }
        Ok(trials)
    }

    /// Runs the tests that need no text, and every expression once with all terms hit and once with none.
    pub(crate) fn try_given_tests(&self) -> Result<(), PackError> {
        for rule in &self.rules {
            let fault = |reason: &str| PackError::rule(&rule.file, &rule.id, reason).at(rule.line);
            for findings in [Findings::default(), every_term(rule)] {
                self.evaluate(rule, &Facts::default(), &findings).map_err(|reason| fault(&format!("when: {reason}")))?;
            }
            let fires = rule.tests().iter().filter(|test| test.value.expect != Action::Allow.as_str()).count();
            if rule.action != Action::Allow && (fires == 0 || fires == rule.tests().len()) {
                return Err(fault("needs a test that fires and one that does not"));
            }
            for test in rule.tests().iter().filter(|test| test.value.text.is_none()) {
                let trial = self.try_one(rule, &test.value, test.referenced.line(), Findings::default())?;
                if !trial.passed() {
                    return Err(trial.fault());
                }
            }
        }
        Ok(())
    }

    fn try_one(&self, rule: &Rule, test: &TestFile, line: u64, findings: Findings) -> Result<Trial, PackError> {
        let fault = |reason: &str| PackError::rule(&rule.file, &rule.id, reason).at(line);
        let expected = Action::parse(&test.expect).ok_or_else(|| fault("a test expects allow, annotate, hold or block"))?;
        let (facts, findings) = given(test, &rule.pack, findings).map_err(|reason| fault(&reason))?;
        let got = if self.fires(rule, &facts, &findings) { rule.action } else { Action::Allow };
        let what = test.text.clone().unwrap_or_else(|| format!("{:?}", test.given));
        let (expected, got) = (expected.as_str().to_owned(), got.as_str().to_owned());
        Ok(Trial { file: rule.file.clone(), line, subject: rule.id.clone(), what, expected, got })
    }
}

fn hit(pack: &str, set: &str) -> Hit {
    Hit { term: format!("{pack}.{set}"), key: String::new(), field: String::new(), start: 0, end: 1 }
}

fn every_term(rule: &Rule) -> Findings {
    let sets = rule.need.iter().flatten();
    Findings { hits: sets.map(|set| hit(&rule.pack, set)).collect(), ..Findings::default() }
}

/// Facts and findings with what the test gives put in by dotted names.
pub(crate) fn given(test: &TestFile, pack: &str, mut findings: Findings) -> Result<(Facts, Findings), String> {
    let mut facts = serde_json::to_value(Facts::default()).map_err(|error| error.to_string())?;
    for (name, value) in &test.given {
        if let Some(set) = name.strip_prefix("terms.") {
            let count = value.as_u64().filter(|count| *count <= 100).ok_or("a test gives a number of hits, at most 100")?;
            findings.hits.extend((0..count).map(|_| hit(pack, set)));
            continue;
        }
        if let Some(label) = name.strip_prefix("model.") {
            let share = value.as_f64().filter(|share| (0.0..=1.0).contains(share)).ok_or("a test gives a share from 0 to 1")?;
            findings.labels.retain(|known| known.name != label);
            findings.labels.push(Label { name: label.to_owned(), millionths: millionths(share) });
            continue;
        }
        let place = name.split_once('.').and_then(|(group, field)| facts.get_mut(group)?.get_mut(field));
        match place.filter(|_| schema::is_fact(name)) {
            Some(place) => *place = as_fact(value),
            None => return Err(format!("a test gives {name}, which is no fact")),
        }
    }
    let mut facts: Facts = serde_json::from_value(facts).map_err(|error| format!("a test gives a fact of the wrong type: {error}"))?;
    facts.msg.links = facts.msg.links.max(i64::from(findings.links));
    facts.msg.len = facts.msg.len.max(i64::from(findings.chars));
    Ok((facts, findings))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share from 0 to 1")]
fn millionths(share: f64) -> u32 {
    (share * 1e6).round() as u32
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
