use http::Method;
use serde_json::{Value, json};

use super::place;
use crate::world::{Answer, Person, World};

impl Person {
    async fn announces(&self) -> (String, i64) {
        let answer = self.asks(Method::POST, "/_matrix/media/v1/create", &[], "").await;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer["content_uri"].as_str().unwrap().to_owned(), answer["unused_expires_at"].as_i64().unwrap())
    }

    async fn fills(&self, address: &str, body: &str) -> Answer {
        let path = format!("/_matrix/media/v3/upload/{}?filename=later.txt", place(address));
        self.asks(Method::PUT, &path, &[("content-type", "text/plain")], body.to_owned()).await
    }
}

#[tokio::test]
async fn an_address_can_be_had_before_its_file() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let (address, expires) = ana.announces().await;
    assert_eq!(expires, 1_700_000_000_000 + 24 * 3_600_000);
    assert_eq!(ben.downloads(&address, "?timeout_ms=0").await.plain(), (504, "M_NOT_YET_UPLOADED".to_owned()));
    assert_eq!(ben.fills(&address, "mine").await.plain(), (403, "M_FORBIDDEN".to_owned()));
    let waiting = {
        let (ben, address) = (ben.clone(), address.clone());
        tokio::spawn(async move { ben.downloads(&address, "?timeout_ms=30000").await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(ana.fills(&address, "hello").await.status, 200);
    let came = waiting.await.unwrap();
    assert_eq!((came.status, came.body.as_slice()), (200, b"hello".as_slice()));
    assert_eq!(came.header("content-disposition"), "inline; filename=later.txt");
    assert_eq!(ana.fills(&address, "other").await.plain(), (409, "M_CANNOT_OVERWRITE_MEDIA".to_owned()));
    assert_eq!(ben.downloads(&address, "").await.body, b"hello");
    let never = format!("mxc://example.org/{}", "a".repeat(32));
    for wrong in [never.as_str(), "mxc://other.org/abc", "mxc://example.org/abc"] {
        assert_eq!(ana.fills(wrong, "x").await.plain(), (404, "M_NOT_FOUND".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn an_address_that_nobody_fills_is_let_go_of() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let (address, _) = ana.announces().await;
    world.clock.advance_ms(24 * 3_600_000);
    assert_eq!(ana.fills(&address, "late").await.plain(), (404, "M_NOT_FOUND".to_owned()));
    assert_eq!(world.app.sweep_media().await.unwrap(), 1);
    assert_eq!(ana.downloads(&address, "?timeout_ms=0").await.plain(), (404, "M_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn a_failed_file_can_be_sent_again_to_its_address() {
    let world = World::with(|config| config.media.upload_bytes = 10);
    let (ana, ..) = world.friends().await;
    let (address, _) = ana.announces().await;
    assert_eq!(ana.fills(&address, "much too long").await.plain(), (413, "M_TOO_LARGE".to_owned()));
    assert_eq!(ana.fills(&address, "short").await.status, 200);
    assert_eq!(ana.downloads(&address, "").await.body, b"short");
}

#[tokio::test]
async fn nobody_has_many_addresses_without_files() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    for _ in 0..50 {
        ana.announces().await;
    }
    let refused = ana.asks(Method::POST, "/_matrix/media/v1/create", &[], "").await;
    assert_eq!(refused.plain(), (429, "M_LIMIT_EXCEEDED".to_owned()));
    assert!(!refused.header("retry-after").is_empty());
    ben.announces().await;
    assert_eq!(ana.get("v1/media/config").await, json!({"m.upload.size": 52_428_800}));
}
