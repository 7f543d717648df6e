//! What is to be done with a message, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The outcome of scanning one message; the strongest of all rules that fired wins.
///
/// `warn`, `mask`, `throttle` and `quarantine` of the design have their place in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Deliver.
    #[default]
    Allow,
    /// Deliver, and open a case for the safety team.
    Annotate,
    /// Keep from the recipients until a reviewer decides or the time limit ends.
    Hold,
    /// Refuse; the sender is told why.
    Block,
}

impl Action {
    /// Every action, weakest first.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Annotate, Self::Hold, Self::Block];

    /// The name used in packs, the console and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Annotate => "annotate",
            Self::Hold => "hold",
            Self::Block => "block",
        }
    }

    /// The action with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// What happens to a withheld message that nobody decided on in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// Deliver it (low severity: fail open).
    Release,
    /// Refuse it for good (child safety: fail closed).
    #[default]
    Block,
}

/// The time limit of a withheld message and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldTerms {
    /// How long the message may be withheld, in milliseconds; at most [`crate::limits::HOLD_MS_MAX`].
    pub ttl_ms: i64,
    /// The declared default when the limit ends.
    pub on_timeout: OnTimeout,
}

/// A stretch of a message that a rule goes by. It says where, never what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The part of the message, as in `body`.
    pub field: String,
    /// First character in the original text of that part.
    pub start: u32,
    /// One past the last character.
    pub end: u32,
}

/// A rule that fired.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// `pack/rule`, as in `frankly-en/th-001`.
    pub rule: String,
    /// The harm, named as in MSC4456 (`violence.threat`, `spam.fraud`, …).
    pub harm: String,
    /// 0 (trifle) to 4 (danger to life or a child).
    pub severity: u8,
    /// What this rule alone asks for.
    pub action: Action,
    /// Whether the rule only watches (status `shadow`): recorded, without effect.
    pub shadow: bool,
    /// The queue its case belongs to, as in `safety` or `child-safety`.
    pub queue: String,
    /// Plain words for the reviewer: why the rule fired.
    pub explain: String,
    /// Strength in 0..=1.
    pub score: f32,
    /// Content hash of the rule, so that it can be told whether it has changed since; empty for what is no rule of a pack.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
    /// The facts that the rule names, with their values; no text of a message.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, serde_json::Value>,
    /// The characters that the rule goes by, at most [`crate::limits::REASON_SPANS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

/// The judgement over one message, with every rule that fired.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The strongest action of all live reasons.
    pub action: Action,
    /// Terms, when `action` is [`Action::Hold`]: the shortest limit, and `Block` if any rule asks for it.
    pub hold: Option<HoldTerms>,
    /// Every rule that fired, strongest first; shadow rules last.
    pub reasons: Vec<Reason>,
    /// Content hash of the packs that judged, so that the decision can be replayed.
    pub pack_version: String,
}

impl Verdict {
    /// The harms of all live reasons, without repetition, strongest first.
    pub fn harms(&self) -> Vec<&str> {
        let mut harms: Vec<&str> = Vec::new();
        for reason in self.reasons.iter().filter(|reason| !reason.shadow) {
            if !harms.contains(&reason.harm.as_str()) {
                harms.push(&reason.harm);
            }
        }
        harms
    }

    /// The greatest severity of all live reasons; 0 when none fired.
    pub fn severity(&self) -> u8 {
        self.reasons.iter().filter(|reason| !reason.shadow).map(|reason| reason.severity).max().unwrap_or(0)
    }

    /// The queue of the most severe live reason; `safety` when none fired.
    pub fn queue(&self) -> &str {
        self.reasons
            .iter()
            .filter(|reason| !reason.shadow)
            .max_by_key(|reason| reason.severity)
            .map_or("safety", |reason| reason.queue.as_str())
    }
}
