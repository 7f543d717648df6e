//! Making rooms: what a client may ask for, and what it finds in the room.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World, encoded, joined, kinds};

async fn refusal(person: &Person, options: Value) -> (u16, String) {
    person.refused(Method::POST, "v3/createRoom", Some(options)).await
}

#[tokio::test]
async fn name_and_topic_become_state() {
    let world = World::new();
    let ana = world.person("ana").await;
    let room = ana.creates(&[], json!({"name": "Tea", "topic": "leaves"})).await;
    assert_eq!(ana.state(&room, "m.room.name", "").await, json!({"name": "Tea"}));
    let topic = ana.state(&room, "m.room.topic", "").await;
    assert_eq!(topic["topic"], "leaves");
    assert_eq!(topic["m.topic"], json!({"m.text": [{"body": "leaves"}]}), "the content block says the same");
}

#[tokio::test]
async fn a_topic_given_twice_is_the_one_asked_for_by_name() {
    let world = World::new();
    let ana = world.person("ana").await;
    let initial = json!([{"type": "m.room.topic", "state_key": "", "content": {"topic": "from the state"}}]);
    let room = ana.creates(&[], json!({"topic": "asked for", "initial_state": initial})).await;
    assert_eq!(ana.state(&room, "m.room.topic", "").await["topic"], "asked for");
    let room = ana.creates(&[], json!({"initial_state": initial})).await;
    assert_eq!(ana.state(&room, "m.room.topic", "").await, json!({"topic": "from the state"}));
}

#[tokio::test]
async fn presets_and_visibility_decide_who_may_join() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    for (options, rule) in [
        (json!({}), "invite"),
        (json!({"visibility": "private"}), "invite"),
        (json!({"visibility": "public"}), "public"),
        (json!({"preset": "private_chat", "visibility": "public"}), "invite"),
        (json!({"preset": "trusted_private_chat"}), "invite"),
        (json!({"preset": "public_chat"}), "public"),
    ] {
        let room = ana.creates(&[], options.clone()).await;
        assert_eq!(ana.state(&room, "m.room.join_rules", "").await, json!({"join_rule": rule}), "{options}");
        assert_eq!(ana.state(&room, "m.room.history_visibility", "").await["history_visibility"], "shared");
        assert_eq!(ana.state(&room, "m.room.guest_access", "").await["guest_access"], "forbidden");
        let (status, _) = ben.request(Method::POST, &format!("v3/join/{}", encoded(&room)), Some(json!({}))).await;
        assert_eq!(status.is_success(), rule == "public", "{options}");
    }
    let public = ana.post("v3/publicRooms", json!({})).await;
    assert_eq!(public["chunk"], json!([]), "no room is listed, not even a public one");
}

#[tokio::test]
async fn those_on_the_list_are_invited() {
    let world = World::new();
    let (ana, ben, cy) = (world.person("ana").await, world.person("ben").await, world.person("cy").await);
    let room = ana.creates(&[&ben, &cy, &ben], json!({})).await;
    for person in [&ben, &cy] {
        assert_eq!(ana.state(&room, "m.room.member", person.user_id.as_str()).await["membership"], "invite");
        assert!(person.syncs("").await["rooms"]["invite"][&room].is_object());
        person.joins(&room).await;
    }
    let unknown = json!({"invite": ["@ghost:example.org"]});
    assert_eq!(refusal(&ana, unknown).await, (403, "M_FORBIDDEN".to_owned()));
    let elsewhere = json!({"invite": ["@ben:elsewhere.org"]});
    assert_eq!(refusal(&ana, elsewhere).await, (403, "M_FORBIDDEN".to_owned()));
    assert_eq!(refusal(&ana, json!({"invite": ["ben"]})).await, (400, "M_BAD_JSON".to_owned()));
    let too_many: Vec<String> = (0..101).map(|n| format!("@u{n}:example.org")).collect();
    assert_eq!(refusal(&ana, json!({"invite": too_many})).await, (400, "M_INVALID_PARAM".to_owned()));
}

#[tokio::test]
async fn mail_addresses_and_aliases_are_not_offered() {
    let world = World::new();
    let ana = world.person("ana").await;
    let by_mail =
        json!({"invite_3pid": [{"id_server": "id.example.org", "id_access_token": "x", "medium": "email", "address": "b@example.org"}]});
    assert_eq!(refusal(&ana, by_mail).await, (403, "M_FORBIDDEN".to_owned()));
    assert_eq!(refusal(&ana, json!({"room_alias_name": "tea"})).await, (403, "M_FORBIDDEN".to_owned()));
    assert_eq!(ana.get("v3/joined_rooms").await, json!({"joined_rooms": []}), "nothing was made");
}

#[tokio::test]
async fn the_version_is_twelve_and_is_asked_for_by_name() {
    let world = World::new();
    let ana = world.person("ana").await;
    for options in [json!({}), json!({"room_version": "12"}), json!({"creation_content": {"room_version": "1"}})] {
        let room = ana.creates(&[], options.clone()).await;
        assert_eq!(ana.state(&room, "m.room.create", "").await["room_version"], "12", "{options}");
    }
    for version in ["1", "11", "13", "ahoy", ""] {
        let answer = refusal(&ana, json!({"room_version": version})).await;
        assert_eq!(answer.0, 400, "{version}");
        // the empty name is no name of a version at all
        assert!(answer.1 == "M_UNSUPPORTED_ROOM_VERSION" || (version.is_empty() && answer.1 == "M_BAD_JSON"), "{version}: {answer:?}");
    }
    assert_eq!(refusal(&ana, json!({"room_version": 12})).await, (400, "M_BAD_JSON".to_owned()));
}

