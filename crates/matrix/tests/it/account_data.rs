//! Account data, tags, push rules, receipts, read markers, typing: what a person keeps and what others are told.

use http::Method;
use serde_json::{Value, json};

use crate::world::{World, encoded, joined, kinds, next};

fn ephemeral(sync: &Value, room: &str, kind: &str) -> Value {
    let events = joined(sync, room)["ephemeral"]["events"].as_array().cloned().unwrap_or_default();
    events.into_iter().find(|event| event["type"] == kind).map_or(Value::Null, |mut event| event["content"].take())
}

#[tokio::test]
async fn account_data_reaches_every_device_of_its_person() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let laptop = world.device("ana", "LAPTOP").await;
    let (first, first_of_ben) = (laptop.syncs("").await, ben.syncs("").await);
    let direct = json!({"@ben:example.org": [room]});
    ana.put("v3/user/@ana:example.org/account_data/m.direct", direct.clone()).await;
    let of_room = format!("v3/user/@ana:example.org/rooms/{}/account_data/org.example.colour", encoded(&room));
    ana.put(&of_room, json!({"colour": "red"})).await;
    for device in [&ana, &laptop] {
        let sync = device.syncs_since(&first).await;
        assert_eq!(sync["account_data"]["events"], json!([{"type": "m.direct", "content": direct}]));
        let events = &joined(&sync, &room)["account_data"]["events"];
        assert_eq!(events, &json!([{"type": "org.example.colour", "content": {"colour": "red"}}]));
    }
    assert_eq!(ana.get("v3/user/@ana:example.org/account_data/m.direct").await, direct);
    assert_eq!(ana.get(&of_room).await, json!({"colour": "red"}));
    assert_eq!(ben.syncs_since(&first_of_ben).await["account_data"]["events"], json!([]));
    let anew = ana.syncs("").await;
    assert!(kinds(&anew["account_data"]["events"]).contains(&"m.direct".to_owned()));
}

#[tokio::test]
async fn account_data_is_ones_own_and_bounded() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let path = "v3/user/@ana:example.org/account_data/org.example.x";
    assert_eq!(ben.refused(Method::GET, path, None).await.0, 403);
    assert_eq!(ben.refused(Method::PUT, path, Some(json!({}))).await.0, 403);
    assert_eq!(ana.refused(Method::GET, path, None).await, (404, "M_NOT_FOUND".to_owned()));
    assert_eq!(ana.refused(Method::PUT, path, Some(json!([1]))).await.0, 400);
    let huge = json!({"x": "y".repeat(300 * 1024)});
    assert_eq!(ana.refused(Method::PUT, path, Some(huge)).await, (413, "M_TOO_LARGE".to_owned()));
    for kept in ["m.push_rules", "m.fully_read"] {
        let global = format!("v3/user/@ana:example.org/account_data/{kept}");
        assert_eq!(ana.refused(Method::PUT, &global, Some(json!({}))).await.0, 400);
    }
    let of_room = format!("v3/user/@ana:example.org/rooms/{}/account_data/m.fully_read", encoded(&room));
    assert_eq!(ana.refused(Method::PUT, &of_room, Some(json!({}))).await.0, 400);
}

#[tokio::test]
async fn tags_come_and_go() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let tags = format!("v3/user/@ana:example.org/rooms/{}/tags", encoded(&room));
    let first = ana.syncs("").await;
    ana.put(&format!("{tags}/m.favourite"), json!({"order": 0.5})).await;
    ana.put(&format!("{tags}/u.tea"), json!({})).await;
    assert_eq!(ana.get(&tags).await["tags"]["m.favourite"]["order"], 0.5);
    let sync = ana.syncs_since(&first).await;
    assert_eq!(joined(&sync, &room)["account_data"]["events"][0]["type"], "m.tag");
    ana.ok(Method::DELETE, &format!("{tags}/m.favourite"), None).await;
    ana.ok(Method::DELETE, &format!("{tags}/u.tea"), None).await;
    assert_eq!(ana.get(&tags).await, json!({"tags": {}}));
    let sync = ana.syncs_since(&sync).await;
    assert_eq!(joined(&sync, &room)["account_data"]["events"], json!([{"type": "m.tag", "content": {"tags": {}}}]));
}

#[tokio::test]
async fn push_rules_start_as_the_default_set_and_change() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let rules = ana.get("v3/pushrules/").await;
    let names: Vec<_> = rules["global"]["override"].as_array().unwrap().iter().map(|rule| rule["rule_id"].as_str().unwrap()).collect();
    for wanted in [".m.rule.master", ".m.rule.suppress_notices", ".m.rule.invite_for_me", ".m.rule.is_user_mention"] {
        assert!(names.contains(&wanted), "{wanted} in {names:?}");
    }
    let first = ana.syncs("").await;
    ana.put("v3/pushrules/global/content/tea", json!({"pattern": "tea", "actions": ["notify"]})).await;
    assert_eq!(ana.get("v3/pushrules/global/content/tea").await["pattern"], "tea");
    assert_eq!(kinds(&ana.syncs_since(&first).await["account_data"]["events"]), ["m.push_rules"]);
    ana.put("v3/pushrules/global/content/tea/enabled", json!({"enabled": false})).await;
    assert_eq!(ana.get("v3/pushrules/global/content/tea/enabled").await, json!({"enabled": false}));
    ana.put("v3/pushrules/global/override/.m.rule.master/actions", json!({"actions": ["notify"]})).await;
    assert_eq!(ana.get("v3/pushrules/global/override/.m.rule.master/actions").await, json!({"actions": ["notify"]}));
    ana.ok(Method::DELETE, "v3/pushrules/global/content/tea", None).await;
    assert_eq!(ana.refused(Method::GET, "v3/pushrules/global/content/tea", None).await, (404, "M_NOT_FOUND".to_owned()));
    assert_eq!(ana.refused(Method::DELETE, "v3/pushrules/global/override/.m.rule.master", None).await.0, 400);
}

