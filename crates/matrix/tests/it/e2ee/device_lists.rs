//! Whose keys a client must look up again, and whom it may forget.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::client::{devices, identifies, lists, registers, shows};
use crate::plain;
use crate::world::{Person, World, encoded, next};

async fn changes(who: &Person, from: &Value, to: &Value) -> Value {
    who.get(&format!("v3/keys/changes?from={}&to={}", next(from), next(to))).await
}

/// What somebody is told since a sync; `/keys/changes` must say the same.
async fn told(who: &Person, since: &Value) -> (Vec<String>, Vec<String>) {
    let sync = who.syncs_since(since).await;
    let between = changes(who, since, &sync).await;
    assert_eq!(lists(&sync["device_lists"]), lists(&between), "a sync and /keys/changes say the same to {}", who.user_id);
    let (changed, left) = lists(&sync["device_lists"]);
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    (owned(changed), owned(left))
}

fn only(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn a_new_device_is_told_to_those_who_share_a_room_and_to_ones_own() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let cy = world.person("cy").await;
    identifies(&ana, "PHONE").await;
    let (of_ana, of_ben, of_cy) = (ana.syncs("").await, ben.syncs("").await, cy.syncs("").await);
    let laptop = world.device("ana", "LAPTOP").await;
    assert_eq!(told(&ben, &of_ben).await, (vec![], vec![]), "a device without keys is none");
    identifies(&laptop, "LAPTOP").await;
    for (who, before) in [(&ana, &of_ana), (&ben, &of_ben)] {
        assert_eq!(told(who, before).await, (only(&["ana"]), vec![]));
        assert_eq!(devices(who, &ana).await, ["LAPTOP", "PHONE"], "what was told is there to be looked up");
    }
    assert_eq!(told(&cy, &of_cy).await, (vec![], vec![]));
    let of_ben = ben.syncs("").await;
    ana.put("v3/devices/PHONE", json!({"display_name": "new name"})).await;
    ana.post("v3/keys/upload", json!({"one_time_keys": {"signed_curve25519:A": {"key": "1"}}})).await;
    assert_eq!(told(&ben, &of_ben).await, (vec![], vec![]), "one-time keys are no change of a device list");
}

#[tokio::test]
async fn new_keys_wake_those_who_wait() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let first = ben.syncs("").await;
    let waiting = {
        let (ben, path) = (ben.clone(), format!("v3/sync?timeout=30000&since={}", next(&first)));
        tokio::spawn(async move { ben.get(&path).await })
    };
    tokio::task::yield_now().await;
    identifies(&ana, "PHONE").await;
    let sync = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("woken").unwrap();
    assert_eq!(lists(&sync["device_lists"]), (vec!["ana"], vec![]));
    assert_eq!(devices(&ben, &ana).await, ["PHONE"]);
}

#[tokio::test]
async fn who_comes_in_and_who_is_there_learn_of_each_other() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let cy = world.person("cy").await;
    let (of_ana, of_cy) = (ana.syncs("").await, cy.syncs("").await);
    ana.invites(&cy, &room).await;
    cy.joins(&room).await;
    assert_eq!(told(&ana, &of_ana).await, (only(&["cy"]), vec![]));
    assert_eq!(told(&cy, &of_cy).await, (only(&["ana", "ben"]), vec![]));
    let of_cy = cy.syncs("").await;
    identifies(&ben, "PHONE").await;
    assert_eq!(told(&cy, &of_cy).await, (only(&["ben"]), vec![]));
}

#[tokio::test]
async fn the_invited_are_told_of_to_those_who_invited_them() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    ana.creates(&[&ben], json!({"preset": "private_chat", "is_direct": true})).await;
    let of_ana = ana.syncs("").await;
    identifies(&ben, "PHONE").await;
    assert_eq!(told(&ana, &of_ana).await, (only(&["ben"]), vec![]), "Ana encrypts for who is invited, too");
}

#[tokio::test]
async fn who_goes_out_by_any_door_is_left_when_no_room_is_shared() {
    for door in ["leave", "kick", "ban"] {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let other = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
        ben.joins(&other).await;
        let (of_ana, of_ben) = (ana.syncs("").await, ben.syncs("").await);
        for (which, expected) in [(&room, vec![]), (&other, only(&["ben"]))] {
            match door {
                "leave" => ben.leaves(which).await,
                action => assert_eq!(ana.acts_on(action, &ben, which).await.0, 200),
            }
            assert_eq!(told(&ana, &of_ana).await, (vec![], expected), "{door}");
        }
        assert_eq!(told(&ben, &of_ben).await, (vec![], only(&["ana"])), "{door}");
        let of_ana = ana.syncs("").await;
        identifies(&ben, "PHONE").await;
        assert_eq!(told(&ana, &of_ana).await, (vec![], vec![]), "{door}: what they do then is not Ana's to know");
    }
}

#[tokio::test]
async fn who_closes_their_account_is_left() {
    let world = World::new();
    let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
    let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
    ben.joins(&room).await;
    identifies(&ben, "PHONE").await;
    let of_ana = ana.syncs("").await;
    ben.post("v3/account/deactivate", json!({"auth": shows("ben", super::client::PASSWORD)})).await;
    assert_eq!(told(&ana, &of_ana).await, (vec![], only(&["ben"])));
    assert!(devices(&ana, &ben).await.is_empty());
}

#[tokio::test]
async fn changes_lie_between_two_tokens_of_ones_own() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let first = ben.syncs("").await;
    identifies(&ana, "PHONE").await;
    let second = ben.syncs_since(&first).await;
    assert_eq!(lists(&changes(&ben, &first, &second).await), (vec!["ana"], vec![]));
    assert_eq!(lists(&changes(&ben, &second, &second).await), (vec![], vec![]));
    let of_ana = ana.syncs("").await;
    for (from, to) in [("nonsense", next(&second)), (next(&first), "nonsense"), (next(&of_ana), next(&second)), ("s1_0_0_aa", "s1_0_0_aa")]
    {
        let path = format!("v3/keys/changes?from={}&to={}", encoded(from), encoded(to));
        assert_eq!(plain(&ben.refused(Method::GET, &path, None).await), (400, "M_INVALID_PARAM"), "{from} {to}");
    }
    let without = ben.refused(Method::GET, &format!("v3/keys/changes?from={}", next(&first)), None).await;
    assert_eq!(without.0, 400);
}
