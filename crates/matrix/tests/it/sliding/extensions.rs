//! What is told besides rooms: messages to the device, keys, account data, receipts, typing.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::client::{all_rooms, path, room, rooms, slides, slides_on};
use crate::e2ee::client::{identifies, lists, sends, uploads};
use crate::plain;
use crate::world::{Person, World, encoded, kinds};

/// The connection that clients use for keys alone.
fn encryption(since: Option<&Value>) -> Value {
    let mut asked = json!({"conn_id": "encryption", "extensions": {"to_device": {"enabled": true}, "e2ee": {"enabled": true}}});
    if let Some(since) = since {
        asked["extensions"]["to_device"]["since"] = since["extensions"]["to_device"]["next_batch"].clone();
    }
    asked
}

fn numbers(answer: &Value) -> Vec<&str> {
    let events = answer["extensions"]["to_device"]["events"].as_array().unwrap();
    events.iter().map(|event| event["content"]["n"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn messages_to_the_device_wait_until_its_own_token_is_shown() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let first = slides(&ben, None, &encryption(None)).await;
    sends(&ana, "one", &ben, "PHONE").await;
    let second = slides_on(&ben, &first, &encryption(Some(&first))).await;
    assert_eq!(numbers(&second), ["one"]);
    // the position alone lets go of nothing, nor does a connection that begins anew
    assert_eq!(numbers(&slides_on(&ben, &second, &encryption(Some(&first))).await), ["one"]);
    assert_eq!(numbers(&slides(&ben, None, &encryption(None)).await), ["one"]);
    assert_eq!(numbers(&slides(&ben, None, &encryption(Some(&first))).await), ["one"]);
    sends(&ana, "two", &ben, "PHONE").await;
    let third = slides(&ben, None, &encryption(Some(&second))).await;
    assert_eq!(numbers(&third), ["two"]);
    assert_eq!(numbers(&slides(&ben, None, &encryption(None)).await), ["two"], "one was shown to be received");
    // nor does the token of another device
    let laptop = world.device("ben", "LAPTOP").await;
    sends(&ana, "three", &ben, "*").await;
    let on_laptop = slides(&laptop, None, &encryption(Some(&third))).await;
    assert_eq!(numbers(&on_laptop), ["three"]);
    assert_eq!(numbers(&slides(&laptop, None, &encryption(None)).await), ["three"]);
}

#[tokio::test]
async fn both_syncs_read_and_let_go_of_one_queue() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let v3 = ben.syncs("").await;
    sends(&ana, "one", &ben, "PHONE").await;
    let sliding = slides(&ben, None, &encryption(None)).await;
    assert_eq!(numbers(&sliding), ["one"]);
    let again = ben.syncs_since(&v3).await;
    assert_eq!(again["to_device"]["events"][0]["content"]["n"], "one", "still there for the other sync");
    ben.syncs_since(&again).await;
    assert!(numbers(&slides(&ben, None, &encryption(None)).await).is_empty(), "let go of by the other sync");
    sends(&ana, "two", &ben, "PHONE").await;
    let sliding = slides(&ben, None, &encryption(None)).await;
    slides(&ben, None, &encryption(Some(&sliding))).await;
    assert!(ben.syncs_since(&again).await["to_device"]["events"].as_array().unwrap().is_empty());
    // a token of the one is good for the other
    sends(&ana, "three", &ben, "PHONE").await;
    let v3 = ben.syncs("").await;
    let mut asked = encryption(None);
    asked["extensions"]["to_device"]["since"] = v3["next_batch"].clone();
    assert!(numbers(&slides(&ben, None, &asked).await).is_empty());
}

#[tokio::test]
async fn messages_come_in_order_as_many_as_asked_for_and_no_more_than_a_hundred() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let sent: Vec<String> = (0..120).map(|n| format!("{n:03}")).collect();
    for text in &sent {
        sends(&ana, text, &ben, "PHONE").await;
    }
    let mut answer = slides(&ben, None, &encryption(None)).await;
    assert_eq!(numbers(&answer), sent[..100]);
    let mut asked = encryption(Some(&answer));
    asked["extensions"]["to_device"]["limit"] = 7.into();
    let path = path(Some(&answer), 30_000);
    answer = tokio::time::timeout(Duration::from_secs(10), ben.post(&path, asked)).await.expect("more is there: no wait");
    assert_eq!(numbers(&answer), sent[100..107]);
    answer = slides_on(&ben, &answer, &encryption(Some(&answer))).await;
    assert_eq!(numbers(&answer), sent[107..]);
}

