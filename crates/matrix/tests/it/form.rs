//! Requests of the wrong form: broken JSON, broken text, unknown paths, filters that make no sense.

use http::Method;
use serde_json::json;

use crate::plain;
use crate::world::{World, encoded};

#[tokio::test]
async fn numbers_that_events_cannot_hold_are_bad_json() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    for (index, number) in
        ["9007199254740992", "-9007199254740992", "9223372036854775808", "1.1", "-1.0", "1e3", "-0", "1E-3", "18446744073709551616"]
            .iter()
            .enumerate()
    {
        let content = format!(r#"{{"msgtype":"m.text","body":"x","n":{number}}}"#);
        let send = format!("v3/rooms/{}/send/m.room.message/{index}", encoded(&room));
        assert_eq!(plain(&ana.sends_bytes(Method::PUT, &send, content.clone()).await), (400, "M_BAD_JSON"), "{number}");
        let state = format!("v3/rooms/{}/state/org.example.n", encoded(&room));
        assert_eq!(plain(&ana.sends_bytes(Method::PUT, &state, content).await), (400, "M_BAD_JSON"), "{number}");
        let nested = format!(r#"{{"msgtype":"m.text","body":"x","deep":[{{"n":[{number}]}}]}}"#);
        assert_eq!(plain(&ana.sends_bytes(Method::PUT, &send, nested).await), (400, "M_BAD_JSON"), "{number}");
    }
    for (index, number) in ["9007199254740991", "-9007199254740991", "0"].iter().enumerate() {
        let send = format!("v3/rooms/{}/send/m.room.message/fine{index}", encoded(&room));
        let content = format!(r#"{{"msgtype":"m.text","body":"x","n":{number}}}"#);
        assert_eq!(ana.sends_bytes(Method::PUT, &send, content).await.0, 200, "{number}");
    }
}

#[tokio::test]
async fn words_that_are_no_numbers_are_not_json() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let send = format!("v3/rooms/{}/send/m.room.message/1", encoded(&room));
    for value in ["NaN", "Infinity", "-Infinity", "undefined", "'x'", "01", "+1", ".5", "0x10", ""] {
        let content = format!(r#"{{"msgtype":"m.text","body":"x","n":{value}}}"#);
        assert_eq!(plain(&ana.sends_bytes(Method::PUT, &send, content).await), (400, "M_NOT_JSON"), "{value}");
    }
    for text in ["", "{", "[", "{}}", "{\"body\":\"x\",}", "body=x", "{\"body\":\"\\ud800\"}"] {
        assert_eq!(plain(&ana.sends_bytes(Method::PUT, &send, text).await), (400, "M_NOT_JSON"), "{text}");
    }
    for text in ["[]", "1", "\"x\"", "null", "{\"body\":1,\"body\":2}"] {
        assert_eq!(plain(&ana.sends_bytes(Method::PUT, &send, text).await), (400, "M_BAD_JSON"), "{text}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_not_json() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let broken = b"{\"msgtype\":\"m.text\",\"body\":\"\x81\"}".to_vec();
    for path in [
        format!("v3/rooms/{}/send/m.room.message/1", encoded(&room)),
        format!("v3/rooms/{}/state/m.room.topic", encoded(&room)),
        "v3/user/@ana:example.org/account_data/org.example.x".to_owned(),
    ] {
        assert_eq!(plain(&ana.sends_bytes(Method::PUT, &path, broken.clone()).await), (400, "M_NOT_JSON"), "{path}");
    }
    for path in ["v3/createRoom", "v3/user/@ana:example.org/filter", "v3/login", "v3/register", "v3/search"] {
        assert_eq!(plain(&ana.sends_bytes(Method::POST, path, broken.clone()).await), (400, "M_NOT_JSON"), "{path}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_said_to_be() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let send = |event_type: &str| format!("v3/rooms/{}/send/{event_type}/1", encoded(&room));
    let long = json!({"msgtype": "m.text", "body": "x".repeat(66_000)}).to_string();
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &send("m.room.message"), long).await), (413, "M_TOO_LARGE"));
    let huge = json!({"body": "x".repeat(1_100_000)}).to_string();
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &send("m.room.message"), huge).await), (413, "M_TOO_LARGE"));
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &send(&"t".repeat(256)), "{}").await), (413, "M_TOO_LARGE"));
    let state = format!("v3/rooms/{}/state/org.example.x/{}", encoded(&room), "k".repeat(256));
    assert_eq!(plain(&ana.sends_bytes(Method::PUT, &state, "{}").await), (413, "M_TOO_LARGE"));
}

