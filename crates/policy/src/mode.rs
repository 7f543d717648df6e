//! Which mode a conversation may have: policies that an operator can read, and what follows from a request.
//!
//! The policies are YAML ([`ModeRules::parse`]); four come with Frankly (`modes/shipped.yaml`). What is decided once is
//! written into the create event and never decided again: who would change the outcome does not come in.

mod file;
#[cfg(test)]
mod tests;

use model::conversation::Mode;
use model::person::AgeBand;
use serde::Deserialize;

pub use file::ModeFileError;

/// The policies that come with Frankly, as text to be read.
pub const SHIPPED: &str = include_str!("../modes/shipped.yaml");

/// The policy where the operator names none.
pub const DEFAULT_POLICY: &str = "choice@1";

/// A policy. Its rows are read from the top; the first that fits decides, and the last fits everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModePolicy {
    name: String,
    rows: Vec<Row>,
}

/// What holds for those it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// It fits when somebody of these ages takes part; everybody when empty.
    pub anybody: Vec<AgeBand>,
    /// The modes a conversation may have.
    pub allowed: Vec<Mode>,
    /// The mode when nobody asks for one.
    pub default: Mode,
    /// Why, in words for members.
    pub reason: String,
}

impl Row {
    fn fits(&self, parties: &[Party]) -> bool {
        self.anybody.is_empty() || parties.iter().any(|party| self.anybody.contains(&party.age_band))
    }
}

impl ModePolicy {
    /// Name and version, as written into the create content.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn row(&self, parties: &[Party]) -> &Row {
        self.rows.iter().find(|row| row.fits(parties)).expect("the last row of every policy fits everybody")
    }
}

/// Which policy holds for whom. Read from the top; the last choice fits everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeRules {
    policies: Vec<ModePolicy>,
    choices: Vec<Choice>,
}

/// A policy and for whom it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    /// The tenants; any when empty.
    tenants: Vec<String>,
    /// It fits when somebody from here takes part; everybody when empty.
    jurisdictions: Vec<String>,
    /// Place in the list of policies.
    policy: usize,
}

impl ModeRules {
    /// One of the shipped policies for everybody, named with or without its version.
    pub fn shipped(name: &str) -> Option<Self> {
        let mut rules = Self::all_shipped().expect("a test reads the shipped policies");
        let is_named = |policy: &ModePolicy| policy.name == name || policy.name.split('@').next() == Some(name);
        let policy = rules.policies.iter().position(is_named)?;
        rules.choices = vec![Choice { tenants: Vec::new(), jurisdictions: Vec::new(), policy }];
        Some(rules)
    }

    /// The policy that holds for these people.
    pub fn policy(&self, tenant: &str, parties: &[Party]) -> &ModePolicy {
        let fits = |choice: &&Choice| {
            let at_home = |party: &Party| choice.jurisdictions.contains(&party.jurisdiction);
            fits_tenant(choice, tenant) && (choice.jurisdictions.is_empty() || parties.iter().any(at_home))
        };
        let choice = self.choices.iter().find(fits).expect("the last choice fits everybody");
        self.policies.get(choice.policy).expect("a choice names a policy of the list")
    }

    /// Every policy that can hold in a tenant, in the order in which they are tried.
    pub fn in_force(&self, tenant: &str) -> Vec<&ModePolicy> {
        let mut found: Vec<&ModePolicy> = Vec::new();
        for choice in self.choices.iter().filter(|choice| fits_tenant(choice, tenant)) {
            let policy = self.policies.get(choice.policy).expect("a choice names a policy of the list");
            if !found.contains(&policy) {
                found.push(policy);
            }
            if choice.jurisdictions.is_empty() {
                break;
            }
        }
        found
    }

    /// What clients of a tenant may be told beforehand, whoever they will talk to.
    pub fn outlook(&self, tenant: &str) -> Outlook {
        let policies = self.in_force(tenant);
        let rows = || policies.iter().flat_map(|policy| policy.rows.iter());
        if rows().all(|row| !row.allowed.contains(&Mode::Sealed)) {
            Outlook::ReadableOnly
        } else if rows().all(|row| !row.allowed.contains(&Mode::Readable)) {
            Outlook::SealedOnly
        } else if rows().all(|row| row.default == Mode::Sealed) {
            Outlook::MixedSealedFirst
        } else {
            Outlook::Mixed
        }
    }
}

fn fits_tenant(choice: &Choice, tenant: &str) -> bool {
    choice.tenants.is_empty() || choice.tenants.iter().any(|one| one == tenant)
}

/// What can become of conversations in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// None is ever sealed.
    ReadableOnly,
    /// None is ever readable.
    SealedOnly,
    /// It depends on who takes part or what they ask for; sealed unless asked otherwise.
    MixedSealedFirst,
    /// It depends on who takes part.
    Mixed,
}

/// What to do with a request for encryption that cannot be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnEncryptionRequest {
    /// Make the conversation readable and say so in its first notice.
    #[default]
    Strip,
    /// Refuse to make it.
    Refuse,
}

impl OnEncryptionRequest {
    /// The setting with this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "strip" => Some(Self::Strip),
            "refuse" => Some(Self::Refuse),
            _ => None,
        }
    }
}

/// Somebody who takes part, as far as a policy asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// How old they are, as far as is known.
    pub age_band: AgeBand,
    /// Where they are, as in `DE`; empty when not known.
    pub jurisdiction: String,
}

/// What is known when a conversation is made.
#[derive(Clone, Copy, Debug)]
pub struct ModeFacts<'a> {
    /// The tenant it belongs to.
    pub tenant: &'a str,
    /// Everybody who takes part.
    pub parties: &'a [Party],
    /// The mode asked for; `None` when nobody said.
    pub asked: Option<Mode>,
}

/// What follows from a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Make it in this mode.
    Make(Mode),
    /// Make it readable although sealed was asked for, and say so first.
    Strip,
    /// Do not make it.
    Refuse,
}

/// Allowed modes, the default, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeDecision {
    /// Name and version of the policy that decided.
    pub policy: String,
    /// Modes that are permitted.
    pub allowed: Vec<Mode>,
    /// The mode when nobody says.
    pub default: Mode,
    /// For the members, in plain words.
    pub reason: String,
    /// What follows for this request.
    pub outcome: Outcome,
}

impl ModeRules {
    /// Decides the mode of a conversation of these people.
    pub fn decide(&self, facts: ModeFacts<'_>, on_encryption_request: OnEncryptionRequest) -> ModeDecision {
        let policy = self.policy(facts.tenant, facts.parties);
        let row = policy.row(facts.parties);
        let mode = facts.asked.unwrap_or(row.default);
        let can_strip = mode == Mode::Sealed && row.allowed.contains(&Mode::Readable);
        let outcome = if row.allowed.contains(&mode) {
            Outcome::Make(mode)
        } else if can_strip && on_encryption_request == OnEncryptionRequest::Strip {
            Outcome::Strip
        } else {
            Outcome::Refuse
        };
        ModeDecision {
            policy: policy.name.clone(),
            allowed: row.allowed.clone(),
            default: row.default,
            reason: row.reason.clone(),
            outcome,
        }
    }
}
