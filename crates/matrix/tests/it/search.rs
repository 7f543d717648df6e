//! Looking for words: found where one may read them, and nowhere else.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World, encoded};

/// Searches and gives the part about rooms.
async fn searches(person: &Person, criteria: Value) -> Value {
    page(person, "", criteria).await
}

async fn page(person: &Person, query: &str, criteria: Value) -> Value {
    let answer = person.post(&format!("v3/search{query}"), json!({"search_categories": {"room_events": criteria}})).await;
    answer["search_categories"]["room_events"].clone()
}

fn found(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().unwrap();
    results.iter().map(|one| one["result"]["content"]["body"].as_str().unwrap_or("-")).collect()
}

async fn finds(person: &Person, term: &str) -> Vec<String> {
    let answer = searches(person, json!({"search_term": term, "order_by": "recent"})).await;
    assert_eq!(answer["count"], answer["results"].as_array().unwrap().len());
    found(&answer).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_message_is_found_by_its_words_in_any_case() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let said = ana.says("The Kettle is on the ÜBER stove", &room).await;
    ana.says("something else", &room).await;
    for term in ["kettle", "STOVE kettle", "über", "  stove   is  ", "ett"] {
        assert_eq!(finds(&ben, term).await, ["The Kettle is on the ÜBER stove"], "{term}");
    }
    for term in ["kettle pot", "kettles", "", "   ", "\"", "%", "m.text"] {
        assert!(finds(&ben, term).await.is_empty(), "{term}");
    }
    let answer = searches(&ben, json!({"search_term": "Kettle"})).await;
    let result = &answer["results"][0]["result"];
    assert_eq!((&result["event_id"], &result["room_id"]), (&json!(said), &json!(room)));
    assert_eq!((&answer["highlights"], answer.get("next_batch")), (&json!(["kettle"]), None));
    assert_eq!(answer["results"][0].get("context"), None, "nobody asked for it");
}

#[tokio::test]
async fn names_and_topics_are_looked_into_unless_keys_say_otherwise() {
    let world = World::new();
    let ana = world.person("ana").await;
    let room = ana.creates(&[], json!({"name": "kettle club", "topic": "kettle talk"})).await;
    ana.says("kettle", &room).await;
    let count = async |criteria: Value| searches(&ana, criteria).await["count"].clone();
    assert_eq!(count(json!({"search_term": "kettle"})).await, 3);
    assert_eq!(count(json!({"search_term": "kettle", "keys": ["content.body"]})).await, 1);
    assert_eq!(count(json!({"search_term": "kettle", "keys": ["content.name", "content.topic"]})).await, 2);
    assert_eq!(count(json!({"search_term": "kettle", "keys": ["content.other"]})).await, 0);
    assert_eq!(count(json!({"search_term": "kettle", "filter": {"types": ["m.room.topic"]}})).await, 1);
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_read() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let initial = json!([{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]);
    let room = ana.creates(&[], json!({"initial_state": initial})).await;
    ana.says("secret before", &room).await;
    ana.invites(&ben, &room).await;
    ana.says("secret invited", &room).await;
    assert!(finds(&ben, "secret").await.is_empty(), "an invitation is no membership");
    ben.joins(&room).await;
    ana.says("secret together", &room).await;
    assert_eq!(finds(&ben, "secret").await, ["secret together"]);
    ben.leaves(&room).await;
    ana.says("secret after", &room).await;
    assert_eq!(finds(&ben, "secret").await, ["secret together"], "what was read once is found later");
    assert_eq!(finds(&ana, "secret").await.len(), 4);
    let cy = world.person("cy").await;
    assert!(finds(&cy, "secret").await.is_empty());
    let aimed = json!({"search_term": "secret", "filter": {"rooms": [room]}});
    assert_eq!(searches(&cy, aimed).await["count"], 0);
    ben.post(&format!("v3/rooms/{}/forget", encoded(&room)), json!({})).await;
    assert!(finds(&ben, "secret").await.is_empty());
}

#[tokio::test]
async fn what_was_taken_back_is_not_found_in_either_order() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let oops = ana.says("kettle oops", &room).await;
    ana.says("kettle fine", &room).await;
    ana.put(&format!("v3/rooms/{}/redact/{}/1", encoded(&room), encoded(&oops)), json!({"reason": "kettle"})).await;
    for order in ["recent", "rank"] {
        let answer = searches(&ben, json!({"search_term": "kettle", "order_by": order})).await;
        assert_eq!(found(&answer), ["kettle fine"], "{order}");
    }
}

#[tokio::test]
async fn those_one_ignores_are_not_found() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.says("kettle", &room).await;
    let content = json!({"ignored_users": {"@ana:example.org": {}}});
    ben.put("v3/user/@ben:example.org/account_data/m.ignored_user_list", content).await;
    assert!(finds(&ben, "kettle").await.is_empty());
}

