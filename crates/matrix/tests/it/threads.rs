//! Threads: their list, what is told with their first message, and what is unread of each.

use http::Method;
use serde_json::{Value, json};

use crate::plain;
use crate::world::{Person, World, encoded, joined, next};

impl Person {
    async fn answers(&self, room: &str, start: &str, text: &str) -> String {
        self.answers_with(room, start, json!({"msgtype": "m.text", "body": text})).await
    }

    async fn answers_with(&self, room: &str, start: &str, mut content: Value) -> String {
        content["m.relates_to"] = json!({"rel_type": "m.thread", "event_id": start});
        let text = content["body"].as_str().unwrap().to_owned();
        self.sends(room, "m.room.message", &encoded(&text), content).await
    }

    async fn threads(&self, room: &str, query: &str) -> Value {
        self.get(&format!("v1/rooms/{}/threads{query}", encoded(room))).await
    }

    async fn redacts_message(&self, room: &str, event: &str) {
        self.put(&format!("v3/rooms/{}/redact/{}/{}", encoded(room), encoded(event), encoded(event)), json!({})).await;
    }

    async fn has_read(&self, room: &str, event: &str, thread: Option<&str>) {
        let body = thread.map_or_else(|| json!({}), |thread| json!({"thread_id": thread}));
        self.post(&format!("v3/rooms/{}/receipt/m.read/{}", encoded(room), encoded(event)), body).await;
    }

    /// Unread of the room, with what is unread of each thread told apart; `query` as for a sync.
    async fn unread(&self, room: &str, query: &str) -> (Value, Value) {
        let filter = json!({"room": {"timeline": {"unread_thread_notifications": true}}}).to_string();
        let sync = self.syncs(&format!("&filter={}{query}", encoded(&filter))).await;
        let told = joined(&sync, room);
        (told["unread_notifications"].clone(), told["unread_thread_notifications"].clone())
    }
}

fn ids(page: &Value) -> Vec<&str> {
    page["chunk"].as_array().unwrap().iter().map(|event| event["event_id"].as_str().unwrap()).collect()
}

fn counts(notification: i64, highlight: i64) -> Value {
    json!({"notification_count": notification, "highlight_count": highlight})
}

#[tokio::test]
async fn threads_are_listed_by_their_latest_answer() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let roots = [ana.says("one", &room).await, ana.says("two", &room).await, ben.says("three", &room).await];
    ana.says("no thread", &room).await;
    for one in &roots {
        ana.answers(&room, one, &format!("to {one}")).await;
    }
    let latest = ben.answers(&room, &roots[0], "again").await;
    let page = ben.threads(&room, "").await;
    assert_eq!(ids(&page), [&roots[0], &roots[2], &roots[1]]);
    assert_eq!(page["next_batch"], Value::Null);
    let thread = &page["chunk"][0]["unsigned"]["m.relations"]["m.thread"];
    assert_eq!((&thread["count"], &thread["current_user_participated"]), (&json!(2), &json!(true)));
    assert_eq!((&thread["latest_event"]["event_id"], &thread["latest_event"]["content"]["body"]), (&json!(latest), &json!("again")));
    assert_eq!(page["chunk"][2]["unsigned"]["m.relations"]["m.thread"]["current_user_participated"], false);
    assert_eq!(ids(&ben.threads(&room, "?include=all").await).len(), 3);
    assert_eq!(ids(&ben.threads(&room, "?include=participated").await), [&roots[0], &roots[2]]);
    let first = ben.threads(&room, "?limit=2").await;
    let second = ben.threads(&room, &format!("?limit=2&from={}", first["next_batch"].as_str().unwrap())).await;
    assert_eq!((ids(&first), ids(&second)), (vec![roots[0].as_str(), roots[2].as_str()], vec![roots[1].as_str()]));
    assert_eq!(second["next_batch"], Value::Null);
    assert_eq!(ids(&ben.threads(&room, "?limit=0").await).len(), 1);
}

