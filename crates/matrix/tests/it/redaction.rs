//! Taking back: who may, what is left, and who is told.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World, bodies, encoded, joined};
use crate::{FINE, FORBIDDEN, plain};

async fn redacts(person: &Person, room: &str, event: &str, txn: &str) -> (u16, String) {
    let path = format!("v3/rooms/{}/redact/{}/{txn}", encoded(room), encoded(event));
    person.sends_bytes(Method::PUT, &path, json!({"reason": "oops"}).to_string()).await
}

#[tokio::test]
async fn ones_own_may_be_taken_back_and_anothers_with_power() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let (of_ana, of_ben, again) = (ana.says("of ana", &room).await, ben.says("of ben", &room).await, ben.says("again", &room).await);
    assert_eq!(plain(&redacts(&ben, &room, &of_ana, "1").await), FORBIDDEN);
    assert_eq!(plain(&redacts(&ben, &room, &of_ben, "2").await), FINE);
    assert_eq!(plain(&redacts(&ana, &room, &again, "3").await), FINE);
    let page = ben.get(&format!("v3/rooms/{}/messages?dir=b&limit=50", encoded(&room))).await;
    assert_eq!(bodies(&page["chunk"]), ["of ana"]);
    // the level decides, not who made the room
    ana.sets(&room, "m.room.power_levels", "", json!({"redact": 0})).await;
    assert_eq!(plain(&redacts(&ben, &room, &of_ana, "4").await), FINE);
}

#[tokio::test]
async fn what_is_left_says_by_whom_and_why_wherever_it_is_read() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let said = ana.says("secret words", &room).await;
    let before = ben.syncs("").await;
    assert_eq!(plain(&redacts(&ana, &room, &said, "1").await), FINE);
    let event = ben.event(&room, &said).await;
    assert_eq!((&event["content"], &event["type"], &event["sender"]), (&json!({}), &json!("m.room.message"), &json!("@ana:example.org")));
    let because = &event["unsigned"]["redacted_because"];
    assert_eq!((&because["sender"], &because["content"]["reason"]), (&json!("@ana:example.org"), &json!("oops")));
    assert_eq!((&because["redacts"], &because["content"]["redacts"]), (&json!(said), &json!(said)));
    let told = joined(&ben.syncs_since(&before).await, &room)["timeline"]["events"][0].clone();
    assert_eq!((&told["type"], &told["redacts"]), (&json!("m.room.redaction"), &json!(said)));
    for path in ["messages?dir=b&limit=50".to_owned(), format!("context/{}", encoded(&said)), format!("event/{}", encoded(&said))] {
        let answer = ben.get(&format!("v3/rooms/{}/{path}", encoded(&room))).await;
        assert!(!answer.to_string().contains("secret words"), "{path}");
    }
}

#[tokio::test]
async fn one_transaction_is_one_redaction_and_a_second_changes_nothing() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let said = ana.says("oops", &room).await;
    let path = format!("v3/rooms/{}/redact/{}/t", encoded(&room), encoded(&said));
    let first = ana.put(&path, json!({"reason": "one"})).await;
    assert_eq!(ana.put(&path, json!({"reason": "one"})).await, first);
    let path = format!("v3/rooms/{}/redact/{}/other", encoded(&room), encoded(&said));
    assert_ne!(ana.put(&path, json!({"reason": "two"})).await, first);
    let event = ben.event(&room, &said).await;
    assert_eq!(event["unsigned"]["redacted_because"]["event_id"], first["event_id"], "the first took it back");
}

