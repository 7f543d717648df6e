//! Messages to devices: kept until the device has shown to have them, in order, and bounded.

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};

use super::client::{sends, to_device};
use crate::plain;
use crate::world::{Person, World, bodies, joined, next};

const PATH: &str = "v3/sendToDevice/m.room.encrypted";

fn numbers(sync: &Value) -> Vec<String> {
    to_device(sync).into_iter().map(|content| content["n"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_message_stays_until_the_next_token_is_shown() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let first = ben.syncs("").await;
    sends(&ana, "one", &ben, "PHONE").await;
    let with_one = ben.syncs_since(&first).await;
    assert_eq!(ben.syncs_since(&first).await, with_one, "the answer may have been lost");
    assert_eq!(numbers(&with_one), ["one"]);
    assert_eq!(
        with_one["to_device"]["events"][0],
        json!({"type": "m.room.encrypted", "sender": "@ana:example.org", "content": {"n": "one"}})
    );
    sends(&ana, "two", &ben, "PHONE").await;
    assert_eq!(numbers(&ben.syncs_since(&first).await), ["one", "two"]);
    let with_two = ben.syncs_since(&with_one).await;
    assert_eq!(numbers(&with_two), ["two"]);
    assert!(numbers(&ben.syncs_since(&with_two).await).is_empty());
    assert!(numbers(&ben.syncs_since(&first).await).is_empty(), "what was shown to be received is gone");
    assert!(numbers(&ben.syncs("").await).is_empty());
}

#[tokio::test]
async fn what_waits_outlives_a_restart_of_the_server() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let first = ben.syncs("").await;
    sends(&ana, "one", &ben, "PHONE").await;
    let with_one = ben.syncs_since(&first).await;
    sends(&ana, "two", &ben, "PHONE").await;
    let world = world.restarted();
    let (ana, ben) = (world.same(&ana), world.same(&ben));
    assert_eq!(numbers(&ben.syncs_since(&first).await), ["one", "two"]);
    sends(&ana, "three", &ben, "PHONE").await;
    assert_eq!(numbers(&ben.syncs_since(&with_one).await), ["two", "three"], "tokens from before go on");
}

#[tokio::test]
async fn a_token_of_one_device_lets_go_of_nothing_of_another() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let laptop = world.device("ben", "LAPTOP").await;
    sends(&ana, "one", &ben, "*").await;
    let on_phone = ben.syncs("").await;
    assert_eq!(numbers(&on_phone), ["one"]);
    assert_eq!(numbers(&laptop.syncs_since(&on_phone).await), ["one"], "the laptop has not had it");
    assert_eq!(numbers(&laptop.syncs("").await), ["one"]);
    assert!(numbers(&ben.syncs_since(&on_phone).await).is_empty());
    assert_eq!(numbers(&laptop.syncs("").await), ["one"]);
}

#[tokio::test]
async fn messages_for_all_devices_reach_those_there_are() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let laptop = world.device("ben", "LAPTOP").await;
    let body =
        json!({"messages": {"@ben:example.org": {"*": {"n": "all"}, "LAPTOP": {"n": "mine"}}, "@ghost:example.org": {"*": {"n": "all"}}}});
    assert_eq!(ana.put(&format!("{PATH}/1"), body.clone()).await, json!({}));
    ana.put(&format!("{PATH}/1"), body).await;
    let later = world.device("ben", "LATER").await;
    assert_eq!(numbers(&ben.syncs("").await), ["all"], "once, though it was sent twice");
    assert_eq!(numbers(&laptop.syncs("").await), ["mine"]);
    assert!(numbers(&later.syncs("").await).is_empty());
    assert!(numbers(&ana.syncs("").await).is_empty());
}

#[tokio::test]
async fn a_hundred_come_at_a_time_in_order_without_a_wait() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let mut sync = ben.syncs("").await;
    let sent: Vec<String> = (0..250).map(|n| format!("{n:03}")).collect();
    for text in &sent {
        sends(&ana, text, &ben, "PHONE").await;
    }
    let mut got = Vec::new();
    for expected in [100, 100, 50] {
        let path = format!("v3/sync?timeout=30000&since={}", next(&sync));
        sync = tokio::time::timeout(Duration::from_secs(20), ben.get(&path)).await.expect("more is there: no wait");
        assert_eq!(numbers(&sync).len(), expected);
        got.extend(numbers(&sync));
    }
    assert_eq!(got, sent);
}

#[tokio::test]
async fn a_message_wakes_the_device_that_waits() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let first = ben.syncs("").await;
    let waiting = {
        let (ben, path) = (ben.clone(), format!("v3/sync?timeout=30000&since={}", next(&first)));
        tokio::spawn(async move { ben.get(&path).await })
    };
    tokio::task::yield_now().await;
    sends(&ana, "wake", &ben, "PHONE").await;
    let sync = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("woken").unwrap();
    assert_eq!(numbers(&sync), ["wake"]);
}

#[tokio::test]
async fn the_key_is_there_no_later_than_the_message_it_opens() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let mut sync = ben.syncs("").await;
    let sender = {
        let (ana, ben, room) = (ana.clone(), ben.clone(), room.clone());
        tokio::spawn(async move {
            for n in 0..40 {
                sends(&ana, &format!("{n}"), &ben, "PHONE").await;
                ana.says(&format!("{n}"), &room).await;
                tokio::task::yield_now().await;
            }
        })
    };
    let (mut keys, mut said) = (Vec::new(), Vec::new());
    while said.len() < 40 {
        let path = format!("v3/sync?timeout=1000&since={}", next(&sync));
        sync = ben.get(&path).await;
        keys.extend(numbers(&sync));
        said.extend(bodies(&joined(&sync, &room)["timeline"]["events"]).into_iter().map(str::to_owned));
        assert!(keys.len() >= said.len(), "{} messages, {} keys", said.len(), keys.len());
        assert_eq!(said[..], keys[..said.len()]);
    }
    sender.await.unwrap();
}

