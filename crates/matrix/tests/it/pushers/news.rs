//! What is told, and of what.

use std::time::Duration;

use app::rules::Rules;
use http::Method;
use serde_json::{Value, json};

use super::{Gateway, events, pusher, rung};
use crate::modes::under;
use crate::sealed::{Pen, sealed_friends};
use crate::world::{World, encoded};

const HOLD: &str = r#"
pack: test
version: 1
jurisdictions: ["*"]
legal_basis: {GDPR: "test"}
terms:
  held: {keys: [holdword]}
rules:
  - {id: h, title: held, status: live, reads: [content], harm: spam.fraud, when: "terms.held > 0", verdict: hold, hold: {ttl: 1h, on_timeout: release}, severity: 2, queue: safety, explain: "a word that waits", owner: tests, review_by: "2030-01-01", tests: [{text: holdword, expect: hold}, {text: fine, expect: allow}]}
"#;

#[tokio::test]
async fn an_application_hears_that_there_is_something_and_not_what() {
    let (world, gateway, ana, ben, room) = rung().await;
    let event = ana.says("a secret between us", &room).await;
    world.app.deliver_pushes().await.unwrap();
    let told = gateway.told();
    let device = |tweaks: Value| {
        json!({
            "app_id": "org.example.app", "pushkey": "bens-key", "pushkey_ts": 1_700_000_000, "tweaks": tweaks,
            "data": {"format": "event_id_only", "default_payload": {"aps": {"mutable-content": 1}}},
        })
    };
    let loud = device(json!({"sound": "default"}));
    assert_eq!(told, [json!({"event_id": event, "room_id": room, "counts": {"unread": 1}, "devices": [loud]})]);
    ben.says("my own", &room).await;
    world.app.deliver_pushes().await.unwrap();
    let quiet = json!({"prio": "low", "counts": {"unread": 0}, "devices": [device(json!({}))]});
    assert_eq!(gateway.told(), [quiet], "nobody is told of their own, but that nothing is unread any more");
    ben.says("and another", &room).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(gateway.told(), Vec::<Value>::new(), "which is told once");
}

#[tokio::test]
async fn without_a_format_type_and_sender_are_told_and_never_the_content() {
    let (world, gateway, ana, ben, room) = rung().await;
    ana.put("v3/profile/@ana:example.org/displayname", json!({"displayname": "Ana A."})).await;
    let mut long = pusher(&gateway.url(), "bens-key");
    long["data"] = json!({"url": gateway.url()});
    ben.sets_pusher(long).await;
    let event = ana.says("a secret between us", &room).await;
    world.app.deliver_pushes().await.unwrap();
    let device = json!({
        "app_id": "org.example.app", "pushkey": "bens-key", "pushkey_ts": 1_700_000_000, "tweaks": {"sound": "default"}, "data": {},
    });
    let wanted = json!({
        "event_id": event, "room_id": room, "counts": {"unread": 1}, "devices": [device], "prio": "high",
        "type": "m.room.message", "sender": "@ana:example.org", "sender_display_name": "Ana A.",
    });
    assert_eq!(gateway.told(), [wanted]);
}

#[tokio::test]
async fn of_a_sealed_conversation_not_even_the_ciphertext_is_told() {
    let gateway = Gateway::start().await;
    let world = under("choice");
    let (ana, ben, room) = sealed_friends(&world).await;
    for (key, data) in [("short", json!({"url": gateway.url(), "format": "event_id_only"})), ("long", json!({"url": gateway.url()}))] {
        let mut pusher = pusher(&gateway.url(), key);
        pusher["data"] = data;
        ben.sets_pusher(pusher).await;
    }
    let content = Pen::new().writes("the parcel is under the third step", &room);
    let event = ana.sends(&room, "m.room.encrypted", "1", content.clone()).await;
    world.app.deliver_pushes().await.unwrap();
    let told = gateway.told();
    assert_eq!(events(&told), [&event, &event]);
    let text = json!(told).to_string();
    for secret in [content["ciphertext"].as_str().unwrap(), content["session_id"].as_str().unwrap(), "content"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn what_is_withheld_rings_nobody_until_it_is_released() {
    let (world, gateway, ana, _, room) = rung().await;
    world.app.ensure_service_account().await.unwrap();
    world.app.replace_rules(Rules::load(&[("test.yaml", HOLD)]).unwrap());
    let held = ana.says("holdword", &room).await;
    let other = ana.says("something else", &room).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), [&other]);
    world.clock.advance_ms(3_600_000);
    world.app.expire().await.unwrap();
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), [&held]);
}

#[tokio::test]
async fn what_is_released_behind_ones_words_is_unread_until_one_speaks_again() {
    let (world, _gateway, ana, ben, room) = rung().await;
    world.app.ensure_service_account().await.unwrap();
    world.app.replace_rules(Rules::load(&[("test.yaml", HOLD)]).unwrap());
    ana.says("holdword", &room).await;
    let unread = async || ben.syncs("").await["rooms"]["join"][&room]["unread_notifications"]["notification_count"].clone();
    ben.says("one", &room).await;
    ben.says("two", &room).await;
    assert_eq!(unread().await, 0);
    world.clock.advance_ms(3_600_000);
    world.app.expire().await.unwrap();
    assert_eq!(unread().await, 1, "what comes now was not there when ben spoke");
    ben.says("three", &room).await;
    assert_eq!(unread().await, 0);
}

