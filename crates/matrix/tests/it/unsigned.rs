//! What the server adds to events: their age, what they replaced; and the state after a timeline.

use serde_json::{Value, json};

use crate::world::{World, encoded, joined, kinds, next};

#[tokio::test]
async fn an_event_says_how_old_it_is_wherever_it_is_read() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let before = ben.syncs("").await;
    let event_id = ana.says("hi", &room).await;
    world.clock.advance_ms(1_234);
    let sync = ben.syncs_since(&before).await;
    assert_eq!(joined(&sync, &room)["timeline"]["events"][0]["unsigned"]["age"], 1_234);
    world.clock.advance_ms(1_000);
    let page = ben.get(&format!("v3/rooms/{}/messages?dir=b&limit=1", encoded(&room))).await;
    assert_eq!(page["chunk"][0]["unsigned"]["age"], 2_234);
    assert_eq!(ben.event(&room, &event_id).await["unsigned"]["age"], 2_234);
    let state = ben.get(&format!("v3/rooms/{}/state", encoded(&room))).await;
    assert!(state.as_array().unwrap().iter().all(|event| event["unsigned"]["age"] == 2_234));
}

#[tokio::test]
async fn state_says_what_it_replaced() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let before = ben.syncs("").await;
    let first = ana.sets(&room, "m.room.topic", "", json!({"topic": "one"})).await;
    let second = ana.sets(&room, "m.room.topic", "", json!({"topic": "two"})).await;
    ana.sets(&room, "m.room.topic", "other key", json!({"topic": "three"})).await;
    let events = joined(&ben.syncs_since(&before).await, &room)["timeline"]["events"].clone();
    let unsigned = |event: &Value| (event["unsigned"]["prev_content"].clone(), event["unsigned"]["replaces_state"].clone());
    assert_eq!(unsigned(&events[0]), (Value::Null, Value::Null), "the first of its kind");
    assert_eq!(unsigned(&events[1]), (json!({"topic": "one"}), json!(first)));
    assert_eq!(unsigned(&events[2]), (Value::Null, Value::Null), "another key is other state");
    assert_eq!(unsigned(&ben.event(&room, &second).await), (json!({"topic": "one"}), json!(first)));
    let page = ben.get(&format!("v3/rooms/{}/messages?dir=b&limit=2", encoded(&room))).await;
    assert_eq!(unsigned(&page["chunk"][1]), (json!({"topic": "one"}), json!(first)));
}

#[tokio::test]
async fn a_membership_says_what_it_was() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let before = ana.syncs("").await;
    ben.put("v3/profile/@ben:example.org/displayname", json!({"displayname": "Benjamin"})).await;
    ben.leaves(&room).await;
    let events = joined(&ana.syncs_since(&before).await, &room)["timeline"]["events"].clone();
    assert_eq!(events[0]["unsigned"]["prev_content"], json!({"membership": "join"}));
    assert_eq!(events[1]["unsigned"]["prev_content"], json!({"membership": "join", "displayname": "Benjamin"}));
    let message = ana.says("no state", &room).await;
    assert_eq!(ana.event(&room, &message).await["unsigned"].get("prev_content"), None);
}

#[tokio::test]
async fn what_was_taken_back_is_not_shown_as_what_was_replaced() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ana.sets(&room, "m.room.topic", "", json!({"topic": "oops"})).await;
    let second = ana.sets(&room, "m.room.topic", "", json!({"topic": "fine"})).await;
    ana.put(&format!("v3/rooms/{}/redact/{}/1", encoded(&room), encoded(&first)), json!({})).await;
    assert_eq!(ben.event(&room, &second).await["unsigned"]["prev_content"], json!({}));
}

mod state_after {
    use super::*;

    const STABLE: &str = "&use_state_after=true";
    const UNSTABLE: &str = "&org.matrix.msc4222.use_state_after=true";

