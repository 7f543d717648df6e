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

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// One message.
    Event,
    /// A conversation.
    Room,
    /// A person.
    User,
}

impl CaseKind {
    /// The name in the database and the console.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Room => "room",
            Self::User => "user",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Event, Self::Room, Self::User].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where the message of a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Delivered at once.
    Visible,
    /// Withheld from the recipients; only the sender sees it.
    Withheld,
    /// Refused: before it became an event, or by a decision after it was withheld.
    Blocked,
    /// Withheld, then delivered.
    Released,
    /// Withheld, then refused because nobody decided in time.
    Expired,
    /// Delivered, then redacted by a decision.
    Removed,
}

impl MessageState {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Visible, Self::Withheld, Self::Blocked, Self::Released, Self::Expired, Self::Removed];

    /// The name in the database and the console.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Withheld => "withheld",
            Self::Blocked => "blocked",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Removed => "removed",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
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

    /// Whether this can be decided about a message that stands so; `None` for a case without a message.
    ///
    /// A withheld message is resolved by every outcome: see [`Outcome::resolves_to`].
    pub fn fits(self, message: Option<MessageState>) -> bool {
        match self {
            Self::Release => matches!(message, Some(MessageState::Withheld | MessageState::Expired)),
            Self::KeepBlocked => matches!(message, Some(MessageState::Withheld | MessageState::Blocked | MessageState::Expired)),
            Self::Remove => matches!(message, Some(MessageState::Visible | MessageState::Released)),
            Self::Warn | Self::Suspend | Self::Lock | Self::Dismiss => true,
        }
    }

    /// Where the message stands after the decision; no message stays withheld.
    pub fn resolves_to(self, message: MessageState) -> MessageState {
        match (self, message) {
            (Self::Release, MessageState::Withheld | MessageState::Expired) | (Self::Dismiss, MessageState::Withheld) => {
                MessageState::Released
            }
            (Self::KeepBlocked, MessageState::Withheld | MessageState::Expired)
            | (Self::Warn | Self::Suspend | Self::Lock | Self::Remove, MessageState::Withheld) => MessageState::Blocked,
            (Self::Remove, MessageState::Visible | MessageState::Released) => MessageState::Removed,
            (_, unchanged) => unchanged,
        }
    }

    /// Whether the decision is held against the sender's account: a person found that the message or the behaviour breaks
    /// the rules. What time limits do without anybody's decision never is.
    pub fn is_strike(self) -> bool {
        match self {
            Self::KeepBlocked | Self::Remove | Self::Warn | Self::Suspend | Self::Lock => true,
            Self::Release | Self::Dismiss => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_decision_leaves_a_message_withheld() {
        for outcome in Outcome::ALL {
            assert_ne!(outcome.resolves_to(MessageState::Withheld), MessageState::Withheld, "{outcome:?}");
        }
    }

    #[test]
    fn only_what_fits_changes_a_message() {
        for outcome in [Outcome::Release, Outcome::KeepBlocked, Outcome::Remove] {
            for state in MessageState::ALL {
                if !outcome.fits(Some(state)) && state != MessageState::Withheld {
                    assert_eq!(outcome.resolves_to(state), state, "{outcome:?} {state:?}");
                }
            }
        }
    }

    #[test]
    fn names_round_trip() {
        for state in MessageState::ALL {
            assert_eq!(MessageState::parse(state.as_str()), Some(state));
        }
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(CaseKind::parse("event"), Some(CaseKind::Event));
    }
}
