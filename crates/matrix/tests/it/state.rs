//! The state of a room: setting it, finding it, and who may.

use http::Method;
use serde_json::json;

use crate::world::{World, encoded, joined, kinds};
use crate::{FINE, FORBIDDEN, plain};

#[tokio::test]
async fn what_was_set_is_found_and_told() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    for (event_type, state_key, content) in [
        ("m.room.name", "", json!({"name": "Tea"})),
        ("m.room.topic", "", json!({"topic": "leaves"})),
        ("m.room.avatar", "", json!({"url": "mxc://example.org/pic"})),
        ("m.room.pinned_events", "", json!({"pinned": []})),
        ("m.room.canonical_alias", "", json!({})),
        ("org.example.note", "left/right", json!({"n": 1})),
        ("org.example.note", "ünïcode", json!({"n": 2})),
    ] {
        let before = ben.syncs("").await;
        let event_id = ana.sets(&room, event_type, state_key, content.clone()).await;
        assert_eq!(ben.state(&room, event_type, state_key).await, content);
        let told = joined(&ben.syncs_since(&before).await, &room)["timeline"]["events"][0].clone();
        assert_eq!((&told["event_id"], &told["content"], &told["state_key"]), (&json!(event_id), &content, &json!(state_key)));
    }
    let all = kinds(&ana.get(&format!("v3/rooms/{}/state", encoded(&room))).await);
    for wanted in ["m.room.name", "m.room.topic", "org.example.note/left/right", "m.room.member/@ben:example.org"] {
        assert!(all.iter().any(|kind| kind == wanted), "{wanted} in {all:?}");
    }
}

#[tokio::test]
async fn the_empty_key_has_three_paths() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    for (place, prefix, suffix) in [(1, "v3", ""), (2, "v3", "/"), (3, "r0", "")] {
        let path = format!("{prefix}/rooms/{}/state/org.example.note{suffix}", encoded(&room));
        ana.put(&path, json!({"n": place})).await;
        assert_eq!(ana.get(&path).await, json!({"n": place}));
        assert_eq!(ana.state(&room, "org.example.note", "").await, json!({"n": place}));
    }
}

#[tokio::test]
async fn the_same_content_twice_is_one_event() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let first = ana.sets(&room, "m.room.topic", "", json!({"topic": "leaves", "n": 1})).await;
    assert_eq!(ana.sets(&room, "m.room.topic", "", json!({"n": 1, "topic": "leaves"})).await, first);
    let other = ana.sets(&room, "m.room.topic", "", json!({"topic": "leaves", "n": 2})).await;
    assert_ne!(other, first);
    let back = ana.sets(&room, "m.room.topic", "", json!({"topic": "leaves", "n": 1})).await;
    assert!(back != first && back != other, "going back is news");
}

#[tokio::test]
async fn own_membership_and_levels_are_read_by_members_alone() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    assert_eq!(ben.state(&room, "m.room.member", "@ben:example.org").await["membership"], "join");
    assert!(ben.state(&room, "m.room.power_levels", "").await["users_default"].is_i64());
    let cy = world.person("cy").await;
    for path in ["state/m.room.member/@ana:example.org", "state/m.room.power_levels", "state", "joined_members", "members"] {
        let path = format!("v3/rooms/{}/{path}", encoded(&room));
        assert_eq!(plain(&cy.refused(Method::GET, &path, None).await), FORBIDDEN, "{path}");
        assert_eq!(plain(&cy.refused(Method::GET, &path.replace(&encoded(&room), "!nowhere"), None).await), FORBIDDEN, "{path}");
    }
    let joined = ana.get(&format!("v3/rooms/{}/joined_members", encoded(&room))).await;
    assert_eq!(joined["joined"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_that_is_a_person_is_theirs() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.sets(&room, "m.room.power_levels", "", json!({"state_default": 0})).await;
    ben.sets(&room, "org.example.status", "@ben:example.org", json!({"here": true})).await;
    let path = format!("v3/rooms/{}/state/org.example.status/@ben:example.org", encoded(&room));
    assert_eq!(plain(&ana.refused(Method::PUT, &path, Some(json!({"here": false}))).await), FORBIDDEN);
}

#[tokio::test]
async fn those_outside_set_nothing() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let (cy, dan) = (world.person("cy").await, world.person("dan").await);
    ana.invites(&cy, &room).await;
    ben.leaves(&room).await;
    let path = format!("v3/rooms/{}/state/m.room.topic", encoded(&room));
    for person in [&ben, &cy, &dan] {
        assert_eq!(plain(&person.refused(Method::PUT, &path, Some(json!({"topic": "x"}))).await), FORBIDDEN, "{}", person.user_id);
    }
    assert_eq!(plain(&dan.refused(Method::PUT, "v3/rooms/!nowhere/state/m.room.topic", Some(json!({"topic": "x"}))).await), FORBIDDEN);
    assert_eq!(world.nobody(Method::PUT, &path, Some(json!({"topic": "x"}))).await.0, 401);
}

#[tokio::test]
async fn a_membership_set_as_state_follows_the_same_rules() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let (cy, dan) = (world.person("cy").await, world.person("dan").await);
    let path = |who: &str| format!("v3/rooms/{}/state/m.room.member/{who}", encoded(&room));
    let set = async |by: &crate::world::Person, who: &str, membership: &str| {
        by.sends_bytes(Method::PUT, &path(who), json!({"membership": membership}).to_string()).await
    };
    assert_eq!(plain(&set(&ana, "@cy:example.org", "invite").await), FINE);
    assert!(cy.syncs("").await["rooms"]["invite"][&room].is_object(), "the invitation arrives");
    assert_eq!(plain(&set(&ana, "@cy:example.org", "join").await), FORBIDDEN, "nobody joins for another");
    assert_eq!(plain(&set(&cy, "@cy:example.org", "join").await), FINE);
    assert_eq!(plain(&set(&dan, "@dan:example.org", "join").await), FORBIDDEN);
    assert_eq!(plain(&set(&ben, "@cy:example.org", "ban").await), FORBIDDEN);
    assert_eq!(plain(&set(&ana, "@cy:example.org", "ban").await), FINE);
    assert_eq!(plain(&set(&ana, "@cy:example.org", "flying").await), (400, "M_BAD_JSON"));
    assert_eq!(plain(&set(&ana, "cy", "leave").await), (400, "M_BAD_JSON"));
    assert_eq!(plain(&set(&ben, "@ben:example.org", "leave").await), FINE);
    assert_eq!(ana.get(&format!("v3/rooms/{}/joined_members", encoded(&room))).await["joined"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn who_can_read_is_not_a_piece_of_state() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    for (event_type, content) in [
        ("m.room.encryption", json!({"algorithm": "m.megolm.v1.aes-sha2"})),
        ("org.frankly.mode", json!({"mode": "sealed"})),
        ("m.room.server_acl", json!({"allow": ["*"]})),
    ] {
        let path = format!("v3/rooms/{}/state/{event_type}", encoded(&room));
        assert_eq!(plain(&ana.refused(Method::PUT, &path, Some(content)).await), FORBIDDEN, "{event_type}");
    }
    assert_eq!(ana.state(&room, "org.frankly.mode", "").await["mode"], "readable");
}