#[tokio::test]
async fn a_thread_is_told_with_its_first_message() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let kim = world.person("kim").await;
    ana.invites(&kim, &room).await;
    kim.joins(&room).await;
    let start = ana.says("the root", &room).await;
    let answers = [ben.answers(&room, &start, "an answer").await, ben.answers(&room, &start, "another").await];
    let edit = json!({
        "msgtype": "m.text", "body": "* better", "m.new_content": {"msgtype": "m.text", "body": "better"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": answers[1]},
    });
    let edit = ben.sends(&room, "m.room.message", "e", edit).await;
    for (who, participated) in [(&ana, true), (&ben, true), (&kim, false)] {
        let thread = who.event(&room, &start).await["unsigned"]["m.relations"]["m.thread"].clone();
        assert_eq!((&thread["count"], &thread["latest_event"]["event_id"]), (&json!(2), &json!(answers[1])));
        assert_eq!(thread["current_user_participated"], participated, "{}", who.user_id);
        assert_eq!(thread["latest_event"]["unsigned"]["m.relations"]["m.replace"]["event_id"], json!(edit));
    }
    let sync = kim.syncs("").await;
    let timeline = joined(&sync, &room)["timeline"]["events"].as_array().unwrap();
    let told = timeline.iter().find(|event| event["event_id"] == json!(start)).unwrap();
    assert_eq!(told["unsigned"]["m.relations"]["m.thread"]["count"], 2);
    assert_eq!(told["unsigned"]["m.relations"]["m.thread"]["current_user_participated"], false);
    for answer in &answers {
        ben.redacts_message(&room, answer).await;
    }
    assert_eq!(ana.event(&room, &start).await["unsigned"]["m.relations"], Value::Null);
    assert_eq!(ids(&ana.threads(&room, "").await), Vec::<&str>::new());
}

#[tokio::test]
async fn a_long_thread_is_counted_to_the_end_without_those_one_ignores() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let kim = world.person("kim").await;
    ana.invites(&kim, &room).await;
    kim.joins(&room).await;
    let start = ana.says("the root", &room).await;
    let last = ben.answers(&room, &start, "from Ben").await;
    kim.answers(&room, &start, "from Kim").await;
    ana.put("v3/user/@ana:example.org/account_data/m.ignored_user_list", json!({"ignored_users": {"@kim:example.org": {}}})).await;
    let since = ana.syncs("").await;
    for (who, count) in [(&ana, 1), (&ben, 2)] {
        let thread = who.event(&room, &start).await["unsigned"]["m.relations"]["m.thread"].clone();
        assert_eq!(thread["count"], count);
        assert_eq!(thread["latest_event"]["event_id"] == json!(last), count == 1);
    }
    let start = ana.says("told and answered in one sync", &room).await;
    kim.answers(&room, &start, "ignored").await;
    let sync = ana.syncs_since(&since).await;
    let told = joined(&sync, &room)["timeline"]["events"].as_array().unwrap();
    assert_eq!((told.len(), &told[0]["unsigned"]["m.relations"]), (1, &json!({})));
}

