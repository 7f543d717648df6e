//! One-time keys given out, what their owner's device is told of it, and keys looked up.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};

use super::client::{claims, devices, identifies, keys, lists, sends, to_device, uploads};
use crate::plain;
use crate::world::{World, next};

#[tokio::test]
async fn keys_go_once_in_upload_order_and_then_the_fallback_key() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let laptop = world.device("ana", "LAPTOP").await;
    for name in ["M", "A"] {
        uploads(&ana, &[(name, "1")]).await;
    }
    uploads(&laptop, &[("L", "1")]).await;
    ana.post("v3/keys/upload", json!({"fallback_keys": keys(&[("F", "1")])})).await;
    let mut both = claims(&ben, &[(&ana, "PHONE"), (&ana, "LAPTOP"), (&ben, "PHONE"), (&ana, "NONE")]).await;
    both.sort();
    assert_eq!(both, ["signed_curve25519:L", "signed_curve25519:M"], "first uploaded, first given out");
    assert_eq!(claims(&ben, &[(&ana, "PHONE")]).await, ["signed_curve25519:A"]);
    for _ in 0..2 {
        assert_eq!(claims(&ben, &[(&ana, "PHONE")]).await, ["signed_curve25519:F"]);
    }
    assert!(claims(&ben, &[(&ana, "LAPTOP")]).await.is_empty());
}

#[tokio::test]
async fn claimers_at_once_get_different_keys() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let names: Vec<String> = (0..30).map(|n| format!("{n:02}")).collect();
    uploads(&ana, &names.iter().map(|name| (name.as_str(), "x")).collect::<Vec<_>>()).await;
    let claimers: Vec<_> = (0..40)
        .map(|_| {
            let (ana, ben) = (ana.clone(), ben.clone());
            tokio::spawn(async move { claims(&ben, &[(&ana, "PHONE")]).await })
        })
        .collect();
    let (mut got, mut given) = (BTreeSet::new(), 0);
    for claimer in claimers {
        let keys = claimer.await.unwrap();
        given += keys.len();
        got.extend(keys);
    }
    assert_eq!((given, got.len()), (30, 30));
}

#[tokio::test]
async fn every_sync_tells_the_counts_of_its_own_device() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let laptop = world.device("ana", "LAPTOP").await;
    ana.post("v3/keys/upload", json!({"one_time_keys": keys(&[("A", "1"), ("B", "2")]), "fallback_keys": keys(&[("F", "1")])})).await;
    let told =
        |sync: &Value| (sync["device_one_time_keys_count"]["signed_curve25519"].clone(), sync["device_unused_fallback_key_types"].clone());
    let first = ana.syncs("").await;
    assert_eq!(told(&first), (json!(2), json!(["signed_curve25519"])));
    assert_eq!(told(&ana.syncs_since(&first).await), (json!(2), json!(["signed_curve25519"])), "also when nothing is new");
    assert_eq!(told(&laptop.syncs("").await), (json!(0), json!([])));
    for left in [json!(1), json!(0)] {
        claims(&ben, &[(&ana, "PHONE")]).await;
        assert_eq!(told(&ana.syncs_since(&first).await), (left, json!(["signed_curve25519"])));
    }
    claims(&ben, &[(&ana, "PHONE")]).await;
    assert_eq!(told(&ana.syncs_since(&first).await), (json!(0), json!([])), "the fallback key is used");
    ana.post("v3/keys/upload", json!({"fallback_keys": keys(&[("F", "1")])})).await;
    assert_eq!(told(&ana.syncs("").await), (json!(0), json!([])), "and stays so when it is uploaded again");
    ana.post("v3/keys/upload", json!({"fallback_keys": keys(&[("G", "1")])})).await;
    assert_eq!(told(&ana.syncs("").await), (json!(0), json!(["signed_curve25519"])));
}

#[tokio::test]
async fn a_claim_wakes_the_device_that_has_fewer_keys_now() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    uploads(&ana, &[("A", "1"), ("B", "2")]).await;
    let first = ana.syncs("").await;
    let waiting = {
        let (ana, path) = (ana.clone(), format!("v3/sync?timeout=30000&since={}", next(&first)));
        tokio::spawn(async move { ana.get(&path).await })
    };
    tokio::task::yield_now().await;
    claims(&ben, &[(&ana, "PHONE")]).await;
    let sync = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("woken").unwrap();
    assert_eq!(sync["device_one_time_keys_count"], json!({"signed_curve25519": 1}));
}

