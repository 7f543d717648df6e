//! What a client wants to see of rooms and timelines (spec "Filtering").

use std::collections::BTreeSet;

use crate::id::OwnedRoomId;
use crate::limits;

/// A filter over events by type, sender and form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// At most this many events.
    pub limit: Option<usize>,
    /// Only these types; `*` matches any run of characters.
    pub types: Option<Vec<String>>,
    /// Never these types.
    pub not_types: Vec<String>,
    /// Only these senders.
    pub senders: Option<Vec<String>>,
    /// Never these senders.
    pub not_senders: Vec<String>,
    /// Only events with, or without, a `url` in their content.
    pub contains_url: Option<bool>,
}

impl EventFilter {
    /// Whether an event passes.
    pub fn matches(&self, event_type: &str, sender: &str, content: &str) -> bool {
        let listed = |patterns: &[String]| patterns.iter().any(|pattern| glob(pattern, event_type));
        self.types.as_deref().is_none_or(listed)
            && !listed(&self.not_types)
            && self.senders.as_ref().is_none_or(|senders| senders.iter().any(|one| one == sender))
            && !self.not_senders.iter().any(|one| one == sender)
            && self.contains_url.is_none_or(|wanted| wanted == has_url(content))
    }

    /// Whether it names no more than an event can be held against in no time.
    pub fn is_within_bounds(&self) -> bool {
        let few =
            |values: &[String]| values.len() <= limits::FILTER_VALUES && values.iter().all(|value| value.len() <= limits::EVENT_KEY_BYTES);
        let lists = [self.types.as_deref(), Some(&*self.not_types), self.senders.as_deref(), Some(&*self.not_senders)];
        lists.into_iter().flatten().all(few)
    }

    /// Whether every event passes.
    pub fn is_open(&self) -> bool {
        self.types.is_none()
            && self.not_types.is_empty()
            && self.senders.is_none()
            && self.not_senders.is_empty()
            && self.contains_url.is_none()
    }

    /// The number of timeline events to give, within the server's bounds.
    pub fn timeline_limit(&self) -> usize {
        self.limit.unwrap_or(limits::TIMELINE_EVENTS_DEFAULT).min(limits::TIMELINE_EVENTS_MAX)
    }
}

/// A filter over rooms by ID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomFilter {
    /// Only these rooms.
    pub rooms: Option<BTreeSet<OwnedRoomId>>,
    /// Never these rooms.
    pub not_rooms: BTreeSet<OwnedRoomId>,
}

impl RoomFilter {
    /// Whether a room passes.
    pub fn matches(&self, room_id: &OwnedRoomId) -> bool {
        self.rooms.as_ref().is_none_or(|rooms| rooms.contains(room_id)) && !self.not_rooms.contains(room_id)
    }
}

fn has_url(content: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Content {
        url: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Content>(content).is_ok_and(|content| content.url.is_some())
}

/// Whether `text` fits `pattern`, where `*` stands for any run of characters. Linear in both.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((prefix, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(prefix) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let suffix = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    left.ends_with(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_run() {
        for (pattern, text, fits) in [
            ("m.room.message", "m.room.message", true),
            ("m.room.*", "m.room.message", true),
            ("*", "anything", true),
            ("m.*.message", "m.room.message", true),
            ("m.*.message", "m.room.messages", false),
            ("m.room", "m.room.message", false),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "bxa", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_filter_names_a_bounded_number_of_short_values() {
        let named = |count: usize, bytes: usize| vec!["x".repeat(bytes); count];
        for (count, bytes, fits) in [(0, 0, true), (200, 255, true), (201, 1, false), (1, 256, false)] {
            for filter in [
                EventFilter { types: Some(named(count, bytes)), ..EventFilter::default() },
                EventFilter { not_types: named(count, bytes), ..EventFilter::default() },
                EventFilter { senders: Some(named(count, bytes)), ..EventFilter::default() },
                EventFilter { not_senders: named(count, bytes), ..EventFilter::default() },
            ] {
                assert_eq!(filter.is_within_bounds(), fits, "{count} {bytes}");
            }
        }
    }

    #[test]
    fn exclusion_wins() {
        let filter = EventFilter { types: Some(vec!["m.*".into()]), not_types: vec!["m.room.member".into()], ..EventFilter::default() };
        assert!(filter.matches("m.room.message", "@a:b", "{}"));
        assert!(!filter.matches("m.room.member", "@a:b", "{}"));
        let filter = EventFilter { contains_url: Some(true), ..EventFilter::default() };
        assert!(filter.matches("m.room.message", "@a:b", r#"{"url":"mxc://a/b"}"#));
        assert!(!filter.matches("m.room.message", "@a:b", "{}"));
    }
}