#[tokio::test]
async fn rules_ignoring_and_reading_silence_what_is_no_news() {
    let (world, gateway, ana, ben, room) = rung().await;
    let quiet = async |why: &str| {
        world.app.deliver_pushes().await.unwrap();
        assert_eq!(events(&gateway.told()), Vec::<&str>::new(), "{why}");
    };
    let read = ana.says("read at once on another device", &room).await;
    ben.reads_up_to(&room, &read).await;
    quiet("it is read").await;
    ana.sends(&room, "m.room.message", "n", json!({"msgtype": "m.notice", "body": "a bot"})).await;
    ana.sends(&room, "m.reaction", "r", json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": read, "key": "x"}})).await;
    quiet("notices and reactions ring nobody").await;
    let redacted = ana.says("taken back", &room).await;
    ana.put(&format!("v3/rooms/{}/redact/{}/1", encoded(&room), encoded(&redacted)), json!({})).await;
    quiet("it is gone").await;
    let mute = format!("v3/pushrules/global/room/{}", encoded(&room));
    ben.put(&mute, json!({"actions": []})).await;
    ana.says("muted", &room).await;
    quiet("the room is muted").await;
    ben.ok(Method::DELETE, &mute, None).await;
    ben.put("v3/user/@ben:example.org/account_data/m.ignored_user_list", json!({"ignored_users": {"@ana:example.org": {}}})).await;
    ana.says("ignored", &room).await;
    quiet("she is ignored").await;
    ben.put("v3/user/@ben:example.org/account_data/m.ignored_user_list", json!({"ignored_users": {}})).await;
    let mention = json!({"msgtype": "m.text", "body": "you", "m.mentions": {"user_ids": ["@ben:example.org"]}});
    ana.sends(&room, "m.room.message", "m", mention).await;
    world.app.deliver_pushes().await.unwrap();
    let told = gateway.told();
    assert_eq!((told.len(), &told[0]["devices"][0]["tweaks"]["highlight"]), (1, &json!(true)));
}

#[tokio::test]
async fn an_invitation_is_news() {
    let gateway = Gateway::start().await;
    let world = World::new();
    let (ana, ben, kim) = (world.person("ana").await, world.person("ben").await, world.person("kim").await);
    for (who, key) in [(&ben, "bens"), (&kim, "kims")] {
        let mut long = pusher(&gateway.url(), key);
        long["data"] = json!({"url": gateway.url()});
        who.sets_pusher(long).await;
    }
    let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
    ana.invites(&kim, &room).await;
    ana.sets(&room, "m.room.topic", "", json!({"topic": "not of those who are outside"})).await;
    world.app.deliver_pushes().await.unwrap();
    let mut told = gateway.told();
    told.sort_by_key(|one| one["devices"][0]["pushkey"].to_string());
    assert_eq!(told.len(), 2);
    for (one, key) in told.iter().zip(["bens", "kims"]) {
        let told = (&one["type"], &one["room_id"], &one["sender"], &one["user_is_target"], &one["devices"][0]["pushkey"]);
        assert_eq!(told, (&json!("m.room.member"), &json!(room), &json!("@ana:example.org"), &json!(true), &json!(key)));
    }
}

#[tokio::test]
async fn what_is_read_elsewhere_takes_the_count_back() {
    let (world, gateway, ana, ben, room) = rung().await;
    ana.says("one", &room).await;
    let last = ana.says("two", &room).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(gateway.told().len(), 2);
    ben.reads_up_to(&room, &last).await;
    world.app.deliver_pushes().await.unwrap();
    let told = gateway.told();
    assert_eq!((told.len(), &told[0]["counts"], &told[0]["event_id"]), (1, &json!({"unread": 0}), &Value::Null));
    ben.reads_up_to(&room, &last).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(gateway.told(), Vec::<Value>::new(), "nothing changed");
}

/// The jobs do it by themselves: nobody has to look.
#[tokio::test]
async fn a_message_rings_at_once() {
    let (world, gateway, ana, ben, room) = rung().await;
    let jobs = world.app.spawn_jobs();
    let later = Gateway::start().await;
    // set while the jobs run: it is followed, too
    ana.sets_pusher(pusher(&later.url(), "anas-key")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (one, two) = (ana.says("hello", &room).await, ben.says("hello yourself", &room).await);
    for (gateway, event) in [(&gateway, one), (&later, two)] {
        let mut told = Vec::new();
        for _ in 0..500 {
            told.extend(gateway.told());
            if !told.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // that ben has nothing unread any more, since he wrote, may come with it
        assert_eq!(events(&told)[0], event);
    }
    jobs.stop(Duration::from_secs(5)).await;
}
