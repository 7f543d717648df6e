//! What is to be said of a rule, for people and for machines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::RuleSet;
use super::rule::Status;
use super::taxonomy::harm_named;

/// A rule, told.
#[derive(Debug, Clone, Serialize)]
pub struct Card {
    /// `pack/rule`.
    pub rule: String,
    /// One line for people.
    pub title: String,
    /// `shadow`, `canary:N` or `live`.
    pub status: String,
    /// The harm.
    pub harm: String,
    /// The same in MSC4456; empty for an operator's own.
    pub msc4456: String,
    /// Category of a statement of reasons under the DSA; empty for an operator's own.
    pub dsa_category: String,
    /// 0 to 4.
    pub severity: u8,
    /// What it asks for.
    pub verdict: String,
    /// What it reads.
    pub reads: Vec<String>,
    /// The expression.
    pub when: String,
    /// Whether it also holds in sealed conversations.
    pub sealed: bool,
    /// Law and ground.
    pub legal_basis: BTreeMap<String, String>,
    /// Where it may be used; nothing for what its pack says.
    pub jurisdictions: Option<Vec<String>>,
    /// Who answers for it.
    pub owner: String,
    /// Date of the next look at it.
    pub review_by: String,
    /// Known false alarms.
    pub false_positive_notes: String,
    /// Content hash, for approvals.
    pub hash: String,
    /// Who approved the rule as it is.
    pub approved_by: Vec<String>,
    /// Number of tests.
    pub tests: usize,
    /// File and line.
    pub place: String,
}

impl RuleSet {
    /// Every rule, in order of pack and id.
    pub fn cards(&self) -> Vec<Card> {
        let mut cards: Vec<Card> = self.rules.iter().map(|rule| self.card(rule)).collect();
        cards.sort_by(|one, other| one.rule.cmp(&other.rule));
        cards
    }

    fn card(&self, rule: &super::Rule) -> Card {
        let written = &rule.written;
        let harm = harm_named(&written.harm);
        let status = match rule.status {
            Status::Shadow => "shadow".to_owned(),
            Status::Canary(share) => format!("canary:{share}"),
            Status::Live => "live".to_owned(),
        };
        Card {
            rule: rule.name(),
            title: written.title.clone(),
            status,
            harm: written.harm.clone(),
            msc4456: harm.map(|harm| harm.msc4456.to_owned()).unwrap_or_default(),
            dsa_category: harm.map(|harm| harm.dsa.to_owned()).unwrap_or_default(),
            severity: written.severity,
            verdict: rule.action.as_str().to_owned(),
            reads: written.reads.clone(),
            when: written.when.value.trim().to_owned(),
            sealed: !rule.reads_text(),
            legal_basis: rule.legal_basis.clone(),
            jurisdictions: written.jurisdictions.clone(),
            owner: written.owner.clone(),
            review_by: written.review_by.clone(),
            false_positive_notes: written.false_positive_notes.clone(),
            hash: rule.hash.clone(),
            approved_by: self.approvals.of(&rule.name(), &rule.hash).map(str::to_owned).collect(),
            tests: written.tests.len(),
            place: format!("{}:{}", rule.file, rule.line),
        }
    }
}
