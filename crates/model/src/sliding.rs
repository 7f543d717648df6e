//! What a client of sliding sync wants of a room: how much of its timeline, and which of its state.

use serde::{Deserialize, Serialize};

use crate::limits;

const MEMBER: &str = "m.room.member";

/// Which state: all of one type, all of one key, one piece, or all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// Of this type; `None` for every type.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none", default)]
    pub event_type: Option<String>,
    /// Of this state key; `None` for every key.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none", default)]
    pub state_key: Option<String>,
}

impl Pattern {
    fn matches(&self, event_type: &str, state_key: &str) -> bool {
        let fits = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
        fits(self.event_type.as_deref(), event_type) && fits(self.state_key.as_deref(), state_key)
    }
}

/// The state that one list or subscription asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wanted {
    /// What matches one of these.
    #[serde(rename = "i", skip_serializing_if = "Vec::is_empty", default)]
    pub include: Vec<Pattern>,
    /// Unless it matches one of these.
    #[serde(rename = "e", skip_serializing_if = "Vec::is_empty", default)]
    pub exclude: Vec<Pattern>,
    /// Members as the timeline needs them: a pattern for every type does not mean them.
    #[serde(rename = "l", skip_serializing_if = "std::ops::Not::not", default)]
    pub lazy_members: bool,
}

impl Wanted {
    /// Whether a piece of state is asked for by its type and key.
    pub fn matches(&self, event_type: &str, state_key: &str) -> bool {
        let lazy = self.lazy_members && event_type == MEMBER;
        let included = self.include.iter().any(|one| one.matches(event_type, state_key) && !(lazy && one.event_type.is_none()));
        included && !self.exclude.iter().any(|one| one.matches(event_type, state_key))
    }
}

/// What is told of a room: the most that any list or subscription asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RoomConfig {
    /// At most so many events at a time.
    #[serde(rename = "n")]
    pub timeline_limit: usize,
    /// State that matches one of these.
    #[serde(rename = "w")]
    pub wanted: Vec<Wanted>,
}

impl RoomConfig {
    /// What a list or subscription asks for, within the server's bounds.
    pub fn new(timeline_limit: usize, wanted: Wanted) -> Self {
        Self { timeline_limit: timeline_limit.min(limits::TIMELINE_EVENTS_MAX), wanted: vec![wanted] }
    }

    /// Adds what another asks for.
    pub fn join(&mut self, other: &Self) {
        self.timeline_limit = self.timeline_limit.max(other.timeline_limit);
        for wanted in &other.wanted {
            if !self.wanted.contains(wanted) {
                self.wanted.push(wanted.clone());
            }
        }
    }

    /// Whether this asks for everything that the other asks for.
    pub fn covers(&self, other: &Self) -> bool {
        self.timeline_limit >= other.timeline_limit && other.wanted.iter().all(|wanted| self.wanted.contains(wanted))
    }

    /// Whether a piece of state is asked for by its type and key.
    pub fn matches(&self, event_type: &str, state_key: &str) -> bool {
        self.wanted.iter().any(|wanted| wanted.matches(event_type, state_key))
    }

    /// Whether members are to come with the timeline that needs them.
    pub fn lazy_members(&self) -> bool {
        self.wanted.iter().any(|wanted| wanted.lazy_members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(event_type: Option<&str>, state_key: Option<&str>) -> Pattern {
        Pattern { event_type: event_type.map(str::to_owned), state_key: state_key.map(str::to_owned) }
    }

    #[test]
    fn patterns_leave_open_what_they_do_not_name() {
        let wanted = Wanted {
            include: vec![pattern(Some("m.room.name"), Some("")), pattern(Some("m.space.child"), None), pattern(None, Some("@ana:x"))],
            exclude: vec![pattern(Some("m.space.child"), Some("!no"))],
            lazy_members: false,
        };
        for (event_type, state_key, wants) in [
            ("m.room.name", "", true),
            ("m.room.name", "x", false),
            ("m.space.child", "!yes", true),
            ("m.space.child", "!no", false),
            ("m.room.member", "@ana:x", true),
            ("m.room.member", "@ben:x", false),
        ] {
            assert_eq!(wanted.matches(event_type, state_key), wants, "{event_type} {state_key}");
        }
    }

    #[test]
    fn everything_with_lazy_members_leaves_members_to_the_timeline() {
        let mut wanted = Wanted { include: vec![pattern(None, None)], exclude: Vec::new(), lazy_members: true };
        assert!(wanted.matches("m.room.topic", "") && !wanted.matches("m.room.member", "@ana:x"));
        wanted.include.push(pattern(Some("m.room.member"), Some("@ana:x")));
        assert!(wanted.matches("m.room.member", "@ana:x") && !wanted.matches("m.room.member", "@ben:x"));
    }

    #[test]
    fn joined_configurations_ask_for_the_most_of_each() {
        let (few, many) =
            (RoomConfig::new(1, Wanted::default()), RoomConfig::new(9_999, Wanted { lazy_members: true, ..Wanted::default() }));
        assert_eq!(many.timeline_limit, limits::TIMELINE_EVENTS_MAX);
        assert!(!few.covers(&many) && !many.covers(&few));
        let mut both = few.clone();
        both.join(&many);
        assert!(both.covers(&few) && both.covers(&many) && both.lazy_members());
    }
}
