//! Findings that were there before: a check over a baseline speaks of new ones only.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Checked;
use crate::date::Date;

/// The form of a baseline.
const SCHEMA: &str = "frankly.audit.baseline/1";

/// Fingerprints of findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: String,
    /// The day it was taken.
    pub as_of: Date,
    findings: BTreeSet<String>,
}

impl Baseline {
    /// The findings of a check; what is waived needs no baseline.
    pub fn of(checked: &Checked, as_of: Date) -> Self {
        let findings = checked.findings.iter().filter(|finding| finding.standing != super::Standing::Waived);
        Self { schema: SCHEMA.to_owned(), as_of, findings: findings.map(super::Finding::fingerprint).collect() }
    }

    /// Whether a finding was there.
    pub fn has(&self, fingerprint: &str) -> bool {
        self.findings.contains(fingerprint)
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a baseline has no keys but strings") + "\n"
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// When it is another form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text).map_err(|error| format!("no baseline: {error}"))?;
        if baseline.schema == SCHEMA { Ok(baseline) } else { Err(format!("{} is not {SCHEMA}", baseline.schema)) }
    }
}
