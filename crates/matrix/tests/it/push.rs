//! Push rules: each change is told to every device, wakes a waiting one, and is kept.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::plain;
use crate::world::{Person, World, encoded, joined, next};

fn rules_in(sync: &Value) -> Option<Value> {
    let events = sync["account_data"]["events"].as_array().unwrap();
    events.iter().find(|event| event["type"] == "m.push_rules").map(|event| event["content"]["global"].clone())
}

/// The one rule of this ID in a set of rules.
fn rule(rules: &Value, kind: &str, rule_id: &str) -> Value {
    let mut list = rules[kind].as_array().into_iter().flatten();
    list.find(|rule| rule["rule_id"] == rule_id).cloned().unwrap_or(Value::Null)
}

/// What a long poll is told that waits while `change` happens on another device.
async fn woken_by(waiting: &Person, change: impl Future<Output = ()>) -> Value {
    let since = waiting.syncs("").await;
    let poll = {
        let (person, path) = (waiting.clone(), format!("v3/sync?timeout=30000&since={}", next(&since)));
        tokio::spawn(async move { person.get(&path).await })
    };
    tokio::task::yield_now().await;
    change.await;
    tokio::time::timeout(Duration::from_secs(20), poll).await.expect("woken").unwrap()
}

#[tokio::test]
async fn rules_come_with_the_first_sync_and_with_every_change() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let laptop = world.device("ana", "LAPTOP").await;
    let first = rules_in(&ana.syncs("").await).unwrap();
    assert_eq!(first, ana.get("v3/pushrules/").await["global"]);
    let path = "v3/pushrules/global/room/!r:example.org";
    let added = woken_by(&laptop, async {
        ana.put(path, json!({"actions": ["notify"]})).await;
    });
    assert_eq!(rule(&rules_in(&added.await).unwrap(), "room", "!r:example.org")["actions"], json!(["notify"]));
    let disabled = woken_by(&laptop, async {
        ana.put(&format!("{path}/enabled"), json!({"enabled": false})).await;
    });
    assert_eq!(rule(&rules_in(&disabled.await).unwrap(), "room", "!r:example.org")["enabled"], false);
    let enabled = woken_by(&laptop, async {
        ana.put(&format!("{path}/enabled"), json!({"enabled": true})).await;
    });
    assert_eq!(rule(&rules_in(&enabled.await).unwrap(), "room", "!r:example.org")["enabled"], true);
    let changed = woken_by(&laptop, async {
        ana.put(&format!("{path}/actions"), json!({"actions": []})).await;
    });
    assert_eq!(rule(&rules_in(&changed.await).unwrap(), "room", "!r:example.org")["actions"], json!([]));
    let removed = woken_by(&laptop, async {
        ana.ok(Method::DELETE, path, None).await;
    });
    assert_eq!(rule(&rules_in(&removed.await).unwrap(), "room", "!r:example.org"), Value::Null);
}

#[tokio::test]
async fn own_rules_stand_in_the_order_asked_for() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    for (rule_id, query) in [("one", ""), ("two", ""), ("three", "?after=two"), ("four", "?before=one")] {
        let body = json!({"pattern": rule_id, "actions": ["notify"]});
        ana.put(&format!("v3/pushrules/global/content/{rule_id}{query}"), body).await;
    }
    let rules = ana.get("v3/pushrules/").await;
    let own: Vec<&str> = rules["global"]["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule["default"] == false)
        .map(|rule| rule["rule_id"].as_str().unwrap())
        .collect();
    assert_eq!(own, ["two", "three", "four", "one"]);
    assert_eq!(rule(&ben.get("v3/pushrules/").await["global"], "content", "one"), Value::Null, "rules are one's own");
}

