//! Room version 12: the ID is a hash, creators stand above the levels.

use http::Method;
use model::clock::Timestamp;
use model::event::{Draft, room_id_of_create};
use model::id::UserId;
use model::json::parse_object;
use model::ruma::RoomVersionId;
use serde_json::{Value, json};

use crate::world::{World, encoded};
use crate::{FINE, FORBIDDEN, plain};

const LEVELS: &str = "m.room.power_levels";

#[tokio::test]
async fn a_rooms_id_is_the_hash_of_its_create_event() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let path = format!("v3/rooms/{}/state/m.room.create/?format=event", encoded(&room));
    let create = ana.get(&path).await;
    let draft = Draft {
        sender: UserId::parse(create["sender"].as_str().unwrap()).unwrap(),
        event_type: "m.room.create".to_owned(),
        state_key: Some(String::new()),
        content: parse_object(&create["content"].to_string()).unwrap(),
        origin_ts: Timestamp(create["origin_server_ts"].as_i64().unwrap()),
    };
    let placed = draft.place(None, None, 1, Vec::new(), &RoomVersionId::V12.rules().unwrap()).unwrap();
    assert_eq!(room_id_of_create(&placed.event_id).as_str(), room, "whoever has the create event can check the ID");
    assert_eq!(create["event_id"].as_str().unwrap()[1..], room[1..]);
    assert!(!room.contains(':'), "no server name");
    assert_eq!(create["room_id"], json!(room), "clients are told the room all the same");
}

#[tokio::test]
async fn rooms_made_alike_at_once_are_two() {
    let world = World::new();
    let ana = world.person("ana").await;
    assert_ne!(ana.creates(&[], json!({})).await, ana.creates(&[], json!({})).await);
}

#[tokio::test]
async fn a_creator_is_above_every_number() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let top = 9_007_199_254_740_991_i64;
    let levels = json!({"users": {"@ben:example.org": top}, "kick": top, "ban": top, "events": {"m.room.name": top}});
    let room = ana.creates(&[&ben], json!({"power_level_content_override": levels})).await;
    ben.joins(&room).await;
    assert_eq!(plain(&ben.acts_on("kick", &ana, &room).await), FORBIDDEN);
    assert_eq!(plain(&ben.acts_on("ban", &ana, &room).await), FORBIDDEN);
    ana.sets(&room, "m.room.name", "", json!({"name": "hers"})).await;
    ana.sets(&room, LEVELS, "", json!({"users": {}})).await;
    assert_eq!(plain(&ana.acts_on("kick", &ben, &room).await), FINE);
}

#[tokio::test]
async fn creators_are_not_listed_among_the_levels() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let room = ana.creates(&[&ben], json!({"preset": "trusted_private_chat"})).await;
    ben.joins(&room).await;
    for creator in ["@ana:example.org", "@ben:example.org"] {
        let path = format!("v3/rooms/{}/state/{LEVELS}", encoded(&room));
        let refused = ana.refused(Method::PUT, &path, Some(json!({"users": {creator: 100}}))).await;
        assert_eq!(plain(&refused), FORBIDDEN, "{creator}");
        let options =
            json!({"preset": "trusted_private_chat", "invite": [ben.user_id], "power_level_content_override": {"users": {creator: 100}}});
        assert_eq!(plain(&ana.refused(Method::POST, "v3/createRoom", Some(options)).await), (400, "M_BAD_JSON"), "{creator}");
    }
}

#[tokio::test]
async fn trust_makes_the_invited_creators_too() {
    let world = World::new();
    let (ana, ben, cy) = (world.person("ana").await, world.person("ben").await, world.person("cy").await);
    let listed = json!({"additional_creators": ["@cy:example.org"]});
    let room = ana.creates(&[&ben], json!({"preset": "trusted_private_chat", "creation_content": listed})).await;
    let create = ana.state(&room, "m.room.create", "").await;
    assert_eq!(create["additional_creators"], json!(["@cy:example.org", "@ben:example.org"]));
    ben.joins(&room).await;
    ben.sets(&room, "m.room.tombstone", "", json!({"body": "ben may"})).await;
    ben.sets(&room, LEVELS, "", json!({"users": {"@dan:example.org": 100}})).await;
    assert_eq!(plain(&ben.acts_on("kick", &ana, &room).await), FORBIDDEN, "creators are equals");
    assert_eq!(plain(&ana.acts_on("kick", &ben, &room).await), FORBIDDEN);
    // named from the start, not in the room yet
    assert_eq!(plain(&ben.acts_on("invite", &cy, &room).await), FINE);
    cy.joins(&room).await;
    cy.sets(&room, "m.room.name", "", json!({"name": "cy may"})).await;
}

#[tokio::test]
async fn without_trust_an_invitation_is_no_power() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    for options in
        [json!({"preset": "private_chat"}), json!({"preset": "public_chat"}), json!({"preset": "private_chat", "is_direct": true})]
    {
        let room = ana.creates(&[&ben], options).await;
        assert_eq!(ana.state(&room, "m.room.create", "").await.get("additional_creators"), None);
        ben.joins(&room).await;
        let path = format!("v3/rooms/{}/state/m.room.name", encoded(&room));
        assert_eq!(plain(&ben.refused(Method::PUT, &path, Some(json!({"name": "x"}))).await), FORBIDDEN);
    }
    let alone = ana.creates(&[], json!({"preset": "trusted_private_chat"})).await;
    assert_eq!(ana.state(&alone, "m.room.create", "").await.get("additional_creators"), None);
}

#[tokio::test]
async fn additional_creators_are_user_ids() {
    let world = World::new();
    let ana = world.person("ana").await;
    for wrong in [
        json!("@ben:example.org"),
        json!(["ben"]),
        json!([1]),
        json!({"@ben:example.org": true}),
        json!([null]),
        json!(["@ben:example.org", ""]),
    ] {
        let options = json!({"creation_content": {"additional_creators": wrong}});
        assert_eq!(plain(&ana.refused(Method::POST, "v3/createRoom", Some(options)).await), (400, "M_BAD_JSON"), "{wrong}");
    }
    let room = ana.creates(&[], json!({"creation_content": {"additional_creators": []}})).await;
    assert_eq!(ana.state(&room, "m.room.create", "").await["additional_creators"], json!([]));
}

#[tokio::test]
async fn power_is_theirs_only_while_they_are_in() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.leaves(&room).await;
    let path = format!("v3/rooms/{}/state/m.room.name", encoded(&room));
    assert_eq!(plain(&ana.refused(Method::PUT, &path, Some(json!({"name": "x"}))).await), FORBIDDEN);
    assert_eq!(plain(&ana.acts_on("kick", &ben, &room).await), FORBIDDEN);
}

#[tokio::test]
async fn the_create_event_is_one_and_stays() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let path = format!("v3/rooms/{}/state/m.room.create", encoded(&room));
    assert_eq!(plain(&ana.refused(Method::PUT, &path, Some(json!({"room_version": "12"}))).await), FORBIDDEN);
    let create: Value = ana.get(&format!("{path}/?format=event")).await;
    let redact = format!("v3/rooms/{}/redact/{}/1", encoded(&room), encoded(create["event_id"].as_str().unwrap()));
    assert_eq!(plain(&ana.refused(Method::PUT, &redact, Some(json!({}))).await), FORBIDDEN);
}
