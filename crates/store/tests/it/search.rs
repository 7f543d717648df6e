//! Searching and relations, on both databases: letters beyond ASCII, order, bounds.

use model::filter::{EventFilter, RoomFilter};
use model::seq::RoomPos;
use store::query::history::From;
use store::query::relations::Relations;
use store::query::search::{Search, SearchPage};
use store::{Query, StoreError, Tx, args};

use crate::on_both;
use crate::world::{AddPeople, done, draft, room_of, say, step, user};

fn search(name: &str, words: &[&str]) -> Search {
    Search {
        user_id: user(name),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        keys: vec!["body"],
        rooms: RoomFilter::default(),
        filter: EventFilter::default(),
        by_rank: false,
        until: None,
        skip: 0,
        limit: 10,
        around: None,
        with_state: false,
    }
}

fn texts(page: &SearchPage) -> Vec<String> {
    let body = |content: &str| serde_json::from_str::<serde_json::Value>(content).unwrap()["body"].as_str().unwrap().to_owned();
    page.results.iter().map(|result| body(&result.event.content)).collect()
}

/// What an event refers to, as stored.
struct Refers(String);

impl Query for Refers {
    type Out = (Option<String>, Option<String>, Option<String>);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let row = tx.row("select replaces, relates_to, rel_type from events where event_id = $1", args![&self.0]).await?.unwrap();
        let text = |index| row.text_or_null(index).map(|text| text.map(str::to_owned));
        Ok((text(0)?, text(1)?, text(2)?))
    }
}

on_both! {
    async fn words_are_found_in_any_script_newest_first(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben"), user("cy")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        let other = room_of(&store, &[user("ana"), user("cy")]).await;
        for (text, room) in [("Äpfel und ÄPFEL", &room), ("äpfel", &other), ("ЧАЙ", &room), ("100% sure_thing", &room)] {
            done(say(&store, room, &user("ana"), text, None).await.unwrap());
        }
        assert_eq!(texts(&store.read(search("ana", &["äpfel"])).await.unwrap()), ["äpfel", "Äpfel und ÄPFEL"]);
        assert_eq!(texts(&store.read(search("ben", &["äpfel"])).await.unwrap()), ["Äpfel und ÄPFEL"]);
        assert_eq!(texts(&store.read(search("ben", &["чай"])).await.unwrap()), ["ЧАЙ"]);
        assert_eq!(texts(&store.read(search("ben", &["0%", "e_t"])).await.unwrap()), ["100% sure_thing"]);
        assert!(texts(&store.read(search("ben", &["%"])).await.unwrap()).len() == 1 && texts(&store.read(search("cy", &["чай"])).await.unwrap()).is_empty());
        let ranked = Search { by_rank: true, limit: 1, ..search("ana", &["äpfel"]) };
        let first = store.read(ranked.clone()).await.unwrap();
        assert_eq!((texts(&first), first.count, first.results[0].rank), (vec!["Äpfel und ÄPFEL".to_owned()], 2, 2));
        let second = store.read(Search { until: first.until, skip: 1, ..ranked }).await.unwrap();
        assert_eq!((texts(&second), second.until), (vec!["äpfel".to_owned()], None));
    }

    async fn a_stored_event_names_what_it_replaces_and_relates_to(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        let (ana, room) = (user("ana"), room_of(&store, &[user("ana")]).await);
        let append = async |event_type: &str, state_key: Option<&str>, content: &str| {
            let room = store.read(store::query::room_snapshot::RoomSnapshot { room_id: room.clone() }).await.unwrap().unwrap();
            let command = store::command::append_events::AppendEvents {
                room_id: room.room_id.clone(),
                version: model::ruma::RoomVersionId::V12,
                state_version: room.state_version,
                auth: std::collections::BTreeMap::new(),
                steps: vec![step(draft(&ana, event_type, state_key, content), vec![ana.clone()])],
                txn: None,
                flag: None,
            };
            done(store.run(command).await.unwrap()).remove(0).event_id.to_string()
        };
        let one = append("m.room.topic", Some(""), r#"{"topic":"one"}"#).await;
        let two = append("m.room.topic", Some(""), r#"{"topic":"two"}"#).await;
        assert_eq!(store.read(Refers(one)).await.unwrap(), (None, None, None));
        let (replaces, ..) = store.read(Refers(two.clone())).await.unwrap();
        assert!(replaces.is_some_and(|event| event != two));
        let relation = |rel_type: &str| format!(r#"{{"m.relates_to":{{"rel_type":{rel_type},"event_id":"{two}"}}}}"#);
        let child = append("m.room.message", None, &relation("\"m.reference\"")).await;
        append("m.room.message", None, &relation("1")).await;
        append("m.room.message", None, &relation(&format!("\"{}\"", "r".repeat(300)))).await;
        assert_eq!(store.read(Refers(child.clone())).await.unwrap(), (None, Some(two.clone()), Some("m.reference".to_owned())));
        let relations = Relations {
            room_id: room.clone(),
            event_id: two.as_str().try_into().unwrap(),
            user_id: ana.clone(),
            rel_type: None,
            event_type: None,
            backwards: true,
            from: From::End,
            limit: 10,
            recurse: false,
        };
        for recurse in [false, true] {
            let found = store.read(Relations { recurse, ..relations.clone() }).await.unwrap().unwrap();
            assert_eq!(found.events.iter().map(|event| event.event_id.as_str()).collect::<Vec<_>>(), [child.as_str()]);
            let none = store.read(Relations { recurse, from: From::Place(RoomPos::new(1).unwrap()), ..relations.clone() }).await.unwrap().unwrap();
            assert!(none.events.is_empty());
        }
    }
}
