//! What reads much leaves room for others, and is bounded.

use std::sync::{Arc, Condvar, Mutex};

use http::Method;
use model::limits;
use serde_json::{Value, json};
use store::{Query, StoreError, Tx, args};
use tokio::sync::mpsc;

use crate::world::{World, encoded};

/// A heavy read that says when it runs and ends when it may.
struct Blocked {
    runs: mpsc::UnboundedSender<()>,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl Query for Blocked {
    type Out = ();
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.rows("select 1", args![]).await?;
        self.runs.send(()).unwrap();
        drop(self.gate.1.wait_while(self.gate.0.lock().unwrap(), |open| !*open).unwrap());
        Ok(())
    }
}

#[tokio::test]
async fn who_one_is_is_answered_while_heavy_reads_take_all_they_may() {
    let world = World::new();
    let ana = world.person("ana").await;
    let gate = Arc::<(Mutex<bool>, Condvar)>::default();
    let (runs, mut running) = mpsc::unbounded_channel();
    let blocked = || world.reads(Blocked { runs: runs.clone(), gate: Arc::clone(&gate) });
    let light = async {
        for _ in 0..limits::SQLITE_HEAVY_READERS {
            running.recv().await.unwrap();
        }
        // her token was never looked up before
        assert_eq!(ana.get("v3/account/whoami").await["user_id"], "@ana:example.org");
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    };
    tokio::join!(blocked(), blocked(), blocked(), blocked(), blocked(), light);
}

#[tokio::test]
async fn a_filter_of_very_many_patterns_is_refused_wherever_it_comes_in() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    ana.says("kettle", &room).await;
    let refusal = (400, "M_INVALID_PARAM".to_owned());
    let filters = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("t{n}*x")).collect();
        let people: Vec<String> = (0..count).map(|n| format!("@p{n}:example.org")).collect();
        [json!({"types": names}), json!({"not_types": names}), json!({"senders": people}), json!({"not_senders": people})]
    };
    let search = |filter: &Value| json!({"search_categories": {"room_events": {"search_term": "kettle", "filter": filter}}});
    for filter in filters(limits::FILTER_VALUES) {
        ana.post("v3/search", search(&filter)).await;
    }
    for filter in filters(limits::FILTER_VALUES + 1) {
        assert_eq!(ana.refused(Method::POST, "v3/search", Some(search(&filter))).await, refusal);
        let messages = format!("v3/rooms/{}/messages?dir=b&filter={}", encoded(&room), encoded(&filter.to_string()));
        assert_eq!(ana.refused(Method::GET, &messages, None).await, refusal);
        for part in ["timeline", "state", "ephemeral", "account_data"] {
            let whole = json!({"room": {part: filter}});
            let inline = format!("v3/sync?filter={}", encoded(&whole.to_string()));
            assert_eq!(ana.refused(Method::GET, &inline, None).await, refusal, "{part}");
            assert_eq!(ana.refused(Method::POST, "v3/user/@ana:example.org/filter", Some(whole)).await, refusal, "{part}");
        }
    }
    let long = json!({"types": ["*".repeat(limits::EVENT_KEY_BYTES + 1)]});
    assert_eq!(ana.refused(Method::POST, "v3/search", Some(search(&long))).await, refusal);
    let words = json!({"search_categories": {"room_events": {"search_term": "k".repeat(limits::SEARCH_TERM_BYTES + 1)}}});
    assert_eq!(ana.refused(Method::POST, "v3/search", Some(words)).await, refusal);
}

#[tokio::test]
async fn the_filters_of_all_sliding_lists_together_are_bounded() {
    let world = World::new();
    let ana = world.person("ana").await;
    let lists = |lists: usize, values: usize| {
        let tags: Vec<String> = (0..values).map(|n| format!("u.{n}")).collect();
        let list = json!({"ranges": [[0, 9]], "timeline_limit": 1, "required_state": [], "filters": {"not_tags": tags}});
        json!({"lists": (0..lists).map(|n| (n.to_string(), list.clone())).collect::<serde_json::Map<_, _>>()})
    };
    let path = "unstable/org.matrix.simplified_msc3575/sync?timeout=0";
    ana.post(path, lists(5, limits::SLIDING_FILTER_VALUES / 5)).await;
    let refused = ana.refused(Method::POST, path, Some(lists(5, limits::SLIDING_FILTER_VALUES / 5 + 1))).await;
    assert_eq!(refused, (400, "M_INVALID_PARAM".to_owned()));
}

#[tokio::test]
async fn searches_of_one_person_are_limited() {
    let world = World::with(|config| config.dev = false);
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let words = json!({"search_categories": {"room_events": {"search_term": "kettle"}}});
    let people = json!({"search_term": "ben"});
    for _ in 0..limits::SEARCH_BURST / 2 {
        ana.post("v3/search", words.clone()).await;
        ana.post("v3/user_directory/search", people.clone()).await;
    }
    for (path, body) in [("v3/search", &words), ("v3/user_directory/search", &people)] {
        let refused = ana.asks(Method::POST, &format!("/_matrix/client/{path}"), &[], body.to_string()).await;
        assert_eq!(refused.plain(), (429, "M_LIMIT_EXCEEDED".to_owned()), "{path}");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    ben.post("v3/search", words).await;
}

#[tokio::test]
async fn notes_of_one_person_are_limited() {
    let world = World::with(|config| config.dev = false);
    let (ana, ben, room) = world.friends().await;
    let said = ana.says("kettle", &room).await;
    let (data, receipt) =
        ("v3/user/@ben:example.org/account_data/org.example.x", format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room), encoded(&said)));
    for _ in 0..limits::NOTE_BURST / 2 {
        ben.put(data, json!({})).await;
        ben.post(&receipt, json!({})).await;
    }
    // the burst is over, whatever was given back meanwhile
    let mut limited = 0;
    for _ in 0..limits::NOTE_BURST {
        let (status, _) = ben.request(Method::PUT, data, Some(json!({}))).await;
        limited += u32::from(status == http::StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(limited > 0);
    ana.post(&receipt, json!({})).await;
}
