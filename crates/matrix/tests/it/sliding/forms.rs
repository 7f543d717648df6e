//! The accepted form: the same, by other names.

use http::Method;
use serde_json::{Value, json};

use super::client::{ACCEPTED, pos_of, room, rooms};
use crate::plain;
use crate::world::{Person, World, bodies, encoded, kinds};

async fn slides(who: &Person, from: Option<&Value>, body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(from) = from {
        body["pos"] = pos_of(from).into();
    }
    who.post(ACCEPTED, body).await
}

fn all_rooms(timeline_limit: usize) -> Value {
    let state = json!({"include": [{"type": "m.room.name", "state_key": ""}], "lazy_members": true});
    json!({"lists": {"all": {"range": [0, 9], "timeline_limit": timeline_limit, "required_state": state}}})
}

#[tokio::test]
async fn the_accepted_form_tells_the_same_by_its_own_names() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    ana.sets(&room_id, "m.room.name", "", json!({"name": "Tea"})).await;
    ana.says("hi", &room_id).await;
    let first = slides(&ben, None, &all_rooms(1)).await;
    let told = room(&first, &room_id);
    assert_eq!(bodies(&told["timeline_events"]), ["hi"]);
    assert_eq!((&told["membership"], &told["lists"], &told["name"]), (&json!("join"), &json!(["all"]), &json!("Tea")));
    let mut state = kinds(&told["required_state"]);
    state.sort();
    assert_eq!(state, ["m.room.member/@ana:example.org", "m.room.member/@ben:example.org", "m.room.name"]);
    for absent in ["timeline", "notification_count", "highlight_count", "invite_state"] {
        assert!(told[absent].is_null(), "{absent}");
    }
    let mut more = all_rooms(1);
    more["room_subscriptions"] = json!({&room_id: {"timeline_limit": 5, "required_state": {}}});
    let second = slides(&ben, Some(&first), &more).await;
    assert_eq!(room(&second, &room_id)["expanded_timeline"], true);
    ana.sets(&room_id, "m.room.name", "", json!({})).await;
    let third = slides(&ben, Some(&second), &more).await;
    assert!(room(&third, &room_id).as_object().unwrap().get("name").unwrap().is_null(), "the name was taken away");
    let invited = ana.creates(&[&ben], json!({"name": "Coffee"})).await;
    let fourth = slides(&ben, Some(&third), &more).await;
    let told = room(&fourth, &invited);
    assert!(told["stripped_state"].is_array() && told["invite_state"].is_null());
    assert_eq!(told["membership"], "invite");
    ben.leaves(&room_id).await;
    let fifth = slides(&ben, Some(&fourth), &more).await;
    assert_eq!(room(&fifth, &room_id)["membership"], "leave");
    // its position is a place in history, too
    let page = ana.get(&format!("v3/rooms/{}/messages?dir=b&limit=1", encoded(&room_id))).await;
    assert_eq!(page["chunk"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_without_a_range_has_all_rooms_and_state_is_included_or_left_out() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let other = ana.creates(&[&ben], json!({})).await;
    let list = |state: Value| json!({"lists": {"all": {"timeline_limit": 0, "required_state": state}}});
    let first = slides(&ben, None, &list(json!({"include": [{}], "exclude": [{"type": "m.room.create"}]}))).await;
    assert_eq!(rooms(&first).len(), 2);
    let state = kinds(&room(&first, &room_id)["required_state"]);
    assert!(!state.contains(&"m.room.create".to_owned()) && state.contains(&"m.room.power_levels".to_owned()));
    assert!(room(&first, &other)["required_state"].is_null(), "who is invited sees the stripped state alone");
    let lazy = slides(&ben, None, &list(json!({"include": [{"state_key": "@ana:example.org"}]}))).await;
    assert_eq!(kinds(&room(&lazy, &room_id)["required_state"]), ["m.room.member/@ana:example.org"]);
    let invited = json!({"lists": {"all": {"timeline_limit": 0, "required_state": {}, "filters": {"is_invited": true}}}});
    assert_eq!(rooms(&slides(&ben, None, &invited).await), [&other]);
}

#[tokio::test]
async fn the_accepted_form_answers_at_once_and_knows_its_bounds() {
    let world = World::new();
    let (_, ben, _) = world.friends().await;
    let first = slides(&ben, None, &all_rooms(1)).await;
    let second = slides(&ben, Some(&first), &all_rooms(1)).await;
    assert!(rooms(&second).is_empty());
    let list = json!({"timeline_limit": 0, "required_state": {}});
    let many: serde_json::Map<String, Value> = (0..101).map(|n| (n.to_string(), list.clone())).collect();
    let invalid = (400, "M_INVALID_PARAM");
    for body in [
        json!({"lists": many}),
        json!({"set_presence": "asleep"}),
        json!({"lists": {"l": {"range": [5, 2], "timeline_limit": 1, "required_state": {}}}}),
    ] {
        assert_eq!(plain(&ben.refused(Method::POST, ACCEPTED, Some(body.clone())).await), invalid, "{body}");
    }
    for body in [json!({"lists": {"l": {"timeline_limit": 1}}}), json!({"lists": {"l": {"required_state": {}}}}), json!({"pos": 5})] {
        assert_eq!(plain(&ben.refused(Method::POST, ACCEPTED, Some(body.clone())).await), (400, "M_BAD_JSON"), "{body}");
    }
    let unknown = json!({"pos": "nothing"});
    assert_eq!(plain(&ben.refused(Method::POST, ACCEPTED, Some(unknown)).await), (400, "M_UNKNOWN_POS"));
}

#[tokio::test]
async fn both_forms_are_announced() {
    let world = World::new();
    let (_, versions) = world.nobody(Method::GET, "versions", None).await;
    for feature in ["org.matrix.simplified_msc3575", "org.matrix.msc4186"] {
        assert_eq!(versions["unstable_features"][feature], true, "{feature}");
    }
}
