//! Events in their federation form (PDU): content hash, reference hash, event ID.
//!
//! A room is a linear log: every event has one predecessor and a depth equal to its place. The
//! event ID is the URL-safe unpadded Base64 of the reference hash (spec server-server API,
//! "Calculating the reference hash"); the ID of a version 12 room is that of its create event
//! with `!` for `$` (MSC4291).

use js_int::Int;
use ruma::room_version_rules::RoomVersionRules;
use ruma::signatures::{content_hash, reference_hash};
use ruma::{CanonicalJsonObject, CanonicalJsonValue, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, RoomVersionId};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::limits;

/// An event as its sender means it, before it has a place in the room.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Who sends it.
    pub sender: OwnedUserId,
    /// Matrix event type.
    pub event_type: String,
    /// The state key of a state event.
    pub state_key: Option<String>,
    /// The content, already checked as canonical JSON.
    pub content: CanonicalJsonObject,
    /// When the server received it.
    pub origin_ts: Timestamp,
}

/// The part of an event's federation form that is neither content nor a column of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The state events that allow this one.
    pub auth_events: Vec<OwnedEventId>,
    /// Place in the chain, counted from 1.
    pub depth: i64,
    /// Unpadded standard Base64 of the SHA-256 content hash.
    pub content_hash: String,
    /// The predecessor; empty for the create event.
    pub prev_events: Vec<OwnedEventId>,
}

/// An event with its place, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// `$` and the reference hash.
    pub event_id: OwnedEventId,
    /// The rest of its federation form.
    pub header: Header,
    /// The content as canonical JSON text.
    pub content: String,
}

/// Why an event cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The federation form has more than [`limits::EVENT_BYTES`] (`M_TOO_LARGE`).
    #[error("the event is larger than {} bytes", limits::EVENT_BYTES)]
    TooLarge,
    /// `type`, `state_key` or `sender` has more than [`limits::EVENT_KEY_BYTES`] (`M_TOO_LARGE`).
    #[error("{0} is longer than {max} bytes", max = limits::EVENT_KEY_BYTES)]
    KeyTooLong(&'static str),
    /// The content does not fit its type, so that no hash can be made (`M_BAD_JSON`).
    #[error("the event cannot be hashed: {0}")]
    Malformed(String),
}

impl Draft {
    /// Gives the event its place: predecessor, depth and authorising events, and from them its ID.
    ///
    /// `room_id` is `None` for the create event, which has none in room version 12.
    ///
    /// # Errors
    /// When it is too large, or its content cannot be hashed under its type.
    pub fn place(
        &self,
        room_id: Option<&RoomId>,
        prev: Option<OwnedEventId>,
        depth: i64,
        auth_events: Vec<OwnedEventId>,
        rules: &RoomVersionRules,
    ) -> Result<Placed, EventError> {
        self.check_keys()?;
        let prev_events: Vec<OwnedEventId> = prev.into_iter().collect();
        let mut pdu = self.bare(room_id, depth, &auth_events, &prev_events);
        let hash = content_hash(&pdu).map_err(|error| malformed(&error))?.encode();
        let hashes = CanonicalJsonObject::from([("sha256".to_owned(), CanonicalJsonValue::String(hash.clone()))]);
        pdu.insert("hashes".to_owned(), CanonicalJsonValue::Object(hashes));
        let reference = reference_hash(&pdu, rules).map_err(|error| malformed(&error))?;
        let event_id = OwnedEventId::try_from(format!("${reference}")).map_err(|error| EventError::Malformed(error.to_string()))?;
        let content = serde_json::to_string(&self.content).map_err(|error| EventError::Malformed(error.to_string()))?;
        if content.len() + frame_bytes(self, room_id, &auth_events) > limits::EVENT_BYTES {
            return Err(EventError::TooLarge);
        }
        Ok(Placed { event_id, header: Header { auth_events, depth, content_hash: hash, prev_events }, content })
    }

    fn check_keys(&self) -> Result<(), EventError> {
        let too_long = |text: &str| text.len() > limits::EVENT_KEY_BYTES;
        if too_long(&self.event_type) {
            return Err(EventError::KeyTooLong("type"));
        }
        if self.state_key.as_deref().is_some_and(too_long) {
            return Err(EventError::KeyTooLong("state_key"));
        }
        if too_long(self.sender.as_str()) {
            return Err(EventError::KeyTooLong("sender"));
        }
        Ok(())
    }

    fn bare(
        &self,
        room_id: Option<&RoomId>,
        depth: i64,
        auth_events: &[OwnedEventId],
        prev_events: &[OwnedEventId],
    ) -> CanonicalJsonObject {
        let text = |value: &str| CanonicalJsonValue::String(value.to_owned());
        let list = |ids: &[OwnedEventId]| CanonicalJsonValue::Array(ids.iter().map(|id| text(id.as_str())).collect());
        let mut pdu = CanonicalJsonObject::from([
            ("auth_events".to_owned(), list(auth_events)),
            ("content".to_owned(), CanonicalJsonValue::Object(self.content.clone())),
            ("depth".to_owned(), integer(depth)),
            ("origin_server_ts".to_owned(), integer(self.origin_ts.0)),
            ("prev_events".to_owned(), list(prev_events)),
            ("sender".to_owned(), text(self.sender.as_str())),
            ("type".to_owned(), text(&self.event_type)),
        ]);
        if let Some(room_id) = room_id {
            pdu.insert("room_id".to_owned(), text(room_id.as_str()));
        }
        if let Some(state_key) = &self.state_key {
            pdu.insert("state_key".to_owned(), text(state_key));
        }
        pdu
    }
}

