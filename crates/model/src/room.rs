//! A room as its next event finds it: the current state, at one version of it.
//!
//! A writer decides over a [`Snapshot`] outside any transaction; the store refuses to append when
//! the room's `state_version` has moved on, and the writer looks again.

use std::collections::BTreeMap;

use ruma::{CanonicalJsonObject, CanonicalJsonValue, OwnedEventId, OwnedRoomId, OwnedUserId, UserId};

use crate::conversation::{Conversation, Mode, Terms};
use crate::limits;
use crate::person::AgeBand;
use crate::seq::RoomPos;

/// One event of the current state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateEvent {
    /// Its ID.
    pub event_id: OwnedEventId,
    /// Its place in the room.
    pub room_pos: RoomPos,
    /// Who sent it.
    pub sender: OwnedUserId,
    /// Its content.
    pub content: CanonicalJsonObject,
}

impl StateEvent {
    /// The text under `key`, if it is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.content.get(key).and_then(CanonicalJsonValue::as_str)
    }
}

/// A membership of a room (spec `m.room.member`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Membership {
    /// In the room.
    Join,
    /// Asked to come in.
    Invite,
    /// Out, by themselves or by somebody else.
    Leave,
    /// Out, and may not come back.
    Ban,
    /// Asks to be let in.
    Knock,
}

impl Membership {
    /// The name in the event.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Invite => "invite",
            Self::Leave => "leave",
            Self::Ban => "ban",
            Self::Knock => "knock",
        }
    }

    /// The membership with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Join, Self::Invite, Self::Leave, Self::Ban, Self::Knock].into_iter().find(|one| one.as_str() == name)
    }
}

/// What the rules may know of a joined member, besides the member event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFacts {
    /// Age band as told by the operator.
    pub age_band: AgeBand,
    /// When the account was made, in milliseconds.
    pub created_ms: i64,
    /// Upheld decisions against the account.
    pub strikes: i64,
    /// Jurisdiction, as in `DE`; empty when unknown.
    pub jurisdiction: String,
}

/// The current state of a room at one version of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Room version, `12` or `11`.
    pub version: String,
    /// Counts the changes of state; a write against an older one is refused.
    pub state_version: i64,
    /// The state by type, then by state key.
    pub state: BTreeMap<String, BTreeMap<String, StateEvent>>,
    /// Bytes of the contents of the state, memberships left out.
    pub state_bytes: usize,
    /// Facts of each joined member.
    pub people: BTreeMap<OwnedUserId, MemberFacts>,
}

impl Snapshot {
    /// The state event of this type and key.
    pub fn get(&self, event_type: &str, state_key: &str) -> Option<&StateEvent> {
        self.state.get(event_type)?.get(state_key)
    }

    /// Whether there is place for this piece of state, which may take the place of another; what takes less than before
    /// always has it. Memberships are not counted: they are bounded by people.
    pub fn has_place_for(&self, event_type: &str, state_key: &str, content: &CanonicalJsonObject) -> bool {
        let bytes = |content: &CanonicalJsonObject| serde_json::to_string(content).map_or(usize::MAX, |text| text.len());
        let before = self.get(event_type, state_key).map(|event| bytes(&event.content));
        let after = bytes(content);
        let others = self.state.iter().filter(|(event_type, _)| *event_type != "m.room.member");
        let entries: usize = others.map(|(_, events)| events.len()).sum();
        let fits = self.state_bytes.saturating_sub(before.unwrap_or(0)).saturating_add(after) <= limits::ROOM_STATE_BYTES;
        match before {
            Some(before) => fits || after <= before,
            None => fits && entries < limits::ROOM_STATE_ENTRIES,
        }
    }

    /// The membership of `user`, if they ever had one.
    pub fn membership(&self, user: &UserId) -> Option<Membership> {
        self.get("m.room.member", user.as_str())?.text("membership").and_then(Membership::parse)
    }

    /// Whether `user` is in the room.
    pub fn is_joined(&self, user: &UserId) -> bool {
        self.membership(user) == Some(Membership::Join)
    }

