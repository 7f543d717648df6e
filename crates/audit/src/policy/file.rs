//! The form of a policy as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

pub(super) type Word = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyFile {
    pub(super) schema: Word,
    pub(super) organisation: String,
    pub(super) data_classes: BTreeMap<String, ClassFile>,
    #[serde(default)]
    pub(super) uses: Vec<UseFile>,
    #[serde(default)]
    pub(super) waivers: Vec<WaiverFile>,
    pub(super) fail_on: Option<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassFile {
    #[serde(default)]
    pub(super) requires: Vec<RequirementFile>,
    pub(super) profile: Option<Word>,
    pub(super) min_confidence: Option<Word>,
    pub(super) max_age_days: Option<Spanned<i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequirementFile {
    pub(super) control: Word,
    pub(super) min_confidence: Option<Word>,
    pub(super) max_age_days: Option<Spanned<i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UseFile {
    pub(super) team: String,
    pub(super) platform: Word,
    pub(super) regions: Vec<String>,
    pub(super) data: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverFile {
    pub(super) platform: Word,
    pub(super) control: Word,
    pub(super) team: Option<String>,
    pub(super) reason: Word,
    pub(super) owner: Word,
    pub(super) expires: Word,
    pub(super) note: Option<String>,
}
