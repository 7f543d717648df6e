//! The form of a pack file.

use std::collections::BTreeMap;

use model::limits;
use serde::Deserialize;
use serde_json::Value;

use super::error::PackError;

/// A pack as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackFile {
    /// Its name, as in `frankly-en`.
    pub pack: String,
    /// Counted up by the author.
    pub version: u32,
    /// Where it may be used; `*` for everywhere.
    pub jurisdictions: Vec<String>,
    /// Law and ground on which it judges.
    pub legal_basis: BTreeMap<String, String>,
    /// Named sets of keys and patterns.
    #[serde(default)]
    pub terms: BTreeMap<String, TermsFile>,
    /// The rules.
    pub rules: Vec<RuleFile>,
}

/// A set of terms.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TermsFile {
    /// Words and phrases.
    pub keys: Vec<String>,
    /// Regular expressions on folded text.
    pub patterns: Vec<String>,
}

/// A rule as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Unique in the pack.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// `shadow`, `canary:N` (per cent) or `live`.
    pub status: String,
    /// `behaviour`, `content` or both.
    pub reads: Vec<String>,
    /// The harm, as in `violence.threat`.
    pub harm: String,
    /// CEL.
    pub when: String,
    /// `allow`, `annotate`, `hold` or `block`.
    pub verdict: String,
    /// 0 to 4.
    pub severity: u8,
    /// 0 to 1; by the verdict when left out.
    pub score: Option<f32>,
    /// For `hold`.
    pub hold: Option<HoldFile>,
    /// Queue of the case.
    pub queue: String,
    /// For the reviewer; `{{fact}}` is replaced by its value.
    pub explain: String,
    /// At least one that fires and one that does not.
    pub tests: Vec<TestFile>,
    /// Who answers for it.
    pub owner: String,
    /// Date of the next look at it.
    pub review_by: String,
    /// Known false alarms.
    #[serde(default)]
    pub false_positive_notes: String,
}

/// Terms of a withheld message as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldFile {
    /// As in `30m`, `4h`, `2d`.
    pub ttl: String,
    /// `release` or `block`.
    pub on_timeout: String,
}

/// A test of one rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestFile {
    /// A message.
    pub text: Option<String>,
    /// Facts by dotted name.
    #[serde(default)]
    pub given: BTreeMap<String, Value>,
    /// What this rule makes of it.
    pub expect: String,
}

/// Reads one pack. Keys written twice, unknown fields, aliases that multiply and deep nesting are refused.
pub fn parse(file: &str, text: &str) -> Result<PackFile, PackError> {
    if text.len() > limits::PACK_BYTES {
        return Err(PackError::TooLarge { file: file.to_owned(), most: limits::PACK_BYTES });
    }
    serde_saphyr::from_str(text).map_err(|error| PackError::syntax(file, &error))
}
