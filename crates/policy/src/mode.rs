//! Which mode a conversation may have: a table per policy, and what this server can serve.

use model::conversation::Mode;
use model::person::AgeBand;

/// A shipped policy. Its rows are read from the top; the first that fits decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModePolicy {
    /// Name and version, as written into the create content.
    pub name: &'static str,
    rows: &'static [Row],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    minor_present: Option<bool>,
    allowed: &'static [Mode],
    default: Mode,
    reason: &'static str,
}

const READABLE: &[Mode] = &[Mode::Readable];
const SEALED: &[Mode] = &[Mode::Sealed];
const BOTH: &[Mode] = &[Mode::Readable, Mode::Sealed];

/// The four policies that ship with Frankly.
pub const POLICIES: [ModePolicy; 4] = [
    ModePolicy {
        name: "readable-only@1",
        rows: &[Row {
            minor_present: None,
            allowed: READABLE,
            default: Mode::Readable,
            reason: "Every conversation here can be read by the safety team.",
        }],
    },
    ModePolicy {
        name: "sealed-only@1",
        rows: &[Row {
            minor_present: None,
            allowed: SEALED,
            default: Mode::Sealed,
            reason: "Every conversation here is end-to-end encrypted.",
        }],
    },
    ModePolicy {
        name: "choice@1",
        rows: &[Row {
            minor_present: None,
            allowed: BOTH,
            default: Mode::Sealed,
            reason: "You choose whether this conversation is encrypted or can be read.",
        }],
    },
    ModePolicy {
        name: "youth-readable@1",
        rows: &[
            Row {
                minor_present: Some(true),
                allowed: READABLE,
                default: Mode::Readable,
                reason: "Somebody under 18 takes part, so the safety team can read this conversation.",
            },
            Row {
                minor_present: None,
                allowed: SEALED,
                default: Mode::Sealed,
                reason: "Conversations among adults are end-to-end encrypted.",
            },
        ],
    },
];

impl ModePolicy {
    /// The policy with this name, with or without its version.
    pub fn named(name: &str) -> Option<Self> {
        POLICIES.into_iter().find(|policy| policy.name == name || policy.name.split('@').next() == Some(name))
    }
}

/// Which modes this server can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Readable conversations.
    pub readable: bool,
    /// Sealed conversations.
    pub sealed: bool,
}

impl Served {
    /// What this release serves: readable conversations.
    pub const THIS_RELEASE: Self = Self { readable: true, sealed: false };

    fn serves(self, mode: Mode) -> bool {
        match mode {
            Mode::Readable => self.readable,
            Mode::Sealed => self.sealed,
        }
    }
}

/// What to do with a request for encryption that cannot be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnEncryptionRequest {
    /// Make the conversation readable and say so in its first notice.
    #[default]
    Strip,
    /// Refuse to make it.
    Refuse,
}

impl OnEncryptionRequest {
    /// The setting with this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "strip" => Some(Self::Strip),
            "refuse" => Some(Self::Refuse),
            _ => None,
        }
    }
}

/// What is known when a conversation is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeFacts {
    /// The tenant's policy.
    pub policy: ModePolicy,
    /// Age bands of all who take part. `Unknown` counts as a minor.
    pub age_bands: Vec<AgeBand>,
    /// What this server can do.
    pub served: Served,
    /// The mode asked for; `None` when the client did not say.
    pub asked: Option<Mode>,
    /// What to do when sealed is asked for and cannot be.
    pub on_encryption_request: OnEncryptionRequest,
}

/// What follows from the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Make it in this mode.
    Make(Mode),
    /// Make it readable, leave the request for encryption out, and say this first.
    Strip {
        /// For the members, in plain words.
        notice: String,
    },
    /// Do not make it.
    Refuse {
        /// For the member who asked.
        why: String,
    },
}

/// Allowed modes, the default, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeDecision {
    /// Modes that are both permitted and served.
    pub allowed: Vec<Mode>,
    /// The mode when the client does not say; `None` when nothing is possible.
    pub default: Option<Mode>,
    /// For the member, in plain words.
    pub reason: String,
    /// What follows for this request.
    pub outcome: Outcome,
}

