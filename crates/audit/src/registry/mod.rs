//! The registry: platforms, what is claimed of them, and the sources that say so.

mod age;
mod file;
mod norway;
mod ota;
mod quote;
mod read;
mod rules;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod testing;
mod verify;

use std::collections::BTreeMap;

pub use age::{Age, AgeState};
pub use norway::unquoted_words;
pub use ota::{OtaError, OtaService, ota_registry, ota_service};
pub use quote::{normalise, readable_text};
pub use read::{read, sha256_hex};
pub use verify::{Checked, Snapshot, Verdict, verify};

use crate::date::{Date, PageDate};
use crate::value::{Confidence, SourceKind, Value};

/// The registry that comes with Frankly.
pub const PLATFORMS_YAML: &str = include_str!("../../../../registry/platforms.yaml");
/// What the shipped registry is called in messages.
pub const PLATFORMS_FILE: &str = "registry/platforms.yaml";
/// The JSON schema of a registry.
pub const REGISTRY_SCHEMA: &str = include_str!("../../../../registry/registry.schema.json");
/// The form of a registry.
pub const SCHEMA: &str = "frankly.audit.registry/1";
/// The id under which the organisation itself is judged (group ORG).
pub const ORGANISATION: &str = "organisation";

/// A place in the file; 0 when unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// From 1.
    pub line: u64,
    /// From 1.
    pub column: u64,
}

/// A registry that keeps all rules.
#[derive(Debug, Clone)]
pub struct Registry {
    /// The file, as it was named.
    pub file: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// The day on which undated sources were looked up.
    pub retrieved: Date,
    /// By id.
    pub sources: BTreeMap<String, Source>,
    /// In the order of the file.
    pub platforms: Vec<Platform>,
    /// The organisation that uses them; without claims when the registry does not speak of it.
    pub organisation: Platform,
    /// What happened around the platforms, in order of days.
    pub events: Vec<Event>,
}

impl Registry {
    /// The platform of this id.
    pub fn platform(&self, id: &str) -> Option<&Platform> {
        self.platforms.iter().find(|platform| platform.id == id)
    }
}

/// Where a claim comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its key in the registry.
    pub id: String,
    /// What kind it is.
    pub kind: SourceKind,
    /// What it is called, if that is not clear from where it is.
    pub title: Option<String>,
    /// Where it is.
    pub at: SourceAt,
    /// The day that the page itself carries.
    pub date: Option<PageDate>,
    /// The day it was last seen to say so; evidence ages from it.
    pub seen: Option<PageDate>,
    /// SHA-256 of the snapshot, in hex.
    pub sha256: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// Where it stands in the registry.
    pub place: Place,
}

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceAt {
    /// At an address.
    Url(String),
    /// In a git repository of versions.
    Archive {
        /// Owner and name of the repository.
        archive: String,
        /// Path inside it.
        path: String,
        /// The commit.
        commit: String,
    },
    /// In a file beside the registry, such as a document of our own.
    File(String),
    /// Only named: its title says what it is.
    Named,
}

impl Source {
    /// The day from which its evidence ages, and whether it is dated at all.
    pub fn seen_on(&self, retrieved: Date) -> (Date, bool) {
        match self.seen.or(self.date) {
            Some(day) => (day.day(), true),
            None => (retrieved, false),
        }
    }

    /// A link to it; a fragment where there is nothing to open.
    pub fn href(&self) -> String {
        match &self.at {
            SourceAt::Url(url) => url.clone(),
            SourceAt::Archive { archive, path, commit } => {
                format!("https://github.com/{archive}/blob/{commit}/{}", path.replace(' ', "%20"))
            }
            SourceAt::File(path) => path.replace(' ', "%20"),
            SourceAt::Named => format!("#source-{}", self.id),
        }
    }