#[tokio::test]
async fn what_is_unread_of_each_thread_is_told_apart() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let start = ana.says("the root", &room).await;
    ana.answers(&room, &start, "an answer").await;
    let mention = json!({"msgtype": "m.text", "body": "you", "m.mentions": {"user_ids": ["@ben:example.org"]}});
    let in_thread = ana.answers_with(&room, &start, mention.clone()).await;
    let main = ana.sends(&room, "m.room.message", "main", mention).await;
    let since = ben.syncs("").await;
    assert_eq!(joined(&since, &room)["unread_notifications"], counts(4, 2));
    assert_eq!(joined(&since, &room)["unread_thread_notifications"], Value::Null, "only for those who ask");
    assert_eq!(ben.unread(&room, "").await, (counts(2, 1), json!({ &start: counts(2, 1) })));
    // in a thread
    ben.has_read(&room, &in_thread, Some(&start)).await;
    let later = format!("&since={}", next(&since));
    for query in ["", later.as_str(), "&full_state=true"] {
        assert_eq!(ben.unread(&room, query).await, (counts(2, 1), json!({})), "{query}");
    }
    assert_eq!(joined(&ben.syncs("").await, &room)["unread_notifications"], counts(2, 1));
    // in none
    ben.has_read(&room, &main, Some("main")).await;
    assert_eq!(ben.unread(&room, "").await, (counts(0, 0), json!({})));
    let other = ana.says("another root", &room).await;
    ana.answers(&room, &start, "more").await;
    ana.answers(&room, &other, "elsewhere").await;
    let last = ana.says("and more", &room).await;
    assert_eq!(ben.unread(&room, "").await, (counts(2, 0), json!({ &start: counts(1, 0), &other: counts(1, 0) })));
    ben.has_read(&room, &last, Some("main")).await;
    assert_eq!(ben.unread(&room, "").await, (counts(0, 0), json!({ &start: counts(1, 0), &other: counts(1, 0) })));
    // everywhere
    ben.has_read(&room, &last, None).await;
    assert_eq!(ben.unread(&room, "").await, (counts(0, 0), json!({})));
    ana.answers(&room, &start, "one more").await;
    assert_eq!(ben.unread(&room, "").await, (counts(0, 0), json!({ &start: counts(1, 0) })));
    ben.leaves(&room).await;
    ana.invites(&ben, &room).await;
    ben.joins(&room).await;
    assert_eq!(ben.unread(&room, "").await, (counts(0, 0), json!({})), "who comes in anew has read all");
}

#[tokio::test]
async fn receipts_of_threads_are_kept_apart_and_belong_to_their_thread() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let (start, other) = (ana.says("the root", &room).await, ana.says("another", &room).await);
    let answer = ana.answers(&room, &start, "an answer").await;
    let reaction = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": answer, "key": "x"}});
    let reaction = ana.sends(&room, "m.reaction", "r", reaction).await;
    let since = ana.syncs("").await;
    ben.has_read(&room, &answer, Some(&start)).await;
    ben.has_read(&room, &other, Some("main")).await;
    let sync = ana.syncs_since(&since).await;
    let events = joined(&sync, &room)["ephemeral"]["events"].as_array().unwrap();
    let told = &events.iter().find(|event| event["type"] == "m.receipt").unwrap()["content"];
    assert_eq!(told[&answer]["m.read"]["@ben:example.org"]["thread_id"], json!(start));
    assert_eq!(told[&other]["m.read"]["@ben:example.org"]["thread_id"], "main");
    ben.has_read(&room, &reaction, Some(&start)).await;
    ben.has_read(&room, &start, Some(&start)).await;
    let receipt = |event: &str| format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room), encoded(event));
    for (event, thread) in
        [(&other, json!(start)), (&answer, json!(other)), (&answer, json!("$nothing")), (&answer, json!("")), (&answer, json!(7))]
    {
        let refused = ben.refused(Method::POST, &receipt(event), Some(json!({"thread_id": thread}))).await;
        assert_eq!(refused.0, 400, "{thread}");
    }
    assert_eq!(plain(&ben.refused(Method::POST, &receipt(&other), Some(json!({"thread_id": start}))).await), (400, "M_INVALID_PARAM"));
    let marker = format!("v3/rooms/{}/receipt/m.fully_read/{}", encoded(&room), encoded(&answer));
    assert_eq!(plain(&ben.refused(Method::POST, &marker, Some(json!({"thread_id": start}))).await), (400, "M_INVALID_PARAM"));
}

#[tokio::test]
async fn strangers_see_no_threads() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let start = ana.says("the root", &room).await;
    ana.answers(&room, &start, "an answer").await;
    let eve = world.person("eve").await;
    let path = format!("v1/rooms/{}/threads", encoded(&room));
    assert_eq!(plain(&eve.refused(Method::GET, &path, None).await), (403, "M_FORBIDDEN"));
    assert_eq!(plain(&ana.refused(Method::GET, &format!("{path}?from=nonsense"), None).await), (400, "M_INVALID_PARAM"));
    ana.invites(&eve, &room).await;
    eve.joins(&room).await;
    assert_eq!(ids(&eve.threads(&room, "").await), [&start], "the past is open to those who come in");
}
