//! Key backups: what a new device takes from the server, sealed by its person's own key.

use http::Method;
use serde_json::{Map, Value, json};

use crate::plain;
use crate::world::{Person, World};

const ALGORITHM: &str = "m.megolm_backup.v1.curve25519-aes-sha2";

fn algorithm() -> Value {
    json!({"algorithm": ALGORITHM, "auth_data": {"public_key": "abc", "signatures": {}}})
}

fn key(verified: bool, first_index: u64, forwarded: u64) -> Value {
    json!({"first_message_index": first_index, "forwarded_count": forwarded, "is_verified": verified,
           "session_data": {"ephemeral": format!("{verified}/{first_index}/{forwarded}"), "ciphertext": "c", "mac": "m", "unknown": [1]}})
}

async fn creates(who: &Person) -> String {
    who.post("v3/room_keys/version", algorithm()).await["version"].as_str().unwrap().to_owned()
}

/// Puts one key of `!a:x` into a version.
async fn puts(who: &Person, version: &str, session: &str, key: Value) -> Value {
    who.put(&format!("v3/room_keys/keys/!a:x/{session}?version={version}"), key).await
}

#[tokio::test]
async fn what_is_put_in_comes_out_by_room_by_session_and_all() {
    let world = World::new();
    let ana = world.person("ana").await;
    assert_eq!(plain(&ana.refused(Method::GET, "v3/room_keys/version", None).await), (404, "M_NOT_FOUND"));
    let version = creates(&ana).await;
    assert_eq!(ana.get(&format!("v3/room_keys/keys?version={version}")).await, json!({"rooms": {}}));
    let (one, two, three) = (key(true, 0, 0), key(false, 3, 1), key(true, 7, 0));
    assert_eq!(puts(&ana, &version, "s1", one.clone()).await["count"], 1);
    ana.put(&format!("v3/room_keys/keys/!a:x?version={version}"), json!({"sessions": {"s2": two}})).await;
    let all = json!({"rooms": {"!b:x": {"sessions": {"s1": three}}}});
    let state = ana.put(&format!("v3/room_keys/keys?version={version}"), all).await;
    let told = ana.get("v3/room_keys/version").await;
    assert_eq!((&told["version"], &told["algorithm"], &told["auth_data"]), (&json!(version), &json!(ALGORITHM), &algorithm()["auth_data"]));
    assert_eq!((&told["count"], &told["etag"]), (&json!(3), &state["etag"]));
    assert_eq!(ana.get(&format!("v3/room_keys/version/{version}")).await, told);
    assert_eq!(ana.get(&format!("v3/room_keys/keys/!a:x/s1?version={version}")).await, one, "as it was put in");
    assert_eq!(ana.get(&format!("v3/room_keys/keys/!a:x?version={version}")).await, json!({"sessions": {"s1": one, "s2": two}}));
    let all = json!({"rooms": {"!a:x": {"sessions": {"s1": one, "s2": two}}, "!b:x": {"sessions": {"s1": three}}}});
    assert_eq!(ana.get(&format!("v3/room_keys/keys?version={version}")).await, all);
    assert_eq!(ana.get(&format!("v3/room_keys/keys/!c:x?version={version}")).await, json!({"sessions": {}}));
    let none = ana.refused(Method::GET, &format!("v3/room_keys/keys/!a:x/s9?version={version}"), None).await;
    assert_eq!(plain(&none), (404, "M_NOT_FOUND"));
}

#[tokio::test]
async fn very_many_keys_come_out_whole() {
    let world = World::new();
    let ana = world.person("ana").await;
    let version = creates(&ana).await;
    let page = model::limits::BACKUP_PAGE_KEYS;
    let room = |first: usize, count: usize| {
        let sessions: Map<String, Value> = (first..first + count).map(|n| (format!("s{n}"), key(true, 0, 0))).collect();
        json!({"sessions": sessions})
    };
    // the first room ends with a page, the second goes over the end of one, the third is small
    let rooms = json!({"rooms": {"!a:x": room(0, page), "!b:x": room(0, page + page / 2), "!c:x": room(0, 3)}});
    for (name, one) in rooms["rooms"].as_object().unwrap() {
        ana.put(&format!("v3/room_keys/keys/{name}?version={version}"), one.clone()).await;
    }
    assert_eq!(ana.get(&format!("v3/room_keys/keys?version={version}")).await, rooms);
    for (name, one) in rooms["rooms"].as_object().unwrap() {
        assert_eq!(&ana.get(&format!("v3/room_keys/keys/{name}?version={version}")).await, one);
    }
}

