//! Rooms in a few words, for who is in them or invited.

use http::Method;
use serde_json::{Value, json};

use crate::modes::encryption;
use crate::world::{Person, World, encoded};

const PATHS: [&str; 3] = ["v1/room_summary/", "unstable/im.nheko.summary/summary/", "unstable/im.nheko.summary/rooms/"];

fn path(form: &str, room: &str) -> String {
    let end = if form.ends_with("rooms/") { "/summary" } else { "" };
    format!("{form}{}{end}", encoded(room))
}

async fn summary(person: &Person, room: &str) -> Value {
    person.get(&path(PATHS[0], room)).await
}

#[tokio::test]
async fn members_and_the_invited_learn_what_a_room_is() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let options = json!({"preset": "private_chat", "name": "Chess", "topic": "openings",
        "initial_state": [{"type": "m.room.avatar", "state_key": "", "content": {"url": "mxc://example.org/board"}}]});
    let room = ana.creates(&[&ben], options).await;
    let expected = |membership: &str, joined: i64| {
        json!({
            "room_id": room, "room_version": "12", "im.nheko.summary.room_version": "12", "membership": membership,
            "num_joined_members": joined, "join_rule": "invite", "world_readable": false, "guest_can_join": false,
            "name": "Chess", "topic": "openings", "avatar_url": "mxc://example.org/board",
        })
    };
    assert_eq!(summary(&ana, &room).await, expected("join", 1));
    assert_eq!(summary(&ben, &room).await, expected("invite", 1));
    ben.joins(&room).await;
    for form in PATHS {
        assert_eq!(ben.get(&path(form, &room)).await, expected("join", 2), "{form}");
    }
}

#[tokio::test]
async fn a_sealed_room_says_how_it_is_encrypted() {
    let world = World::new();
    let ana = world.person("ana").await;
    let room = ana.creates(&[], json!({"preset": "private_chat", "initial_state": encryption()})).await;
    let summary = summary(&ana, &room).await;
    let algorithm = json!("m.megolm.v1.aes-sha2");
    assert_eq!((&summary["encryption"], &summary["im.nheko.summary.encryption"]), (&algorithm, &algorithm));
    assert_eq!((summary.get("name"), summary.get("topic")), (None, None));
}

#[tokio::test]
async fn strangers_learn_nothing_not_even_of_open_rooms() {
    let world = World::new();
    let (ana, eve, ben) = (world.person("ana").await, world.person("eve").await, world.person("ben").await);
    let open = json!({"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "world_readable"}});
    let room = ana.creates(&[&ben], json!({"preset": "public_chat", "name": "Chess", "initial_state": [open]})).await;
    let own = summary(&ana, &room).await;
    assert_eq!((&own["join_rule"], &own["world_readable"]), (&json!("public"), &json!(true)));
    for form in PATHS {
        let asked = eve.request(Method::GET, &path(form, &room), None).await;
        assert_eq!((asked.0.as_u16(), asked.1["errcode"].as_str()), (404, Some("M_NOT_FOUND")), "{form}");
        let nowhere = eve.request(Method::GET, &path(form, "!none:example.org"), None).await;
        assert_eq!(asked, nowhere, "as for a room that does not exist");
        assert_eq!(world.nobody(Method::GET, &path(form, &room), None).await, (404, asked.1), "nor without a token");
    }
    // who is out, is out
    ben.leaves(&room).await;
    assert_eq!(ben.refused(Method::GET, &path(PATHS[0], &room), None).await, (404, "M_NOT_FOUND".to_owned()));
    assert_eq!(ana.acts_on("ban", &eve, &room).await.0, 200);
    assert_eq!(eve.refused(Method::GET, &path(PATHS[0], &room), None).await, (404, "M_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn what_is_no_room_is_not_found() {
    let world = World::new();
    let ana = world.person("ana").await;
    for (name, errcode) in [("#chess:example.org", (404, "M_NOT_FOUND")), ("chess", (400, "M_INVALID_PARAM"))] {
        let refused = ana.refused(Method::GET, &path(PATHS[0], name), None).await;
        assert_eq!((refused.0, refused.1.as_str()), errcode, "{name}");
    }
}
