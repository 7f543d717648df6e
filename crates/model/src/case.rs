//! Cases: what a reviewer works on, and what can be decided.

use serde::{Deserialize, Serialize};

/// How soon a person must look. Targets: P0 15 minutes, P1 4 hours, P2 24 hours, P3 72 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Imminent harm.
    P0,
    /// Serious.
    P1,
    /// Ordinary.
    P2,
    /// Can wait.
    P3,
}

impl Priority {
    /// The priority of a case with this severity (0..=4).
    pub fn of_severity(severity: u8) -> Self {
        match severity {
            4.. => Self::P0,
            3 => Self::P1,
            2 => Self::P2,
            _ => Self::P3,
        }
    }

    /// The number in the database: 0 is first.
    pub fn rank(self) -> i64 {
        self as i64
    }

    /// The priority with this rank.
    pub fn from_rank(rank: i64) -> Option<Self> {
        [Self::P0, Self::P1, Self::P2, Self::P3].into_iter().find(|priority| priority.rank() == rank)
    }

    /// Milliseconds within which a person must have looked.
    pub fn target_ms(self) -> i64 {
        match self {
            Self::P0 => 15 * 60_000,
            Self::P1 => 4 * 3_600_000,
            Self::P2 => 24 * 3_600_000,
            Self::P3 => 72 * 3_600_000,
        }
    }
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// In the queue.
    Open,
    /// A reviewer works on it.
    Claimed,
    /// Decided; both sides are told.
    Decided,
}

impl CaseState {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Decided => "decided",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Claimed, Self::Decided].into_iter().find(|state| state.as_str() == name)
    }
}

/// What a reviewer can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Deliver a withheld message.
    Release,
    /// A blocked or withheld message stays undelivered.
    KeepBlocked,
    /// Redact a delivered message.
    Remove,
    /// Tell the sender that this broke the rules.
    Warn,
    /// The sender may read, not write.
    Suspend,
    /// The sender may only log out.
    Lock,
    /// Nothing was wrong.
    Dismiss,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [Self::Release, Self::KeepBlocked, Self::Remove, Self::Warn, Self::Suspend, Self::Lock, Self::Dismiss];

    /// The name in the database and the console.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::KeepBlocked => "keep_blocked",
            Self::Remove => "remove",
            Self::Warn => "warn",
            Self::Suspend => "suspend",
            Self::Lock => "lock",
            Self::Dismiss => "dismiss",
        }
    }

    /// The outcome with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}