    /// What to call it in a report.
    pub fn name(&self) -> String {
        match (&self.title, &self.at) {
            (Some(title), _) => title.clone(),
            (None, SourceAt::Archive { path, commit, .. }) => format!("{} ({commit})", path.trim_end_matches(".md").replace('/', ": ")),
            (None, SourceAt::Url(url)) => url.split('/').nth(2).unwrap_or(url).to_owned(),
            (None, SourceAt::File(path)) => path.clone(),
            (None, SourceAt::Named) => self.id.clone(),
        }
    }
}

/// A messaging platform, or a mode of one.
#[derive(Debug, Clone)]
pub struct Platform {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who answers for it, by region; `all` for everywhere.
    pub operator: BTreeMap<String, String>,
    /// Why it is as it is, in the words of who runs it.
    pub rationale: Option<Rationale>,
    /// The kind of probe that can try a deployment.
    pub probe: Option<String>,
    /// In the order of the file.
    pub claims: Vec<Claim>,
    /// Where it stands in the registry.
    pub place: Place,
}

/// Why a platform is as it is.
#[derive(Debug, Clone)]
pub struct Rationale {
    /// In short.
    pub text: String,
    /// How sure it is that they say so.
    pub confidence: Confidence,
    /// Ids of sources.
    pub sources: Vec<String>,
}

/// For whom and what a claim holds; nothing said means everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Scope {
    /// Such as `EEA` or `US`.
    pub region: Option<String>,
    /// Such as `adults`.
    pub audience: Option<String>,
    /// Such as `web`.
    pub surface: Option<String>,
    /// Such as `secret chats`.
    pub mode: Option<String>,
}

impl Scope {
    /// In words; empty when it holds everywhere.
    pub fn words(&self) -> String {
        let parts = [&self.region, &self.audience, &self.surface, &self.mode];
        parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
    }

    /// Whether it holds in a region (a country, or a group of them).
    pub fn holds_in(&self, region: &str) -> bool {
        self.region.as_deref().is_none_or(|own| {
            own == region
                || (matches!(own, "EEA" | "EEA_UK") && is_in_eea(region))
                || (own == "EEA_UK" && matches!(region, "UK" | "GB" | "EEA" | "EU"))
        })
    }
}

const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT",
    "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

fn is_in_eea(region: &str) -> bool {
    region == "EU" || EEA.contains(&region)
}

/// One answer about one control.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Id of the control.
    pub control: String,
    /// The answer.
    pub value: Value,
    /// How sure it is.
    pub confidence: Confidence,
    /// Ids of the sources that say so.
    pub sources: Vec<String>,
    /// Ids of the sources that say otherwise.
    pub against: Vec<String>,
    /// Words of the first source.
    pub quote: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// For whom and what it holds.
    pub scope: Scope,
    /// Since when it holds.
    pub effective: Option<PageDate>,
    /// Until when it holds.
    pub expires: Option<PageDate>,
    /// What held before.
    pub was: Vec<Was>,
    /// Since when its source no longer supports it, and why.
    pub withdrawn: Option<(Date, String)>,
    /// Where it stands in the registry.
    pub place: Place,
    /// The file it stands in, when that is not the registry.
    pub file: Option<String>,
}

/// What held before.
#[derive(Debug, Clone)]
pub struct Was {
    /// The answer of then.
    pub value: Value,
    /// The day on which it ended.
    pub until: PageDate,
    /// More about it.
    pub note: Option<String>,
}

/// Something that happened around the platforms.
#[derive(Debug, Clone)]
pub struct Event {
    /// The day.
    pub date: PageDate,
    /// What happened.
    pub what: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Ids of sources.
    pub sources: Vec<String>,
    /// Ids of the platforms it is about; none when it is about all.
    pub platforms: Vec<String>,
}

/// What is wrong with a claim by the rules of confidence: rules and reasons.
pub(crate) fn complaints(
    control: &crate::controls::Control,
    value: Value,
    confidence: Confidence,
    kinds: &[SourceKind],
) -> Vec<(&'static str, String)> {
    rules::of_claim(control, value, confidence, kinds, 0)
}