#[tokio::test]
async fn creation_content_is_kept_but_for_what_the_server_states() {
    let world = World::new();
    let ana = world.person("ana").await;
    let content = json!({"m.federate": false, "type": "org.example.kind", "creator": "@ben:example.org", "room_version": "2"});
    let room = ana.creates(&[], json!({"creation_content": content})).await;
    let create = ana.state(&room, "m.room.create", "").await;
    assert_eq!((&create["m.federate"], &create["type"]), (&json!(false), &json!("org.example.kind")));
    assert_eq!(create.get("creator"), None, "the sender is the creator");
    assert_eq!(create["org.frankly.conversation"]["mode"], "readable");
    let forged = json!({"creation_content": {"org.frankly.conversation": {"mode": "sealed"}}});
    assert_eq!(refusal(&ana, forged).await, (403, "M_FORBIDDEN".to_owned()));
    assert_eq!(refusal(&ana, json!({"creation_content": "x"})).await.0, 400);
}

#[tokio::test]
async fn initial_state_takes_the_place_of_the_presets() {
    let world = World::new();
    let ana = world.person("ana").await;
    let initial = json!([
        {"type": "m.room.join_rules", "content": {"join_rule": "public"}},
        {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "joined"}},
        {"type": "org.example.note", "state_key": "left", "content": {"n": 1}},
    ]);
    let room = ana.creates(&[], json!({"preset": "private_chat", "initial_state": initial})).await;
    assert_eq!(ana.state(&room, "m.room.join_rules", "").await, json!({"join_rule": "public"}));
    assert_eq!(ana.state(&room, "m.room.history_visibility", "").await, json!({"history_visibility": "joined"}));
    assert_eq!(ana.state(&room, "org.example.note", "left").await, json!({"n": 1}));
    for wrong in [
        json!([{"type": "m.room.create", "content": {}}]),
        json!([{"type": "m.room.member", "state_key": "@ben:example.org", "content": {"membership": "join"}}]),
        json!([{"content": {}}]),
        json!([{"type": "org.example.note"}]),
        json!([{"type": "org.example.note", "content": {"n": 1.5}}]),
        json!({"type": "org.example.note"}),
    ] {
        assert_eq!(refusal(&ana, json!({"initial_state": wrong})).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn power_levels_are_overridden_key_by_key() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let wanted = json!({"users": {"@ben:example.org": 50}, "events_default": 10, "invite": 100});
    let room = ana.creates(&[&ben], json!({"power_level_content_override": wanted})).await;
    let levels = ana.state(&room, "m.room.power_levels", "").await;
    assert_eq!((&levels["users"], &levels["events_default"], &levels["invite"]), (&wanted["users"], &json!(10), &json!(100)));
    assert_eq!((&levels["ban"], &levels["state_default"]), (&json!(50), &json!(50)), "the rest is as usual");
    for wrong in [json!({"ban": "50"}), json!({"users": {"ben": 1}}), json!({"events": []}), json!({"users": {"@ana:example.org": 100}})] {
        let answer = refusal(&ana, json!({"power_level_content_override": wrong})).await;
        assert_eq!(answer, (400, "M_BAD_JSON".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn is_direct_goes_into_each_invitation_and_nowhere_else() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let direct = ana.creates(&[&ben], json!({"is_direct": true})).await;
    let group = ana.creates(&[&ben], json!({})).await;
    let invitations = ben.syncs("").await["rooms"]["invite"].clone();
    for (room, wanted) in [(&direct, json!(true)), (&group, Value::Null)] {
        let events = invitations[room]["invite_state"]["events"].as_array().unwrap().clone();
        let own = events.iter().find(|event| event["state_key"] == "@ben:example.org").unwrap();
        assert_eq!(own["content"]["is_direct"], wanted);
    }
    assert_eq!(ana.state(&direct, "m.room.member", "@ben:example.org").await["is_direct"], true);
    assert_eq!(ana.state(&direct, "m.room.member", "@ana:example.org").await.get("is_direct"), None);
}

#[tokio::test]
async fn what_makes_a_room_is_told_to_its_maker_in_order() {
    let world = World::new();
    let ana = world.person("ana").await;
    let before = ana.syncs("").await;
    let options = json!({"name": "Tea", "topic": "leaves", "initial_state": [{"type": "org.example.note", "content": {}}]});
    let room = ana.creates(&[], options).await;
    let filter = encoded(&json!({"room": {"timeline": {"limit": 50}}}).to_string());
    let sync = ana.syncs(&format!("&filter={filter}&since={}", before["next_batch"].as_str().unwrap())).await;
    let told = kinds(&joined(&sync, &room)["timeline"]["events"]);
    let wanted = [
        "m.room.create",
        "m.room.member/@ana:example.org",
        "m.room.power_levels",
        "m.room.join_rules",
        "m.room.history_visibility",
        "m.room.guest_access",
        "org.example.note",
        "m.room.name",
        "m.room.topic",
        "org.frankly.mode",
        "m.room.message",
    ];
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn options_of_the_wrong_form_make_nothing() {
    let world = World::new();
    let ana = world.person("ana").await;
    for wrong in [
        json!({"name": 1}),
        json!({"topic": []}),
        json!({"is_direct": "yes"}),
        json!({"invite": "@ben:example.org"}),
        json!({"visibility": 1}),
        json!({"preset": 1}),
        json!([]),
    ] {
        assert_eq!(refusal(&ana, wrong.clone()).await, (400, "M_BAD_JSON".to_owned()), "{wrong}");
    }
    assert_eq!(refusal(&ana, json!({"preset": "nonsense"})).await, (400, "M_INVALID_PARAM".to_owned()));
    assert_eq!(ana.get("v3/joined_rooms").await, json!({"joined_rooms": []}));
    assert_eq!(world.nobody(Method::POST, "v3/createRoom", Some(json!({}))).await.0, 401);
}
