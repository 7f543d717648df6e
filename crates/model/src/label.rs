//! Checking what a conversation says of itself: its ID is the hash of the event that says it.

use ruma::{CanonicalJsonObject, OwnedRoomId, OwnedUserId, RoomVersionId};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::conversation::{CREATE_KEY, Terms};
use crate::event::{Draft, room_id_of_create};
use crate::json::parse_object;

/// A create event as any client shows it. What else is hashed follows from the room's version.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateEvent {
    /// Who made the conversation.
    pub sender: OwnedUserId,
    /// When, by the server's clock.
    pub origin_ts: Timestamp,
    /// Its content.
    pub content: CanonicalJsonObject,
}

/// Why an event says nothing about a room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Not the JSON of an event.
    #[error("this is not an event as clients show it: {0}")]
    NotAnEvent(String),
    /// Another type, or a state key.
    #[error("this is not a create event")]
    NotACreateEvent,
    /// Before version 12 a room's ID was not its hash.
    #[error("the room is not of version 12, whose ID is the hash of the create event")]
    OtherVersion,
}

impl CreateEvent {
    /// Reads an event in the format of the Client-Server API; other keys are ignored.
    ///
    /// # Errors
    /// When it is not a create event.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        #[derive(Deserialize)]
        struct Event<'a> {
            r#type: &'a str,
            #[serde(default)]
            state_key: String,
            sender: OwnedUserId,
            origin_server_ts: i64,
            #[serde(borrow)]
            content: &'a RawValue,
        }
        let event: Event<'_> = serde_json::from_str(text).map_err(|error| LabelError::NotAnEvent(error.to_string()))?;
        if event.r#type != "m.room.create" || !event.state_key.is_empty() {
            return Err(LabelError::NotACreateEvent);
        }
        let content = parse_object(event.content.get()).map_err(|error| LabelError::NotAnEvent(error.to_string()))?;
        Ok(Self { sender: event.sender, origin_ts: Timestamp(event.origin_server_ts), content })
    }

    /// The ID of the room that this event makes.
    ///
    /// # Errors
    /// [`LabelError::OtherVersion`]; [`LabelError::NotAnEvent`] when it cannot be hashed.
    pub fn room_id(&self) -> Result<OwnedRoomId, LabelError> {
        if self.content.get("room_version").and_then(|version| version.as_str()) != Some("12") {
            return Err(LabelError::OtherVersion);
        }
        let rules = RoomVersionId::V12.rules().ok_or(LabelError::OtherVersion)?;
        let draft = Draft {
            sender: self.sender.clone(),
            event_type: "m.room.create".to_owned(),
            state_key: Some(String::new()),
            content: self.content.clone(),
            origin_ts: self.origin_ts,
        };
        let placed = draft.place(None, None, 1, Vec::new(), &rules).map_err(|error| LabelError::NotAnEvent(error.to_string()))?;
        Ok(room_id_of_create(&placed.event_id))
    }

    /// The terms it states; `None` when it states none.
    pub fn terms(&self) -> Option<Terms> {
        let terms = serde_json::to_value(self.content.get(CREATE_KEY)?).ok()?;
        serde_json::from_value(terms).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Mode;

    const EVENT: &str = r#"{"type":"m.room.create","state_key":"","sender":"@ana:example.org","origin_server_ts":1700000000000,
        "content":{"room_version":"12","org.frankly.conversation":{"mode":"sealed","policy":"choice@1","tenant":"default","retention":"standard"}},
        "event_id":"$x","unsigned":{"age":5}}"#;

    #[test]
    fn the_id_follows_from_what_any_client_shows() {
        let event = CreateEvent::parse(EVENT).unwrap();
        insta::assert_snapshot!(event.room_id().unwrap(), @"!RU0niLBlQ70kWdaVpTdQBmcLa1FDi2hqOH2CHXvK1Jc");
        assert_eq!(event.terms().unwrap().mode, Mode::Sealed);
        for (from, to) in [("sealed", "readable"), ("@ana", "@ben"), ("1700000000000", "1700000000001"), ("choice@1", "choice@2")] {
            let changed = CreateEvent::parse(&EVENT.replacen(from, to, 1)).unwrap();
            assert_ne!(changed.room_id().unwrap(), event.room_id().unwrap(), "{from}");
        }
    }

    #[test]
    fn other_events_are_refused() {
        let refused =
            |from: &str, to: &str| CreateEvent::parse(&EVENT.replacen(from, to, 1)).and_then(|event| event.room_id()).unwrap_err();
        assert_eq!(refused("m.room.create", "m.room.name"), LabelError::NotACreateEvent);
        assert_eq!(refused("\"state_key\":\"\"", "\"state_key\":\"x\""), LabelError::NotACreateEvent);
        assert_eq!(refused("\"12\"", "\"11\""), LabelError::OtherVersion);
        assert!(matches!(refused("@ana:example.org", "ana"), LabelError::NotAnEvent(_)));
        let bare = EVENT.replacen("org.frankly.conversation", "org.example.other", 1);
        assert_eq!(CreateEvent::parse(&bare).unwrap().terms(), None);
    }
}
