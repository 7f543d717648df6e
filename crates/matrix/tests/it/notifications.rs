//! `/notifications`: what one was told of, to look up later.

use http::Method;
use serde_json::{Value, json};

use crate::plain;
use crate::world::{Person, World, encoded};

/// The text of each notification, and whether it is read.
fn told(page: &Value) -> Vec<String> {
    let told = page["notifications"].as_array().unwrap().iter();
    told.map(|one| format!("{} {}", one["event"]["content"]["body"].as_str().unwrap_or("no text"), one["read"])).collect()
}

impl Person {
    async fn mentions(&self, other: &Person, room: &str, text: &str) -> String {
        let content = json!({"msgtype": "m.text", "body": text, "m.mentions": {"user_ids": [other.user_id]}});
        self.sends(room, "m.room.message", text, content).await
    }

    async fn notifications(&self, query: &str) -> Value {
        self.get(&format!("v3/notifications{query}")).await
    }
}

#[tokio::test]
async fn what_one_was_told_of_can_be_looked_up() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.says("one", &room).await;
    let mention = ana.mentions(&ben, &room, "you").await;
    ana.sends(&room, "m.room.message", "n", json!({"msgtype": "m.notice", "body": "a bot"})).await;
    ben.says("my own", &room).await;
    ben.post(&format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room), encoded(&mention)), json!({})).await;
    let unread = ana.says("unread", &room).await;
    let page = ben.notifications("").await;
    assert_eq!(told(&page), ["unread false", "you true", "one true"]);
    assert_eq!(page["next_token"], Value::Null);
    let first = &page["notifications"][0];
    assert_eq!(
        (&first["room_id"], &first["event"]["event_id"], &first["ts"]),
        (&json!(room), &json!(unread), &json!(1_700_000_000_000_i64))
    );
    assert_eq!(first["actions"], json!(["notify", {"set_tweak": "sound", "value": "default"}]));
    assert_eq!(first["event"]["unsigned"]["age"], 0);
    assert_eq!(told(&ben.notifications("?only=highlight").await), ["you true"]);
}

#[tokio::test]
async fn pages_join_up_and_are_bounded() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    for n in 0..7 {
        ana.says(&format!("message {n}"), &room).await;
        ana.sends(&room, "m.room.message", &n.to_string(), json!({"msgtype": "m.notice", "body": "in between"})).await;
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    for wanted in [3, 3, 1] {
        let page = ben.notifications(&query).await;
        assert_eq!(told(&page).len(), wanted);
        seen.extend(told(&page));
        query = format!("?limit=3&from={}", page["next_token"].as_str().unwrap_or("none"));
    }
    assert_eq!(query, "?limit=3&from=none", "there is an end");
    assert_eq!(seen, (0..7).rev().map(|n| format!("message {n} false")).collect::<Vec<_>>());
    assert_eq!(told(&ben.notifications("?limit=0").await).len(), 1);
    for n in 0..120 {
        ana.says(&format!("more {n}"), &room).await;
    }
    assert_eq!(told(&ben.notifications("?limit=100000").await).len(), 100);
    let refused = ben.refused(Method::GET, "v3/notifications?from=nonsense", None).await;
    assert_eq!(plain(&refused), (400, "M_INVALID_PARAM"));
    assert_eq!(world.nobody(Method::GET, "v3/notifications", None).await.0, 401);
}

#[tokio::test]
async fn what_is_gone_muted_or_ignored_is_not_among_them_and_an_invitation_is() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let kim = world.person("kim").await;
    let taken_back = ana.says("taken back", &room).await;
    ana.put(&format!("v3/rooms/{}/redact/{}/1", encoded(&room), encoded(&taken_back)), json!({})).await;
    ana.says("stays", &room).await;
    let other = kim.creates(&[&ben], json!({"preset": "private_chat"})).await;
    let page = ben.notifications("").await;
    assert_eq!(told(&page), ["no text false", "stays false"]);
    let invitation = &page["notifications"][0];
    assert_eq!((&invitation["room_id"], &invitation["event"]["content"]["membership"]), (&json!(other), &json!("invite")));
    assert!(invitation["event"]["event_id"].is_string() && invitation["event"]["state_key"] == json!(ben.user_id));
    ben.put(&format!("v3/pushrules/global/room/{}", encoded(&room)), json!({"actions": []})).await;
    ben.put("v3/user/@ben:example.org/account_data/m.ignored_user_list", json!({"ignored_users": {"@kim:example.org": {}}})).await;
    assert_eq!(told(&ben.notifications("").await), Vec::<String>::new());
    assert_eq!(told(&ana.notifications("").await), Vec::<String>::new(), "they are one's own");
}