#[tokio::test]
async fn the_better_key_stays() {
    let world = World::new();
    let ana = world.person("ana").await;
    let version = creates(&ana).await;
    let path = format!("v3/room_keys/keys/!a:x/s?version={version}");
    let mut etag = puts(&ana, &version, "s", key(false, 5, 5)).await["etag"].clone();
    for (better, worse) in [
        (key(false, 5, 4), key(false, 5, 6)),
        (key(false, 4, 9), key(false, 5, 0)),
        (key(true, 9, 9), key(false, 0, 0)),
        (key(true, 8, 9), key(true, 9, 0)),
    ] {
        let state = puts(&ana, &version, "s", better.clone()).await;
        assert_ne!(state["etag"], etag, "a better key moves the etag");
        etag = state["etag"].clone();
        assert_eq!(puts(&ana, &version, "s", worse).await["etag"], etag, "a worse one does not");
        assert_eq!(ana.get(&path).await, better);
    }
}

#[tokio::test]
async fn keys_go_out_by_session_by_room_and_all() {
    let world = World::new();
    let ana = world.person("ana").await;
    let version = creates(&ana).await;
    let rooms = json!({"rooms": {"!a:x": {"sessions": {"s1": key(true, 0, 0), "s2": key(true, 0, 0)}}, "!b:x": {"sessions": {"s1": key(true, 0, 0)}},
                                 "!c:x": {"sessions": {"s1": key(true, 0, 0)}}}});
    let mut etag = ana.put(&format!("v3/room_keys/keys?version={version}"), rooms).await["etag"].clone();
    for (path, left) in [("/!a:x/s1", 3), ("/!a:x", 2), ("", 0)] {
        let state = ana.ok(Method::DELETE, &format!("v3/room_keys/keys{path}?version={version}"), None).await;
        assert_eq!(state["count"], left, "{path}");
        assert_ne!(state["etag"], etag, "{path}");
        etag = state["etag"].clone();
    }
    assert_eq!(ana.get(&format!("v3/room_keys/keys?version={version}")).await, json!({"rooms": {}}));
    let unknown = ana.refused(Method::DELETE, "v3/room_keys/keys?version=99", None).await;
    assert_eq!(plain(&unknown), (404, "M_NOT_FOUND"));
}

#[tokio::test]
async fn the_wrong_version_is_said_and_takes_no_key() {
    let world = World::new();
    let ana = world.person("ana").await;
    let path = |version: &str| format!("v3/room_keys/keys/!a:x/s?version={version}");
    let none = ana.refused(Method::PUT, &path("1"), Some(key(true, 0, 0))).await;
    assert_eq!(plain(&none), (404, "M_NOT_FOUND"), "there is no backup");
    let (old, new) = (creates(&ana).await, creates(&ana).await);
    for wrong in [old.as_str(), "99", "0", "-1", "x", "9223372036854775808"] {
        let (status, answer) = ana.request(Method::PUT, &path(wrong), Some(key(true, 0, 0))).await;
        assert_eq!((status.as_u16(), &answer["errcode"]), (403, &json!("M_WRONG_ROOM_KEYS_VERSION")), "{wrong}");
        assert_eq!(answer["current_version"], json!(new), "{wrong}");
    }
    for wrong in ["99", "0", "x", "9223372036854775808"] {
        let keys = format!("v3/room_keys/keys?version={wrong}");
        assert_eq!(plain(&ana.refused(Method::GET, &keys, None).await), (404, "M_NOT_FOUND"), "{wrong}");
        let about = format!("v3/room_keys/version/{wrong}");
        assert_eq!(plain(&ana.refused(Method::GET, &about, None).await), (404, "M_NOT_FOUND"), "{wrong}");
        assert_eq!(plain(&ana.refused(Method::PUT, &about, Some(algorithm())).await), (404, "M_NOT_FOUND"), "{wrong}");
        assert_eq!(plain(&ana.refused(Method::DELETE, &about, None).await), (404, "M_NOT_FOUND"), "{wrong}");
    }
    assert_eq!(ana.get(&format!("v3/room_keys/keys?version={old}")).await, json!({"rooms": {}}), "an old version can be read");
}

#[tokio::test]
async fn a_version_changes_its_data_and_nothing_else() {
    let world = World::new();
    let ana = world.person("ana").await;
    let version = creates(&ana).await;
    let path = format!("v3/room_keys/version/{version}");
    let body = |algorithm: &str, version: &str| json!({"algorithm": algorithm, "auth_data": {"public_key": "new"}, "version": version});
    for (algorithm, named) in [("other", version.as_str()), (ALGORITHM, "99")] {
        let refused = ana.refused(Method::PUT, &path, Some(body(algorithm, named))).await;
        assert_eq!(plain(&refused), (400, "M_INVALID_PARAM"), "{algorithm} {named}");
    }
    ana.put(&path, body(ALGORITHM, &version)).await;
    assert_eq!(ana.get(&path).await["auth_data"], json!({"public_key": "new"}));
    ana.put(&path, algorithm()).await;
    assert_eq!(ana.get(&path).await["auth_data"], algorithm()["auth_data"], "the body need not name the version");
}