/// What is left of an event when its content is gone, by redaction or erasure. Its hashes still tell whether a content
/// that somebody kept is the one it had.
#[derive(Clone, Debug, PartialEq)]
pub struct Skeleton {
    /// Its ID.
    pub event_id: OwnedEventId,
    /// Its room.
    pub room_id: OwnedRoomId,
    /// Who sent it.
    pub sender: OwnedUserId,
    /// Matrix event type.
    pub event_type: String,
    /// The state key of a state event.
    pub state_key: Option<String>,
    /// When the server received it.
    pub origin_ts: Timestamp,
    /// The rest of its federation form.
    pub header: Header,
    /// The room's version.
    pub version: String,
}

impl Skeleton {
    /// Whether the event had this content when it was sent: the content hash and the event ID come out the same.
    pub fn had(&self, content: &CanonicalJsonObject) -> bool {
        let Some(rules) = RoomVersionId::try_from(self.version.as_str()).ok().and_then(|version| version.rules()) else { return false };
        let draft = Draft {
            sender: self.sender.clone(),
            event_type: self.event_type.clone(),
            state_key: self.state_key.clone(),
            content: content.clone(),
            origin_ts: self.origin_ts,
        };
        let Header { auth_events, depth, prev_events, content_hash } = &self.header;
        // the create event of a version 12 room names no room
        let room_id = (self.event_type != "m.room.create").then_some(&*self.room_id);
        let placed = draft.place(room_id, prev_events.first().cloned(), *depth, auth_events.clone(), &rules);
        placed.is_ok_and(|placed| placed.event_id == self.event_id && placed.header.content_hash == *content_hash)
    }
}

/// The ID of a version 12 room: that of its create event, with another sigil.
pub fn room_id_of_create(event_id: &OwnedEventId) -> OwnedRoomId {
    let hash = event_id.as_str().trim_start_matches('$');
    OwnedRoomId::try_from(format!("!{hash}")).expect("a reference hash is a valid room ID after the sigil")
}

fn integer(value: i64) -> CanonicalJsonValue {
    CanonicalJsonValue::Integer(Int::try_from(value).expect("depths and times stay below 2^53"))
}

/// Bytes of the federation form around the content, rounded up.
fn frame_bytes(draft: &Draft, room_id: Option<&RoomId>, auth_events: &[OwnedEventId]) -> usize {
    let fixed = 256; // names, punctuation, depth, time, content hash, one predecessor
    let ids = auth_events.len() * 48 + room_id.map_or(0, |id| id.as_str().len());
    fixed + ids + draft.sender.as_str().len() + draft.event_type.len() + draft.state_key.as_deref().map_or(0, str::len)
}

fn malformed(error: &ruma::signatures::JsonError) -> EventError {
    match error {
        ruma::signatures::JsonError::PduTooLarge => EventError::TooLarge,
        other => EventError::Malformed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use ruma::RoomVersionId;

    use super::*;
    use crate::json::parse_object;

    fn create(content: &str) -> Draft {
        Draft {
            sender: OwnedUserId::try_from("@ana:example.org").unwrap(),
            event_type: "m.room.create".to_owned(),
            state_key: Some(String::new()),
            content: parse_object(content).unwrap(),
            origin_ts: Timestamp(1_700_000_000_000),
        }
    }

    fn rules() -> RoomVersionRules {
        RoomVersionId::V12.rules().unwrap()
    }

    #[test]
    fn the_room_id_commits_to_the_mode() {
        let readable = create(r#"{"room_version":"12","org.frankly.conversation":{"mode":"readable"}}"#);
        let sealed = create(r#"{"room_version":"12","org.frankly.conversation":{"mode":"sealed"}}"#);
        let id = |draft: &Draft| room_id_of_create(&draft.place(None, None, 1, vec![], &rules()).unwrap().event_id);
        assert_ne!(id(&readable), id(&sealed));
        assert_eq!(id(&readable), id(&readable));
        assert!(id(&readable).as_str().starts_with('!'));
    }

    #[test]
    fn events_beyond_the_bound_are_refused() {
        let mut draft = create(r#"{"room_version":"12"}"#);
        draft.content.insert("x".to_owned(), CanonicalJsonValue::String("a".repeat(limits::EVENT_BYTES)));
        assert_eq!(draft.place(None, None, 1, vec![], &rules()), Err(EventError::TooLarge));
        draft.content.clear();
        draft.event_type = "t".repeat(256);
        assert_eq!(draft.place(None, None, 1, vec![], &rules()), Err(EventError::KeyTooLong("type")));
    }
}
