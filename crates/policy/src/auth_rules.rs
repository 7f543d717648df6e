//! The part of Matrix's authorisation rules that a server without federation needs (room version
//! 12; spec "Rooms", "Authorization rules", and MSC4289 for the creators' power).
//!
//! Left out, because nothing here can lead to them: third-party invites, server ACLs, forks.

use model::event::Draft;
use model::room::{Membership, Snapshot};
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue, OwnedUserId, UserId};

/// Why an event is not allowed, in words for its sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

fn refuse<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

/// A person's power in a room. Creators stand above every number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// A number of the power levels event.
    Level(i64),
    /// A creator of the room.
    Creator,
}

/// What the room's power levels say, with the spec's defaults where they are silent.
#[derive(Debug, Clone, Copy)]
pub struct Powers<'a> {
    room: &'a Snapshot,
    levels: Option<&'a CanonicalJsonObject>,
}

impl<'a> Powers<'a> {
    /// The powers in this room.
    pub fn of(room: &'a Snapshot) -> Self {
        Self { room, levels: room.get("m.room.power_levels", "").map(|event| &event.content) }
    }

    /// The power of a person.
    pub fn user(&self, user: &UserId) -> Power {
        if is_creator(self.room, user) {
            return Power::Creator;
        }
        let listed = self.levels.and_then(|levels| levels.get("users")).and_then(CanonicalJsonValue::as_object);
        let level = listed.and_then(|users| users.get(user.as_str())).and_then(integer);
        Power::Level(level.unwrap_or_else(|| self.level("users_default", 0)))
    }

    /// The power an event of this type needs.
    pub fn to_send(&self, event_type: &str, is_state: bool) -> Power {
        let listed = self.levels.and_then(|levels| levels.get("events")).and_then(CanonicalJsonValue::as_object);
        let level = listed.and_then(|events| events.get(event_type)).and_then(integer);
        // without a power levels event, state needs nothing
        let state_default = if self.levels.is_some() { 50 } else { 0 };
        Power::Level(
            level.unwrap_or_else(|| if is_state { self.level("state_default", state_default) } else { self.level("events_default", 0) }),
        )
    }

    /// The power that `kick`, `ban`, `redact` or `invite` needs.
    pub fn to(&self, action: &str) -> Power {
        Power::Level(self.level(action, if action == "invite" { 0 } else { 50 }))
    }

    fn level(&self, key: &str, default: i64) -> i64 {
        self.levels.and_then(|levels| levels.get(key)).and_then(integer).unwrap_or(default)
    }
}

/// Whether a person made the room, alone or with others (MSC4289).
pub fn is_creator(room: &Snapshot, user: &UserId) -> bool {
    let Some(create) = room.get("m.room.create", "") else {
        return false;
    };
    let additional = create.content.get("additional_creators").and_then(CanonicalJsonValue::as_array);
    create.sender == *user || additional.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(user.as_str())))
}

/// Whether the room accepts this event from its sender.
///
/// # Errors
/// With the reason when it does not.
pub fn check(room: &Snapshot, draft: &Draft) -> Result<(), Refused> {
    if draft.event_type == "m.room.create" {
        return refuse("a room has one create event");
    }
    if draft.event_type == "m.room.member" {
        return check_member(room, draft);
    }
    if !room.is_joined(&draft.sender) {
        return refuse("you are not in this room");
    }
    let powers = Powers::of(room);
    let power = powers.user(&draft.sender);
    if power < powers.to_send(&draft.event_type, draft.state_key.is_some()) {
        return refuse(format!("you do not have the power to send {} here", draft.event_type));
    }
    if let Some(key) = draft.state_key.as_deref()
        && key.starts_with('@')
        && key != draft.sender.as_str()
    {
        return refuse("a state key with a user ID is for that user alone");
    }
    if draft.event_type == "m.room.power_levels" {
        check_power_levels(room, &powers, draft)?;
    }
    Ok(())
}

fn check_member(room: &Snapshot, draft: &Draft) -> Result<(), Refused> {
    let target = draft.state_key.as_deref().unwrap_or_default();
    let Ok(target) = UserId::parse(target) else {
        return refuse("the state key of a membership is a user ID");
    };
    let membership = draft.content.get("membership").and_then(CanonicalJsonValue::as_str).and_then(Membership::parse);
    match membership {
        Some(Membership::Join) => check_join(room, draft, &target),
        Some(Membership::Invite) => check_invite(room, draft, &target),
        Some(Membership::Leave) => check_leave(room, draft, &target),
        Some(Membership::Ban) => check_ban(room, draft, &target),
        Some(Membership::Knock) => refuse("knocking is not offered here"),
        None => refuse("this membership is not known"),
    }
}

fn check_join(room: &Snapshot, draft: &Draft, target: &OwnedUserId) -> Result<(), Refused> {
    if draft.sender != *target {
        return refuse("nobody can join for somebody else");
    }
    let rule = room.get("m.room.join_rules", "").and_then(|event| event.text("join_rule")).unwrap_or("invite");
    match room.membership(target) {
        Some(Membership::Ban) => refuse("you are banned from this room"),
        Some(Membership::Join | Membership::Invite) => Ok(()),
        _ if rule == "public" => Ok(()),
        _ => refuse("you are not invited to this room"),
    }
}

