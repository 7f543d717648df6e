//! The form of a contact policy file.

use std::collections::{BTreeMap, BTreeSet};

use cel::Program;
use model::contact::ContactOutcome;
use model::limits;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::watch::{AlertFile, LimitFile};
use super::{ContactPolicy, Rule, names};
use crate::pack::{PackError, Root, expression, hex};

/// Longest expression, in bytes.
const WHEN_BYTES: usize = 4_096;

/// A policy as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    /// Its name, as in `frankly`.
    contact: String,
    /// Counted up by the author.
    version: u32,
    /// From the top; the first that fits decides.
    rules: Vec<RuleFile>,
    /// From the top; the first that fits binds.
    #[serde(default)]
    limits: Vec<LimitFile>,
    /// All that fit are told.
    #[serde(default)]
    alerts: Vec<AlertFile>,
}

/// A rule as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    /// Unique in the policy.
    id: String,
    /// One line for people.
    title: String,
    /// CEL.
    when: String,
    /// `allow`, `request` or `refuse`.
    outcome: String,
    /// For the person who is refused.
    #[serde(default)]
    explain: String,
    /// At least one that fires.
    tests: Vec<TestFile>,
}

/// A test of one rule: whether it is the one that decides.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestFile {
    /// Facts by dotted name.
    #[serde(default)]
    pub(super) given: BTreeMap<String, Value>,
    /// `fires` or `passes`.
    pub(super) expect: String,
}

/// Reads a policy; its tests are not run yet.
pub(super) fn read(file: &str, text: &str) -> Result<ContactPolicy, PackError> {
    if text.len() > limits::CONTACT_POLICY_BYTES {
        return Err(PackError::TooLarge { file: file.to_owned(), most: limits::CONTACT_POLICY_BYTES });
    }
    let written: PolicyFile = serde_saphyr::from_str(text).map_err(|error| PackError::syntax(file, &error))?;
    if written.contact.trim().is_empty() || written.rules.is_empty() {
        return Err(PackError::pack(file, "a contact policy has a name and at least one rule"));
    }
    if written.rules.len() + written.limits.len() + written.alerts.len() > limits::CONTACT_RULES {
        return Err(PackError::too_many(file, "rules", limits::CONTACT_RULES));
    }
    let mut ids = BTreeSet::new();
    let mut fresh = |id: &str| {
        let is_new = ids.insert(id.to_owned());
        is_new.then(|| id.to_owned()).ok_or_else(|| PackError::rule(file, id, "another rule has this id"))
    };
    let (mut rules, mut bounds, mut alerts) = (Vec::new(), Vec::new(), Vec::new());
    for rule in written.rules {
        let id = fresh(&rule.id)?;
        rules.push(make(rule).map_err(|reason| PackError::rule(file, &id, &reason))?);
    }
    for limit in written.limits {
        let id = fresh(limit.id())?;
        bounds.push(limit.make().map_err(|reason| PackError::rule(file, &id, &reason))?);
    }
    for alert in written.alerts {
        let id = fresh(alert.id())?;
        alerts.push(alert.make().map_err(|reason| PackError::rule(file, &id, &reason))?);
    }
    let name = format!("{}@{}", written.contact, written.version);
    Ok(ContactPolicy { name, version: hex(&Sha256::digest(text.as_bytes())[..8]), rules, limits: bounds, alerts, root: Root::default() })
}

fn make(rule: RuleFile) -> Result<Rule, String> {
    if rule.id.trim().is_empty() || rule.title.trim().is_empty() {
        return Err("id and title must say something".to_owned());
    }
    let outcome = ContactOutcome::parse(&rule.outcome).ok_or("outcome must be allow, request or refuse")?;
    if (outcome == ContactOutcome::Refuse) == rule.explain.trim().is_empty() {
        return Err("explain is for rules that refuse, and they need it: it is what the person who asked reads".to_owned());
    }
    let when = compile(&rule.when, &names::ALL)?;
    Ok(Rule { id: rule.id, when, outcome, explain: rule.explain.trim().to_owned(), tests: rule.tests })
}

/// An expression over these facts.
pub(super) fn compile(when: &str, known: &[&str]) -> Result<Program, String> {
    if when.len() > WHEN_BYTES {
        return Err(format!("when is longer than {WHEN_BYTES} bytes"));
    }
    let program = Program::compile(when).map_err(|error| format!("when: {}", error.to_string().lines().next().unwrap_or_default()))?;
    for name in expression::read(program.expression())?.names {
        if !known.contains(&name.as_str()) {
            return Err(format!("there is no fact {name}"));
        }
    }
    Ok(program)
}
