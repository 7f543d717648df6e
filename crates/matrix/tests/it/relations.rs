//! Edits, references, reactions: found by what they relate to, and bundled with it.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World, encoded, joined, next};

fn relation(kind: &str, event: &str) -> Value {
    json!({"rel_type": kind, "event_id": event})
}

async fn edits(person: &Person, room: &str, event: &str, text: &str) -> String {
    let content = json!({"msgtype": "m.text", "body": format!("* {text}"), "m.new_content": {"msgtype": "m.text", "body": text},
        "m.relates_to": relation("m.replace", event)});
    person.sends(room, "m.room.message", &encoded(&format!("edit-{text}")), content).await
}

async fn refers(person: &Person, room: &str, event: &str, text: &str) -> String {
    let content = json!({"msgtype": "m.text", "body": text, "m.relates_to": relation("m.reference", event)});
    person.sends(room, "m.room.message", &encoded(&format!("ref-{text}")), content).await
}

async fn reacts(person: &Person, room: &str, event: &str, key: &str) -> String {
    let content = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": key}});
    person.sends(room, "m.reaction", &encoded(&format!("{key}-{event}")), content).await
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["chunk"].as_array().unwrap().iter().map(|event| event["event_id"].as_str().unwrap()).collect()
}

fn path(room: &str, event: &str, rest: &str) -> String {
    format!("v1/rooms/{}/relations/{}{rest}", encoded(room), encoded(event))
}

mod bundles {
    use super::*;

    #[tokio::test]
    async fn the_latest_edit_comes_with_the_message_wherever_it_is_read() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let said = ana.says("firts", &room).await;
        edits(&ana, &room, &said, "first").await;
        world.clock.advance_ms(5);
        let latest = edits(&ana, &room, &said, "the first").await;
        let filter = encoded(r#"{"room":{"timeline":{"limit":50}}}"#);
        let messages = ben.get(&format!("v3/rooms/{}/messages?dir=b&limit=50", encoded(&room))).await;
        let sync = ben.syncs(&format!("&filter={filter}")).await;
        let context = ben.get(&format!("v3/rooms/{}/context/{}", encoded(&room), encoded(&latest))).await;
        let find = |events: &Value| events.as_array().unwrap().iter().find(|event| event["event_id"] == said.as_str()).unwrap().clone();
        for (place, event) in [
            ("event", ben.event(&room, &said).await),
            ("messages", find(&messages["chunk"])),
            ("sync", find(&joined(&sync, &room)["timeline"]["events"])),
            ("context", find(&context["events_before"])),
        ] {
            let edit = &event["unsigned"]["m.relations"]["m.replace"];
            assert_eq!(edit["event_id"], json!(latest), "{place}");
            assert_eq!(edit["content"]["m.new_content"]["body"], "the first", "{place}");
            assert_eq!((&edit["sender"], edit["origin_server_ts"].is_i64()), (&json!("@ana:example.org"), true), "{place}");
            assert_eq!(event["content"]["body"], "firts", "the content itself stays: {place}");
        }
    }

    #[tokio::test]
    async fn an_edit_told_in_the_same_sync_is_bundled_too() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let before = ben.syncs("").await;
        let said = ana.says("firts", &room).await;
        let edit = edits(&ana, &room, &said, "first").await;
        let sync = ben.syncs_since(&before).await;
        let events = joined(&sync, &room)["timeline"]["events"].clone();
        assert_eq!(events[0]["unsigned"]["m.relations"]["m.replace"]["event_id"], json!(edit));
        assert_eq!(events[1]["unsigned"].get("m.relations"), None);
    }

    #[tokio::test]
    async fn an_edit_by_others_or_of_another_type_is_none() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let said = ana.says("mine", &room).await;
        edits(&ben, &room, &said, "forged").await;
        ana.sends(&room, "org.example.other", "1", json!({"m.new_content": {}, "m.relates_to": relation("m.replace", &said)})).await;
        assert_eq!(ben.event(&room, &said).await["unsigned"].get("m.relations"), None);
        let edit = edits(&ana, &room, &said, "mine too").await;
        edits(&ana, &room, &edit, "an edit of an edit").await;
        assert_eq!(ben.event(&room, &edit).await["unsigned"].get("m.relations"), None);
        let topic = ana.sets(&room, "m.room.topic", "", json!({"topic": "tea"})).await;
        ana.sends(&room, "m.room.topic", "2", json!({"m.relates_to": relation("m.replace", &topic)})).await;
        assert_eq!(ben.event(&room, &topic).await["unsigned"].get("m.relations"), None, "state is not edited");
    }

    #[tokio::test]
    async fn an_edit_taken_back_gives_way_to_the_one_before() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let said = ana.says("one", &room).await;
        let two = edits(&ana, &room, &said, "two").await;
        world.clock.advance_ms(5);
        let three = edits(&ana, &room, &said, "three").await;
        let take_back = async |event: &str, txn: &str| {
            ana.put(&format!("v3/rooms/{}/redact/{}/{txn}", encoded(&room), encoded(event)), json!({})).await;
            ben.event(&room, &said).await["unsigned"]["m.relations"]["m.replace"]["event_id"].clone()
        };
        assert_eq!(take_back(&three, "1").await, json!(two));
        assert_eq!(take_back(&two, "2").await, Value::Null);
    }

    #[tokio::test]
    async fn references_are_listed_by_id_oldest_first() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let said = ana.says("see below", &room).await;
        let (one, two) = (refers(&ben, &room, &said, "one").await, refers(&ana, &room, &said, "two").await);
        reacts(&ben, &room, &said, "+1").await;
        let relations = ben.event(&room, &said).await["unsigned"]["m.relations"].clone();
        assert_eq!(relations, json!({"m.reference": {"chunk": [{"event_id": one}, {"event_id": two}]}}), "reactions are not bundled");
        edits(&ana, &room, &said, "see above").await;
        let relations = ben.event(&room, &said).await["unsigned"]["m.relations"].clone();
        assert!(relations["m.replace"].is_object() && relations["m.reference"].is_object());
    }

    #[tokio::test]
    async fn who_left_is_told_no_later_edit() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let said = ana.says("before", &room).await;
        let early = edits(&ana, &room, &said, "still before").await;
        ben.leaves(&room).await;
        world.clock.advance_ms(5);
        edits(&ana, &room, &said, "after").await;
        refers(&ana, &room, &said, "later").await;
        let event = ben.event(&room, &said).await;
        assert_eq!(event["unsigned"]["m.relations"]["m.replace"]["event_id"], json!(early));
        assert!(!event.to_string().contains("after") && event["unsigned"]["m.relations"].get("m.reference").is_none());
    }
}

