//! Probes: a running deployment is tried, and what it answers is evidence.
//!
//! Each probe keeps a transcript of what was asked and answered, without passwords and tokens. What cannot be tried says
//! why; an error is never a pass.

mod account;
mod open;
mod people;
mod rooms;
mod talk;

use std::collections::BTreeMap;

use audit::date::PageDate;
use audit::evidence::{EvidenceFile, FoundClaim, FoundSource};
use audit::value::{Confidence, SourceKind, Value};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use url::Url;

pub use account::{Account, People};
pub use talk::{Exchange, Talk};

use crate::folder::hex;
use crate::http::Client;

/// What kind of deployment is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any homeserver that speaks the Client-Server API.
    Matrix,
    /// Frankly, which promises more.
    Frankly,
}

/// Whether the label of a conversation holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// It states no mode.
    None,
    /// It states a mode, and the room's ID is not the hash of the event that does.
    Wrong,
    /// It states this mode, and cannot have been changed.
    Verified(String),
}

/// What to probe, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where the deployment answers.
    pub base: Url,
    /// What kind it is.
    pub kind: Kind,
    /// Who may be used.
    pub people: People,
    /// A message, as room and event, that should be gone.
    pub expired: Option<(String, String)>,
    /// Checks a room's ID against its create event as clients show it.
    pub verify_label: fn(&str, &str) -> Label,
    /// When it is.
    pub now: Timestamp,
    /// Something that no other run has: names of throw-away accounts, transaction ids.
    pub nonce: String,
}

/// How a probe ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// There is nothing to try, or nobody to try it with.
    NotApplicable,
    /// It is as it should be.
    Pass,
    /// It could not be found out.
    Error,
    /// It is not as it should be.
    Fail,
}

impl Outcome {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not-applicable",
            Self::Pass => "pass",
            Self::Error => "error",
            Self::Fail => "fail",
        }
    }
}

/// The conversations that something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All of them.
    Any,
    /// Those that the server can read.
    Readable,
    /// Those that it cannot read.
    Sealed,
}

/// A platform of the registry that a deployment is evidence for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// Its id.
    pub id: String,
    /// Which conversations it is about.
    pub mode: Mode,
}

/// What one probe found.
#[derive(Debug, Clone, Serialize)]
pub struct Probe {
    /// Its name.
    pub id: &'static str,
    /// The controls it is evidence for.
    pub controls: &'static [&'static str],
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen.
    pub detail: String,
    /// SHA-256 of the transcript.
    pub sha256: String,
    /// What a pass is worth: not every promise can be tried whole.
    #[serde(skip)]
    pub worth: Value,
    /// What was asked and answered, as JSON.
    #[serde(skip)]
    pub transcript: String,
}

impl Probe {
    /// The conversations that it is about.
    pub fn mode(&self) -> Mode {
        match self.id {
            "encryption-default" | "secure-backup" | "direct-encrypted" | "plain-in-sealed" | "cross-signing" => Mode::Sealed,
            "report" | "access-shown" | "access-proofs" => Mode::Readable,
            _ => Mode::Any,
        }
    }

    fn new(id: &'static str, controls: &'static [&'static str], found: Found, talk: &Talk<'_>) -> Self {
        let transcript = talk.transcript();
        let sha256 = hex(&Sha256::digest(transcript.as_bytes()));
        let (outcome, detail, worth) = (found.outcome, found.detail, found.worth);
        Self { id, controls, outcome, detail, sha256, worth, transcript }
    }
}

/// What a probe says at its end.
pub(crate) struct Found {
    outcome: Outcome,
    detail: String,
    worth: Value,
}

impl Found {
    fn of(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into(), worth: Value::Yes }
    }

    fn pass(detail: impl Into<String>) -> Self {
        Self::of(Outcome::Pass, detail)
    }

    fn fail(detail: impl Into<String>) -> Self {
        Self::of(Outcome::Fail, detail)
    }

    fn error(detail: impl Into<String>) -> Self {
        Self::of(Outcome::Error, detail)
    }

    fn none(detail: impl Into<String>) -> Self {
        Self::of(Outcome::NotApplicable, detail)
    }
}

/// What all probes found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Where.
    pub target: Url,
    /// When.
    pub at: Timestamp,
    /// Whether anybody answered.
    pub reachable: bool,
    /// In the order in which they were tried.
    pub probes: Vec<Probe>,
}

/// Tries everything, one after the other.
pub async fn probe(client: &Client, target: &Target) -> Report {
    let mut probes = Vec::new();
    let reached = open::versions(client, target, &mut probes).await;
    if reached {
        open::well_known(client, target, &mut probes).await;
        open::tls(client, target, &mut probes).await;
        let members = account::members(client, target, &mut probes).await;
        rooms::probe(client, target, members.as_ref(), &mut probes).await;
        people::probe(client, target, members.as_ref(), &mut probes).await;
    }
    Report { target: target.base.clone(), at: target.now, reachable: reached, probes }
}

impl Report {
    /// The evidence of all probes about platforms: for each one claim for a control that was tried, as bad as the worst.
    pub fn evidence(&self, made_by: &str, platforms: &[Platform]) -> EvidenceFile {
        let day = self.at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let mut file = EvidenceFile::new(made_by, day);
        let mut by_control: BTreeMap<(&str, &str), Vec<&Probe>> = BTreeMap::new();
        for probe in self.probes.iter().filter(|probe| probe.outcome != Outcome::NotApplicable) {
            let is_about = |platform: &&Platform| [platform.mode, probe.mode()].contains(&Mode::Any) || platform.mode == probe.mode();
            for platform in platforms.iter().filter(is_about) {
                for control in probe.controls {
                    by_control.entry((&platform.id, control)).or_default().push(probe);
                }
            }
            let source = FoundSource {
                kind: SourceKind::Probe,
                title: format!("probe {}", probe.id),
                url: Some(self.target.to_string()),
                date: PageDate::from(day),
                sha256: Some(probe.sha256.clone()),
            };
            file.sources.insert(source_of(probe), source);
        }
        for ((platform, control), probes) in by_control {
            let Some(worst) = probes.iter().max_by_key(|probe| (probe.outcome, probe.worth)) else { continue };
            let (value, confidence) = match worst.outcome {
                Outcome::Pass => (worst.worth, Confidence::Confirmed),
                Outcome::Fail => (Value::No, Confidence::Confirmed),
                Outcome::Error | Outcome::NotApplicable => (Value::Unknown, Confidence::Unconfirmed),
            };
            file.claims.push(FoundClaim {
                platform: platform.to_owned(),
                control: control.to_owned(),
                value,
                confidence,
                sources: probes.iter().map(|probe| source_of(probe)).collect(),
                quote: None,
                note: Some(worst.detail.clone()),
            });
        }
        file
    }
}

fn source_of(probe: &Probe) -> String {
    format!("probe-{}", probe.id)
}