#[tokio::test]
async fn a_device_that_is_logged_out_leaves_nothing_behind() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let laptop = world.device("ana", "LAPTOP").await;
    identifies(&ana, "PHONE").await;
    identifies(&laptop, "LAPTOP").await;
    laptop.post("v3/keys/upload", json!({"one_time_keys": keys(&[("A", "1")]), "fallback_keys": keys(&[("F", "1")])})).await;
    sends(&ben, "waits", &ana, "LAPTOP").await;
    let (of_ana, of_ben) = (ana.syncs("").await, ben.syncs("").await);
    assert_eq!(devices(&ben, &ana).await, ["LAPTOP", "PHONE"]);
    laptop.post("v3/logout", json!({})).await;
    for (who, before) in [(&ana, &of_ana), (&ben, &of_ben)] {
        assert_eq!(lists(&who.syncs_since(before).await["device_lists"]), (vec!["ana"], vec![]), "told to {}", who.user_id);
        assert_eq!(devices(who, &ana).await, ["PHONE"]);
    }
    assert!(claims(&ben, &[(&ana, "LAPTOP")]).await.is_empty());
    let again = world.device("ana", "LAPTOP").await;
    let sync = again.syncs("").await;
    assert!(to_device(&sync).is_empty());
    assert_eq!(sync["device_one_time_keys_count"], json!({"signed_curve25519": 0}));
    identifies(&again, "LAPTOP").await;
    assert_eq!(devices(&ben, &ana).await, ["LAPTOP", "PHONE"], "a new device of the old name has an identity of its own");
}

#[tokio::test]
async fn a_query_for_one_device_tells_that_one() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let laptop = world.device("ana", "LAPTOP").await;
    identifies(&ana, "PHONE").await;
    identifies(&laptop, "LAPTOP").await;
    let body = json!({"device_keys": {"@ana:example.org": ["PHONE", "NONE"], "@ghost:example.org": []}});
    let answer = ben.post("v3/keys/query", body).await;
    let told: Vec<_> = answer["device_keys"]["@ana:example.org"].as_object().unwrap().keys().collect();
    assert_eq!(told, ["PHONE"]);
    assert_eq!((&answer["device_keys"]["@ghost:example.org"], &answer["failures"]), (&json!({}), &json!({})));
    ana.put("v3/devices/PHONE", json!({"display_name": "Ana's phone"})).await;
    let answer = ben.post("v3/keys/query", json!({"device_keys": {"@ana:example.org": []}})).await;
    assert_eq!(answer["device_keys"]["@ana:example.org"]["PHONE"]["unsigned"], json!({"device_display_name": "Ana's phone"}));
}

#[tokio::test]
async fn queries_and_claims_of_the_wrong_form_or_size_are_refused() {
    let world = World::new();
    let ana = world.person("ana").await;
    let people: Map<String, Value> = (0..2_001).map(|n| (format!("@u{n}:example.org"), json!([]))).collect();
    let claimed: Map<String, Value> = (0..2_001).map(|n| (format!("@u{n}:example.org"), json!({"D": "signed_curve25519"}))).collect();
    for (path, body, refusal) in [
        ("v3/keys/query", json!({"device_keys": people}), (413, "M_TOO_LARGE")),
        ("v3/keys/claim", json!({"one_time_keys": claimed}), (413, "M_TOO_LARGE")),
        ("v3/keys/query", json!({"device_keys": ["@ana:example.org"]}), (400, "M_BAD_JSON")),
        ("v3/keys/query", json!({"device_keys": {"@ana:example.org": {"device_id": "PHONE"}}}), (400, "M_BAD_JSON")),
        ("v3/keys/query", json!({"device_keys": {"no user": []}}), (400, "M_BAD_JSON")),
        ("v3/keys/query", json!({}), (400, "M_BAD_JSON")),
        ("v3/keys/claim", json!({"one_time_keys": {"@ana:example.org": {"PHONE": 1}}}), (400, "M_BAD_JSON")),
        ("v3/keys/claim", json!({}), (400, "M_BAD_JSON")),
    ] {
        assert_eq!(plain(&ana.refused(Method::POST, path, Some(body)).await), refusal, "{path}");
    }
    for path in ["v3/keys/upload", "v3/keys/query", "v3/keys/claim", "v3/keys/device_signing/upload", "v3/keys/signatures/upload"] {
        let (status, answer) = world.nobody(Method::POST, path, Some(json!({}))).await;
        assert_eq!((status, &answer["errcode"]), (401, &json!("M_MISSING_TOKEN")), "{path}");
    }
}
