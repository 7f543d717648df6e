//! Small makers of what is appended to a room.

use model::clock::Timestamp;
use model::event::Draft;
use model::id::OwnedUserId;
use model::room::{Membership, Snapshot};
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue, UserId};
use serde_json::json;
use store::command::append_events::{SetMembership, Step};
use store::command::fanout::Append;
use store::query::people::Person;

/// An object of plain text fields.
pub(crate) fn object<const N: usize>(fields: [(&str, &str); N]) -> CanonicalJsonObject {
    fields.into_iter().map(|(key, value)| (key.to_owned(), CanonicalJsonValue::String(value.to_owned()))).collect()
}

/// An event that notifies nobody and sets no membership.
pub(crate) fn quiet(draft: Draft, recipients: Vec<OwnedUserId>) -> Step {
    let append = Append { draft, recipients, notifies: false, mentions: Vec::new(), withheld: false, origin: None };
    Step { append, membership: None, redacts: None, sealed: None }
}

/// A state event.
pub(crate) fn state_draft(sender: &OwnedUserId, event_type: &str, state_key: &str, content: CanonicalJsonObject, now: Timestamp) -> Draft {
    Draft { sender: sender.clone(), event_type: event_type.to_owned(), state_key: Some(state_key.to_owned()), content, origin_ts: now }
}

/// The content of a membership, with the person's profile where they come in.
pub(crate) fn member_content(membership: Membership, person: Option<&Person>, reason: Option<&str>) -> CanonicalJsonObject {
    let mut content = object([("membership", membership.as_str())]);
    let mut put = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            content.insert(key.to_owned(), CanonicalJsonValue::String(value.to_owned()));
        }
    };
    put("reason", reason);
    if let Some(person) = person.filter(|_| matches!(membership, Membership::Join | Membership::Invite)) {
        put("displayname", person.display_name.as_deref());
        put("avatar_url", person.avatar_url.as_deref());
    }
    content
}

/// What a person who is not in the room may see of it (spec "Stripped state", MSC4311: with the create event).
const STRIPPED_TYPES: [&str; 8] = [
    "m.room.create",
    "m.room.join_rules",
    "m.room.name",
    "m.room.avatar",
    "m.room.topic",
    "m.room.canonical_alias",
    "m.room.encryption",
    "org.frankly.mode",
];

/// The stripped state for an invited person, as a JSON array: the room, the inviter, the invitation.
pub(crate) fn stripped_state(room: &Snapshot, invitation: &Draft) -> String {
    let strip = |event_type: &str, state_key: &str, sender: &UserId, content: &CanonicalJsonObject| json!({"type": event_type, "state_key": state_key, "sender": sender, "content": content});
    let mut events = Vec::new();
    for event_type in STRIPPED_TYPES {
        if let Some(event) = room.get(event_type, "") {
            events.push(strip(event_type, "", &event.sender, &event.content));
        }
    }
    let inviter = invitation.sender.as_str();
    if let Some(event) = room.get("m.room.member", inviter) {
        events.push(strip("m.room.member", inviter, &event.sender, &event.content));
    }
    events.push(strip("m.room.member", invitation.state_key.as_deref().unwrap_or_default(), &invitation.sender, &invitation.content));
    serde_json::Value::Array(events).to_string()
}

/// The step that sets a membership by this draft, over the room as it stands before it.
pub(crate) fn membership_step(room: &Snapshot, draft: Draft, target: &OwnedUserId, membership: Membership) -> Step {
    let before = room.membership(target);
    let mut recipients = room.joined();
    // who comes in or goes out sees that; who is invited sees the invitation, not the room
    if membership != Membership::Invite && !recipients.contains(target) && (before.is_some() || membership == Membership::Join) {
        recipients.push(target.clone());
        recipients.sort();
    }
    let stripped = (membership == Membership::Invite).then(|| stripped_state(room, &draft));
    let profile_only = before == Some(Membership::Join) && membership == Membership::Join;
    let set = SetMembership { user: target.clone(), membership: membership.as_str(), stripped, profile_only };
    Step { membership: Some(set), ..quiet(draft, recipients) }
}