fn check_invite(room: &Snapshot, draft: &Draft, target: &OwnedUserId) -> Result<(), Refused> {
    if !room.is_joined(&draft.sender) {
        return refuse("you are not in this room");
    }
    match room.membership(target) {
        Some(Membership::Join) => return refuse(format!("{target} is already in this room")),
        Some(Membership::Ban) => return refuse(format!("{target} is banned from this room")),
        _ => {}
    }
    let powers = Powers::of(room);
    if powers.user(&draft.sender) < powers.to("invite") {
        return refuse("you do not have the power to invite here");
    }
    Ok(())
}

fn check_leave(room: &Snapshot, draft: &Draft, target: &OwnedUserId) -> Result<(), Refused> {
    let current = room.membership(target);
    if draft.sender == *target {
        return match current {
            Some(Membership::Join | Membership::Invite | Membership::Knock) => Ok(()),
            _ => refuse("you are not in this room"),
        };
    }
    if !room.is_joined(&draft.sender) {
        return refuse("you are not in this room");
    }
    let powers = Powers::of(room);
    let power = powers.user(&draft.sender);
    if current == Some(Membership::Ban) && power < powers.to("ban") {
        return refuse("you do not have the power to lift a ban here");
    }
    if power < powers.to("kick") || powers.user(target) >= power {
        return refuse("you do not have the power to remove this person");
    }
    Ok(())
}

fn check_ban(room: &Snapshot, draft: &Draft, target: &OwnedUserId) -> Result<(), Refused> {
    if !room.is_joined(&draft.sender) {
        return refuse("you are not in this room");
    }
    let powers = Powers::of(room);
    let power = powers.user(&draft.sender);
    if power < powers.to("ban") || powers.user(target) >= power {
        return refuse("you do not have the power to ban this person");
    }
    Ok(())
}

/// The numbers of a power levels event that are plain, by key.
const PLAIN_LEVELS: [&str; 7] = ["users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"];

fn check_power_levels(room: &Snapshot, powers: &Powers<'_>, draft: &Draft) -> Result<(), Refused> {
    let (own, new) = (powers.user(&draft.sender), &draft.content);
    check_levels_form(room, new)?;
    let empty = CanonicalJsonObject::new();
    let old = powers.levels.unwrap_or(&empty);
    for key in PLAIN_LEVELS {
        check_change(own, old.get(key).and_then(integer), new.get(key).and_then(integer))?;
    }
    for map in ["events", "notifications"] {
        for (before, after, _) in changes(old, new, map) {
            check_change(own, before, after)?;
        }
    }
    for (before, after, user) in changes(old, new, "users") {
        check_change(own, before, after)?;
        let is_peer = user != draft.sender.as_str() && before.is_some_and(|level| Power::Level(level) >= own);
        if before != after && is_peer {
            return refuse("you cannot change the power of somebody with as much as you have");
        }
    }
    Ok(())
}

/// Whether a power levels content has the form that room version 12 asks for.
///
/// # Errors
/// When a level is not an integer, a user ID is malformed, or a creator is listed.
pub fn check_levels_form(room: &Snapshot, content: &CanonicalJsonObject) -> Result<(), Refused> {
    for key in PLAIN_LEVELS {
        if content.get(key).is_some_and(|value| integer(value).is_none()) {
            return refuse(format!("{key} must be an integer"));
        }
    }
    for map in ["events", "users", "notifications"] {
        let Some(value) = content.get(map) else { continue };
        let Some(entries) = value.as_object() else {
            return refuse(format!("{map} must be an object"));
        };
        for (key, level) in entries {
            if integer(level).is_none() {
                return refuse(format!("the level of {key} must be an integer"));
            }
            if map == "users" {
                let Ok(user) = UserId::parse(key) else {
                    return refuse(format!("{key} is not a user ID"));
                };
                if is_creator(room, &user) {
                    return refuse("a creator of the room cannot be listed in its power levels");
                }
            }
        }
    }
    Ok(())
}

fn check_change(own: Power, before: Option<i64>, after: Option<i64>) -> Result<(), Refused> {
    let beyond = |level: Option<i64>| level.is_some_and(|level| Power::Level(level) > own);
    if before != after && (beyond(before) || beyond(after)) {
        return refuse("you cannot change a level above your own");
    }
    Ok(())
}

/// Every key of a map of levels in either content, with the level before and after.
fn changes<'a>(old: &'a CanonicalJsonObject, new: &'a CanonicalJsonObject, map: &str) -> Vec<(Option<i64>, Option<i64>, &'a str)> {
    let before = old.get(map).and_then(CanonicalJsonValue::as_object);
    let after = new.get(map).and_then(CanonicalJsonValue::as_object);
    let mut keys: Vec<&str> = before.into_iter().chain(after).flat_map(|entries| entries.keys().map(String::as_str)).collect();
    keys.sort_unstable();
    keys.dedup();
    let level = |entries: Option<&CanonicalJsonObject>, key: &str| entries.and_then(|entries| entries.get(key)).and_then(integer);
    keys.into_iter().map(|key| (level(before, key), level(after, key), key)).collect()
}

