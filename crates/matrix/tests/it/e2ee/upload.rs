//! `/keys/upload`: what a device says of itself, all of it or nothing.

use http::Method;
use serde_json::{Value, json};

use super::client::{Signer, claims, devices, identifies, identity, keys, queries, uploads};
use crate::plain;
use crate::world::World;

#[tokio::test]
async fn forged_device_keys_are_refused_and_nothing_of_their_request_is_kept() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let (phone, other) = (Signer::of_device("PHONE"), Signer::of_device("PHONE"));
    let good = identity(&ana, &phone);
    let with = |path: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(path).unwrap() = value;
        phone.signs(&ana, &changed)
    };
    let mut changed_later = phone.signs(&ana, &good);
    changed_later["algorithms"] = json!(["m.olm.v1.curve25519-aes-sha2"]);
    let mut garbled = phone.signs(&ana, &good);
    garbled["signatures"]["@ana:example.org"]["ed25519:PHONE"] = "no Base64!".into();
    let laptop = Signer::of_device("LAPTOP");
    let signature = (400, "M_INVALID_SIGNATURE");
    let form = (400, "M_INVALID_PARAM");
    for (what, wrong, refusal) in [
        ("signed by another key", other.signs(&ana, &good), signature),
        ("signed in another's name", phone.signs(&ben, &good), signature),
        ("not signed", good.clone(), signature),
        ("changed after signing", changed_later, signature),
        ("a signature that is none", garbled, signature),
        ("another person's", with("/user_id", json!("@ben:example.org")), form),
        ("another device's", laptop.signs(&ana, &identity(&ana, &laptop)), form),
        ("keys called like another device", with("/keys", json!({"ed25519:LAPTOP": phone.public})), form),
        ("no signing key", with("/keys", json!({"curve25519:PHONE": "curve"})), form),
        ("keys that are no object", with("/keys", json!([])), form),
        ("algorithms that are no list", with("/algorithms", json!("all")), form),
    ] {
        let body = json!({"device_keys": wrong, "one_time_keys": keys(&[("A", "1")]), "fallback_keys": keys(&[("F", "1")])});
        assert_eq!(plain(&ana.refused(Method::POST, "v3/keys/upload", Some(body)).await), refusal, "{what}");
    }
    assert!(devices(&ben, &ana).await.is_empty());
    let sync = ana.syncs("").await;
    assert_eq!(sync["device_one_time_keys_count"], json!({"signed_curve25519": 0}));
    assert_eq!(sync["device_unused_fallback_key_types"], json!([]));
    assert!(claims(&ben, &[(&ana, "PHONE")]).await.is_empty());
}

#[tokio::test]
async fn a_device_keeps_its_first_identity() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    assert!(devices(&ben, &ana).await.is_empty(), "a device without keys is not told");
    let phone = identifies(&ana, "PHONE").await;
    let signed = phone.signs(&ana, &identity(&ana, &phone));
    let again = json!({"device_keys": signed});
    ana.post("v3/keys/upload", again).await;
    let other = Signer::of_device("PHONE");
    let body = json!({"device_keys": other.signs(&ana, &identity(&ana, &other))});
    assert_eq!(plain(&ana.refused(Method::POST, "v3/keys/upload", Some(body)).await), (400, "M_INVALID_PARAM"));
    let told = queries(&ben, &ana).await;
    assert_eq!(told["device_keys"]["@ana:example.org"]["PHONE"], signed, "as it was signed");
    assert_eq!(told["failures"], json!({}));
}

