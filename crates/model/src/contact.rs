//! What is known of two people before one may reach the other. All of it exists without any text.

use serde::{Deserialize, Serialize};

use crate::person::AgeBand;

/// What one person wants to have with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// A conversation of two.
    #[default]
    Dm,
    /// A conversation of more.
    Group,
}

impl ContactKind {
    /// The name used in contact policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dm => "dm",
            Self::Group => "group",
        }
    }

    /// What a conversation of so many people is, those invited counted.
    pub fn of(people: usize) -> Self {
        if people > 2 { Self::Group } else { Self::Dm }
    }
}

/// Whether one may reach the other; the strictest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactOutcome {
    /// As people who know each other.
    Allow,
    /// As a message request: the invitation says that it comes from a stranger.
    Request,
    /// Not at all.
    Refuse,
}

impl ContactOutcome {
    /// Every outcome, the mildest first.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Request, Self::Refuse];

    /// The name used in contact policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Request => "request",
            Self::Refuse => "refuse",
        }
    }

    /// The outcome with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// How far a guardian, or the host platform for them, narrowed a young person's contacts. It can only take away:
/// what the policy refuses stays refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactLimit {
    /// Friends, and the guardian.
    Friends,
    /// The guardian alone.
    Guardian,
}

impl ContactLimit {
    /// The name used in the database and the host API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Friends => "friends",
            Self::Guardian => "guardian",
        }
    }

    /// The limit with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Friends, Self::Guardian].into_iter().find(|limit| limit.as_str() == name)
    }

    /// Whether two people stay within it.
    pub fn admits(self, pair: &Pair) -> bool {
        pair.guardian || (self == Self::Friends && pair.friends())
    }
}

/// What is known of one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Party {
    /// Age band as told by the operator or the host platform.
    pub age_band: AgeBand,
    /// Jurisdiction, as in `DE`; empty when unknown.
    pub jurisdiction: String,
    /// Age of the account in hours.
    pub account_age_h: i64,
    /// Upheld decisions against the account.
    pub strikes: i64,
    /// What their guardian narrowed their contacts to; looked at for as long as they are young.
    pub limit: Option<ContactLimit>,
}

/// What is known of the two together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, named as in contact policies")]
pub struct Pair {
    /// The one who opens follows the other.
    pub follows: bool,
    /// The other follows the one who opens.
    pub followed: bool,
    /// The one who opens blocks the other.
    pub blocks: bool,
    /// The other blocks the one who opens.
    pub blocked: bool,
    /// One of them is the other's guardian.
    pub guardian: bool,
    /// They are in a conversation together, besides the one in question.
    pub acquainted: bool,
}

impl Pair {
    /// Whether they follow each other.
    pub fn friends(&self) -> bool {
        self.follows && self.followed
    }

    /// Whether they know each other, as far as anybody told or they met here.
    pub fn known(&self) -> bool {
        self.friends() || self.followed || self.guardian || self.acquainted
    }

    /// Whether the one who looks may know that a person of this age is here at all: by name, picture, keys, devices.
    /// Not a policy but a promise: young people, and those whose age nobody told, do not exist for strangers.
    pub fn may_see(&self, age_band: AgeBand) -> bool {
        self.acquainted || self.guardian || (!self.blocked && (age_band == AgeBand::Adult || self.friends()))
    }
}

/// All facts of one question: may the one who opens reach the other?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactFacts {
    /// Who opens.
    pub opener: Party,
    /// Whom.
    pub target: Party,
    /// The two together.
    pub pair: Pair,
    /// What for.
    pub kind: ContactKind,
    /// `readable` or `sealed`; empty before a conversation has one.
    pub mode: String,
    /// Their tenant.
    pub tenant: String,
}

/// Sliding counts of whom somebody tried to reach without knowing them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactCounters {
    /// People reached for, for the first time in a day, in the last hour.
    pub contacts_1h: i64,
    /// People reached for, for the first time in a day, in the last day.
    pub contacts_24h: i64,
    /// Minors an adult reached for in the last day, whether it was refused or not.
    pub young_24h: i64,
    /// Minors among them where it was refused.
    pub young_refused_24h: i64,
}

impl ContactFacts {
    /// The same two the other way round.
    #[must_use]
    pub fn turned(&self) -> Self {
        let Pair { follows, followed, blocks, blocked, guardian, acquainted } = self.pair;
        Self {
            opener: self.target.clone(),
            target: self.opener.clone(),
            pair: Pair { follows: followed, followed: follows, blocks: blocked, blocked: blocks, guardian, acquainted },
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_young_exist_for_those_who_know_them_alone() {
        let stranger = Pair::default();
        let friend = Pair { follows: true, followed: true, ..stranger };
        for band in AgeBand::ALL {
            assert_eq!(stranger.may_see(band), band == AgeBand::Adult, "{band:?}");
            assert!(friend.may_see(band));
            assert!(Pair { guardian: true, ..stranger }.may_see(band));
            assert!(Pair { acquainted: true, blocked: true, ..stranger }.may_see(band), "who is in a room sees its members");
            assert!(!Pair { blocked: true, ..friend }.may_see(band));
            assert!(!Pair { follows: true, ..stranger }.may_see(AgeBand::Unknown), "following somebody is not knowing them");
        }
    }

    #[test]
    fn a_limit_takes_away_and_never_gives() {
        let friends = Pair { follows: true, followed: true, ..Pair::default() };
        assert!(ContactLimit::Friends.admits(&friends) && !ContactLimit::Guardian.admits(&friends));
        assert!(!ContactLimit::Friends.admits(&Pair { acquainted: true, followed: true, ..Pair::default() }));
        for limit in [ContactLimit::Friends, ContactLimit::Guardian] {
            assert!(limit.admits(&Pair { guardian: true, ..Pair::default() }));
            assert_eq!(ContactLimit::parse(limit.as_str()), Some(limit));
        }
    }

    #[test]
    fn outcomes_are_ordered_by_strictness() {
        assert!(ContactOutcome::Allow < ContactOutcome::Request && ContactOutcome::Request < ContactOutcome::Refuse);
        assert_eq!(ContactOutcome::parse("request"), Some(ContactOutcome::Request));
        assert_eq!((ContactKind::of(2), ContactKind::of(3)), (ContactKind::Dm, ContactKind::Group));
    }
}