fn integer(value: &CanonicalJsonValue) -> Option<i64> {
    match value {
        CanonicalJsonValue::Integer(level) => Some(i64::from(*level)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::clock::Timestamp;
    use model::json::parse_object;
    use model::room::StateEvent;
    use model::seq::RoomPos;

    use super::*;

    fn user(name: &str) -> OwnedUserId {
        UserId::parse(format!("@{name}:example.org")).unwrap()
    }

    /// A room made by ana, with ben joined, cy invited and dan banned.
    fn room(levels: &str) -> Snapshot {
        let mut room = Snapshot {
            room_id: "!r".try_into().unwrap(),
            version: "12".to_owned(),
            state_version: 1,
            state: BTreeMap::new(),
            state_bytes: 0,
            people: BTreeMap::new(),
        };
        let mut put = |event_type: &str, key: &str, content: &str| {
            let event = StateEvent {
                event_id: "$e".try_into().unwrap(),
                room_pos: RoomPos::ZERO,
                sender: user("ana"),
                content: parse_object(content).unwrap(),
            };
            room.state.entry(event_type.to_owned()).or_default().insert(key.to_owned(), event);
        };
        put("m.room.create", "", r#"{"room_version":"12"}"#);
        put("m.room.join_rules", "", r#"{"join_rule":"invite"}"#);
        put("m.room.power_levels", "", levels);
        for (name, membership) in [("ana", "join"), ("ben", "join"), ("cy", "invite"), ("dan", "ban")] {
            put("m.room.member", user(name).as_str(), &format!(r#"{{"membership":"{membership}"}}"#));
        }
        room
    }

    fn draft(sender: &str, event_type: &str, state_key: Option<&str>, content: &str) -> Draft {
        Draft {
            sender: user(sender),
            event_type: event_type.to_owned(),
            state_key: state_key.map(str::to_owned),
            content: parse_object(content).unwrap(),
            origin_ts: Timestamp(1),
        }
    }

    fn member(sender: &str, target: &str, membership: &str) -> Draft {
        draft(sender, "m.room.member", Some(user(target).as_str()), &format!(r#"{{"membership":"{membership}"}}"#))
    }

    #[test]
    fn memberships_follow_the_state_machine() {
        let room = room("{}");
        for (sender, target, membership, allowed) in [
            ("cy", "cy", "join", true),
            ("eve", "eve", "join", false),
            ("dan", "dan", "join", false),
            ("ana", "cy", "join", false),
            ("ben", "eve", "invite", true),
            ("eve", "eve", "invite", false),
            ("ana", "ben", "invite", false),
            ("ana", "dan", "invite", false),
            ("ben", "ben", "leave", true),
            ("cy", "cy", "leave", true),
            ("eve", "eve", "leave", false),
            ("ana", "ben", "leave", true),
            ("ben", "ana", "leave", false),
            ("ana", "dan", "leave", true),
            ("ben", "dan", "leave", false),
            ("ana", "ben", "ban", true),
            ("ben", "ana", "ban", false),
            ("eve", "eve", "knock", false),
        ] {
            let outcome = check(&room, &member(sender, target, membership));
            assert_eq!(outcome.is_ok(), allowed, "{sender} sets {target} to {membership}: {outcome:?}");
        }
    }

    #[test]
    fn only_members_with_enough_power_send() {
        let room = room(r#"{"events":{"m.room.name":60},"users":{"@ben:example.org":50}}"#);
        let name = |who| check(&room, &draft(who, "m.room.name", Some(""), r#"{"name":"x"}"#)).is_ok();
        assert!(name("ana") && !name("ben"));
        assert!(check(&room, &draft("ben", "m.room.topic", Some(""), r#"{"topic":"x"}"#)).is_ok());
        assert!(check(&room, &draft("cy", "m.room.message", None, "{}")).is_err());
        assert!(check(&room, &draft("ben", "x.custom", Some("@ana:example.org"), "{}")).is_err());
        assert!(check(&room, &draft("ana", "m.room.create", Some(""), "{}")).is_err());
    }

    #[test]
    fn power_levels_cannot_be_lifted_above_ones_own() {
        let room = room(r#"{"users":{"@ben:example.org":50},"state_default":50}"#);
        let set = |who, content| check(&room, &draft(who, "m.room.power_levels", Some(""), content)).is_ok();
        assert!(!set("ben", r#"{"users":{"@ben:example.org":100},"state_default":50}"#));
        assert!(set("ben", r#"{"users":{"@ben:example.org":40},"state_default":50}"#));
        assert!(set("ana", r#"{"users":{"@ben:example.org":100},"state_default":50}"#));
        assert!(!set("ana", r#"{"users":{"@ana:example.org":100}}"#), "a creator is not listed");
        assert!(!set("ana", r#"{"users":{"@ben:example.org":"100"}}"#), "levels are integers");
        assert!(!set("ana", r#"{"users":{"ben":100}}"#), "user IDs are valid");
    }
}