#[tokio::test]
async fn a_key_id_with_other_content_is_refused_and_the_same_again_is_not() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    assert_eq!(uploads(&ana, &[("A", "1"), ("B", "2")]).await, json!({"signed_curve25519": 2}));
    assert_eq!(uploads(&ana, &[("A", "1"), ("B", "2")]).await, json!({"signed_curve25519": 2}), "the answer was lost, the keys were not");
    let body = json!({"one_time_keys": keys(&[("A", "other"), ("C", "3")]), "fallback_keys": keys(&[("F", "1")])});
    let (status, answer) = ana.request(Method::POST, "v3/keys/upload", Some(body)).await;
    assert_eq!((status.as_u16(), &answer["errcode"]), (400, &json!("M_INVALID_PARAM")));
    assert!(answer["error"].as_str().unwrap().contains("already exists"), "clients look for these words: {answer}");
    assert_eq!(uploads(&ana, &[]).await, json!({"signed_curve25519": 2}), "of a refused upload nothing is kept");
    let claimed = ben.post("v3/keys/claim", json!({"one_time_keys": {"@ana:example.org": {"PHONE": "signed_curve25519"}}})).await;
    assert_eq!(claimed["one_time_keys"]["@ana:example.org"]["PHONE"]["signed_curve25519:A"]["key"], "1");
    assert_eq!(uploads(&ana, &[("A", "1")]).await, json!({"signed_curve25519": 1}), "what was given out does not come back");
    assert_eq!(claims(&ben, &[(&ana, "PHONE"), (&ana, "NONE")]).await, ["signed_curve25519:B"]);
    assert!(claims(&ben, &[(&ana, "PHONE")]).await.is_empty(), "and there was no fallback key in the refused upload");
}

#[tokio::test]
async fn too_many_keys_are_refused_and_none_is_pushed_out() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let many = |from: usize, to: usize| {
        let names: Vec<String> = (from..to).map(|n| format!("{n:05}")).collect();
        let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
        json!({"one_time_keys": keys(&all)})
    };
    let all_at_once = ana.refused(Method::POST, "v3/keys/upload", Some(many(0, 10_000))).await;
    assert_eq!(plain(&all_at_once), (413, "M_TOO_LARGE"));
    ana.post("v3/keys/upload", many(0, 1_000)).await;
    assert_eq!(plain(&ana.refused(Method::POST, "v3/keys/upload", Some(many(1_000, 1_001))).await), (413, "M_TOO_LARGE"));
    ana.post("v3/keys/upload", many(0, 1_000)).await;
    assert_eq!(ana.syncs("").await["device_one_time_keys_count"], json!({"signed_curve25519": 1_000}));
    assert_eq!(claims(&ben, &[(&ana, "PHONE")]).await, ["signed_curve25519:00000"]);
}

#[tokio::test]
async fn uploads_of_the_wrong_form_are_refused() {
    let world = World::new();
    let ana = world.person("ana").await;
    let long = "x".repeat(17 * 1024);
    let two = json!({"signed_curve25519:F": {"key": "1"}, "signed_curve25519:G": {"key": "2"}});
    for (body, refusal) in [
        (json!({"device_keys": "none"}), (400, "M_BAD_JSON")),
        (json!({"one_time_keys": []}), (400, "M_BAD_JSON")),
        (json!({"one_time_keys": {"no colon": {"key": "1"}}}), (400, "M_BAD_JSON")),
        (json!({"one_time_keys": {"signed_curve25519:A": 5}}), (400, "M_BAD_JSON")),
        (json!({"one_time_keys": {"signed_curve25519:A": {"signatures": {}}}}), (400, "M_BAD_JSON")),
        (json!({"one_time_keys": {"signed_curve25519:A": {"key": 1.5}}}), (400, "M_BAD_JSON")),
        (json!({"one_time_keys": keys(&[("A", &long)])}), (413, "M_TOO_LARGE")),
        (json!({"one_time_keys": keys(&[(&long, "1")])}), (413, "M_TOO_LARGE")),
        (json!({"device_keys": {"long": long}}), (413, "M_TOO_LARGE")),
        (json!({"fallback_keys": two}), (400, "M_INVALID_PARAM")),
    ] {
        let answer = ana.refused(Method::POST, "v3/keys/upload", Some(body.clone())).await;
        assert_eq!(plain(&answer), refusal, "{}", body.to_string().chars().take(80).collect::<String>());
    }
    assert_eq!(uploads(&ana, &[]).await, json!({"signed_curve25519": 0}));
    assert_eq!(plain(&ana.sends_bytes(Method::POST, "v3/keys/upload", "{").await), (400, "M_NOT_JSON"));
}
