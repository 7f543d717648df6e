//! Reading back: messages, context, single events, members and state, and who may.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World, bodies, encoded, kinds, next};

async fn messages(person: &Person, room: &str, query: &str) -> Value {
    person.get(&format!("v3/rooms/{}/messages?{query}", encoded(room))).await
}

#[tokio::test]
async fn pages_join_up_in_both_directions() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    for n in 0..9 {
        ana.says(&format!("m{n}"), &room).await;
    }
    let (mut back, mut from) = (Vec::new(), String::new());
    loop {
        let page = messages(&ben, &room, &format!("dir=b&limit=4{from}")).await;
        back.extend(page["chunk"].as_array().unwrap().clone());
        let Some(end) = page["end"].as_str() else { break };
        from = format!("&from={end}");
    }
    assert_eq!(back.last().unwrap()["type"], "m.room.create", "the page without an end reaches the beginning");
    let (mut forth, mut from) = (Vec::new(), String::new());
    loop {
        let page = messages(&ben, &room, &format!("dir=f&limit=4{from}")).await;
        forth.extend(page["chunk"].as_array().unwrap().clone());
        let Some(end) = page["end"].as_str() else { break };
        from = format!("&from={end}");
    }
    forth.reverse();
    assert_eq!(back, forth);
    assert_eq!(bodies(&json!(back)).len(), 9);
}

#[tokio::test]
async fn a_sync_token_is_a_place_in_every_room() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.says("before", &room).await;
    let sync = ben.syncs("").await;
    ana.says("after", &room).await;
    let page = messages(&ben, &room, &format!("dir=b&limit=1&from={}", next(&sync))).await;
    assert_eq!(bodies(&page["chunk"]), ["before"]);
    let page = messages(&ben, &room, &format!("dir=f&from={}", next(&sync))).await;
    assert_eq!(bodies(&page["chunk"]), ["after"]);
    for bad in ["x", "t-1", "tx", "s1_1_1_1"] {
        let path = format!("v3/rooms/{}/messages?dir=b&from={bad}", encoded(&room));
        assert_eq!(ben.refused(Method::GET, &path, None).await, (400, "M_INVALID_PARAM".to_owned()));
    }
}

#[tokio::test]
async fn a_start_token_from_the_end_finds_what_comes_later() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let page = messages(&ben, &room, "dir=b&limit=1").await;
    ana.says("later", &room).await;
    let forward = messages(&ben, &room, &format!("dir=f&from={}", page["start"].as_str().unwrap())).await;
    assert_eq!(bodies(&forward["chunk"]), ["later"]);
}

#[tokio::test]
async fn filters_and_member_state_in_pages() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.says("hi", &room).await;
    let types = encoded(&json!({"types": ["m.room.message"], "not_senders": [ben.user_id], "lazy_load_members": true}).to_string());
    let page = messages(&ben, &room, &format!("dir=b&filter={types}")).await;
    assert_eq!(bodies(&page["chunk"]), ["hi"]);
    assert!(kinds(&page["state"]).contains(&"m.room.member/@ana:example.org".to_owned()));
}

/// What a late joiner, an invited person and a stranger may read under each visibility.
#[tokio::test]
async fn history_visibility_decides_what_was_before_oneself() {
    for (visibility, early, invited) in
        [("shared", true, true), ("invited", false, true), ("joined", false, false), ("world_readable", true, true)]
    {
        let world = World::new();
        let (ana, ben, cy) = (world.person("ana").await, world.person("ben").await, world.person("cy").await);
        let initial = json!([{"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": visibility}}]);
        let room = ana.creates(&[], json!({"preset": "private_chat", "initial_state": initial})).await;
        let before = ana.says("before", &room).await;
        ana.invites(&ben, &room).await;
        let between = ana.says("between", &room).await;
        ben.joins(&room).await;
        let after = ana.says("after", &room).await;
        for (event, readable) in [(before.as_str(), early), (&between, invited), (&after, true)] {
            let (status, _) = ben.request(Method::GET, &format!("v3/rooms/{}/event/{}", encoded(&room), encoded(event)), None).await;
            assert_eq!(status.is_success(), readable, "{visibility} {event}");
        }
        let page = messages(&ben, &room, "dir=b&limit=50").await;
        assert_eq!(bodies(&page["chunk"]).len(), 1 + usize::from(early) + usize::from(invited), "{visibility}");
        let sync = ben.syncs("").await;
        let told = bodies(&sync["rooms"]["join"][&room]["timeline"]["events"]).len();
        assert!(told <= 1 + usize::from(early) + usize::from(invited), "{visibility}: a sync tells no more");
        let stranger = cy.request(Method::GET, &format!("v3/rooms/{}/event/{}", encoded(&room), encoded(&before)), None).await;
        assert_eq!(stranger.0.is_success(), visibility == "world_readable");
    }
}

