//! What a member of staff can ask to do.

use model::case::Outcome;

/// What a member of staff wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// See the queue and a case, without its message.
    Look,
    /// Take a case.
    Claim,
    /// Open the message of a case.
    Reveal,
    /// Decide a case.
    Decide(Outcome),
    /// See every access record.
    ReadAccess,
    /// See the deliveries of the webhook and repeat one.
    Webhooks,
    /// Lock and suspend members' accounts without a case, and free them.
    Restrict,
}

impl Act {
    /// Every act.
    pub fn all() -> impl Iterator<Item = Self> {
        let decisions = Outcome::ALL.into_iter().map(Self::Decide);
        [Self::Look, Self::Claim, Self::Reveal].into_iter().chain(decisions).chain([Self::ReadAccess, Self::Webhooks, Self::Restrict])
    }

    /// The name of the action in the policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Claim => "claim",
            Self::Reveal => "reveal",
            Self::Decide(Outcome::Release) => "decide:release",
            Self::Decide(Outcome::KeepBlocked) => "decide:keep_blocked",
            Self::Decide(Outcome::Remove) => "decide:remove",
            Self::Decide(Outcome::Warn) => "decide:warn",
            Self::Decide(Outcome::Suspend) => "decide:suspend",
            Self::Decide(Outcome::Lock) => "decide:lock",
            Self::Decide(Outcome::Dismiss) => "decide:dismiss",
            Self::ReadAccess => "read_access",
            Self::Webhooks => "webhooks",
            Self::Restrict => "restrict",
        }
    }

    /// Whether it is done to one case, rather than to the desk as a whole.
    pub(super) fn is_about_a_case(self) -> bool {
        match self {
            Self::Look | Self::Claim | Self::Reveal | Self::Decide(_) => true,
            Self::ReadAccess | Self::Webhooks | Self::Restrict => false,
        }
    }
}