#[tokio::test]
async fn a_deleted_version_is_gone_and_its_number_used_up() {
    let world = World::new();
    let ana = world.person("ana").await;
    let (first, second) = (creates(&ana).await, creates(&ana).await);
    puts(&ana, &second, "s", key(true, 0, 0)).await;
    ana.ok(Method::DELETE, &format!("v3/room_keys/version/{second}"), None).await;
    assert_eq!(ana.get("v3/room_keys/version").await["version"], json!(first));
    assert_eq!(plain(&ana.refused(Method::GET, &format!("v3/room_keys/keys?version={second}"), None).await), (404, "M_NOT_FOUND"));
    let third = creates(&ana).await;
    assert!(third != first && third != second, "{third}");
    assert_eq!(ana.get(&format!("v3/room_keys/keys?version={third}")).await, json!({"rooms": {}}));
    for _ in 2..20 {
        creates(&ana).await;
    }
    assert_eq!(plain(&ana.refused(Method::POST, "v3/room_keys/version", Some(algorithm())).await), (403, "M_FORBIDDEN"));
}

#[tokio::test]
async fn keys_of_the_wrong_form_or_size_are_refused_whole() {
    let world = World::new();
    let ana = world.person("ana").await;
    let version = creates(&ana).await;
    let all = format!("v3/room_keys/keys?version={version}");
    let with = |name: &str, value: Value| {
        let mut key = key(true, 0, 0);
        key[name] = value;
        json!({"rooms": {"!a:x": {"sessions": {"bad": key, "good": self::key(true, 0, 0)}}}})
    };
    let many: Map<String, Value> = (0..2_001).map(|n| (format!("s{n}"), key(true, 0, 0))).collect();
    for (body, refusal) in [
        (with("first_message_index", json!(-1)), (400, "M_BAD_JSON")),
        (with("first_message_index", json!("0")), (400, "M_BAD_JSON")),
        (with("first_message_index", json!(u64::MAX)), (400, "M_BAD_JSON")),
        (with("forwarded_count", json!(1.5)), (400, "M_BAD_JSON")),
        (with("is_verified", json!("yes")), (400, "M_BAD_JSON")),
        (with("session_data", json!("text")), (400, "M_BAD_JSON")),
        (with("session_data", json!({"ciphertext": "x".repeat(5_000)})), (413, "M_TOO_LARGE")),
        (json!({"rooms": []}), (400, "M_BAD_JSON")),
        (json!({"rooms": {"!a:x": {}}}), (400, "M_BAD_JSON")),
        (json!({"rooms": {"!a:x": {"sessions": many}}}), (413, "M_TOO_LARGE")),
    ] {
        let refused = ana.refused(Method::PUT, &all, Some(body.clone())).await;
        assert_eq!(plain(&refused), refusal, "{}", body.to_string().chars().take(120).collect::<String>());
    }
    assert_eq!(ana.get(&all).await, json!({"rooms": {}}));
    for body in [json!({}), json!({"algorithm": 1, "auth_data": {}}), json!({"algorithm": ALGORITHM, "auth_data": "none"})] {
        assert_eq!(ana.refused(Method::POST, "v3/room_keys/version", Some(body.clone())).await.0, 400, "{body}");
    }
    let long = json!({"algorithm": ALGORITHM, "auth_data": {"public_key": "x".repeat(17_000)}});
    assert_eq!(plain(&ana.refused(Method::POST, "v3/room_keys/version", Some(long)).await), (413, "M_TOO_LARGE"));
}

#[tokio::test]
async fn a_backup_is_ones_own() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let laptop = world.device("ana", "LAPTOP").await;
    let version = creates(&ana).await;
    puts(&ana, &version, "s", key(true, 0, 0)).await;
    assert_eq!(laptop.get(&format!("v3/room_keys/keys/!a:x/s?version={version}")).await, key(true, 0, 0), "a new device reads it");
    assert_eq!(plain(&ben.refused(Method::GET, &format!("v3/room_keys/keys?version={version}"), None).await), (404, "M_NOT_FOUND"));
    assert_eq!(plain(&ben.refused(Method::GET, "v3/room_keys/version", None).await), (404, "M_NOT_FOUND"));
    let (status, answer) = world.nobody(Method::GET, "v3/room_keys/version", None).await;
    assert_eq!((status, &answer["errcode"]), (401, &json!("M_MISSING_TOKEN")));
}
