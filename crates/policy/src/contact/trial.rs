//! The tests that a contact policy brings along.

use model::contact::ContactFacts;
use serde_json::{Value, json};

use super::file::TestFile;
use super::{ContactPolicy, names};
use crate::pack::PackError;

impl ContactPolicy {
    /// Every rule decides one of its tests, and every test comes out as expected.
    pub(super) fn try_tests(&self, file: &str) -> Result<(), PackError> {
        for rule in &self.rules {
            let fault = |reason: &str| PackError::rule(file, &rule.id, reason);
            // an expression that is no condition shows itself whatever the facts are
            self.fires(rule, &ContactFacts::default()).map_err(|reason| fault(&format!("when: {reason}")))?;
            if !rule.tests.iter().any(|test| test.expect == "fires") {
                return Err(fault("needs a test in which it fires"));
            }
            for test in &rule.tests {
                let facts = facts_of(test).map_err(|reason| fault(&reason))?;
                let decided = self.by_rules(&facts).rule;
                let as_expected = match test.expect.as_str() {
                    "fires" => decided == rule.id,
                    "passes" => decided != rule.id,
                    _ => return Err(fault("a test expects fires or passes")),
                };
                if !as_expected {
                    return Err(fault(&format!("test failed: expected that it {}, but {decided} decided {:?}", test.expect, test.given)));
                }
            }
        }
        Ok(())
    }
}

/// Facts with the given ones put in by their dotted names.
fn facts_of(test: &TestFile) -> Result<ContactFacts, String> {
    let mut facts = serde_json::to_value(ContactFacts::default()).map_err(|error| error.to_string())?;
    for (name, value) in &test.given {
        if !names::ALL.contains(&name.as_str()) {
            return Err(format!("a test gives {name}, which is no fact that can be given"));
        }
        put(&mut facts, name, value)?;
    }
    serde_json::from_value(facts).map_err(|error| format!("a test gives a fact of the wrong type: {error}"))
}

/// Puts one fact in by its dotted name.
pub(super) fn put(facts: &mut Value, name: &str, value: &Value) -> Result<(), String> {
    if name.ends_with(".age_known") {
        return Err(format!("a test gives {name}, which follows from the age band"));
    }
    match name.split_once('.') {
        // one word for two facts
        Some(("pair", "friends")) => {
            facts["pair"]["follows"] = value.clone();
            facts["pair"]["followed"] = value.clone();
        }
        Some((group, field)) => facts[group][field] = whole(value),
        None => facts[name] = value.clone(),
    }
    Ok(())
}

/// A number as YAML has it, as the whole number it stands for.
pub(super) fn whole(value: &Value) -> Value {
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number of a test")]
        Some(number) if number.fract() == 0.0 => json!(number as i64),
        _ => value.clone(),
    }
}
