//! Evidence that commands make: what `probe`, `drift`, `train` and `schedule` hand to `run`, `report` and `check`.
//!
//! A file of evidence is JSON (which is YAML too). `--evidence FILE` lays it over the registry: a claim of a test
//! stands before what documents say of the same control, and what is marked stale counts as stale at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::date::{Date, PageDate};
use crate::value::{Confidence, SourceKind, Value};

/// The form of a file of evidence.
pub const SCHEMA: &str = "frankly.audit.evidence/1";

/// What a command found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFile {
    /// [`SCHEMA`].
    pub schema: String,
    /// The command that made it, such as `frankly audit probe matrix`.
    pub made_by: String,
    /// The day it was made.
    pub made_on: Date,
    /// Sources by their id, which claims name.
    #[serde(default)]
    pub sources: BTreeMap<String, FoundSource>,
    /// What was found.
    #[serde(default)]
    pub claims: Vec<FoundClaim>,
    /// Claims of the registry that no longer stand, whatever their age.
    #[serde(default)]
    pub stale: Vec<StaleMark>,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundSource {
    /// What kind of source it is: `probe` for a test.
    pub kind: SourceKind,
    /// What it is called.
    pub title: String,
    /// Its address, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The day it shows.
    pub date: PageDate,
    /// SHA-256 of the transcript or snapshot, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A claim as a command makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundClaim {
    /// Id of a platform of the registry, or `organisation` for the controls of group ORG.
    pub platform: String,
    /// Id of the control, such as `ENC-2`.
    pub control: String,
    /// The answer; an error of a probe is [`Value::Unknown`].
    pub value: Value,
    /// How sure it is.
    pub confidence: Confidence,
    /// Ids of its sources, in this file.
    pub sources: Vec<String>,
    /// What was seen, in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A claim of the registry that its source no longer supports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaleMark {
    /// Id of the platform.
    pub platform: String,
    /// Id of the control.
    pub control: String,
    /// Since when.
    pub since: Date,
    /// Why, such as the sentence that is gone.
    pub reason: String,
}

impl EvidenceFile {
    /// An empty file of a command's evidence.
    pub fn new(made_by: &str, made_on: Date) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            made_by: made_by.to_owned(),
            made_on,
            sources: BTreeMap::new(),
            claims: Vec::new(),
            stale: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_written_as_it_is_read() {
        let day = PageDate::parse("2026-11-20").unwrap();
        let mut file = EvidenceFile::new("frankly audit probe matrix", day.day());
        let source =
            FoundSource { kind: SourceKind::Probe, title: "probe".to_owned(), url: None, date: day, sha256: Some("00".repeat(32)) };
        file.sources.insert("probe-1".to_owned(), source);
        file.claims.push(FoundClaim {
            platform: "matrix".to_owned(),
            control: "ENC-2".to_owned(),
            value: Value::No,
            confidence: Confidence::Confirmed,
            sources: vec!["probe-1".to_owned()],
            quote: Some("force_disable: true".to_owned()),
            note: None,
        });
        let text = serde_json::to_string(&file).unwrap();
        assert_eq!(serde_json::from_str::<EvidenceFile>(&text).unwrap(), file);
        assert_eq!(serde_saphyr::from_str::<EvidenceFile>(&text).unwrap(), file);
    }
}