const NOT_SERVED: &str = "This server does not offer encrypted conversations.";

/// Decides the mode of a new conversation.
pub fn decide(facts: &ModeFacts) -> ModeDecision {
    let minor = facts.age_bands.iter().any(|band| *band != AgeBand::Adult);
    let rows = facts.policy.rows;
    let row =
        rows.iter().find(|row| row.minor_present.is_none_or(|wanted| wanted == minor)).expect("the last row of every policy fits everyone");
    let allowed: Vec<Mode> = row.allowed.iter().copied().filter(|mode| facts.served.serves(*mode)).collect();
    let default = if allowed.contains(&row.default) { Some(row.default) } else { allowed.first().copied() };
    let permitted = row.allowed.contains(&Mode::Sealed);
    let reason = if permitted && !facts.served.sealed { NOT_SERVED } else { row.reason };
    ModeDecision { outcome: outcome(facts, &allowed, default, reason), allowed, default, reason: reason.to_owned() }
}

fn outcome(facts: &ModeFacts, allowed: &[Mode], default: Option<Mode>, reason: &str) -> Outcome {
    let Some(mode) = facts.asked.or(default) else {
        return Outcome::Refuse { why: reason.to_owned() };
    };
    if allowed.contains(&mode) {
        return Outcome::Make(mode);
    }
    let strip = mode == Mode::Sealed && allowed.contains(&Mode::Readable) && facts.on_encryption_request == OnEncryptionRequest::Strip;
    if strip {
        return Outcome::Strip {
            notice: format!("This conversation is not encrypted. {reason} Staff see a message only for a recorded reason."),
        };
    }
    Outcome::Refuse { why: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(policy: ModePolicy, band: AgeBand, asked: Option<Mode>, served: Served, on_encryption_request: OnEncryptionRequest) -> String {
        let facts = ModeFacts { policy, age_bands: vec![AgeBand::Adult, band], served, asked, on_encryption_request };
        let what = match decide(&facts).outcome {
            Outcome::Make(mode) => mode.as_str(),
            Outcome::Strip { .. } => "strip",
            Outcome::Refuse { .. } => "refuse",
        };
        what.to_owned()
    }

    /// Policy; then for adult and minor: asked nothing, readable, sealed.
    fn table(served: Served, on_request: OnEncryptionRequest) -> Vec<String> {
        let row = |policy: ModePolicy| {
            let cells = [AgeBand::Adult, AgeBand::From13To15].into_iter().flat_map(|band| {
                [None, Some(Mode::Readable), Some(Mode::Sealed)].map(|asked| line(policy, band, asked, served, on_request))
            });
            format!("{}: {}", policy.name, cells.collect::<Vec<_>>().join(" "))
        };
        POLICIES.into_iter().map(row).collect()
    }

    #[test]
    fn the_table_with_both_modes() {
        let both = Served { readable: true, sealed: true };
        assert_eq!(
            table(both, OnEncryptionRequest::Strip),
            [
                "readable-only@1: readable readable strip readable readable strip",
                "sealed-only@1: sealed refuse sealed sealed refuse sealed",
                "choice@1: sealed readable sealed sealed readable sealed",
                "youth-readable@1: sealed refuse sealed readable readable strip",
            ]
        );
    }

    #[test]
    fn the_table_of_this_release() {
        assert_eq!(
            table(Served::THIS_RELEASE, OnEncryptionRequest::Strip),
            [
                "readable-only@1: readable readable strip readable readable strip",
                "sealed-only@1: refuse refuse refuse refuse refuse refuse",
                "choice@1: readable readable strip readable readable strip",
                "youth-readable@1: refuse refuse refuse readable readable strip",
            ]
        );
        assert!(table(Served::THIS_RELEASE, OnEncryptionRequest::Refuse)[0].ends_with("readable readable refuse"));
    }

    #[test]
    fn unknown_age_counts_as_a_minor() {
        let policy = ModePolicy::named("youth-readable").unwrap();
        assert_eq!(line(policy, AgeBand::Unknown, None, Served::THIS_RELEASE, OnEncryptionRequest::Strip), "readable");
    }
}
