//! Contact policies: YAML files whose rules are CEL expressions over two people and what connects them. From the top;
//! the first rule that fits decides. A file with any fault, a failing test included, is refused whole.

mod file;
mod names;
mod trial;
mod watch;

use cel::Program;
use model::contact::{ContactCounters, ContactFacts, ContactOutcome};

use self::file::TestFile;
use crate::pack::{PackError, Root};

/// The policy that ships with Frankly.
pub const SHIPPED: (&str, &str) = ("policies/contact.yaml", include_str!("../../../policies/contact.yaml"));

/// A contact policy, checked.
#[derive(Debug)]
pub struct ContactPolicy {
    name: String,
    version: String,
    rules: Vec<Rule>,
    limits: Vec<watch::Limit>,
    alerts: Vec<watch::Alert>,
    root: Root,
}

#[derive(Debug)]
struct Rule {
    id: String,
    when: Program,
    outcome: ContactOutcome,
    explain: String,
    tests: Vec<TestFile>,
}

/// What a policy says of two people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactDecision {
    /// Whether one may reach the other.
    pub outcome: ContactOutcome,
    /// The rule that decided; `guardian-limit` and `no-rule` where none did.
    pub rule: String,
    /// For the person who asked; empty unless refused.
    pub explain: String,
}

impl ContactPolicy {
    /// The policy that ships with Frankly.
    pub fn shipped() -> Self {
        Self::load(SHIPPED.0, SHIPPED.1).expect("the shipped policy passes its own tests, and a test loads it")
    }

    /// Reads a policy and runs its tests.
    ///
    /// # Errors
    /// Names the file, and the line or rule at fault.
    pub fn load(file: &str, text: &str) -> Result<Self, PackError> {
        let policy = file::read(file, text)?;
        policy.try_tests(file)?;
        policy.try_watch(file)?;
        Ok(policy)
    }

    /// Name and version, as in `frankly@1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Content hash of the file, 16 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Decides whether the one who opens may reach the other. What a guardian narrowed can only take away.
    pub fn decide(&self, facts: &ContactFacts) -> ContactDecision {
        let by_rule = self.by_rules(facts);
        if by_rule.outcome == ContactOutcome::Refuse || within_limits(facts) {
            return by_rule;
        }
        ContactDecision {
            outcome: ContactOutcome::Refuse,
            rule: "guardian-limit".to_owned(),
            explain: "A guardian has limited who can have conversations here with one of you.".to_owned(),
        }
    }

    fn by_rules(&self, facts: &ContactFacts) -> ContactDecision {
        for rule in &self.rules {
            match self.fires(rule, facts) {
                Ok(false) => {}
                Ok(true) => return ContactDecision { outcome: rule.outcome, rule: rule.id.clone(), explain: rule.explain.clone() },
                // a rule that cannot be evaluated must not open a door further down
                Err(_) => break,
            }
        }
        ContactDecision {
            outcome: ContactOutcome::Refuse,
            rule: "no-rule".to_owned(),
            explain: "The rules here do not provide for this conversation.".to_owned(),
        }
    }

    fn fires(&self, rule: &Rule, facts: &ContactFacts) -> Result<bool, String> {
        self.root.is_true(&rule.when, &names::Names { facts, counters: &ContactCounters::default() })
    }
}

fn within_limits(facts: &ContactFacts) -> bool {
    let within = |party: &model::contact::Party| {
        let limit = party.limit.filter(|_| party.age_band.is_protected());
        limit.is_none_or(|limit| limit.admits(&facts.pair))
    };
    within(&facts.opener) && within(&facts.target)
}

#[cfg(test)]
mod tests;
