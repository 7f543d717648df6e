//! Events as clients get them. Contents are stored as JSON text and spliced in as they are.

use store::query::stored_event::StoredEvent;

use crate::Caller;

/// Appends an event in the client format (spec "Room event format"), with `room_id` when given.
pub(crate) fn push_event(out: &mut String, event: &StoredEvent, room_id: Option<&str>, caller: &Caller) {
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
    push_unsigned(out, event, room_id, caller);
    out.push('}');
}

fn push_unsigned(out: &mut String, event: &StoredEvent, room_id: Option<&str>, caller: &Caller) {
    let own = event.sender == caller.user_id.as_str();
    let transaction = event.origin.as_ref().filter(|(device, _)| own && device == caller.device_id.as_str()).map(|(_, txn)| txn);
    if transaction.is_none() && event.redacted_because.is_none() && event.membership.is_none() && !event.withheld {
        return;
    }
    out.push_str(",\"unsigned\":{");
    let start = out.len();
    if let Some(transaction) = transaction {
        field(out, "\"transaction_id\":", transaction);
    }
    if let Some(redaction) = &event.redacted_because {
        out.push_str(if out.len() > start { ",\"redacted_because\":" } else { "\"redacted_because\":" });
        push_event(out, redaction, room_id, caller);
    }
    if let Some(membership) = event.membership {
        field(out, if out.len() > start { ",\"membership\":" } else { "\"membership\":" }, membership.as_str());
    }
    if event.withheld {
        out.push_str(if out.len() > start { ",\"org.frankly.withheld\":true" } else { "\"org.frankly.withheld\":true" });
    }
    out.push('}');
}

/// Appends a list of events.
pub(crate) fn push_events<'a>(out: &mut String, events: impl IntoIterator<Item = &'a StoredEvent>, room_id: Option<&str>, caller: &Caller) {
    out.push('[');
    for (index, event) in events.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_event(out, event, room_id, caller);
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