    fn topic(events: &Value) -> Value {
        let found = events.as_array().unwrap().iter().filter(|event| event["type"] == "m.room.topic").collect::<Vec<_>>();
        assert!(found.len() <= 1, "of each piece of state one");
        found.first().map_or(Value::Null, |event| event["content"]["topic"].clone())
    }

    #[tokio::test]
    async fn has_what_the_timeline_changed_under_the_name_asked_for() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let before = ben.syncs("").await;
        ana.sets(&room, "m.room.topic", "", json!({"topic": "one"})).await;
        ana.sets(&room, "m.room.topic", "", json!({"topic": "two"})).await;
        for (query, name) in [("", "state"), (STABLE, "state_after"), (UNSTABLE, "org.matrix.msc4222.state_after")] {
            let sync = ben.syncs(&format!("{query}&since={}", next(&before))).await;
            let told = joined(&sync, &room);
            assert_eq!(kinds(&told["timeline"]["events"]), ["m.room.topic", "m.room.topic"]);
            let wanted = if query.is_empty() { Value::Null } else { json!("two") };
            assert_eq!(topic(&told[name]["events"]), wanted, "{name}");
            for other in ["state", "state_after", "org.matrix.msc4222.state_after"] {
                assert_eq!(told.get(other).is_some(), other == name, "{other} beside {name}");
            }
        }
        let versions = world.nobody(http::Method::GET, "versions", None).await.1;
        assert_eq!(versions["unstable_features"]["org.matrix.msc4222"], true);
    }

    #[tokio::test]
    async fn is_whole_in_a_first_sync_and_for_who_joins() {
        let world = World::new();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        let before = ben.syncs("").await;
        let room = ana.creates(&[&ben], json!({"topic": "leaves"})).await;
        ben.joins(&room).await;
        for n in 0..15 {
            ana.says(&format!("m{n}"), &room).await;
        }
        let state = ana.get(&format!("v3/rooms/{}/state", encoded(&room))).await;
        let mut wanted = kinds(&state);
        wanted.sort();
        for since in [String::new(), format!("&since={}", next(&before)), format!("&full_state=true&since={}", next(&ben.syncs("").await))]
        {
            let sync = ben.syncs(&format!("{STABLE}{since}")).await;
            let mut told = kinds(&joined(&sync, &room)["state_after"]["events"]);
            told.sort();
            assert_eq!(told, wanted, "{since}");
        }
    }

    #[tokio::test]
    async fn misses_nothing_that_a_filter_left_out_of_the_timeline() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let before = ben.syncs("").await;
        ana.says("one", &room).await;
        ana.sets(&room, "m.room.topic", "", json!({"topic": "two"})).await;
        ana.says("three", &room).await;
        let messages = encoded(&json!({"room": {"timeline": {"types": ["m.room.message"]}}}).to_string());
        for since in [String::new(), format!("&since={}", next(&before)), format!("&full_state=true&since={}", next(&before))] {
            let sync = ben.syncs(&format!("{STABLE}&filter={messages}{since}")).await;
            assert_eq!(topic(&joined(&sync, &room)["state_after"]["events"]), "two", "{since}");
        }
    }

    #[tokio::test]
    async fn of_a_room_that_was_left_ends_with_the_leave() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let before = ben.syncs("").await;
        ana.sets(&room, "m.room.topic", "", json!({"topic": "before"})).await;
        ben.leaves(&room).await;
        ana.sets(&room, "m.room.topic", "", json!({"topic": "after"})).await;
        let with_left = encoded(&json!({"room": {"include_leave": true}}).to_string());
        for query in [format!("&since={}", next(&before)), format!("&filter={with_left}")] {
            let sync = ben.syncs(&format!("{STABLE}{query}")).await;
            let events = &sync["rooms"]["leave"][&room]["state_after"]["events"];
            assert_eq!(topic(events), "before", "{query}");
            let own = events.as_array().unwrap().iter().find(|event| event["state_key"] == "@ben:example.org").unwrap();
            assert_eq!(own["content"]["membership"], "leave", "{query}");
        }
    }
}
