//! Which mode a conversation gets, by every way in which a client can ask for encryption.

use app::accounts::admin::UserChange;
use app::config::{ModeRules, OnEncryptionRequest};
use http::Method;
use model::person::AgeBand;
use serde_json::{Value, json};

use crate::world::{Person, World, encoded, joined, kinds};

/// What a stock client adds to a request for an encrypted room.
pub(crate) fn encryption() -> Value {
    json!([{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}])
}

pub(crate) fn under(policy: &str) -> World {
    World::with(|config| config.modes = ModeRules::shipped(policy).unwrap())
}

/// The mode of a room as its create event states it.
pub(crate) async fn mode_of(who: &Person, room: &str) -> Value {
    who.state(room, "m.room.create", "").await["org.frankly.conversation"]["mode"].clone()
}

async fn refusal(who: &Person, options: Value) -> (u16, Value) {
    let (status, answer) = who.request(Method::POST, "v3/createRoom", Some(options)).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn where_all_is_readable_a_request_for_encryption_is_never_dropped_in_silence() {
    let world = under("readable-only");
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let before = ana.syncs("").await;
    let room = ana.creates(&[&ben], json!({"preset": "trusted_private_chat", "is_direct": true, "initial_state": encryption()})).await;
    assert_eq!(mode_of(&ana, &room).await, "readable");
    // the first message of the timeline says so, before anybody can speak
    let filter = encoded(&json!({"room": {"timeline": {"limit": 50}}}).to_string());
    let sync = ana.syncs(&format!("&filter={filter}&since={}", before["next_batch"].as_str().unwrap())).await;
    let timeline = &joined(&sync, &room)["timeline"]["events"];
    assert!(!kinds(timeline).contains(&"m.room.encryption".to_owned()));
    let message = timeline.as_array().unwrap().iter().find(|event| event["type"] == "m.room.message").unwrap();
    let said = message["content"]["body"].as_str().unwrap();
    assert!(said.starts_with("Your app asked for end-to-end encryption. It is not possible here"), "{said}");
    assert!(said.contains("Every conversation here can be read by the safety team."), "{said}");
    assert_eq!(message["sender"], "@frankly:example.org");
    // who is invited reads the same before they join
    let invited = ben.syncs("").await["rooms"]["invite"][&room]["invite_state"]["events"].clone();
    let stated = invited.as_array().unwrap().iter().find(|event| event["type"] == "org.frankly.mode").unwrap().clone();
    assert_eq!((&stated["content"]["mode"], stated["content"]["notice"].as_str().unwrap()), (&json!("readable"), said));
}

#[tokio::test]
async fn encryption_cannot_come_into_a_readable_room_later() {
    let world = under("readable-only");
    let (ana, _, room) = world.friends().await;
    let path = format!("v3/rooms/{}", encoded(&room));
    let content = json!({"algorithm": "m.megolm.v1.aes-sha2"});
    for state_key in ["", "other"] {
        let answer = ana.refused(Method::PUT, &format!("{path}/state/m.room.encryption/{state_key}"), Some(content.clone())).await;
        assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()));
    }
    let sealed =
        json!({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEg", "session_id": "s", "device_id": "PHONE", "sender_key": "k"});
    for content in [sealed, json!({})] {
        let answer = ana.refused(Method::PUT, &format!("{path}/send/m.room.encrypted/1"), Some(content)).await;
        assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()));
    }
    let as_state = format!("{path}/state/m.room.encrypted/x");
    let answer = ana.refused(Method::PUT, &as_state, Some(json!({"ciphertext": "cannot be scanned"}))).await;
    assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()));
    // no upgrade makes another room of it
    let answer = ana.refused(Method::POST, &format!("{path}/upgrade"), Some(json!({"new_version": "12"}))).await;
    assert_eq!(answer, (404, "M_UNRECOGNIZED".to_owned()));
    assert_eq!(mode_of(&ana, &room).await, "readable");
    ana.says("hello", &room).await;
}

#[tokio::test]
async fn the_operator_may_refuse_instead() {
    let world = World::with(|config| {
        config.modes = ModeRules::shipped("readable-only").unwrap();
        config.on_encryption_request = OnEncryptionRequest::Refuse;
    });
    let ana = world.person("ana").await;
    for options in [json!({"initial_state": encryption()}), json!({"creation_content": {"org.frankly.mode": "sealed"}})] {
        let (status, answer) = refusal(&ana, options).await;
        assert_eq!((status, &answer["errcode"]), (403, &json!("M_FORBIDDEN")));
        assert_eq!(
            answer["error"],
            "Every conversation here can be read by the safety team. Ask again without encryption to make a readable one."
        );
    }
    assert_eq!(ana.get("v3/joined_rooms").await, json!({"joined_rooms": []}));
    assert_eq!(mode_of(&ana, &ana.creates(&[], json!({})).await).await, "readable");
}

#[tokio::test]
async fn where_all_is_sealed_nobody_makes_a_readable_one() {
    let world = under("sealed-only");
    let ana = world.person("ana").await;
    let (status, answer) = refusal(&ana, json!({})).await;
    assert_eq!((status, &answer["errcode"]), (403, &json!("M_FORBIDDEN")));
    assert_eq!(answer["error"], "Every conversation here is end-to-end encrypted. Ask again with encryption to make a sealed one.");
}

