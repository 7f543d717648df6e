//! Nothing that people read in a readable conversation goes past the scanner.

use app::rules::Rules;
use http::Method;
use model::limits;
use model::person::AccountState;
use serde_json::{Value, json};
use store::command::update_user::UserChange;

use crate::world::{Person, World, encoded};
use crate::{FINE, plain};

const PACK: &str = r#"
pack: test
version: 1
jurisdictions: ["*"]
legal_basis: {GDPR: "test"}
terms:
  bad: {keys: [badword]}
  noise: {keys: [garbage]}
rules:
  - {id: b, title: blocked, status: live, reads: [content], harm: violence.threat, when: "terms.bad > 0", verdict: block, severity: 3, queue: safety, explain: "a word that stops", owner: tests, review_by: "2030-01-01", tests: [{text: badword, expect: block}, {text: garbage, expect: allow}]}
  - {id: l, title: links, status: live, reads: [content], harm: spam.fraud, when: "msg.links > 0 && terms.noise > 0", verdict: block, severity: 2, queue: safety, explain: "a link that stops", owner: tests, review_by: "2030-01-01", tests: [{text: "garbage https://a.example", expect: block}, {text: garbage, expect: allow}]}
"#;

const SAFETY: (u16, &str) = (403, "ORG.MATRIX.MSC4387_SAFETY");

async fn friends() -> (World, Person, Person, String) {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    world.app.replace_rules(Rules::load(&[("test.yaml", PACK)]).unwrap());
    (world, ana, ben, room)
}

async fn tries(person: &Person, room: &str, txn: &str, content: Value) -> (u16, String) {
    let path = format!("v3/rooms/{}/send/m.room.message/{txn}", encoded(room));
    person.sends_bytes(Method::PUT, &path, content.to_string()).await
}

#[tokio::test]
async fn what_would_not_be_looked_at_is_refused() {
    let (_world, ana, ben, room) = friends().await;
    let many: Vec<String> = (0..limits::SCAN_PARTS).map(|number| number.to_string()).collect();
    let hidden = json!({"a": many, "body": "badword", "msgtype": "m.text"});
    assert_eq!(plain(&tries(&ana, &room, "1", hidden.clone()).await), (400, "M_BAD_JSON"));
    let path = format!("v3/rooms/{}/state/org.example.x/", encoded(&room));
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &path, hidden.to_string()).await), (400, "M_BAD_JSON"));
    let field = json!({"org.example.x": [many, "one more"]}).to_string();
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, "v3/profile/@ana:example.org/org.example.x", field).await), (400, "M_BAD_JSON"));
    assert!(!ben.syncs("").await.to_string().contains("badword"));
}

#[tokio::test]
async fn many_hits_of_one_kind_hide_none_of_another() {
    let (_world, ana, _, room) = friends().await;
    let body = "garbage ".repeat(limits::SCAN_HITS * 2);
    assert_eq!(plain(&tries(&ana, &room, "1", json!({"msgtype": "m.text", "body": body})).await), FINE);
    assert_eq!(plain(&tries(&ana, &room, "2", json!({"msgtype": "m.text", "body": body + "badword"})).await), SAFETY);
}