#[tokio::test]
async fn what_makes_no_rule_is_refused() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let body = || Some(json!({"pattern": "x", "actions": ["notify"]}));
    for (path, wanted) in [
        ("v3/pushrules/global/content/.mine", (400, "M_INVALID_PARAM")),
        ("v3/pushrules/global/content/a%2Fb", (400, "M_INVALID_PARAM")),
        ("v3/pushrules/global/content/x?before=unknown", (404, "M_NOT_FOUND")),
    ] {
        assert_eq!(plain(&ana.refused(Method::PUT, path, body()).await), wanted, "{path}");
    }
    assert_eq!(ana.refused(Method::PUT, "v3/pushrules/global/nonsense/x", body()).await.0, 400);
    assert_eq!(ana.refused(Method::PUT, "v3/pushrules/global/content/x", Some(json!({"pattern": "x"}))).await.0, 400);
    for path in ["enabled", "actions"] {
        let unknown = format!("v3/pushrules/global/content/unknown/{path}");
        assert_eq!(plain(&ana.refused(Method::GET, &unknown, None).await), (404, "M_NOT_FOUND"));
        let body = Some(json!({"enabled": true, "actions": []}));
        assert_eq!(plain(&ana.refused(Method::PUT, &unknown, body).await), (404, "M_NOT_FOUND"));
    }
    assert_eq!(plain(&ana.refused(Method::DELETE, "v3/pushrules/global/content/unknown", None).await), (404, "M_NOT_FOUND"));
}

#[tokio::test]
async fn unread_messages_and_mentions_are_counted_until_they_are_read() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.says("one", &room).await;
    ana.sends(&room, "m.room.message", "n", json!({"msgtype": "m.notice", "body": "a notice"})).await;
    let mention = json!({"msgtype": "m.text", "body": "Ben!", "m.mentions": {"user_ids": ["@ben:example.org"]}});
    let last = ana.sends(&room, "m.room.message", "m", mention).await;
    let counts = async |person: &Person| joined(&person.syncs("").await, &room)["unread_notifications"].clone();
    assert_eq!(counts(&ben).await, json!({"notification_count": 2, "highlight_count": 1}));
    assert_eq!(counts(&ana).await, json!({"notification_count": 0, "highlight_count": 0}), "one's own are read");
    ben.post(&format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room), encoded(&last)), json!({})).await;
    assert_eq!(counts(&ben).await, json!({"notification_count": 0, "highlight_count": 0}));
}

#[tokio::test]
async fn who_writes_has_read_what_was_there() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let counts = async |person: &Person| joined(&person.syncs("").await, &room)["unread_notifications"].clone();
    let (none, one) = (json!({"notification_count": 0, "highlight_count": 0}), json!({"notification_count": 1, "highlight_count": 0}));
    let first = ana.says("one", &room).await;
    let mention = json!({"msgtype": "m.text", "body": "Ben!", "m.mentions": {"user_ids": ["@ben:example.org"]}});
    ana.sends(&room, "m.room.message", "m", mention).await;
    ben.says("I am here", &room).await;
    assert_eq!(counts(&ben).await, none, "writing is reading");
    assert_eq!(counts(&ana).await, one, "for the writer alone");
    ben.post(&format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room), encoded(&first)), json!({})).await;
    assert_eq!(counts(&ben).await, none, "a late receipt does not go back behind what was written");
    ana.says("good", &room).await;
    assert_eq!(counts(&ben).await, one, "counting goes on from there");
    let in_thread = json!({"msgtype": "m.text", "body": "aside", "m.relates_to": {"rel_type": "m.thread", "event_id": first}});
    let aside = ana.sends(&room, "m.room.message", "t1", in_thread.clone()).await;
    ben.says("and here", &room).await;
    assert_eq!(counts(&ben).await, one, "a thread is read by writing in it");
    ben.sends(&room, "m.room.message", "t2", in_thread.clone()).await;
    assert_eq!(counts(&ben).await, none);
    ana.sends(&room, "m.room.message", "t3", in_thread).await;
    ben.post(&format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room), encoded(&aside)), json!({"thread_id": first})).await;
    assert_eq!(counts(&ben).await, one, "and a late receipt does not go back behind that either");
}
