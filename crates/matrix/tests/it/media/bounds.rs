use std::time::Duration;

use app::media::MediaBounds;
use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Method;
use model::person::AccountState;
use serde_json::json;
use store::command::update_user::UserChange;

use crate::world::World;

fn small() -> World {
    World::with(|config| config.media = MediaBounds { upload_bytes: 100_000, user_bytes: 150_000 })
}

#[tokio::test]
async fn a_file_beyond_the_bound_is_refused_and_leaves_nothing() {
    let world = small();
    let (ana, ..) = world.friends().await;
    assert_eq!(ana.get("v1/media/config").await, json!({"m.upload.size": 100_000}));
    let old = ana.asks(Method::GET, "/_matrix/media/v3/config", &[], "").await;
    assert_eq!(old.body, br#"{"m.upload.size":100000}"#);
    let too_large = (413, "M_TOO_LARGE".to_owned());
    let headers = [("content-length", "100001"), ("content-type", "text/plain")];
    // nothing of it is read
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(ana.asks(Method::POST, "/_matrix/media/v3/upload", &headers, never).await.plain(), too_large);
    let endless = Body::from_stream(stream::repeat(Bytes::from(vec![7; 1_000])).map(Ok::<_, std::io::Error>));
    assert_eq!(ana.sends_up("text/plain", "endless", endless).await.plain(), too_large);
    assert_eq!(world.app.sweep_media().await.unwrap(), 1);
    assert_eq!(world.app.sweep_media().await.unwrap(), 0);
    ana.uploads("text/plain", "all of it", vec![7; 100_000]).await;
}

#[tokio::test]
async fn a_file_that_ends_early_is_refused_and_leaves_nothing() {
    let world = small();
    let (ana, ..) = world.friends().await;
    let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))]);
    assert_eq!(ana.sends_up("text/plain", "half", Body::from_stream(broken)).await.plain(), (400, "M_UNKNOWN".to_owned()));
    assert_eq!(world.app.sweep_media().await.unwrap(), 1);
}

#[tokio::test]
async fn a_quota_ends_and_comes_back() {
    let world = small();
    let (ana, _, room) = world.friends().await;
    let first = ana.uploads("text/plain", "a", vec![1; 90_000]).await;
    let full = ana.sends_up("text/plain", "b", vec![1; 90_000]).await;
    assert_eq!(full.plain(), (403, "M_USER_LIMIT_EXCEEDED".to_owned()));
    assert!(String::from_utf8_lossy(&full.body).contains("https://chat.example.org/.well-known/matrix/support"));
    // the smallest file counts for four KiB
    for n in 0..14 {
        ana.uploads("text/plain", &format!("{n}"), "x").await;
    }
    assert_eq!(ana.sends_up("text/plain", "c", "x").await.plain().0, 403);
    let shown = ana.sends(&room, "m.room.message", "1", json!({"msgtype": "m.file", "body": "a", "url": first})).await;
    ana.ok(Method::PUT, &format!("v3/rooms/{room}/redact/{shown}/2"), Some(json!({}))).await;
    ana.uploads("text/plain", "d", vec![1; 90_000]).await;
}

#[tokio::test]
async fn nobody_uploads_many_files_at_once() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let slow: Vec<_> = (0..4)
        .map(|n| {
            let ana = ana.clone();
            let body = stream::once(async move {
                tokio::time::sleep(Duration::from_millis(400)).await;
                Ok::<_, std::io::Error>(Bytes::from_static(b"slow"))
            });
            tokio::spawn(async move { ana.sends_up("text/plain", &n.to_string(), Body::from_stream(body)).await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ana.sends_up("text/plain", "5", "one more").await.plain(), (429, "M_LIMIT_EXCEEDED".to_owned()));
    ben.uploads("text/plain", "6", "somebody else").await;
    for upload in slow {
        assert_eq!(upload.await.unwrap(), 200);
    }
    ana.uploads("text/plain", "7", "later").await;
}

#[tokio::test]
async fn who_is_suspended_reads_and_uploads_nothing() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let address = ben.uploads("text/plain", "a", "hello").await;
    world.app.change_account(&ana.user_id, UserChange::State(AccountState::Suspended)).await.unwrap();
    assert_eq!(ana.downloads(&address, "").await.body, b"hello");
    assert_eq!(ana.sends_up("text/plain", "a", "x").await.plain(), (403, "M_USER_SUSPENDED".to_owned()));
    let announced = ana.asks(Method::POST, "/_matrix/media/v1/create", &[], "").await;
    assert_eq!(announced.plain(), (403, "M_USER_SUSPENDED".to_owned()));
}

#[tokio::test]
async fn nobody_uploads_without_a_token_or_in_no_text() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let (status, answer) = world.anywhere(Method::POST, "/_matrix/media/v3/upload", Some(json!({}))).await;
    assert_eq!((status, &answer["errcode"]), (401, &json!("M_MISSING_TOKEN")));
    let named_badly = ana.asks(Method::POST, "/_matrix/media/v3/upload?filename=%ff%fe", &[], "x").await;
    assert!(named_badly.status == 200 || named_badly.plain() == (400, "M_INVALID_PARAM".to_owned()), "{}", named_badly.status);
    assert_eq!(ana.asks(Method::GET, "/_matrix/media/v3/upload", &[], "").await.plain(), (405, "M_UNRECOGNIZED".to_owned()));
}