#[tokio::test]
async fn what_html_opens_and_describes_is_read() {
    let (_world, ana, _, room) = friends().await;
    let formatted = |html: &str| json!({"msgtype": "m.text", "body": "look", "format": "org.matrix.custom.html", "formatted_body": html});
    let link = r#"garbage <a href="https://evil.example/">here</a>"#;
    assert_eq!(plain(&tries(&ana, &room, "1", formatted(link)).await), SAFETY);
    assert_eq!(plain(&tries(&ana, &room, "2", formatted(r#"<img alt="badword">"#)).await), SAFETY);
    assert_eq!(plain(&tries(&ana, &room, "3", formatted(r#"<span data-mx-spoiler="badword">x</span>"#)).await), SAFETY);
    let mention = r#"garbage <a href="https://matrix.to/#/@ben:example.org">Ben</a>"#;
    assert_eq!(plain(&tries(&ana, &room, "4", formatted(mention)).await), FINE, "a mention is no link");
}

#[tokio::test]
async fn reasons_are_text_that_people_read() {
    let (world, ana, ben, room) = friends().await;
    let eve = world.person("eve").await;
    let said = ana.says("hello", &room).await;
    let at = format!("v3/rooms/{}", encoded(&room));
    let reason = json!({"reason": "badword", "user_id": eve.user_id});
    let redact = format!("{at}/redact/{}/1", encoded(&said));
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &redact, reason.to_string()).await), SAFETY);
    assert_eq!(plain(&ana.sends_bytes(Method::POST, &format!("{at}/invite"), reason.to_string()).await), SAFETY);
    let other = ben.creates(&[&ana], json!({"preset": "private_chat"})).await;
    let join = format!("v3/join/{}", encoded(&other));
    assert_eq!(plain(&ana.sends_bytes(Method::POST, &join, reason.to_string()).await), SAFETY);
    let kick = json!({"reason": "badword", "user_id": ben.user_id}).to_string();
    assert_eq!(plain(&ana.sends_bytes(Method::POST, &format!("{at}/kick"), kick).await), SAFETY);
    assert_eq!(plain(&ben.sends_bytes(Method::POST, &format!("{at}/leave"), reason.to_string()).await), SAFETY);
    let fine = json!({"reason": "oops"}).to_string();
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &redact, fine).await), FINE);
}

#[tokio::test]
async fn the_suspended_give_no_reasons() {
    let (world, ana, ben, room) = friends().await;
    let said = ben.says("hello", &room).await;
    world.app.change_account(&ben.user_id, UserChange::State(AccountState::Suspended)).await.unwrap();
    let at = format!("v3/rooms/{}", encoded(&room));
    ben.put(&format!("{at}/redact/{}/1", encoded(&said)), json!({"reason": "any words"})).await;
    ben.post(&format!("{at}/leave"), json!({"reason": "any words"})).await;
    let seen = ana.get(&format!("{at}/messages?dir=b&limit=50")).await;
    assert!(!seen.to_string().contains("any words"), "{seen}");
}

#[tokio::test]
async fn who_does_too_much_at_once_waits() {
    let world = World::with(|config| config.dev = false);
    let ana = world.person("ana").await;
    let mut answers = Vec::new();
    for number in 0..limits::SENDER_BURST + 2 {
        let path = format!("v3/users/@nobody{number}:example.org/report");
        answers.push(ana.sends_bytes(Method::POST, &path, json!({"reason": ""}).to_string()).await.0);
    }
    assert!(answers.iter().all(|status| *status == 200), "reports of nobody open nothing");
    let ben = world.person("ben").await;
    answers.clear();
    for number in 0..limits::SENDER_BURST + 2 {
        let body = json!({"avatar_url": format!("mxc://example.org/{number}")}).to_string();
        answers.push(ben.sends_bytes(Method::PUT, "v3/profile/@ben:example.org/avatar_url", body).await.0);
    }
    assert_eq!(answers.last(), Some(&429));
}

#[tokio::test]
async fn a_name_with_a_nul_is_refused() {
    let (_world, ana, _, room) = friends().await;
    let content = json!({"msgtype": "m.text", "body": "hello"}).to_string();
    let invalid = (400, "M_INVALID_PARAM");
    for path in ["send/m.room.message/%00", "state/org.example.x/%00"] {
        let path = format!("v3/rooms/{}/{path}", encoded(&room));
        assert_eq!(plain(&ana.sends_bytes(Method::PUT, &path, content.clone()).await), invalid, "{path}");
    }
    let data = ana.sends_bytes(Method::PUT, "v3/user/@ana:example.org/account_data/a%00b", "{}").await;
    assert_eq!(plain(&data), invalid);
    // inside what is said it is a character like another
    assert_eq!(plain(&tries(&ana, &room, "1", json!({"msgtype": "m.text", "body": "a\u{0}b"})).await), FINE);
}
