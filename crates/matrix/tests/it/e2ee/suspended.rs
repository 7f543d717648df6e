//! Who is suspended keeps their keys in order; who is locked finds them again.

use http::Method;
use model::person::Role;
use serde_json::json;

use app::accounts::admin::UserChange;

use super::client::{claims, devices, identifies, keys, logs_in, registers, sends, to_device, uploads};
use crate::plain;
use crate::world::World;

#[tokio::test]
async fn the_suspended_upload_sign_send_to_devices_and_back_up() {
    let world = World::new();
    let (rosa, ana, ben) = (registers(&world, "rosa").await, registers(&world, "ana").await, registers(&world, "ben").await);
    world.app.change_account(&rosa.user_id, UserChange::AddRole(Role::ChildSafety)).await.unwrap();
    rosa.put("v1/admin/suspend/@ana:example.org", json!({"suspended": true})).await;
    identifies(&ana, "PHONE").await;
    assert_eq!(uploads(&ana, &[("A", "1")]).await, json!({"signed_curve25519": 1}));
    sends(&ana, "hello", &ben, "*").await;
    assert_eq!(to_device(&ben.syncs("").await), [&json!({"n": "hello"})]);
    assert_eq!(ana.post("v3/keys/signatures/upload", json!({})).await, json!({"failures": {}}));
    let backup = json!({"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": "abc"}});
    let version = ana.post("v3/room_keys/version", backup).await["version"].clone();
    let key = json!({"first_message_index": 0, "forwarded_count": 0, "is_verified": true, "session_data": {}});
    ana.put(&format!("v3/room_keys/keys/!a:x/s?version={}", version.as_str().unwrap()), key).await;
}

#[tokio::test]
async fn the_locked_may_not_and_everything_waits_for_them() {
    let world = World::new();
    let (rosa, ana, ben) = (registers(&world, "rosa").await, registers(&world, "ana").await, registers(&world, "ben").await);
    let laptop = logs_in(&world, "ana", "LAPTOP").await;
    world.app.change_account(&rosa.user_id, UserChange::AddRole(Role::SeniorReviewer)).await.unwrap();
    identifies(&ana, "PHONE").await;
    identifies(&laptop, "LAPTOP").await;
    uploads(&ana, &[("A", "1"), ("B", "2")]).await;
    rosa.put("v1/admin/lock/@ana:example.org", json!({"locked": true})).await;
    let body = json!({"one_time_keys": keys(&[("C", "3")])});
    assert_eq!(plain(&ana.refused(Method::POST, "v3/keys/upload", Some(body)).await), (401, "M_USER_LOCKED"));
    let send = json!({"messages": {"@ben:example.org": {"*": {}}}});
    assert_eq!(plain(&ana.refused(Method::PUT, "v3/sendToDevice/m.x/1", Some(send)).await), (401, "M_USER_LOCKED"));
    assert_eq!(devices(&ben, &ana).await, ["LAPTOP", "PHONE"]);
    assert_eq!(claims(&ben, &[(&ana, "PHONE")]).await, ["signed_curve25519:A"]);
    sends(&ben, "waits", &ana, "*").await;
    rosa.put("v1/admin/lock/@ana:example.org", json!({"locked": false})).await;
    for device in [&ana, &laptop] {
        assert_eq!(to_device(&device.syncs("").await), [&json!({"n": "waits"})]);
    }
    assert_eq!(uploads(&ana, &[]).await, json!({"signed_curve25519": 1}));
}