#[tokio::test]
async fn the_content_is_passed_on_as_it_is() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let content = json!({"algorithm": "m.olm.v1.curve25519-aes-sha2", "unknown": {"deep": [1, null, true, 1.5, -0.25, 1e300]}, "text": "\u{0}\u{7f}é\u{1f511}\"\\", "n": "x"});
    ana.put(&format!("{PATH}/1"), json!({"messages": {"@ben:example.org": {"PHONE": content}}})).await;
    assert_eq!(to_device(&ben.syncs("").await), [&content]);
}

/// One message to each of so many devices of Ben.
fn to_many(count: usize) -> Value {
    let devices: Map<String, Value> = (0..count).map(|n| (format!("D{n}"), json!({}))).collect();
    json!({"messages": {"@ben:example.org": devices}})
}

#[tokio::test]
async fn too_much_at_once_is_refused_whole() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let mut ten_thousand = to_many(10_000);
    ten_thousand["messages"]["@ben:example.org"]["PHONE"] = json!({"n": "in between"});
    assert_eq!(plain(&ana.refused(Method::PUT, &format!("{PATH}/1"), Some(ten_thousand)).await), (413, "M_TOO_LARGE"));
    let long = json!({"messages": {"@ben:example.org": {"PHONE": {"n": "x".repeat(66_000)}}}});
    assert_eq!(plain(&ana.refused(Method::PUT, &format!("{PATH}/1"), Some(long)).await), (413, "M_TOO_LARGE"));
    assert!(numbers(&ben.syncs("").await).is_empty());
    ana.put(&format!("{PATH}/1"), to_many(5_000)).await;
    sends(&ana, "after", &ben, "PHONE").await;
    assert_eq!(numbers(&ben.syncs("").await), ["after"]);
}

#[tokio::test]
async fn messages_of_the_wrong_form_are_refused() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    for body in [
        json!({}),
        json!({"messages": []}),
        json!({"messages": {"no user": {"*": {}}}}),
        json!({"messages": {"@ben:example.org": []}}),
        json!({"messages": {"@ben:example.org": {"PHONE": "text"}}}),
        json!({"messages": {"@ben:example.org": {"PHONE": [1]}}}),
    ] {
        let refused = ana.refused(Method::PUT, &format!("{PATH}/1"), Some(body.clone())).await;
        assert_eq!(plain(&refused), (400, "M_BAD_JSON"), "{body}");
    }
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &format!("{PATH}/1"), "{").await), (400, "M_NOT_JSON"));
    let long = format!("{PATH}/{}", "t".repeat(300));
    assert_eq!(ana.refused(Method::PUT, &long, Some(to_many(1))).await.0, 400);
    assert!(to_device(&ben.syncs("").await).is_empty());
}

/// Sends until it is told to wait; how many were taken.
async fn floods(who: &Person, requests: usize) -> (usize, Value) {
    for n in 0..requests {
        let body = json!({"messages": {"@ben:example.org": {"PHONE": {"n": n.to_string()}}}});
        let (status, answer) = who.request(Method::PUT, &format!("{PATH}/{n}"), Some(body)).await;
        if !status.is_success() {
            assert_eq!(status.as_u16(), 429);
            return (n, answer);
        }
    }
    (requests, Value::Null)
}

#[tokio::test]
async fn who_floods_is_told_to_wait_and_the_queues_of_others_stand() {
    let world = World::with(|config| config.dev = false);
    let (ana, ben, eve) = (world.person("ana").await, world.person("ben").await, world.person("eve").await);
    sends(&ana, "from-ana", &ben, "PHONE").await;
    let (taken, answer) = floods(&eve, 10_000).await;
    assert!((500..10_000).contains(&taken), "{taken}");
    assert_eq!(answer["errcode"], "M_LIMIT_EXCEEDED");
    assert!(answer["retry_after_ms"].as_u64().is_some());
    sends(&ana, "and-again", &ben, "PHONE").await;
    let (mut sync, mut got) = (ben.syncs("").await, Vec::new());
    while !numbers(&sync).is_empty() {
        got.extend(numbers(&sync));
        sync = ben.syncs_since(&sync).await;
    }
    assert_eq!((got.first().map(String::as_str), got.last().map(String::as_str)), (Some("from-ana"), Some("and-again")));
    assert!(got.len() <= 1_002, "{}", got.len());
}

#[tokio::test]
async fn a_message_is_as_deep_as_an_event_may_be_and_no_deeper() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let nested =
        |depth: usize| format!(r#"{{"messages":{{"@ben:example.org":{{"PHONE":{}1{}}}}}}}"#, r#"{"n":"#.repeat(depth), "}".repeat(depth));
    let depth = model::limits::JSON_DEPTH;
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &format!("{PATH}/fits"), nested(depth)).await), (200, ""));
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &format!("{PATH}/deep"), nested(depth + 1)).await), (400, "M_BAD_JSON"));
    assert_eq!(to_device(&ben.syncs("").await).len(), 1);
}
