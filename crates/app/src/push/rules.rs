//! What a person's own rules make of an event.

use std::collections::BTreeMap;

use model::id::{OwnedUserId, UserId};
use model::room::{Membership, Snapshot};
use model::ruma::power_levels::NotificationPowerLevels;
use model::ruma::push::{Action, PushConditionPowerLevelsCtx, PushConditionRoomCtx, Ruleset};
use model::ruma::room_version_rules::RoomPowerLevelsRules;
use model::ruma::serde::Raw;
use model::ruma::{Int, RoomVersionId, UInt};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::Error;

/// A room as the rules of one person see it.
pub(crate) struct Place(PushConditionRoomCtx);

impl Place {
    pub(crate) fn of(room: &Snapshot, user: &OwnedUserId) -> Self {
        let members = room.with_membership(Membership::Join).count();
        let name = room.get("m.room.member", user.as_str()).and_then(|event| event.text("displayname"));
        let name = name.unwrap_or_else(|| user.localpart()).to_owned();
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        let mut context = PushConditionRoomCtx::new(room.room_id.clone(), UInt::from(members), user.clone(), name);
        context.power_levels = power_levels(room);
        Self(context)
    }

    /// What rules say to an event in the client format; nothing when it is the person's own.
    ///
    /// # Errors
    /// When the event is not JSON.
    pub(crate) async fn actions(&self, rules: &Ruleset, event: &str) -> Result<Vec<Action>, Error> {
        let raw: Box<RawValue> = serde_json::from_str(event).map_err(|error| Error::Internal(error.to_string()))?;
        let raw: Raw<Json> = Raw::from_json(raw);
        Ok(rules.get_actions(&raw, &self.0).await.to_vec())
    }
}

/// Who may call everybody in a room; without it nobody can.
fn power_levels(room: &Snapshot) -> Option<PushConditionPowerLevelsCtx> {
    let version = RoomVersionId::try_from(room.version.as_str()).ok()?;
    let content = serde_json::to_value(&room.get("m.room.power_levels", "")?.content).ok()?;
    let level = |value: &Json| value.as_i64().and_then(Int::new);
    let users: BTreeMap<OwnedUserId, Int> = content
        .get("users")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(user, value)| Some((UserId::parse(user).ok()?, level(value)?)))
        .collect();
    let mut notifications = NotificationPowerLevels::new();
    if let Some(wanted) = content.pointer("/notifications/room").and_then(level) {
        notifications.room = wanted;
    }
    let creators = creators(room);
    let rules: RoomPowerLevelsRules = RoomPowerLevelsRules::new(&version.rules()?.authorization, creators);
    let default = content.get("users_default").and_then(level).unwrap_or_default();
    Some(PushConditionPowerLevelsCtx::new(users, default, notifications, rules))
}

/// Who made the room, and is above all numbers (room version 12).
fn creators(room: &Snapshot) -> Vec<OwnedUserId> {
    let Some(create) = room.get("m.room.create", "") else { return Vec::new() };
    let more = create.content.get("additional_creators").and_then(model::ruma::CanonicalJsonValue::as_array).into_iter().flatten();
    let more = more.filter_map(model::ruma::CanonicalJsonValue::as_str).filter_map(|user| UserId::parse(user).ok());
    [create.sender.clone()].into_iter().chain(more).collect()
}
