//! Devices and what they do.

use model::clock::Timestamp;
use model::filter::{EventFilter, RoomFilter};
use model::id::{OwnedDeviceId, OwnedUserId};
use model::seq::InboxPos;
use store::Store;
use store::command::claim_keys::{ClaimKeys, Claimed};
use store::command::session::LogIn;
use store::command::upload_keys::{Identity, NewKey, UploadKeys, UploadOutcome};
use store::query::sync::{News, Sync, SyncOutcome};

use crate::world::{AddPeople, user};

pub(super) fn device(name: &str) -> OwnedDeviceId {
    OwnedDeviceId::from(name)
}

/// Adds people who have each of these devices.
pub(super) async fn people_with(store: &Store, names: &[&str], devices: &[&str]) {
    store.run(AddPeople(names.iter().map(|name| user(name)).collect())).await.unwrap();
    for name in names {
        for device in devices {
            logs_in(store, name, device).await;
        }
    }
}

pub(super) async fn logs_in(store: &Store, name: &str, device_id: &str) {
    let mut token_hash = [0; 32];
    for (place, byte) in format!("{name}/{device_id}").bytes().enumerate() {
        token_hash[place % 32] ^= byte;
    }
    let command =
        LogIn { user_id: user(name), device_id: device(device_id), display_name: None, token_hash, refresh: None, now: Timestamp(0) };
    assert!(store.run(command).await.unwrap());
}

pub(super) fn key(id: &str, content: &str) -> NewKey {
    NewKey {
        algorithm: "signed_curve25519".to_owned(),
        key_id: format!("signed_curve25519:{id}"),
        content: format!(r#"{{"key":"{content}"}}"#),
    }
}

pub(super) fn upload(name: &str, device_id: &str, one_time_keys: Vec<NewKey>) -> UploadKeys {
    UploadKeys { user_id: user(name), device_id: device(device_id), identity: None, one_time_keys, fallback_keys: Vec::new() }
}

pub(super) async fn uploads_identity(store: &Store, name: &str, device_id: &str, public: &str) -> UploadOutcome {
    let keys = format!(r#"{{"ed25519:{device_id}":"{public}"}}"#);
    let content = format!(r#"{{"device_id":"{device_id}","keys":{keys}}}"#);
    store.run(UploadKeys { identity: Some(Identity { keys, content }), ..upload(name, device_id, Vec::new()) }).await.unwrap()
}

pub(super) async fn claims(store: &Store, of: &[(&str, &str)]) -> Claimed {
    let wanted = of.iter().map(|(name, device_id)| ((user(name), device(device_id)), "signed_curve25519".to_owned())).collect();
    store.run(ClaimKeys { asker: user("asker"), wanted }).await.unwrap()
}

/// What a device is told since a position of its person and a place in its own queue.
pub(super) async fn told(store: &Store, who: &OwnedUserId, device_id: &str, since: Option<InboxPos>, queue: InboxPos) -> News {
    let query = Sync {
        user_id: who.clone(),
        device_id: device(device_id),
        since,
        queue,
        timeline: EventFilter::default(),
        rooms: RoomFilter::default(),
        full_state: false,
        state_after: false,
        threads: false,
        include_leave: false,
        lazy_members: false,
    };
    match store.read(query).await.unwrap() {
        SyncOutcome::News(news) => *news,
        SyncOutcome::Ahead => panic!("the position was given by this store"),
    }
}

/// The position of a person now.
pub(super) async fn now(store: &Store, name: &str) -> InboxPos {
    told(store, &user(name), "PHONE", None, InboxPos::ZERO).await.pos
}
