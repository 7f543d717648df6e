//! A database that was brought back from a copy.

use serde_json::json;
use store::command::restored::BeginEpoch;

use super::client::{claims, identifies, keys, lists, sends, to_device, uploads};
use crate::world::{World, bodies, joined, next};

#[tokio::test]
async fn no_key_is_given_out_again_and_clients_carry_on() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    identifies(&ana, "PHONE").await;
    ana.post("v3/keys/upload", json!({"one_time_keys": keys(&[("A", "1"), ("B", "2")]), "fallback_keys": keys(&[("F", "1")])})).await;
    let (of_ana, of_ben) = (ana.syncs("").await, ben.syncs("").await);
    sends(&ben, "waits", &ana, "PHONE").await;
    assert_eq!(world.runs(BeginEpoch).await.keys_dropped, 2);
    assert_eq!(claims(&ben, &[(&ana, "PHONE")]).await, ["signed_curve25519:F"], "the fallback key carries on");
    ben.says("after", &room).await;
    let sync = ana.syncs_since(&of_ana).await;
    assert_eq!(sync["device_one_time_keys_count"], json!({"signed_curve25519": 0}), "so that the client uploads new ones");
    assert_eq!(to_device(&sync), [&json!({"n": "waits"})]);
    assert_eq!(bodies(&joined(&sync, &room)["timeline"]["events"]).last(), Some(&"after"));
    assert_eq!(lists(&sync["device_lists"]), (vec!["ana", "ben"], vec![]), "any device list may have changed");
    // tokens from before the horizon name everybody, and are no error
    let now = ben.syncs_since(&of_ben).await;
    let changes = ben.get(&format!("v3/keys/changes?from={}&to={}", next(&of_ben), next(&now))).await;
    assert_eq!(lists(&changes), (vec!["ana", "ben"], vec![]));
    assert_eq!(uploads(&ana, &[("C", "3")]).await, json!({"signed_curve25519": 1}));
    assert_eq!(claims(&ben, &[(&ana, "PHONE")]).await, ["signed_curve25519:C"]);
}