    /// The people with this membership, in order of their IDs.
    pub fn with_membership(&self, membership: Membership) -> impl Iterator<Item = &str> {
        let members = self.state.get("m.room.member").into_iter().flatten();
        members.filter(move |(_, event)| event.text("membership") == Some(membership.as_str())).map(|(user, _)| user.as_str())
    }

    /// The people in the room, in order of their IDs (the lock order of their inboxes).
    pub fn joined(&self) -> Vec<OwnedUserId> {
        self.with_membership(Membership::Join).filter_map(|user| UserId::parse(user).ok()).collect()
    }

    /// The conversation and its terms as the create event states them.
    pub fn conversation(&self) -> Conversation {
        let terms = self
            .get("m.room.create", "")
            .and_then(|create| create.content.get(crate::conversation::CREATE_KEY))
            .and_then(|terms| serde_json::to_value(terms).ok())
            .and_then(|terms| serde_json::from_value::<Terms>(terms).ok());
        Conversation::from_terms(terms.unwrap_or_else(|| Terms {
            // no terms: a room this server did not make; nothing of it may be read
            mode: Mode::Sealed,
            policy: String::new(),
            tenant: String::new(),
            retention: String::new(),
        }))
    }
}

/// The state an event is judged by, as pairs of type and state key (spec server-server API,
/// "Auth events selection"; room version 12 leaves the create event out).
pub fn auth_keys(event_type: &str, state_key: Option<&str>, sender: &UserId, content: &CanonicalJsonObject) -> Vec<(&'static str, String)> {
    if event_type == "m.room.create" {
        return Vec::new();
    }
    let mut keys = vec![("m.room.power_levels", String::new()), ("m.room.member", sender.to_string())];
    if event_type == "m.room.member" {
        if let Some(target) = state_key.filter(|target| *target != sender.as_str()) {
            keys.push(("m.room.member", target.to_owned()));
        }
        let membership = content.get("membership").and_then(CanonicalJsonValue::as_str);
        if matches!(membership, Some("join" | "invite" | "knock")) {
            keys.push(("m.room.join_rules", String::new()));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;
    use crate::json::parse_object;

    fn event(content: &str) -> StateEvent {
        StateEvent {
            event_id: OwnedEventId::try_from("$e").unwrap(),
            room_pos: RoomPos::ZERO,
            sender: UserId::parse("@ana:example.org").unwrap(),
            content: parse_object(content).unwrap(),
        }
    }

    fn room(state: &[(&str, usize)], state_bytes: usize) -> Snapshot {
        let events = |count: usize| (0..count).map(|n| (n.to_string(), event(r#"{"a":1}"#))).collect();
        Snapshot {
            room_id: OwnedRoomId::try_from("!r").unwrap(),
            version: "12".to_owned(),
            state_version: 1,
            state: state.iter().map(|(event_type, count)| ((*event_type).to_owned(), events(*count))).collect(),
            state_bytes,
            people: BTreeMap::new(),
        }
    }

    #[test]
    fn a_room_has_place_for_so_much_state_and_for_less_than_before() {
        let content = parse_object(r#"{"a":1}"#).unwrap();
        let larger = parse_object(r#"{"a":10}"#).unwrap();
        let some = room(&[("x", limits::ROOM_STATE_ENTRIES - 1), ("m.room.member", 300)], 100);
        assert!(some.has_place_for("y", "", &content), "memberships are not counted");
        let full = room(&[("x", limits::ROOM_STATE_ENTRIES)], 100);
        assert!(!full.has_place_for("y", "", &content) && !full.has_place_for("x", "new", &content));
        assert!(full.has_place_for("x", "0", &larger), "it takes the place of another");
        let large = room(&[("x", 1)], limits::ROOM_STATE_BYTES);
        assert!(large.has_place_for("x", "0", &content));
        assert!(!large.has_place_for("x", "0", &larger) && !large.has_place_for("x", "1", &content));
    }
}
