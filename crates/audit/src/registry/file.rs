//! The form of a registry as it is written; words are read as text first, so that every fault can name its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

pub(super) type Word = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistryFile {
    pub(super) schema: Word,
    pub(super) retrieved: Word,
    #[serde(default)]
    pub(super) sources: BTreeMap<String, SourceFile>,
    #[serde(default)]
    pub(super) platforms: Vec<PlatformFile>,
    #[serde(default)]
    pub(super) organisation: Option<OrganisationFile>,
    #[serde(default)]
    pub(super) regulatory_events: Vec<EventFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceFile {
    pub(super) kind: Word,
    pub(super) title: Option<String>,
    pub(super) url: Option<Word>,
    pub(super) archive: Option<String>,
    pub(super) path: Option<String>,
    pub(super) commit: Option<Word>,
    pub(super) file: Option<String>,
    pub(super) date: Option<Word>,
    pub(super) seen: Option<Word>,
    pub(super) sha256: Option<Word>,
    pub(super) note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlatformFile {
    pub(super) id: Word,
    pub(super) name: String,
    #[serde(default)]
    pub(super) operator: BTreeMap<String, String>,
    pub(super) rationale: Option<RationaleFile>,
    pub(super) probe: Option<Word>,
    #[serde(default)]
    pub(super) claims: Vec<ClaimFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganisationFile {
    pub(super) name: Word,
    #[serde(default)]
    pub(super) claims: Vec<ClaimFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RationaleFile {
    pub(super) text: Word,
    pub(super) confidence: Word,
    #[serde(default)]
    pub(super) sources: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimFile {
    pub(super) control: Word,
    pub(super) value: Word,
    pub(super) confidence: Word,
    #[serde(default)]
    pub(super) sources: Vec<Word>,
    #[serde(default)]
    pub(super) against: Vec<Word>,
    pub(super) quote: Option<Word>,
    pub(super) note: Option<String>,
    #[serde(default)]
    pub(super) scope: ScopeFile,
    pub(super) effective: Option<Word>,
    pub(super) expires: Option<Word>,
    #[serde(default)]
    pub(super) was: Vec<WasFile>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeFile {
    pub(super) region: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) surface: Option<String>,
    pub(super) mode: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WasFile {
    pub(super) value: Word,
    pub(super) until: Word,
    pub(super) note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventFile {
    pub(super) date: Word,
    pub(super) what: String,
    pub(super) confidence: Word,
    #[serde(default)]
    pub(super) sources: Vec<Word>,
    #[serde(default)]
    pub(super) platforms: Vec<Word>,
}
