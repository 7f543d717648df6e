//! What a gateway is told.

use model::room::Snapshot;
use model::ruma::push::Action;
use serde_json::{Map, Value as Json, json};
use store::query::news::{Item, What};
use store::query::pushers::Pusher;

/// An event as the rules of a person see it, and as much of it as a gateway may.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) sender: String,
    /// Whether it is about the person's own membership.
    pub(crate) is_target: bool,
    /// What their rules say to it.
    pub(crate) actions: Vec<Action>,
}

impl Telling {
    /// The parts of `item`, whose event has the ID and type.
    pub(crate) fn of(item: &Item, user: &str, actions: Vec<Action>) -> Self {
        let sender = item.sender();
        match &item.what {
            What::Event(event) => Self {
                event_id: event.event_id.clone(),
                event_type: event.event_type.clone(),
                sender,
                is_target: event.event_type == "m.room.member" && event.state_key.as_deref() == Some(user),
                actions,
            },
            What::Invitation { event_id, .. } => {
                Self { event_id: event_id.to_string(), event_type: "m.room.member".to_owned(), sender, is_target: true, actions }
            }
        }
    }
}

/// The message about an event. A pusher of the format `event_id_only` is told its ID, its room and the count of what is
/// unread; others the type and who sent it as well. The content is told to neither: the application fetches it.
pub(crate) fn about(telling: &Telling, item: &Item, room: &Snapshot, pusher: &Pusher, unread: i64) -> Json {
    let tweaks = tweaks(&telling.actions);
    let loud = tweaks.get("sound").is_some() || tweaks.get("highlight") == Some(&Json::Bool(true));
    let data: Map<String, Json> = serde_json::from_str(&pusher.data).unwrap_or_default();
    let id_only = data.get("format").and_then(Json::as_str) == Some("event_id_only");
    let mut told = json!({
        "event_id": telling.event_id,
        "room_id": item.room_id,
        "counts": {"unread": unread},
        "devices": [device(pusher, data, &tweaks)],
    });
    if !id_only {
        told["type"] = telling.event_type.as_str().into();
        told["sender"] = telling.sender.as_str().into();
        told["prio"] = if loud { "high" } else { "low" }.into();
        let name = room.get("m.room.member", &telling.sender).and_then(|event| event.text("displayname"));
        for (key, text) in [("sender_display_name", name), ("room_name", room.get("m.room.name", "").and_then(|event| event.text("name")))]
        {
            if let Some(text) = text {
                told[key] = text.into();
            }
        }
        if telling.is_target {
            told["user_is_target"] = true.into();
        }
    }
    json!({"notification": told})
}

/// The message that only the count changed: something was read elsewhere.
pub(crate) fn count(pusher: &Pusher, unread: i64) -> Json {
    let data: Map<String, Json> = serde_json::from_str(&pusher.data).unwrap_or_default();
    json!({"notification": {"prio": "low", "counts": {"unread": unread}, "devices": [device(pusher, data, &Map::new())]}})
}

fn device(pusher: &Pusher, mut data: Map<String, Json>, tweaks: &Map<String, Json>) -> Json {
    data.remove("url");
    json!({
        "app_id": pusher.app_id,
        "pushkey": pusher.pushkey,
        "pushkey_ts": pusher.set_ms.div_euclid(1_000),
        "data": data,
        "tweaks": tweaks,
    })
}

/// The tweaks among actions; one without a value is `true` (spec "Actions").
fn tweaks(actions: &[Action]) -> Map<String, Json> {
    let mut tweaks = Map::new();
    for action in actions {
        let Ok(Json::Object(mut action)) = serde_json::to_value(action) else { continue };
        if let Some(Json::String(name)) = action.remove("set_tweak") {
            tweaks.insert(name, action.remove("value").unwrap_or(Json::Bool(true)));
        }
    }
    tweaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tweaks_are_named_with_their_values() {
        let actions = r#"["notify", {"set_tweak": "sound", "value": "ring"}, {"set_tweak": "highlight"}, {"set_tweak": "x", "value": 1}]"#;
        let actions: Vec<Action> = serde_json::from_str(actions).unwrap();
        assert_eq!(Json::Object(tweaks(&actions)), json!({"sound": "ring", "highlight": true, "x": 1}));
    }
}
