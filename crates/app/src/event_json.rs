//! Events as clients get them. Contents are stored as JSON text and spliced in as they are.

use model::clock::Timestamp;
use store::query::stored_event::{Bundle, StoredEvent};

use crate::{App, Caller};

/// Who is given events, and when: transactions are echoed to their device, ages are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) now: Timestamp,
}

impl App {
    /// The caller as a reader of events, now.
    pub(crate) fn reader<'a>(&self, caller: &'a Caller) -> Reader<'a> {
        Reader { caller, now: self.clock.now() }
    }
}

/// Appends an event in the client format (spec "Room event format"), with `room_id` when given.
pub(crate) fn push_event(out: &mut String, event: &StoredEvent, room_id: Option<&str>, reader: Reader<'_>) {
    out.push_str("{\"content\":");
    out.push_str(&event.content);
    field(out, ",\"event_id\":", &event.event_id);
    out.push_str(",\"origin_server_ts\":");
    out.push_str(&event.origin_ts.to_string());
    if let Some(redacts) = redacts(event) {
        field(out, ",\"redacts\":", &redacts);
    }
    if let Some(room_id) = room_id {
        field(out, ",\"room_id\":", room_id);
    }
    field(out, ",\"sender\":", &event.sender);
    if let Some(state_key) = &event.state_key {
        field(out, ",\"state_key\":", state_key);
    }
    field(out, ",\"type\":", &event.event_type);
    push_unsigned(out, event, room_id, reader);
    out.push('}');
}

fn push_unsigned(out: &mut String, event: &StoredEvent, room_id: Option<&str>, reader: Reader<'_>) {
    let caller = reader.caller;
    let own = event.sender == caller.user_id.as_str();
    out.push_str(",\"unsigned\":{\"age\":");
    out.push_str(&reader.now.since_ms(Timestamp(event.origin_ts)).max(0).to_string());
    if let Some((device, transaction)) = &event.origin
        && own
        && device == caller.device_id.as_str()
    {
        field(out, ",\"transaction_id\":", transaction);
    }
    if let Some(replaced) = &event.replaced {
        field(out, ",\"replaces_state\":", &replaced.event_id);
        out.push_str(",\"prev_content\":");
        out.push_str(&replaced.content);
    }
    if let Some(redaction) = &event.redacted_because {
        out.push_str(",\"redacted_because\":");
        push_event(out, redaction, room_id, reader);
    }
    if let Some(membership) = event.membership {
        field(out, ",\"membership\":", membership.as_str());
    }
    if let Some(bundle) = &event.bundle {
        push_bundle(out, bundle, room_id, reader);
    }
    if event.withheld {
        out.push_str(",\"org.frankly.withheld\":true");
    }
    out.push('}');
}

/// What others made of the event (spec "Aggregations of child events").
fn push_bundle(out: &mut String, bundle: &Bundle, room_id: Option<&str>, reader: Reader<'_>) {
    out.push_str(",\"m.relations\":{");
    if let Some(edit) = &bundle.edit {
        out.push_str("\"m.replace\":");
        push_event(out, edit, room_id, reader);
    }
    if !bundle.references.is_empty() {
        out.push_str(if bundle.edit.is_some() { ",\"m.reference\":{\"chunk\":[" } else { "\"m.reference\":{\"chunk\":[" });
        for (index, event_id) in bundle.references.iter().enumerate() {
            field(out, if index > 0 { ",{\"event_id\":" } else { "{\"event_id\":" }, event_id);
            out.push('}');
        }
        out.push_str("]}");
    }
    if let Some(thread) = &bundle.thread {
        let first = bundle.edit.is_none() && bundle.references.is_empty();
        out.push_str(if first { "\"m.thread\":{\"latest_event\":" } else { ",\"m.thread\":{\"latest_event\":" });
        push_event(out, &thread.latest, room_id, reader);
        out.push_str(",\"count\":");
        out.push_str(&thread.count.to_string());
        out.push_str(if thread.participated { ",\"current_user_participated\":true}" } else { ",\"current_user_participated\":false}" });
    }
    out.push('}');
}

/// Appends a list of events.
pub(crate) fn push_events<'a>(
    out: &mut String,
    events: impl IntoIterator<Item = &'a StoredEvent>,
    room_id: Option<&str>,
    reader: Reader<'_>,
) {
    out.push('[');
    for (index, event) in events.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_event(out, event, room_id, reader);
    }
    out.push(']');
}

/// Appends `name` (with its colon) and the JSON string `value`.
pub(crate) fn field(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    push_string(out, value);
}

/// Appends a JSON string.
pub(crate) fn push_string(out: &mut String, value: &str) {
    if value.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(value);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(value).to_string());
    }
}

/// Room version 11 moved `redacts` into the content; clients get it in both places.
fn redacts(event: &StoredEvent) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Content {
        redacts: String,
    }
    if event.event_type != "m.room.redaction" {
        return None;
    }
    serde_json::from_str::<Content>(&event.content).ok().map(|content| content.redacts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_where_they_must_be() {
        for text in ["plain", "quo\"te", "back\\slash", "new\nline", "ünïcödé", ""] {
            let mut out = String::new();
            push_string(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