#[tokio::test]
async fn pages_join_up_and_stand_still_while_people_go_on() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    for n in 0..7 {
        ana.says(&format!("kettle {n}"), &room).await;
    }
    let criteria = json!({"search_term": "kettle", "order_by": "recent", "filter": {"limit": 3}});
    let (mut all, mut query) = (Vec::new(), String::new());
    loop {
        let answer = page(&ben, &query, criteria.clone()).await;
        assert_eq!(answer["count"], 7);
        all.extend(found(&answer).into_iter().map(str::to_owned));
        ana.says(&format!("kettle meanwhile {}", all.len()), &room).await;
        let Some(token) = answer["next_batch"].as_str() else { break };
        query = format!("?next_batch={token}");
    }
    assert_eq!(all, ["kettle 6", "kettle 5", "kettle 4", "kettle 3", "kettle 2", "kettle 1", "kettle 0"]);
    for wrong in ["x", "t5", "f1", "f-1_0"] {
        let body = Some(json!({"search_categories": {"room_events": criteria}}));
        assert_eq!(ben.refused(Method::POST, &format!("v3/search?next_batch={wrong}"), body).await, (400, "M_INVALID_PARAM".to_owned()));
    }
}

#[tokio::test]
async fn the_best_come_first_where_rank_is_asked_for() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.says("oolong oolong oolong", &room).await;
    ana.says("oolong", &room).await;
    ana.says("oolong oolong", &room).await;
    let answer = searches(&ben, json!({"search_term": "oolong", "order_by": "rank"})).await;
    assert_eq!(found(&answer), ["oolong oolong oolong", "oolong oolong", "oolong"]);
    assert_eq!(answer["results"][0]["rank"], 3);
    let answer = searches(&ben, json!({"search_term": "oolong", "order_by": "recent"})).await;
    assert_eq!(found(&answer), ["oolong oolong", "oolong", "oolong oolong oolong"]);
}

#[tokio::test]
async fn context_and_state_come_when_asked_for() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    for text in ["before 2", "before 1", "kettle", "after 1", "after 2"] {
        ana.says(text, &room).await;
    }
    let criteria = json!({"search_term": "kettle", "include_state": true, "groupings": {"group_by": [{"key": "room_id"}]},
        "event_context": {"before_limit": 2, "after_limit": 1}});
    let answer = searches(&ben, criteria).await;
    let context = &answer["results"][0]["context"];
    let bodies = |events: &Value| crate::world::bodies(events).into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(bodies(&context["events_before"]), ["before 1", "before 2"]);
    assert_eq!(bodies(&context["events_after"]), ["after 1"]);
    let from =
        |name: &str, dir: &str| format!("v3/rooms/{}/messages?limit=1&dir={dir}&from={}", encoded(&room), context[name].as_str().unwrap());
    assert_eq!(bodies(&ben.get(&from("end", "f")).await["chunk"]), ["after 2"]);
    assert_eq!(bodies(&ben.get(&from("end", "b")).await["chunk"]), ["after 1"]);
    let state = crate::world::kinds(&answer["state"][&room]);
    assert!(state.contains(&"m.room.create".to_owned()) && state.contains(&"m.room.member/@ana:example.org".to_owned()));
    let group = &answer["groups"]["room_id"][&room];
    assert_eq!(group["results"], json!([answer["results"][0]["result"]["event_id"]]));
}

#[tokio::test]
async fn rooms_and_senders_narrow_it_down() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let other = ana.creates(&[&ben], json!({})).await;
    ben.joins(&other).await;
    ana.says("kettle here", &room).await;
    ben.says("kettle of ben", &room).await;
    ana.says("kettle there", &other).await;
    let by = async |filter: Value| {
        let answer = searches(&ben, json!({"search_term": "kettle", "order_by": "recent", "filter": filter})).await;
        found(&answer).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(by(json!({})).await, ["kettle there", "kettle of ben", "kettle here"]);
    assert_eq!(by(json!({"rooms": [other]})).await, ["kettle there"]);
    assert_eq!(by(json!({"not_rooms": [other]})).await, ["kettle of ben", "kettle here"]);
    assert_eq!(by(json!({"senders": ["@ben:example.org"]})).await, ["kettle of ben"]);
}

#[tokio::test]
async fn a_search_of_the_wrong_form_is_refused() {
    let world = World::new();
    let ana = world.person("ana").await;
    for wrong in
        [json!({}), json!({"search_categories": {"room_events": {}}}), json!({"search_categories": {"room_events": {"search_term": 1}}})]
    {
        assert_eq!(ana.refused(Method::POST, "v3/search", Some(wrong)).await, (400, "M_BAD_JSON".to_owned()));
    }
    assert_eq!(ana.post("v3/search", json!({"search_categories": {}})).await, json!({"search_categories": {}}));
    let many = (0..17).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let body = Some(json!({"search_categories": {"room_events": {"search_term": many}}}));
    assert_eq!(ana.refused(Method::POST, "v3/search", body).await, (400, "M_INVALID_PARAM".to_owned()));
    assert_eq!(world.nobody(Method::POST, "v3/search", Some(json!({}))).await.0, 401);
}