#[tokio::test]
async fn opening_a_room_does_not_open_its_past() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let initial = json!([{"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "joined"}}]);
    let room = ana.creates(&[], json!({"preset": "private_chat", "initial_state": initial})).await;
    let secret = ana.says("secret", &room).await;
    ana.sets(&room, "m.room.history_visibility", "", json!({"history_visibility": "shared"})).await;
    ana.says("open", &room).await;
    ana.invites(&ben, &room).await;
    ben.joins(&room).await;
    assert_eq!(bodies(&messages(&ben, &room, "dir=b&limit=50").await["chunk"]), ["open"]);
    let path = format!("v3/rooms/{}/event/{}", encoded(&room), encoded(&secret));
    assert_eq!(ben.refused(Method::GET, &path, None).await, (404, "M_NOT_FOUND".to_owned()));
    let sync = ben.syncs(&format!("&filter={}", encoded(r#"{"room":{"timeline":{"limit":50}}}"#))).await;
    assert_eq!(bodies(&sync["rooms"]["join"][&room]["timeline"]["events"]), ["open"]);
}

#[tokio::test]
async fn who_left_reads_up_to_there() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.sets(&room, "m.room.name", "", json!({"name": "early"})).await;
    ana.says("before", &room).await;
    ben.leaves(&room).await;
    ana.says("after", &room).await;
    ana.sets(&room, "m.room.name", "", json!({"name": "late"})).await;
    assert_eq!(bodies(&messages(&ben, &room, "dir=b&limit=50").await["chunk"]), ["before"]);
    let path = format!("v3/rooms/{}/state/m.room.name", encoded(&room));
    assert_eq!(ben.get(&path).await, json!({"name": "early"}));
    assert_eq!(ana.get(&path).await, json!({"name": "late"}));
    let members = ben.get(&format!("v3/rooms/{}/members", encoded(&room))).await;
    assert!(kinds(&members["chunk"]).contains(&"m.room.member/@ana:example.org".to_owned()));
    let path = format!("v3/rooms/{}/joined_members", encoded(&room));
    assert_eq!(ben.refused(Method::GET, &path, None).await.0, 403);
}

#[tokio::test]
async fn strangers_and_the_merely_invited_read_nothing() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let (cy, di) = (world.person("cy").await, world.person("di").await);
    ana.invites(&cy, &room).await;
    ana.invites(&di, &room).await;
    di.leaves(&room).await;
    let event = ben.says("private", &room).await;
    for person in [&cy, &di, &world.person("ed").await] {
        for path in ["messages?dir=b", "state", "members", "joined_members", "state/m.room.create"] {
            let answer = person.request(Method::GET, &format!("v3/rooms/{}/{path}", encoded(&room)), None).await;
            let words = answer.1.to_string();
            assert!(answer.0.is_client_error() || (bodies(&answer.1["chunk"]).is_empty() && !words.contains("@ben")), "{path}: {words}");
        }
        let path = format!("v3/rooms/{}/event/{}", encoded(&room), encoded(&event));
        assert_eq!(person.refused(Method::GET, &path, None).await.0, 404);
    }
}

#[tokio::test]
async fn context_shows_both_sides() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(ana.says(&format!("m{n}"), &room).await);
    }
    let context = ben.get(&format!("v3/rooms/{}/context/{}?limit=4", encoded(&room), encoded(&ids[3]))).await;
    assert_eq!(context["event"]["content"]["body"], "m3");
    assert_eq!(bodies(&context["events_before"]), ["m2", "m1"]);
    assert_eq!(bodies(&context["events_after"]), ["m4", "m5"]);
    assert!(kinds(&context["state"]).iter().any(|kind| kind == "m.room.create"));
    let page = messages(&ben, &room, &format!("dir=f&limit=1&from={}", context["end"].as_str().unwrap())).await;
    assert_eq!(bodies(&page["chunk"]), ["m6"]);
    let page = messages(&ben, &room, &format!("dir=b&limit=1&from={}", context["start"].as_str().unwrap())).await;
    assert_eq!(bodies(&page["chunk"]), ["m0"]);
}

#[tokio::test]
async fn members_now_then_and_by_membership() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let cy = world.person("cy").await;
    let then = ana.syncs("").await;
    ana.invites(&cy, &room).await;
    ben.leaves(&room).await;
    let path = format!("v3/rooms/{}/members", encoded(&room));
    let who = |answer: &Value| {
        let events = answer["chunk"].as_array().unwrap();
        let mut all: Vec<_> = events
            .iter()
            .map(|event| format!("{} {}", event["state_key"].as_str().unwrap(), event["content"]["membership"].as_str().unwrap()))
            .collect();
        all.sort();
        all
    };
    let members = ana.get(&path).await;
    assert_eq!(who(&members), ["@ana:example.org join", "@ben:example.org leave", "@cy:example.org invite"]);
    let members = ana.get(&format!("{path}?membership=join")).await;
    assert_eq!(who(&members), ["@ana:example.org join"]);
    let members = ana.get(&format!("{path}?not_membership=leave")).await;
    assert_eq!(who(&members), ["@ana:example.org join", "@cy:example.org invite"]);
    let members = ana.get(&format!("{path}?at={}", next(&then))).await;
    assert_eq!(who(&members), ["@ana:example.org join", "@ben:example.org join"]);
    let joined = ana.get(&format!("v3/rooms/{}/joined_members", encoded(&room))).await;
    assert_eq!(joined["joined"].as_object().unwrap().keys().collect::<Vec<_>>(), ["@ana:example.org"]);
    assert_eq!(ana.get("v3/joined_rooms").await, json!({"joined_rooms": [room]}));
}

