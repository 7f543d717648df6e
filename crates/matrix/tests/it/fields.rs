//! What people show of themselves beside name and picture (spec "Profiles").

use app::rules::Rules;
use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World};

const PACK: &str = r#"
pack: test
version: 1
jurisdictions: ["*"]
legal_basis: {GDPR: "test"}
terms:
  bad: {keys: [badword]}
rules:
  - {id: b, title: blocked, status: live, reads: [content], harm: violence.threat, when: "terms.bad > 0", verdict: block, severity: 3, queue: safety, explain: "a word that stops", owner: tests, review_by: "2030-01-01", tests: [{text: badword, expect: block}, {text: fine, expect: allow}]}
"#;

fn path(key: &str) -> String {
    format!("v3/profile/@ana:example.org/{key}")
}

/// Tries to set a field: status and errcode.
async fn tries(person: &Person, key: &str, body: Value) -> (u16, String) {
    let (status, answer) = person.request(Method::PUT, &path(key), Some(body)).await;
    (status.as_u16(), answer["errcode"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, errcode: &str) -> (u16, String) {
    (status, errcode.to_owned())
}

#[tokio::test]
async fn a_field_is_set_read_changed_and_taken_away() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    ana.put(&path("displayname"), json!({"displayname": "Ana"})).await;
    ana.put(&path("m.tz"), json!({"m.tz": "Europe/Berlin"})).await;
    let pronouns = json!([{"summary": "she/her", "language": "en"}]);
    ana.put(&path("org.example.pronouns"), json!({"org.example.pronouns": pronouns})).await;
    let whole = json!({"displayname": "Ana", "m.tz": "Europe/Berlin", "org.example.pronouns": pronouns});
    assert_eq!(ben.get("v3/profile/@ana:example.org").await, whole);
    assert_eq!(world.nobody(Method::GET, "v3/profile/@ana:example.org", None).await, (200, whole));
    assert_eq!(ben.get(&path("m.tz")).await, json!({"m.tz": "Europe/Berlin"}));
    ana.put(&path("m.tz"), json!({"m.tz": "UTC"})).await;
    assert_eq!(ben.get(&path("m.tz")).await, json!({"m.tz": "UTC"}));
    // null is a value like another
    ana.put(&path("org.example.pronouns"), json!({"org.example.pronouns": null})).await;
    assert_eq!(ben.get(&path("org.example.pronouns")).await, json!({"org.example.pronouns": null}));
    for key in ["m.tz", "org.example.pronouns", "org.example.never"] {
        assert_eq!(ana.ok(Method::DELETE, &path(key), None).await, json!({}), "{key}");
        assert_eq!(ben.refused(Method::GET, &path(key), None).await, refused(404, "M_NOT_FOUND"), "{key}");
    }
    assert_eq!(ben.get("v3/profile/@ana:example.org").await, json!({"displayname": "Ana"}));
}

#[tokio::test]
async fn name_and_picture_are_fields_too_and_rooms_see_them_go() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.put(&path("displayname"), json!({"displayname": "Ana"})).await;
    ana.put(&path("avatar_url"), json!({"avatar_url": "mxc://example.org/pic"})).await;
    ana.put(&path("m.tz"), json!({"m.tz": "UTC"})).await;
    let member = ben.state(&room, "m.room.member", "@ana:example.org").await;
    assert_eq!(member, json!({"membership": "join", "displayname": "Ana", "avatar_url": "mxc://example.org/pic"}), "no field but these");
    ana.ok(Method::DELETE, &path("displayname"), None).await;
    ana.ok(Method::DELETE, &path("avatar_url"), None).await;
    assert_eq!(ben.get("v3/profile/@ana:example.org").await, json!({"m.tz": "UTC"}));
    assert_eq!(ben.state(&room, "m.room.member", "@ana:example.org").await, json!({"membership": "join"}));
}

#[tokio::test]
async fn the_unstable_paths_do_the_same() {
    let world = World::new();
    let ana = world.person("ana").await;
    let unstable = |key: &str| format!("unstable/uk.tcpip.msc4133/profile/@ana:example.org/{key}");
    for (key, value) in [("m.tz", "UTC"), ("displayname", "Ana"), ("avatar_url", "mxc://example.org/pic")] {
        ana.put(&unstable(key), json!({key: value})).await;
        assert_eq!(ana.get(&unstable(key)).await, json!({key: value}));
        assert_eq!(ana.get(&path(key)).await, json!({key: value}));
        ana.ok(Method::DELETE, &unstable(key), None).await;
    }
    assert_eq!(ana.get("v3/profile/@ana:example.org").await, json!({}));
    let flags = ana.get("versions").await["unstable_features"].clone();
    assert_eq!((&flags["uk.tcpip.msc4133"], &flags["uk.tcpip.msc4133.stable"]), (&json!(true), &json!(true)));
    assert_eq!(ana.get("v3/capabilities").await["capabilities"]["m.profile_fields"], json!({"enabled": true}));
}

