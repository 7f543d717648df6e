//! The parts of Matrix answers that the measurements read; everything else is skipped unparsed.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// An answer of `/sync`.
#[derive(Deserialize)]
pub struct Sync<'a> {
    /// Where the next one starts.
    #[serde(borrow)]
    pub next_batch: Cow<'a, str>,
    #[serde(borrow, default)]
    rooms: Rooms<'a>,
    #[serde(borrow, default)]
    to_device: ToDevice<'a>,
    /// One-time keys that the server still holds for this device, by algorithm.
    #[serde(default)]
    pub device_one_time_keys_count: HashMap<String, u64>,
}

#[derive(Default, Deserialize)]
struct ToDevice<'a> {
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Rooms<'a> {
    #[serde(borrow, default)]
    join: HashMap<Cow<'a, str>, Joined<'a>>,
}

#[derive(Deserialize)]
struct Joined<'a> {
    #[serde(borrow, default)]
    timeline: Timeline<'a>,
}

/// What is new in one room, oldest first.
#[derive(Default, Deserialize)]
pub struct Timeline<'a> {
    /// The events.
    #[serde(borrow, default)]
    pub events: Vec<Event<'a>>,
    /// True if older new events were left out.
    #[serde(default)]
    pub limited: bool,
    /// Where the events before these can be paged from.
    #[serde(borrow)]
    pub prev_batch: Option<Cow<'a, str>>,
}

/// An answer of sliding sync in its deployed form.
#[derive(Deserialize)]
pub struct Sliding<'a> {
    /// Where the next one starts.
    #[serde(borrow)]
    pub pos: Cow<'a, str>,
    #[serde(borrow, default)]
    rooms: HashMap<Cow<'a, str>, Slid<'a>>,
}

#[derive(Deserialize)]
struct Slid<'a> {
    #[serde(borrow, default)]
    timeline: Vec<Event<'a>>,
}

/// An answer of `/messages`.
#[derive(Deserialize)]
pub struct Messages<'a> {
    /// The events, in the direction asked for.
    #[serde(borrow, default)]
    pub chunk: Vec<Event<'a>>,
    /// Where the next page starts; absent on the last.
    #[serde(borrow)]
    pub end: Option<Cow<'a, str>>,
}

/// One event of a timeline.
#[derive(Deserialize)]
pub struct Event<'a> {
    /// Its id.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// Its type.
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    /// Who sent it.
    #[serde(borrow)]
    pub sender: Cow<'a, str>,
    #[serde(borrow)]
    content: &'a RawValue,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    msgtype: Cow<'a, str>,
    #[serde(borrow)]
    body: Cow<'a, str>,
}

impl<'a> Sync<'a> {
    /// The timeline of one joined room, if it has something new.
    pub fn timeline(&self, room_id: &str) -> Option<&Timeline<'a>> {
        self.rooms.join.get(room_id).map(|joined| &joined.timeline)
    }

    /// What was sent to this device.
    pub fn to_device(&self) -> impl Iterator<Item = &str> {
        self.to_device.events.iter().map(|event| event.get())
    }

    /// How many joined rooms are told about.
    pub fn rooms_joined(&self) -> usize {
        self.rooms.join.len()
    }
}

impl Sliding<'_> {
    /// How many rooms are told about.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// How many messages are told, over all rooms.
    pub fn texts(&self) -> usize {
        self.rooms.values().flat_map(|room| &room.timeline).filter(|event| event.is_message()).count()
    }
}

impl Event<'_> {
    /// The body, if this is a text message; notices of the service are none.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        if self.kind != "m.room.message" {
            return None;
        }
        let content: Content<'_> = serde_json::from_str(self.content.get()).ok()?;
        (content.msgtype == "m.text").then_some(content.body)
    }

    /// Whether this is a text message or an encrypted one.
    pub fn is_message(&self) -> bool {
        self.ciphertext().is_some() || self.text().is_some()
    }

    /// The content, if this is an encrypted message.
    pub fn ciphertext(&self) -> Option<&str> {
        (self.kind == "m.room.encrypted").then(|| self.content.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_is_read() {
        let text = r#"{"next_batch":"s1","presence":{},"rooms":{"invite":{"!x":{}},"join":{"!r:h":{"state":{"events":[]},
            "timeline":{"limited":true,"prev_batch":"p","events":[
            {"event_id":"$a","type":"m.room.message","sender":"@s:h","origin_server_ts":1,"content":{"msgtype":"m.text","body":"tea \"now\""}},
            {"event_id":"$b","type":"m.room.message","sender":"@f:h","content":{"msgtype":"m.notice","body":"hello"}},
            {"event_id":"$c","type":"m.room.member","state_key":"@s:h","sender":"@s:h","content":{"membership":"join"}}]}}}}}"#;
        let sync: Sync<'_> = serde_json::from_str(text).unwrap();
        assert_eq!((sync.next_batch.as_ref(), sync.rooms_joined()), ("s1", 1));
        let timeline = sync.timeline("!r:h").unwrap();
        assert!(timeline.limited);
        let texts: Vec<_> = timeline.events.iter().map(Event::text).collect();
        assert_eq!(texts, [Some(Cow::from("tea \"now\"")), None, None]);
        assert!(sync.timeline("!other").is_none());
    }

    #[test]
    fn a_sliding_sync_is_read() {
        let text = r#"{"pos":"p1","lists":{"all":{"count":2}},"rooms":{"!i:h":{"invite_state":[]},"!r:h":{"initial":true,"timeline":[
            {"event_id":"$a","type":"m.room.message","sender":"@s:h","content":{"msgtype":"m.text","body":"tea"}}]}}}"#;
        let sliding: Sliding<'_> = serde_json::from_str(text).unwrap();
        assert_eq!((sliding.pos.as_ref(), sliding.rooms(), sliding.texts()), ("p1", 2, 1));
    }

    #[test]
    fn an_empty_sync_is_read() {
        let sync: Sync<'_> = serde_json::from_str(r#"{"next_batch":"s1"}"#).unwrap();
        assert_eq!(sync.rooms_joined(), 0);
    }
}
