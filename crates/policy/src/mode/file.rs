//! The form of a file of mode policies, and why one is refused.

use std::collections::BTreeSet;

use model::conversation::Mode;
use model::limits;
use model::person::AgeBand;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Choice, ModePolicy, ModeRules, Row, SHIPPED};

/// Why a file of mode policies is refused: the whole file is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct ModeFileError {
    /// The file.
    pub file: String,
    /// Line, from 1; 0 when not known.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModeFile {
    #[serde(default)]
    policies: Vec<PolicyFile>,
    choose: Vec<ChoiceFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    name: Spanned<String>,
    rows: Vec<RowFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowFile {
    #[serde(default)]
    anybody: Vec<AgeBand>,
    allowed: Spanned<Vec<Mode>>,
    default: Spanned<Mode>,
    reason: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceFile {
    #[serde(default)]
    tenants: Vec<String>,
    #[serde(default)]
    jurisdictions: Vec<String>,
    policy: Spanned<String>,
}

/// A fault and the line it is on.
type Fault = (u64, String);

impl ModeRules {
    /// Reads a file of policies. It may also name those that come with Frankly.
    ///
    /// # Errors
    /// With the line at fault; a file is taken whole or not at all.
    pub fn parse(file: &str, text: &str) -> Result<Self, ModeFileError> {
        let shipped = read("shipped.yaml", SHIPPED)?.policies;
        let own = read(file, text)?;
        make(shipped, own).map_err(|(line, reason)| ModeFileError { file: file.to_owned(), line, reason })
    }

    /// The policies that come with Frankly alone.
    pub(super) fn all_shipped() -> Result<Self, ModeFileError> {
        let file = "shipped.yaml";
        make(Vec::new(), read(file, SHIPPED)?).map_err(|(line, reason)| ModeFileError { file: file.to_owned(), line, reason })
    }
}

fn read(file: &str, text: &str) -> Result<ModeFile, ModeFileError> {
    let error = |line, reason| ModeFileError { file: file.to_owned(), line, reason };
    if text.len() > limits::MODE_FILE_BYTES {
        return Err(error(0, format!("more than {} bytes", limits::MODE_FILE_BYTES)));
    }
    serde_saphyr::from_str(text).map_err(|fault: serde_saphyr::Error| {
        let line = fault.location().map_or(0, |location| location.line());
        error(line, fault.to_string().lines().next().unwrap_or_default().to_owned())
    })
}

fn make(shipped: Vec<PolicyFile>, own: ModeFile) -> Result<ModeRules, Fault> {
    let mut names = BTreeSet::new();
    let mut policies = Vec::new();
    for policy in shipped.into_iter().chain(own.policies) {
        let line = policy.name.defined.line();
        if policies.len() == limits::MODE_POLICIES {
            return Err((line, format!("more than {} policies", limits::MODE_POLICIES)));
        }
        if !names.insert(policy.name.value.clone()) {
            return Err((line, format!("there is already a policy {}", policy.name.value)));
        }
        policies.push(policy_of(policy)?);
    }
    let mut choices = Vec::new();
    let mut last_line = 0;
    for choice in own.choose {
        last_line = choice.policy.defined.line();
        if choices.len() == limits::MODE_POLICIES {
            return Err((last_line, format!("more than {} choices", limits::MODE_POLICIES)));
        }
        let name = &choice.policy.value;
        let policy = policies.iter().position(|policy| policy.name == *name);
        let policy = policy.ok_or_else(|| (last_line, format!("there is no policy {name}")))?;
        choices.push(Choice { tenants: choice.tenants, jurisdictions: choice.jurisdictions, policy });
    }
    match choices.last() {
        Some(last) if last.tenants.is_empty() && last.jurisdictions.is_empty() => Ok(ModeRules { policies, choices }),
        _ => Err((last_line, "the last choice must fit everybody: it names no tenants and no jurisdictions".to_owned())),
    }
}

fn policy_of(file: PolicyFile) -> Result<ModePolicy, Fault> {
    let name_line = file.name.defined.line();
    let name = file.name.value;
    let is_name = name.split_once('@').is_some_and(|(word, version)| {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        !word.is_empty() && word.chars().all(is_word) && version.parse::<u32>().is_ok()
    });
    if !is_name || name.len() > limits::MODE_POLICY_NAME_BYTES {
        return Err((name_line, "a policy has a name and a version, as in school@1".to_owned()));
    }
    let rows = file.rows.into_iter().map(row_of).collect::<Result<Vec<Row>, Fault>>()?;
    match rows.last() {
        Some(last) if last.anybody.is_empty() => Ok(ModePolicy { name, rows }),
        _ => Err((name_line, format!("the last row of {name} must fit everybody: it has no anybody"))),
    }
}

fn row_of(file: RowFile) -> Result<Row, Fault> {
    let RowFile { anybody, allowed, default, reason } = file;
    if allowed.value.is_empty() {
        return Err((allowed.defined.line(), "allowed names at least one mode".to_owned()));
    }
    if !allowed.value.contains(&default.value) {
        return Err((default.defined.line(), "the default is one of the allowed modes".to_owned()));
    }
    if reason.value.trim().is_empty() {
        return Err((reason.defined.line(), "the reason is told to members, so it says something".to_owned()));
    }
    Ok(Row { anybody, allowed: allowed.value, default: default.value, reason: reason.value })
}