#[tokio::test]
async fn state_keeps_what_the_room_needs() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ben.put("v3/profile/@ben:example.org/displayname", json!({"displayname": "Rude name"})).await;
    let at = |path: &str| format!("v3/rooms/{}/state/{path}?format=event", encoded(&room));
    let member = ana.get(&at("m.room.member/@ben:example.org")).await;
    assert_eq!(plain(&redacts(&ana, &room, member["event_id"].as_str().unwrap(), "1").await), FINE);
    assert_eq!(ana.state(&room, "m.room.member", "@ben:example.org").await, json!({"membership": "join"}));
    ben.says("still in", &room).await;
    let topic = ana.sets(&room, "m.room.topic", "", json!({"topic": "oops"})).await;
    assert_eq!(plain(&redacts(&ana, &room, &topic, "2").await), FINE);
    assert_eq!(ana.state(&room, "m.room.topic", "").await, json!({}));
    let levels = ana.get(&at("m.room.power_levels/")).await;
    assert_eq!(plain(&redacts(&ana, &room, levels["event_id"].as_str().unwrap(), "3").await), FINE);
    assert_eq!(ana.state(&room, "m.room.power_levels", "").await["state_default"], 50, "power stays");
}

#[tokio::test]
async fn an_event_that_names_its_target_is_the_same() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let said = ana.says("oops", &room).await;
    let redaction = ana.sends(&room, "m.room.redaction", "1", json!({"redacts": said, "reason": "typo"})).await;
    let event = ben.event(&room, &said).await;
    assert_eq!((&event["content"], &event["unsigned"]["redacted_because"]["event_id"]), (&json!({}), &json!(redaction)));
    let path = format!("v3/rooms/{}/send/m.room.redaction/2", encoded(&room));
    for content in [json!({}), json!({"redacts": 1}), json!({"redacts": "no event ID"})] {
        assert_eq!(plain(&ana.refused(Method::PUT, &path, Some(content)).await), (400, "M_BAD_JSON"));
    }
}

#[tokio::test]
async fn what_is_not_in_the_room_is_not_found() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let elsewhere = ana.creates(&[], json!({})).await;
    let other = ana.says("elsewhere", &elsewhere).await;
    assert_eq!(plain(&redacts(&ana, &room, &other, "1").await), (404, "M_NOT_FOUND"));
    assert_eq!(plain(&redacts(&ana, &room, "$nothing", "2").await), (404, "M_NOT_FOUND"));
    let said = ben.says("mine", &room).await;
    ben.leaves(&room).await;
    assert_eq!(plain(&redacts(&ben, &room, &said, "3").await), FORBIDDEN, "who left takes nothing back");
    let cy = world.person("cy").await;
    assert_eq!(plain(&redacts(&cy, &room, &said, "4").await), FORBIDDEN);
    assert_eq!(ana.event(&room, &said).await["unsigned"]["redacted_because"], Value::Null);
}

#[tokio::test]
async fn redacted_state_is_told_nowhere_any_more() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let cy = world.person("cy").await;
    ben.put("v3/profile/@ben:example.org/displayname", json!({"displayname": "Rude name"})).await;
    let member = ana.get(&format!("v3/rooms/{}/state/m.room.member/@ben:example.org?format=event", encoded(&room))).await;
    let mut said = vec![member["event_id"].as_str().unwrap().to_owned()];
    said.push(ana.sets(&room, "m.room.name", "", json!({"name": "Rude name"})).await);
    said.push(ana.sets(&room, "m.room.topic", "", json!({"topic": "Rude name"})).await);
    let members = format!("v3/rooms/{}/joined_members", encoded(&room));
    let summary = format!("v1/room_summary/{}", encoded(&room));
    for path in [&members, &summary] {
        assert!(ana.get(path).await.to_string().contains("Rude name"), "{path}");
    }
    for (n, event) in said.iter().enumerate() {
        assert_eq!(plain(&redacts(&ana, &room, event, &n.to_string()).await), FINE);
    }
    for path in [&members, &summary] {
        assert!(!ana.get(path).await.to_string().contains("Rude name"), "{path}");
    }
    ana.invites(&cy, &room).await;
    assert!(!cy.syncs("").await["rooms"]["invite"][&room].to_string().contains("Rude name"));
    let again = ana.sets(&room, "m.room.topic", "", json!({"topic": "Rude name"})).await;
    assert_ne!(again, said[2], "what was redacted is not what is set now");
    assert_eq!(ana.state(&room, "m.room.topic", "").await["topic"], "Rude name");
}
