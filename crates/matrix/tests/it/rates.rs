//! How much somebody may say, by age and trust.

use http::Method;
use model::person::AgeBand;
use serde_json::{Value, json};

use crate::world::{Person, World, encoded};

/// Says so many things one after another: how many were taken, and the answer to the first that was not.
async fn says(who: &Person, room: &str, tries: usize) -> (usize, Option<crate::world::Answer>) {
    for n in 0..tries {
        let path = format!("/_matrix/client/v3/rooms/{}/send/m.room.message/{n}", encoded(room));
        let answer = who.asks(Method::PUT, &path, &[], json!({"msgtype": "m.text", "body": n.to_string()}).to_string()).await;
        if answer.status != 200 {
            return (n, Some(answer));
        }
    }
    (tries, None)
}

async fn alone(who: &Person) -> String {
    who.creates(&[], json!({"preset": "private_chat"})).await
}

#[tokio::test]
async fn the_young_and_the_new_may_say_less_at_once_and_are_told_when_to_go_on() {
    let world = World::with(|config| config.dev = false);
    let known = world.person("known").await;
    let teen = world.aged("teen", AgeBand::From13To15).await;
    let body = json!({"username": "new", "password": "correct horse", "auth": {"type": "m.login.dummy"}});
    let (status, session) = world.nobody(Method::POST, "v3/register", Some(body)).await;
    assert_eq!(status, 200, "{session}");
    let new = world.holder(&session);
    for (who, at_once, pause_s) in [(&new, 15, 2), (&teen, 30, 1)] {
        let room = alone(who).await;
        let (said, refused) = says(who, &room, 45).await;
        let refused = refused.unwrap();
        // slow machines give some of it back meanwhile
        assert!((at_once..at_once + 10).contains(&said), "{}: {said}", who.user_id);
        assert_eq!(refused.plain(), (429, "M_LIMIT_EXCEEDED".to_owned()));
        let waits: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=pause_s).contains(&waits), "{waits}");
        let body: Value = serde_json::from_slice(&refused.body).unwrap();
        assert!((1..=pause_s * 1_000).contains(&body["retry_after_ms"].as_u64().unwrap()), "{body}");
        let state = format!("v3/rooms/{}/state/m.room.topic/", encoded(&room));
        let (status, _) = who.request(Method::PUT, &state, Some(json!({"topic": "x"}))).await;
        assert!([200, 429].contains(&status.as_u16()), "state counts too");
    }
    let (said, refused) = says(&known, &alone(&known).await, 45).await;
    assert!(said == 45 && refused.is_none(), "who is known says as much as everybody may: {said}");
}

#[tokio::test]
async fn another_policy_is_another_bound() {
    let world = World::with(|config| config.dev = false);
    let ana = world.person("ana").await;
    let room = alone(&ana).await;
    assert_eq!(says(&ana, &room, 10).await.0, 10);
    let policy = "contact: own\nversion: 1\nrules:\n  - {id: all, title: all, when: 'true', outcome: allow, tests: [{expect: fires}]}\n\
                  limits:\n  - {id: few, title: few, when: 'true', new_contacts_24h: 5, messages_1m: 4, tests: [{expect: fires}]}\n";
    world.app.replace_contact_policy(app::contact::ContactPolicy::load("own.yaml", policy).unwrap());
    let (said, refused) = says(&ana, &alone(&ana).await, 10).await;
    assert!((2..=3).contains(&said) && refused.is_some_and(|answer| answer.status == 429), "{said}");
}