#[tokio::test]
async fn filters_of_the_wrong_form_are_not_kept() {
    let world = World::new();
    let ana = world.person("ana").await;
    for wrong in [
        json!({"presence": "not an object"}),
        json!({"room": "not an object"}),
        json!({"room": {"timeline": "not an object"}}),
        json!({"room": {"state": "not an object"}}),
        json!({"room": {"ephemeral": "not an object"}}),
        json!({"room": {"account_data": "not an object"}}),
        json!({"room": {"rooms": "not a list"}}),
        json!({"room": {"timeline": {"rooms": "not a list"}}}),
        json!({"room": {"timeline": {"rooms": ["not a room ID"]}}}),
        json!({"room": {"timeline": {"senders": "not a list"}}}),
        json!({"room": {"timeline": {"senders": ["not a user ID"]}}}),
        json!({"room": {"timeline": {"limit": "many"}}}),
        json!([]),
    ] {
        let answer = ana.sends_bytes(Method::POST, "v3/user/@ana:example.org/filter", wrong.to_string()).await;
        assert_eq!(plain(&answer), (400, "M_BAD_JSON"), "{wrong}");
    }
    let unknown = ana.post("v3/user/@ana:example.org/filter", json!({"org.example.new": 1})).await;
    assert!(unknown["filter_id"].is_string(), "what is not known yet is kept");
}

#[tokio::test]
async fn unknown_paths_are_not_recognised_with_or_without_a_token() {
    let world = World::new();
    let ana = world.person("ana").await;
    for path in [
        "/_matrix/client/unknown",
        "/_matrix/client/v1/unknown",
        "/_matrix/client/v3/unknown",
        "/_matrix/client/v3/login/unknown",
        "/_matrix/client/v99/sync",
        "/_matrix/unknown",
        "/_matrix/federation/v1/version",
        "/_matrix/federation/unknown",
        "/_matrix/key/v2/unknown",
        "/_matrix/client/v3/rooms/!r/initialSync",
        "/_matrix/client/v3/events",
        "/_matrix",
        "/unknown",
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let (status, answer) = world.anywhere(method, path, Some(json!({}))).await;
            assert_eq!((status, answer["errcode"].as_str()), (404, Some("M_UNRECOGNIZED")), "{path}");
        }
    }
    assert_eq!(plain(&ana.refused(Method::GET, "v3/unknown", None).await), (404, "M_UNRECOGNIZED"));
}

#[tokio::test]
async fn known_paths_name_the_wrong_method() {
    let world = World::new();
    for (method, path) in [
        (Method::PATCH, "v3/login"),
        (Method::DELETE, "v3/login"),
        (Method::PUT, "v3/sync"),
        (Method::POST, "v3/account/whoami"),
        (Method::GET, "v3/createRoom"),
        (Method::PATCH, "v3/rooms/!r/state/m.room.name/"),
        (Method::POST, "v3/rooms/!r/messages"),
        (Method::PUT, "versions"),
    ] {
        let (status, answer) = world.nobody(method.clone(), path, None).await;
        assert_eq!((status, answer["errcode"].as_str()), (405, Some("M_UNRECOGNIZED")), "{method} {path}");
    }
}