#[tokio::test]
async fn a_mode_can_be_asked_for_by_name() {
    let world = under("choice");
    let ana = world.person("ana").await;
    let named = |mode: Value| json!({"creation_content": {"org.frankly.mode": mode, "m.federate": false}});
    let room = ana.creates(&[], named(json!("readable"))).await;
    let create = ana.state(&room, "m.room.create", "").await;
    assert_eq!(
        create["org.frankly.conversation"],
        json!({"mode": "readable", "policy": "choice@1", "tenant": "default", "retention": "standard"})
    );
    assert_eq!((create.get("org.frankly.mode"), &create["m.federate"]), (None, &json!(false)));
    for wrong in [json!("open"), json!(1), Value::Null] {
        assert_eq!(refusal(&ana, named(wrong)).await.1["errcode"], "M_BAD_JSON");
    }
    let both = json!({"creation_content": {"org.frankly.mode": "readable"}, "initial_state": encryption()});
    assert_eq!(refusal(&ana, both).await.1["errcode"], "M_BAD_JSON");
}

#[tokio::test]
async fn clients_are_told_before_they_ask() {
    for (policy, hints, forced) in [
        ("readable-only", json!({"default": false, "force_disable": true}), false),
        ("sealed-only", json!({"default": true}), true),
        ("choice", json!({"default": true}), false),
        ("youth-readable", json!({"default": false}), false),
    ] {
        let world = under(policy);
        let (_, known) = world.anywhere(Method::GET, "/.well-known/matrix/client", None).await;
        assert_eq!(known["io.element.e2ee"], hints, "{policy}");
        let (_, versions) = world.anywhere(Method::GET, "/_matrix/client/versions", None).await;
        for preset in ["public", "private", "trusted_private"] {
            assert_eq!(versions["unstable_features"][format!("io.element.e2ee_forced.{preset}")], forced, "{policy}");
        }
    }
}

/// What a stock client that follows the well-known document asks for, by default or because it may not do otherwise.
fn follows(hints: &Value) -> Value {
    let encrypts = hints["default"] == true && hints["force_disable"] != true;
    if encrypts { json!({"initial_state": encryption()}) } else { json!({}) }
}

#[tokio::test]
async fn who_follows_the_hint_gets_what_they_asked_for() {
    // the hint and what strangers who are adults get by it; no room is stripped of what its maker asked for
    for (policy, mode) in [("readable-only", "readable"), ("sealed-only", "sealed"), ("choice", "sealed")] {
        let world = under(policy);
        let ana = world.person("ana").await;
        let (_, known) = world.anywhere(Method::GET, "/.well-known/matrix/client", None).await;
        let room = ana.creates(&[], follows(&known["io.element.e2ee"])).await;
        assert_eq!(mode_of(&ana, &room).await, mode, "{policy}");
        let page = ana.get(&format!("v3/rooms/{}/messages?dir=b&limit=100", encoded(&room))).await;
        assert!(!page.to_string().contains("NOT encrypted"), "{policy}: {page}");
    }
    // where it depends on who takes part, the hint cannot be right for everybody: it is the cautious one
    let (_, known) = under("youth-readable").anywhere(Method::GET, "/.well-known/matrix/client", None).await;
    assert_eq!(known["io.element.e2ee"], json!({"default": false}));
}

#[tokio::test]
async fn a_minor_makes_a_conversation_readable_from_the_start() {
    let world = under("youth-readable");
    let (ana, mia) = (world.person("ana").await, world.aged("mia", AgeBand::From16To17).await);
    world.befriends(&ana, &mia).await;
    for (maker, other) in [(&ana, &mia), (&mia, &ana)] {
        let room = maker.creates(&[other], json!({"initial_state": encryption()})).await;
        assert_eq!(mode_of(maker, &room).await, "readable");
        let notice = maker.state(&room, "org.frankly.mode", "").await["notice"].as_str().unwrap().to_owned();
        assert!(notice.contains("NOT encrypted end to end. This conversation is readable. Somebody who is under 18"), "{notice}");
    }
    let (status, answer) = refusal(&ana, json!({})).await;
    assert_eq!((status, &answer["errcode"]), (403, &json!("M_FORBIDDEN")), "adults among themselves are sealed");
}

#[tokio::test]
async fn a_mode_never_flips_so_who_would_change_it_stays_out() {
    // made under one policy, continued under another: the people do not fit the mode
    let file = "choose:\n  - jurisdictions: [XX]\n    policy: sealed-only@1\n  - policy: readable-only@1\n";
    let world = World::with(|config| config.modes = ModeRules::parse("modes.yaml", file).unwrap());
    let (ana, ben, carl) = (world.person("ana").await, world.person("ben").await, world.person("carl").await);
    let moves = async |person: &Person, place: &str| world.is_told(person, UserChange::Jurisdiction(place.to_owned())).await;
    let room = ana.creates(&[&ben], json!({})).await;
    moves(&carl, "XX").await;
    let path = format!("v3/rooms/{}/invite", encoded(&room));
    let (status, answer) = ana.request(Method::POST, &path, Some(json!({"user_id": carl.user_id}))).await;
    assert_eq!((status.as_u16(), &answer["errcode"]), (403, &json!("M_FORBIDDEN")));
    assert_eq!(
        answer["error"],
        "Every conversation here is end-to-end encrypted. This conversation is readable and its mode never changes; start a new conversation instead."
    );
    // who was invited before they counted differently cannot come in after
    moves(&ben, "XX").await;
    let answer = ben.refused(Method::POST, &format!("v3/join/{}", encoded(&room)), Some(json!({}))).await;
    assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()));
    let member = format!("v3/rooms/{}/state/m.room.member/{}", encoded(&room), encoded("@ben:example.org"));
    let answer = ben.refused(Method::PUT, &member, Some(json!({"membership": "join"}))).await;
    assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()));
    moves(&ben, "").await;
    ben.joins(&room).await;
    assert_eq!(mode_of(&ben, &room).await, "readable");
}