#[tokio::test]
async fn names_and_values_have_their_forms() {
    let world = World::new();
    let ana = world.person("ana").await;
    for key in ["Org.example", "1st", "a%20b", "%C3%A9"] {
        let plain = key.replace("%20", " ").replace("%C3%A9", "é");
        assert_eq!(tries(&ana, key, json!({plain: "x"})).await, refused(400, "M_INVALID_PARAM"), "{key}");
    }
    let (long, longest) = ("a".repeat(256), "a".repeat(255));
    assert_eq!(tries(&ana, &long, json!({&long: "x"})).await, refused(400, "M_KEY_TOO_LARGE"));
    assert_eq!(tries(&ana, &longest, json!({&longest: "x"})).await.0, 200);
    assert_eq!(tries(&ana, "m.tz", json!({"m.tz": "meet me at six"})).await, refused(400, "M_INVALID_PARAM"));
    for body in [json!({"m.tz": 7}), json!({"m.tz": "UTC", "org.example.two": 2}), json!({}), json!({"other": "x"}), json!([]), json!("x")]
    {
        assert_eq!(tries(&ana, "m.tz", body.clone()).await, refused(400, "M_BAD_JSON"), "{body}");
    }
    for (body, errcode) in [("{\"u.n\": 1.5}", "M_BAD_JSON"), ("{\"u.n\": 1, \"u.n\": 2}", "M_BAD_JSON"), ("{\"u.n\": ", "M_NOT_JSON")] {
        assert_eq!(ana.sends_bytes(Method::PUT, &path("u.n"), body).await, refused(400, errcode), "{body}");
    }
    assert_eq!(ana.refused(Method::DELETE, &path(&long), None).await, refused(400, "M_KEY_TOO_LARGE"));
}

#[tokio::test]
async fn a_profile_has_at_most_64_kib_in_all() {
    let world = World::new();
    let ana = world.person("ana").await;
    ana.put(&path("displayname"), json!({"displayname": "Ana"})).await;
    // {"displayname":"Ana","u.a":"…"}
    let most = 65_536 - r#"{"displayname":"Ana","u.a":""}"#.len();
    assert_eq!(tries(&ana, "u.a", json!({"u.a": "x".repeat(most + 1)})).await, refused(400, "M_PROFILE_TOO_LARGE"));
    assert_eq!(tries(&ana, "u.a", json!({"u.a": "x".repeat(most)})).await.0, 200);
    assert_eq!(tries(&ana, "u.b", json!({"u.b": 1})).await, refused(400, "M_PROFILE_TOO_LARGE"));
    assert_eq!(tries(&ana, "u.a", json!({"u.a": "x"})).await.0, 200, "less is always possible");
    assert_eq!(tries(&ana, "u.b", json!({"u.b": 1})).await.0, 200);
}

#[tokio::test]
async fn nobody_changes_somebody_elses() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    ana.put(&path("m.tz"), json!({"m.tz": "UTC"})).await;
    assert_eq!(tries(&ben, "m.tz", json!({"m.tz": "Europe/Berlin"})).await, refused(403, "M_FORBIDDEN"));
    for key in ["m.tz", "displayname"] {
        assert_eq!(ben.refused(Method::DELETE, &path(key), None).await, refused(403, "M_FORBIDDEN"), "{key}");
    }
    assert_eq!(world.nobody(Method::DELETE, &path("m.tz"), None).await.0, 401);
    assert_eq!(ben.get(&path("m.tz")).await, json!({"m.tz": "UTC"}));
}

#[tokio::test]
async fn what_a_profile_shows_is_judged_like_a_name() {
    let world = World::new();
    let ana = world.person("ana").await;
    world.app.replace_rules(Rules::load(&[("test.yaml", PACK)]).unwrap());
    let bad = "my badword";
    let expected = tries(&ana, "displayname", json!({"displayname": bad})).await;
    assert_eq!(expected, refused(403, "ORG.MATRIX.MSC4387_SAFETY"));
    for value in [json!(bad), json!([{"about": {"me": bad}}])] {
        assert_eq!(tries(&ana, "org.example.about", json!({"org.example.about": value})).await, expected);
    }
    assert_eq!(tries(&ana, "org.example.about", json!({"org.example.about": "i like chess"})).await.0, 200);
}