#[tokio::test]
async fn state_by_type_and_key() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    ana.sets(&room, "m.room.topic", "", json!({"topic": "tea"})).await;
    ana.sets(&room, "org.example.note", "left", json!({"n": 1})).await;
    let at = |path: &str| format!("v3/rooms/{}/state/{path}", encoded(&room));
    assert_eq!(ana.get(&at("m.room.topic")).await, json!({"topic": "tea"}));
    assert_eq!(ana.get(&at("m.room.topic/")).await, json!({"topic": "tea"}));
    assert_eq!(ana.get(&at("org.example.note/left")).await, json!({"n": 1}));
    let event = ana.get(&at("m.room.topic/?format=event")).await;
    assert_eq!((&event["type"], &event["content"], &event["room_id"]), (&json!("m.room.topic"), &json!({"topic": "tea"}), &json!(room)));
    assert_eq!(ana.refused(Method::GET, &at("org.example.note"), None).await, (404, "M_NOT_FOUND".to_owned()));
    let all = ana.get(&format!("v3/rooms/{}/state", encoded(&room))).await;
    assert!(kinds(&all).contains(&"org.example.note/left".to_owned()));
}

#[tokio::test]
async fn relations_are_found_by_kind_and_type() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let target = ana.says("first", &room).await;
    let other = ana.says("other", &room).await;
    let send = |event_type: &str, txn: &str, content: Value| {
        let path = format!("v3/rooms/{}/send/{event_type}/{txn}", encoded(&room));
        let ben = ben.clone();
        async move { ben.put(&path, content).await["event_id"].as_str().unwrap().to_owned() }
    };
    let relation = |kind: &str, event: &str| json!({"rel_type": kind, "event_id": event, "key": "+1"});
    let liked = send("m.reaction", "r1", json!({"m.relates_to": relation("m.annotation", &target)})).await;
    send("m.reaction", "r2", json!({"m.relates_to": relation("m.annotation", &other)})).await;
    let referred =
        send("m.room.message", "r3", json!({"msgtype": "m.text", "body": "see", "m.relates_to": relation("m.reference", &target)})).await;
    let path = format!("v1/rooms/{}/relations/{}", encoded(&room), encoded(&target));
    let found = |answer: &Value| {
        answer["chunk"].as_array().unwrap().iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&ana.get(&path).await), [referred.clone(), liked.clone()]);
    assert_eq!(found(&ana.get(&format!("{path}?dir=f")).await), [liked.clone(), referred.clone()]);
    assert_eq!(found(&ana.get(&format!("{path}/m.annotation")).await), std::slice::from_ref(&liked));
    assert_eq!(found(&ana.get(&format!("{path}/m.annotation/m.room.message")).await), Vec::<String>::new());
    let page = ana.get(&format!("{path}?limit=1")).await;
    assert_eq!(found(&page), [referred]);
    let page = ana.get(&format!("{path}?limit=1&from={}", page["next_batch"].as_str().unwrap())).await;
    assert_eq!((found(&page), &page["next_batch"]), (vec![liked], &Value::Null));
    let cy = world.person("cy").await;
    assert_eq!(cy.refused(Method::GET, &path, None).await, (404, "M_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn events_are_found_by_time() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    world.clock.advance_ms(10_000);
    let one = ana.says("one", &room).await;
    world.clock.advance_ms(10_000);
    let two = ana.says("two", &room).await;
    let at = |ms: i64, dir: &str| format!("v1/rooms/{}/timestamp_to_event?ts={}&dir={dir}", encoded(&room), 1_700_000_000_000 + ms);
    assert_eq!(ben.get(&at(15_000, "b")).await, json!({"event_id": one, "origin_server_ts": 1_700_000_010_000_i64}));
    assert_eq!(ben.get(&at(15_000, "f")).await["event_id"], two);
    assert_eq!(ben.refused(Method::GET, &at(30_000, "f"), None).await, (404, "M_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn each_event_says_what_ones_membership_was() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let room = ana.creates(&[], json!({"preset": "private_chat"})).await;
    ana.says("before", &room).await;
    ana.invites(&ben, &room).await;
    ana.says("invited", &room).await;
    ben.joins(&room).await;
    let said = ana.says("together", &room).await;
    let memberships = |events: &Value| -> Vec<String> {
        let messages = events.as_array().unwrap().iter().filter(|event| event["content"]["msgtype"] == "m.text");
        messages
            .map(|event| format!("{} {}", event["content"]["body"].as_str().unwrap(), event["unsigned"]["membership"].as_str().unwrap()))
            .collect()
    };
    let wanted = ["before leave", "invited invite", "together join"];
    let sync = ben.syncs(&format!("&filter={}", encoded(r#"{"room":{"timeline":{"limit":50}}}"#))).await;
    assert_eq!(memberships(&sync["rooms"]["join"][&room]["timeline"]["events"]), wanted);
    assert_eq!(memberships(&messages(&ben, &room, "dir=f&limit=50").await["chunk"]), wanted);
    let event = ben.get(&format!("v3/rooms/{}/event/{}", encoded(&room), encoded(&said))).await;
    assert_eq!(event["unsigned"]["membership"], "join");
    ben.leaves(&room).await;
    let left = ben.syncs_since(&sync).await;
    let events = left["rooms"]["leave"][&room]["timeline"]["events"].as_array().unwrap();
    assert_eq!(events.last().unwrap()["unsigned"]["membership"], "leave");
}

/// What somebody who is outside gets to see of a room's state, by every door: whether a word occurs in it.
async fn sees(person: &crate::world::Person, room: &str, event: &str, word: &str) -> Vec<&'static str> {
    let room_path = encoded(room);
    let context = format!("v3/rooms/{room_path}/context/{}?limit=10", encoded(event));
    let search = json!({"search_categories": {"room_events": {"search_term": "together", "include_state": true}}});
    let leave = encoded(r#"{"room":{"include_leave":true,"timeline":{"limit":1}}}"#);
    let sliding = json!({"lists": {"all": {"ranges": [[0, 9]], "timeline_limit": 5, "required_state": [["*", "*"]]}}});
    let mut doors = Vec::new();
    for (door, method, path, body) in [
        ("context", Method::GET, context, None),
        ("state", Method::GET, format!("v3/rooms/{room_path}/state"), None),
        ("members", Method::GET, format!("v3/rooms/{room_path}/members"), None),
        ("messages", Method::GET, format!("v3/rooms/{room_path}/messages?dir=b&limit=50"), None),
        ("search", Method::POST, "v3/search".to_owned(), Some(search)),
        ("sync", Method::GET, format!("v3/sync?filter={leave}"), None),
        ("sync after", Method::GET, format!("v3/sync?use_state_after=true&filter={leave}"), None),
        ("sliding", Method::POST, "unstable/org.matrix.simplified_msc3575/sync?timeout=0".to_owned(), Some(sliding)),
    ] {
        if person.request(method, &path, body).await.1.to_string().contains(word) {
            doors.push(door);
        }
    }
    doors
}

#[tokio::test]
async fn who_declines_an_invitation_learns_nothing_of_the_room() {
    let world = World::new();
    let (ana, ben, cy) = (world.person("ana").await, world.person("ben").await, world.person("cy").await);
    let room = ana.creates(&[&ben, &cy], json!({"preset": "private_chat"})).await;
    ben.joins(&room).await;
    ana.sets(&room, "org.example.note", "", json!({"note": "secret plan"})).await;
    let first = cy.syncs("").await;
    cy.leaves(&room).await;
    let left = cy.syncs_since(&first).await;
    let own = left["rooms"]["leave"][&room]["timeline"]["events"].as_array().unwrap().last().unwrap();
    let own = own["event_id"].as_str().unwrap().to_owned();
    let context = cy.get(&format!("v3/rooms/{}/context/{}?limit=10", encoded(&room), encoded(&own))).await;
    assert_eq!((&context["event"]["event_id"], &context["state"]), (&json!(own), &json!([])));
    assert_eq!(sees(&cy, &room, &own, "secret plan").await, Vec::<&str>::new());
    assert_eq!(sees(&cy, &room, &own, "@ben:example.org").await, Vec::<&str>::new(), "nor who is in it");
}

#[tokio::test]
async fn who_left_knows_the_state_up_to_there_whatever_becomes_of_them_later() {
    for later in ["ban", "invite"] {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        ana.says("together", &room).await;
        ana.sets(&room, "org.example.note", "", json!({"note": "known plan"})).await;
        ben.leaves(&room).await;
        ana.sets(&room, "org.example.note", "", json!({"note": "secret plan"})).await;
        let before = ben.syncs("").await;
        assert_eq!(ana.acts_on(later, &ben, &room).await.0, 200, "{later}");
        if later == "invite" {
            ben.leaves(&room).await;
        }
        let after = ben.syncs_since(&before).await;
        let own = after["rooms"]["leave"][&room]["timeline"]["events"].as_array().unwrap().last().unwrap();
        let own = own["event_id"].as_str().unwrap();
        assert_eq!(sees(&ben, &room, own, "secret plan").await, Vec::<&str>::new(), "{later}");
        let known = sees(&ben, &room, own, "known plan").await;
        let mut doors = vec!["context", "state", "messages", "search", "sync", "sync after"];
        // a new connection lists rooms one was removed from, not those one left
        doors.extend((later == "ban").then_some("sliding"));
        assert_eq!(known, doors, "{later}");
    }
}
