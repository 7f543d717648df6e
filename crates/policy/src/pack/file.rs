//! The form of a pack file.

use std::collections::BTreeMap;

use model::limits;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::error::PackError;

/// A pack as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackFile {
    /// Its name, as in `frankly-en`.
    pub pack: String,
    /// Counted up by the author.
    pub version: u32,
    /// Where it may be used: `*` for everywhere, `DE`, `US-CA`, `EU`; `!DE` takes a place out.
    pub jurisdictions: Vec<String>,
    /// Law and ground on which it judges.
    pub legal_basis: BTreeMap<String, String>,
    /// `readable`, `sealed` or both. Left out, its rules that read no text hold in both, the others in readable ones.
    pub modes: Option<Vec<String>>,
    /// Files beside it whose placeholders and terms it takes in.
    #[serde(default)]
    pub include: Vec<Spanned<String>>,
    /// Words that `{name}` in a key or pattern stands for, each in turn.
    #[serde(default)]
    pub placeholders: BTreeMap<String, Vec<String>>,
    /// Named sets of keys and patterns.
    #[serde(default)]
    pub terms: BTreeMap<String, Spanned<TermsFile>>,
    /// The rules.
    pub rules: Vec<RuleFile>,
}

/// A file that packs include.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fragment {
    #[serde(default)]
    pub(crate) include: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) placeholders: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) terms: BTreeMap<String, Spanned<TermsFile>>,
}

/// A set of terms.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TermsFile {
    /// Words and phrases.
    pub keys: Vec<String>,
    /// Regular expressions on folded text.
    pub patterns: Vec<String>,
    /// Files beside the pack with one key a line: lists of the operator's own.
    pub lists: Vec<Spanned<String>>,
    /// Sentences in which the set is hit: one for each key that none of the others needs.
    pub examples: Vec<String>,
    /// Sentences in which it is not.
    pub near_misses: Vec<String>,
}

/// A rule as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Unique in the pack.
    pub id: Spanned<String>,
    /// One line for people.
    pub title: String,
    /// `shadow`, `canary:N` (per cent) or `live`.
    pub status: String,
    /// `behaviour`, `content`, `media`, or several.
    pub reads: Vec<String>,
    /// The harm, as in `violence.threat`.
    pub harm: String,
    /// Where the rule may be used, when that is less than its pack says.
    pub jurisdictions: Option<Vec<String>>,
    /// CEL.
    pub when: Spanned<String>,
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
    pub tests: Vec<Spanned<TestFile>>,
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
    read(file, text)
}

/// As [`parse`], for any form.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(file: &str, text: &str) -> Result<T, PackError> {
    if text.len() > limits::PACK_BYTES {
        return Err(PackError::TooLarge { file: file.to_owned(), most: limits::PACK_BYTES });
    }
    serde_saphyr::from_str(text).map_err(|error| PackError::syntax(file, &error))
}