#[tokio::test]
async fn receipts_are_told_and_never_go_back() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let (one, two) = (ana.says("one", &room).await, ana.says("two", &room).await);
    let first = ana.syncs("").await;
    assert_eq!(joined(&ben.syncs("").await, &room)["unread_notifications"]["notification_count"], 2);
    let receipt = |kind: &str, event: &str| format!("v3/rooms/{}/receipt/{kind}/{}", encoded(&room), encoded(event));
    ben.post(&receipt("m.read", &two), json!({})).await;
    let sync = ana.syncs_since(&first).await;
    assert!(ephemeral(&sync, &room, "m.receipt")[&two]["m.read"]["@ben:example.org"]["ts"].is_i64());
    assert_eq!(joined(&ben.syncs("").await, &room)["unread_notifications"]["notification_count"], 0);
    ben.post(&receipt("m.read", &one), json!({})).await;
    assert_eq!(ana.syncs_since(&sync).await["rooms"]["join"], json!({}), "an older receipt is no news");
    // private ones are one's own
    let three = ana.says("three", &room).await;
    let (of_ana, of_ben) = (ana.syncs("").await, ben.syncs("").await);
    ben.post(&receipt("m.read.private", &three), json!({})).await;
    assert_eq!(ana.syncs_since(&of_ana).await["rooms"]["join"], json!({}));
    assert!(!ephemeral(&ana.syncs("").await, &room, "m.receipt").to_string().contains("private"));
    let sync = ben.syncs_since(&of_ben).await;
    assert!(ephemeral(&sync, &room, "m.receipt")[&three]["m.read.private"]["@ben:example.org"].is_object());
    assert_eq!(joined(&sync, &room)["unread_notifications"]["notification_count"], 0);
    // threads are kept apart
    ben.post(&receipt("m.read", &three), json!({"thread_id": "main"})).await;
    let told = ephemeral(&ana.syncs("").await, &room, "m.receipt");
    assert_eq!(told[&three]["m.read"]["@ben:example.org"]["thread_id"], "main");
    assert!(ben.refused(Method::POST, &receipt("m.wrong", &three), Some(json!({}))).await.0 == 400);
}

#[tokio::test]
async fn the_read_marker_is_account_data_and_never_goes_back() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let (one, two) = (ana.says("one", &room).await, ana.says("two", &room).await);
    let first = ben.syncs("").await;
    let path = format!("v3/rooms/{}/read_markers", encoded(&room));
    ben.post(&path, json!({"m.fully_read": two, "m.read": two})).await;
    let sync = ben.syncs_since(&first).await;
    let told = joined(&sync, &room);
    assert_eq!(told["account_data"]["events"], json!([{"type": "m.fully_read", "content": {"event_id": two}}]));
    ben.post(&path, json!({"m.fully_read": one})).await;
    let kept = ben.get(&format!("v3/user/@ben:example.org/rooms/{}/account_data/m.fully_read", encoded(&room))).await;
    assert_eq!(kept, json!({"event_id": two}));
}

#[tokio::test]
async fn typing_is_told_and_ends_by_itself() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ben.syncs("").await;
    let path = format!("v3/rooms/{}/typing/@ana:example.org", encoded(&room));
    ana.put(&path, json!({"typing": true, "timeout": 5000})).await;
    let sync = ben.syncs_since(&first).await;
    assert_eq!(ephemeral(&sync, &room, "m.typing"), json!({"user_ids": ["@ana:example.org"]}));
    assert_eq!(ben.syncs_since(&sync).await["rooms"]["join"], json!({}));
    world.clock.advance_ms(6_000);
    world.app.expire_typing();
    let sync = ben.syncs_since(&sync).await;
    assert_eq!(ephemeral(&sync, &room, "m.typing"), json!({"user_ids": []}));
    ana.put(&path, json!({"typing": true, "timeout": 5000})).await;
    ana.put(&path, json!({"typing": false})).await;
    assert_eq!(ephemeral(&ben.syncs(&format!("&since={}", next(&sync))).await, &room, "m.typing"), json!({"user_ids": []}));
    assert_eq!(ben.refused(Method::PUT, &path, Some(json!({"typing": false}))).await.0, 403);
    let cy = world.person("cy").await;
    let path = format!("v3/rooms/{}/typing/@cy:example.org", encoded(&room));
    assert_eq!(cy.refused(Method::PUT, &path, Some(json!({"typing": true, "timeout": 1}))).await.0, 403);
}