#[tokio::test]
async fn a_token_of_messages_that_is_none_is_refused() {
    let world = World::new();
    let ben = world.person("ben").await;
    let mut asked = encryption(None);
    asked["extensions"]["to_device"]["since"] = "12345".into();
    assert_eq!(plain(&ben.refused(Method::POST, &path(None, 0), Some(asked)).await), (400, "M_INVALID_PARAM"));
}

#[tokio::test]
async fn counts_of_keys_are_in_every_answer_and_wake_the_one_that_waits() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    identifies(&ben, "PHONE").await;
    let first = slides(&ben, None, &encryption(None)).await;
    let e2ee = &first["extensions"]["e2ee"];
    assert_eq!(e2ee["device_one_time_keys_count"], json!({"signed_curve25519": 0}));
    assert_eq!(e2ee["device_unused_fallback_key_types"], json!([]));
    uploads(&ben, &[("A", "a"), ("B", "b")]).await;
    let second = slides_on(&ben, &first, &encryption(Some(&first))).await;
    assert_eq!(second["extensions"]["e2ee"]["device_one_time_keys_count"], json!({"signed_curve25519": 2}));
    let waiting = {
        let (ben, path, body) = (ben.clone(), path(Some(&second), 30_000), encryption(Some(&second)));
        tokio::spawn(async move { ben.post(&path, body).await })
    };
    tokio::task::yield_now().await;
    let claim = json!({"one_time_keys": {"@ben:example.org": {"PHONE": "signed_curve25519"}}});
    ana.post("v3/keys/claim", claim).await;
    let third = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("woken").unwrap();
    assert_eq!(third["extensions"]["e2ee"]["device_one_time_keys_count"], json!({"signed_curve25519": 1}));
}

#[tokio::test]
async fn devices_of_others_are_told_as_they_change_and_as_people_part() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let told = |answer: &Value| {
        let (changed, left) = lists(&answer["extensions"]["e2ee"]["device_lists"]);
        (changed.join(" "), left.join(" "))
    };
    let first = slides(&ben, None, &encryption(None)).await;
    assert_eq!(told(&first), (String::new(), String::new()), "a new device asks for what it needs");
    identifies(&ana, "PHONE").await;
    let second = slides_on(&ben, &first, &encryption(Some(&first))).await;
    assert_eq!(told(&second), ("ana".to_owned(), String::new()));
    ana.leaves(&room_id).await;
    let third = slides_on(&ben, &second, &encryption(Some(&second))).await;
    assert_eq!(told(&third), (String::new(), "ana".to_owned()));
    // a device that had messages and begins anew may have missed what changed: it looks at everybody's
    let other = ben.creates(&[&ana], json!({})).await;
    ana.joins(&other).await;
    sends(&ana, "one", &ben, "PHONE").await;
    let fourth = slides_on(&ben, &third, &encryption(Some(&third))).await;
    let anew = slides(&ben, None, &encryption(Some(&fourth))).await;
    assert_eq!(told(&anew), ("ana ben".to_owned(), String::new()));
}

/// All rooms, with one extension.
fn with(extension: &str, scope: Value) -> Value {
    let mut asked = all_rooms(9, 1);
    let mut scope = scope;
    scope["enabled"] = true.into();
    asked["extensions"] = json!({extension: scope});
    asked
}

