//! Power levels: their defaults, who changes them, and how far.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World, encoded};
use crate::{FORBIDDEN, plain};

const LEVELS: &str = "m.room.power_levels";

async fn set(person: &Person, room: &str, levels: Value) -> (u16, String) {
    let path = format!("v3/rooms/{}/state/{LEVELS}", encoded(room));
    person.sends_bytes(Method::PUT, &path, levels.to_string()).await
}

async fn names(person: &Person, room: &str, name: &str) -> bool {
    let path = format!("v3/rooms/{}/state/m.room.name", encoded(room));
    person.request(Method::PUT, &path, Some(json!({"name": name}))).await.0.is_success()
}

async fn says(person: &Person, room: &str, text: &str) -> bool {
    let path = format!("v3/rooms/{}/send/m.room.message/{text}", encoded(room));
    person.request(Method::PUT, &path, Some(json!({"msgtype": "m.text", "body": text}))).await.0.is_success()
}

/// A room of ana's with ben in it, under these levels on top of the usual.
async fn room(world: &World, levels: Value) -> (Person, Person, String) {
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let room = ana.creates(&[&ben], json!({"power_level_content_override": levels})).await;
    ben.joins(&room).await;
    (ana, ben, room)
}

#[tokio::test]
async fn a_new_room_says_its_levels() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let levels = ana.state(&room, LEVELS, "").await;
    for (key, wanted) in
        [("users_default", 0), ("events_default", 0), ("state_default", 50), ("ban", 50), ("kick", 50), ("redact", 50), ("invite", 50)]
    {
        assert_eq!(levels[key], wanted, "{key}");
    }
    assert_eq!(levels["users"], json!({}), "the creator is above the list");
    assert!(levels["events"]["m.room.tombstone"].as_i64() > levels["state_default"].as_i64());
    assert_eq!(ben.state(&room, LEVELS, "").await, levels);
    let group = ana.creates(&[], json!({})).await;
    assert_eq!(ana.state(&group, LEVELS, "").await["invite"], 0, "in a group everybody may invite");
}

#[tokio::test]
async fn where_the_levels_are_silent_the_defaults_speak() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    assert_eq!(set(&ana, &room, json!({})).await.0, 200);
    assert!(!names(&ben, &room, "mine").await, "state needs 50");
    assert!(says(&ben, &room, "hello").await, "messages need nothing");
    assert!(names(&ana, &room, "hers").await);
    assert_eq!(plain(&ben.acts_on("kick", &ana, &room).await), FORBIDDEN);
    let cy = world.person("cy").await;
    assert_eq!(ben.acts_on("invite", &cy, &room).await.0, 200, "invitations need nothing");
}

#[tokio::test]
async fn levels_of_event_types_come_before_the_defaults() {
    let world = World::new();
    let levels =
        json!({"events": {"m.room.name": 0, "org.example.vote": 60}, "events_default": 10, "state_default": 20, "users_default": 10});
    let (ana, ben, room) = room(&world, levels).await;
    assert!(names(&ben, &room, "anybody's").await);
    assert!(says(&ben, &room, "hello").await);
    let vote = format!("v3/rooms/{}/send/org.example.vote/1", encoded(&room));
    assert_eq!(plain(&ben.refused(Method::PUT, &vote, Some(json!({}))).await), FORBIDDEN);
    ana.put(&vote, json!({})).await;
    let topic = format!("v3/rooms/{}/state/m.room.topic", encoded(&room));
    assert_eq!(plain(&ben.refused(Method::PUT, &topic, Some(json!({"topic": "x"}))).await), FORBIDDEN);
}

#[tokio::test]
async fn a_higher_default_lets_everybody_do_more_and_a_lower_one_less() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let mut levels = ana.state(&room, LEVELS, "").await;
    levels["users_default"] = 50.into();
    assert_eq!(set(&ana, &room, levels.clone()).await.0, 200);
    assert!(names(&ben, &room, "ben's").await);
    // everybody is demoted by the default alone
    levels["users_default"] = 0.into();
    assert_eq!(set(&ana, &room, levels).await.0, 200);
    assert!(!names(&ben, &room, "ben's again").await);
}

#[tokio::test]
async fn nobody_lifts_anything_above_themselves() {
    let world = World::new();
    let given = json!({"users": {"@ben:example.org": 60}, "events": {LEVELS: 50, "m.room.tombstone": 100}});
    let (_, ben, room) = room(&world, given).await;
    let levels = ben.state(&room, LEVELS, "").await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut levels = levels.clone();
        change(&mut levels);
        levels
    };
    for beyond in [
        with(&|levels| levels["users"]["@ben:example.org"] = 61.into()),
        with(&|levels| levels["users"]["@cy:example.org"] = 61.into()),
        with(&|levels| levels["users_default"] = 61.into()),
        with(&|levels| levels["ban"] = 61.into()),
        with(&|levels| levels["events"]["m.room.name"] = 61.into()),
        with(&|levels| levels["events"]["m.room.tombstone"] = 50.into()),
        with(&|levels| levels["notifications"]["room"] = 61.into()),
        json!({"users": {"@ben:example.org": 60}}),
    ] {
        assert_eq!(plain(&set(&ben, &room, beyond.clone()).await), FORBIDDEN, "{beyond}");
    }
    let within = with(&|levels| {
        levels["users"]["@cy:example.org"] = 60.into();
        levels["ban"] = 60.into();
    });
    assert_eq!(set(&ben, &room, within).await.0, 200, "up to their own");
}

#[tokio::test]
async fn equals_keep_their_power_but_may_give_up_their_own() {
    let world = World::new();
    let given = json!({"users": {"@ben:example.org": 50, "@cy:example.org": 50, "@dan:example.org": 10}, "events": {LEVELS: 50}});
    let (ana, ben, room) = room(&world, given).await;
    let levels = |ben: i64, cy: i64, dan: i64| json!({"users": {"@ben:example.org": ben, "@cy:example.org": cy, "@dan:example.org": dan}, "events": {LEVELS: 50}});
    let mut base = ana.state(&room, LEVELS, "").await;
    let mut with_users = |users: Value| {
        base["users"] = users["users"].clone();
        base.clone()
    };
    assert_eq!(plain(&set(&ben, &room, with_users(levels(50, 10, 10))).await), FORBIDDEN, "cy has as much");
    assert_eq!(set(&ben, &room, with_users(levels(50, 50, 0))).await.0, 200, "dan has less");
    assert_eq!(set(&ben, &room, with_users(levels(40, 50, 0))).await.0, 200, "one's own");
    assert_eq!(plain(&set(&ben, &room, with_users(levels(50, 50, 0))).await), FORBIDDEN, "and it is gone");
}

#[tokio::test]
async fn levels_are_whole_numbers_of_valid_people() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    for wrong in [
        json!({"users_default": "50"}),
        json!({"ban": null}),
        json!({"users": {"@ben:example.org": "100"}}),
        json!({"users": {"ben": 100}}),
        json!({"users": []}),
        json!({"events": {"m.room.name": true}}),
        json!({"notifications": {"room": "50"}}),
    ] {
        assert_eq!(plain(&set(&ana, &room, wrong.clone()).await), FORBIDDEN, "{wrong}");
    }
    assert_eq!(plain(&set(&ana, &room, json!({"ban": 50.5})).await), (400, "M_BAD_JSON"));
}