mod pages {
    use super::*;

    #[tokio::test]
    async fn begin_at_a_token_of_a_sync_and_join_up() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let start = ana.says("root", &room).await;
        let mut told = Vec::new();
        for n in 0..7 {
            told.push(refers(&ana, &room, &start, &n.to_string()).await);
            ana.says(&format!("between {n}"), &room).await;
        }
        let sync = ben.syncs("").await;
        let later = refers(&ana, &room, &start, "later").await;
        let (mut found, mut from) = (Vec::new(), next(&sync).to_owned());
        loop {
            let page = ben.get(&path(&room, &start, &format!("?limit=3&from={from}"))).await;
            found.extend(ids(&page).into_iter().map(str::to_owned));
            let Some(end) = page["next_batch"].as_str() else { break };
            from = end.to_owned();
        }
        told.reverse();
        assert_eq!(found, told, "what came after the token is not there");
        let forth = ben.get(&path(&room, &start, &format!("?dir=f&from={}", next(&sync)))).await;
        assert_eq!(ids(&forth), [later.as_str()]);
        let wrong = ben.refused(Method::GET, &path(&room, &start, "?from=nonsense"), None).await;
        assert_eq!(wrong, (400, "M_INVALID_PARAM".to_owned()));
    }

    #[tokio::test]
    async fn are_full_whatever_else_there_is() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let start = ana.says("root", &room).await;
        let mut told = Vec::new();
        for n in 0..4 {
            told.push(refers(&ana, &room, &start, &n.to_string()).await);
            for key in ["a", "b"] {
                reacts(if n % 2 == 0 { &ana } else { &ben }, &room, &start, &format!("{key}{n}")).await;
            }
        }
        let page = ben.get(&path(&room, &start, "/m.reference?limit=3&dir=f")).await;
        assert_eq!(ids(&page), told[..3]);
        let page =
            ben.get(&path(&room, &start, &format!("/m.reference?limit=3&dir=f&from={}", page["next_batch"].as_str().unwrap()))).await;
        assert_eq!((ids(&page), &page["next_batch"]), (vec![told[3].as_str()], &Value::Null));
        assert_eq!(ids(&ben.get(&path(&room, &start, "/m.annotation/m.reaction?limit=50")).await).len(), 8);
        assert!(ids(&ben.get(&path(&room, &start, "/m.annotation/m.room.message")).await).is_empty());
    }
}

mod recursion {
    use super::*;

    #[tokio::test]
    async fn follows_three_steps_and_says_so() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let start = ana.says("root", &room).await;
        let one = refers(&ana, &room, &start, "one").await;
        let two = refers(&ben, &room, &one, "two").await;
        let three = reacts(&ana, &room, &two, "three").await;
        let four = reacts(&ben, &room, &three, "four").await;
        let direct = ben.get(&path(&room, &start, "")).await;
        assert_eq!((ids(&direct), direct.get("recursion_depth")), (vec![one.as_str()], None));
        let all = ben.get(&path(&room, &start, "?recurse=true&limit=50")).await;
        assert_eq!(ids(&all), [three.as_str(), two.as_str(), one.as_str()]);
        assert_eq!(all["recursion_depth"], 3);
        assert!(!all.to_string().contains(&format!("\"event_id\":\"{four}\"")));
        let forth = ben.get(&path(&room, &start, "?recurse=true&limit=2&dir=f")).await;
        assert_eq!(ids(&forth), [one.as_str(), two.as_str()]);
        let rest = ben.get(&path(&room, &start, &format!("?recurse=true&dir=f&from={}", forth["next_batch"].as_str().unwrap()))).await;
        assert_eq!((ids(&rest), rest.get("next_batch")), (vec![three.as_str()], None));
    }

    #[tokio::test]
    async fn looks_through_what_is_not_asked_for() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let start = ana.says("root", &room).await;
        let one = refers(&ana, &room, &start, "one").await;
        let liked = reacts(&ben, &room, &one, "+1").await;
        let page = ben.get(&path(&room, &start, "/m.annotation?recurse=true")).await;
        assert_eq!(ids(&page), [liked.as_str()]);
        let page = ben.get(&path(&room, &start, "/m.reference/m.room.message?recurse=true")).await;
        assert_eq!(ids(&page), [one.as_str()]);
    }

    #[tokio::test]
    async fn what_was_taken_back_relates_to_nothing() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let start = ana.says("root", &room).await;
        let liked = reacts(&ben, &room, &start, "+1").await;
        ben.put(&format!("v3/rooms/{}/redact/{}/1", encoded(&room), encoded(&liked)), json!({})).await;
        for query in ["", "?recurse=true"] {
            assert!(ids(&ana.get(&path(&room, &start, query)).await).is_empty());
        }
    }
}