async fn puts(who: &Person, room_id: Option<&str>, data_type: &str, content: Value) {
    let room = room_id.map_or_else(String::new, |room_id| format!("rooms/{}/", encoded(room_id)));
    who.put(&format!("v3/user/{}/{room}account_data/{data_type}", who.user_id), content).await;
}

#[tokio::test]
async fn account_data_is_told_whole_and_then_as_it_changes() {
    let world = World::new();
    let (_, ben, room_id) = world.friends().await;
    puts(&ben, None, "org.example.a", json!({"a": 1})).await;
    puts(&ben, Some(&room_id), "org.example.b", json!({"b": 1})).await;
    let asked = with("account_data", json!({}));
    let first = slides(&ben, None, &asked).await;
    let data = &first["extensions"]["account_data"];
    assert_eq!(kinds(&data["global"]), ["org.example.a", "m.push_rules"]);
    assert_eq!(data["rooms"][&room_id], json!([{"type": "org.example.b", "content": {"b": 1}}]));
    puts(&ben, None, "org.example.a", json!({"a": 2})).await;
    let second = slides_on(&ben, &first, &asked).await;
    assert_eq!(second["extensions"]["account_data"], json!({"global": [{"type": "org.example.a", "content": {"a": 2}}], "rooms": {}}));
    assert!(rooms(&second).is_empty());
    puts(&ben, Some(&room_id), "org.example.b", json!({"b": 2})).await;
    let third = slides_on(&ben, &second, &asked).await;
    assert_eq!(third["extensions"]["account_data"]["rooms"][&room_id][0]["content"], json!({"b": 2}));
    assert!(rooms(&third).is_empty(), "the room itself has not changed: {third}");
    // asked for later it is told whole, too
    let plain = slides(&ben, None, &all_rooms(9, 1)).await;
    let later = slides_on(&ben, &plain, &asked).await;
    assert_eq!(later["extensions"]["account_data"]["global"].as_array().unwrap().len(), 2);
    assert_eq!(later["extensions"]["account_data"]["rooms"][&room_id].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn receipts_are_told_as_they_stand_and_as_they_change() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let one = ana.says("one", &room_id).await;
    let read = |who: &Person, event_id: &str| {
        let (who, path) = (who.clone(), format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room_id), encoded(event_id)));
        async move { who.post(&path, json!({})).await }
    };
    read(&ben, &one).await;
    let asked = with("receipts", json!({}));
    let first = slides(&ben, None, &asked).await;
    let told = |answer: &Value| answer["extensions"]["receipts"]["rooms"][&room_id]["content"].clone();
    assert!(told(&first)[&one]["m.read"]["@ben:example.org"].is_object());
    assert_eq!(first["extensions"]["receipts"]["rooms"][&room_id]["type"], "m.receipt");
    let two = ana.says("two", &room_id).await;
    let second = slides_on(&ben, &first, &asked).await;
    assert_eq!((told(&second), &room(&second, &room_id)["notification_count"]), (Value::Null, &json!(1)));
    read(&ben, &two).await;
    let third = slides_on(&ben, &second, &asked).await;
    assert!(told(&third)[&two]["m.read"]["@ben:example.org"].is_object());
    assert_eq!(room(&third, &room_id)["notification_count"], 0, "counts are told where they changed");
    read(&ana, &two).await;
    let fourth = slides_on(&ben, &third, &asked).await;
    assert!(told(&fourth)[&two]["m.read"]["@ana:example.org"].is_object());
    assert!(rooms(&fourth).is_empty());
}

