//! Who let a rule take effect: a list that names rules by their content, so that a changed rule is approved by nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::error::PackError;
use super::file::read;

/// How many people must agree before a rule acts on messages.
pub const APPROVERS: usize = 2;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalsFile {
    approvals: Vec<ApprovalFile>,
}

/// One entry of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalFile {
    /// `pack/rule`.
    rule: String,
    /// Content hash of the rule.
    hash: String,
    /// Who.
    by: Vec<String>,
    /// When, as a date.
    on: String,
}

/// The list of approvals that stands beside packs.
#[derive(Debug, Default)]
pub(crate) struct Approvals(BTreeMap<(String, String), BTreeSet<String>>);

impl Approvals {
    /// Reads the list.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, PackError> {
        let written: ApprovalsFile = read(file, text)?;
        let mut approvals = Self::default();
        for entry in written.approvals {
            if entry.on.trim().is_empty() || entry.by.iter().any(|name| name.trim().is_empty()) {
                return Err(PackError::rule(file, &entry.rule, "an approval says by whom and when"));
            }
            let known = approvals.0.entry((entry.rule, entry.hash)).or_default();
            known.extend(entry.by.into_iter().map(|name| name.trim().to_lowercase()));
        }
        Ok(approvals)
    }

    /// Who approved the rule as it is.
    pub(crate) fn of(&self, rule: &str, hash: &str) -> impl Iterator<Item = &str> {
        self.0.get(&(rule.to_owned(), hash.to_owned())).into_iter().flatten().map(String::as_str)
    }

    /// Whether enough different people did.
    pub(crate) fn cover(&self, rule: &str, hash: &str) -> bool {
        self.of(rule, hash).count() >= APPROVERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_two_and_the_same_rule() {
        let list = "approvals:\n\
                    - {rule: p/a, hash: '1', by: [ana], on: 2026-11-28}\n\
                    - {rule: p/a, hash: '1', by: [Ana, ' ana'], on: 2026-11-29}\n\
                    - {rule: p/b, hash: '2', by: [ana, ben], on: 2026-11-28}\n";
        let approvals = Approvals::read("approvals.yaml", list).unwrap();
        assert!(!approvals.cover("p/a", "1"), "one person twice is one person");
        assert!(approvals.cover("p/b", "2"));
        assert!(!approvals.cover("p/b", "3"), "a changed rule is another rule");
        assert!(Approvals::read("approvals.yaml", "approvals:\n- {rule: p/a, hash: '1', by: [ana]}\n").is_err());
    }
}