#[tokio::test]
async fn typing_is_told_and_ends() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = with("typing", json!({}));
    let types = |on: bool| {
        let (ana, path) = (ana.clone(), format!("v3/rooms/{}/typing/@ana:example.org", encoded(&room_id)));
        async move { ana.put(&path, json!({"typing": on, "timeout": 5_000})).await }
    };
    types(true).await;
    let first = slides(&ben, None, &asked).await;
    let told = |answer: &Value| answer["extensions"]["typing"]["rooms"][&room_id].clone();
    assert_eq!(told(&first), json!({"type": "m.typing", "content": {"user_ids": ["@ana:example.org"]}}));
    let second = slides_on(&ben, &first, &asked).await;
    assert_eq!(told(&second), Value::Null);
    // in a room that is shown later it is told then
    let mut none = with("typing", json!({}));
    (none["conn_id"], none["lists"]["all"]["filters"]) = ("later".into(), json!({"is_invite": true}));
    let later = slides(&ben, None, &none).await;
    assert_eq!(told(&later), Value::Null);
    let mut all = asked.clone();
    all["conn_id"] = "later".into();
    assert_eq!(told(&slides_on(&ben, &later, &all).await)["content"], json!({"user_ids": ["@ana:example.org"]}));
    types(false).await;
    let third = slides_on(&ben, &second, &asked).await;
    assert_eq!(told(&third)["content"], json!({"user_ids": []}));
    assert!(rooms(&third).is_empty());
}

#[tokio::test]
async fn extensions_tell_of_the_rooms_they_are_asked_about() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    puts(&ben, Some(&room_id), "org.example.b", json!({"b": 1})).await;
    for (scope, tells) in [
        (json!({"lists": ["all"]}), true),
        (json!({"lists": ["*"]}), true),
        (json!({"lists": ["other"]}), false),
        (json!({"lists": []}), false),
        (json!({"lists": [], "rooms": ["*"]}), false),
    ] {
        let answer = slides(&ben, None, &with("account_data", scope.clone())).await;
        assert_eq!(answer["extensions"]["account_data"]["rooms"][&room_id].is_array(), tells, "{scope}");
    }
    for (scope, tells) in [(json!({}), true), (json!({"rooms": [&room_id]}), true), (json!({"rooms": []}), false)] {
        let mut asked = with("account_data", scope.clone());
        asked["lists"] = json!({});
        asked["room_subscriptions"] = json!({&room_id: {"timeline_limit": 1, "required_state": []}});
        let answer = slides(&ben, None, &asked).await;
        assert_eq!(answer["extensions"]["account_data"]["rooms"][&room_id].is_array(), tells, "{scope}");
    }
    // and not of rooms that the connection does not show
    let asked = {
        let mut asked = with("receipts", json!({}));
        asked["lists"]["all"]["filters"] = json!({"is_invite": true});
        asked
    };
    let first = slides(&ben, None, &asked).await;
    let said = ana.says("hi", &room_id).await;
    ben.post(&format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room_id), encoded(&said)), json!({})).await;
    let second = slides_on(&ben, &first, &asked).await;
    assert_eq!(second["extensions"]["receipts"], json!({"rooms": {}}));
}

#[tokio::test]
async fn the_key_is_told_no_later_than_the_message_it_opens() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let mut asked = all_rooms(9, 50);
    asked["extensions"] = json!({"to_device": {"enabled": true}});
    let mut answer = slides(&ben, None, &asked).await;
    let sender = {
        let (ana, ben, room_id) = (ana.clone(), ben.clone(), room_id.clone());
        tokio::spawn(async move {
            for n in 0..30 {
                sends(&ana, &n.to_string(), &ben, "PHONE").await;
                ana.says(&n.to_string(), &room_id).await;
                tokio::task::yield_now().await;
            }
        })
    };
    let (mut keys, mut said): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    while said.len() < 30 {
        asked["extensions"]["to_device"]["since"] = answer["extensions"]["to_device"]["next_batch"].clone();
        answer = ben.post(&path(Some(&answer), 1_000), asked.clone()).await;
        keys.extend(numbers(&answer).into_iter().map(str::to_owned));
        said.extend(crate::world::bodies(&answer["rooms"][&room_id]["timeline"]).into_iter().map(str::to_owned));
        assert!(keys.len() >= said.len() && said[..] == keys[..said.len()], "{said:?} {keys:?}");
    }
    sender.await.unwrap();
}
