use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;

use super::{BOMB, picture, place};
use crate::world::{Answer, World};

/// Width and height of a PNG.
fn pixels(answer: &Answer) -> (u32, u32) {
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    let number = |at: usize| u32::from_be_bytes(answer.body[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test]
async fn a_picture_is_made_small_in_a_few_sizes() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let address = ana.uploads("image/png", "a.png", picture()).await;
    assert_eq!(pixels(&ben.thumbnail(&address, "width=96&height=96&method=crop").await), (96, 96));
    assert_eq!(pixels(&ben.thumbnail(&address, "width=300&height=100&method=scale").await), (320, 80));
    assert_eq!(pixels(&ben.thumbnail(&address, "width=5000&height=5000").await), (800, 200));
    let again = ben.thumbnail(&address, "width=320&height=240&animated=true").await;
    assert_eq!(pixels(&again), (320, 80));
    assert_eq!(again.header("content-disposition"), "inline; filename=thumbnail");
    assert_eq!(again.header("x-content-type-options"), "nosniff");
    let path = format!("/_matrix/client/v1/media/thumbnail/{}?width=320&height=240", place(&address));
    assert_eq!(ben.asks(Method::GET, &path, &[("if-none-match", again.header("etag"))], "").await.status, 304);
    assert_ne!(again.header("etag"), ben.downloads(&address, "").await.header("etag"));
}

#[tokio::test]
async fn what_is_no_picture_is_not_made_small() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let half = picture()[..60].to_vec();
    for (content_type, body) in [
        ("application/octet-stream", picture()),
        ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        ("image/png", b"PK\x03\x04 a zip file".to_vec()),
        ("image/png", half),
        ("image/png", Vec::new()),
        ("text/plain", b"hello".to_vec()),
    ] {
        let address = ana.uploads(content_type, "a", body).await;
        for _ in 0..2 {
            assert_eq!(ana.thumbnail(&address, "width=32&height=32").await.plain(), (400, "M_UNKNOWN".to_owned()), "{content_type}");
        }
    }
    let address = ana.uploads("image/png", "a", picture()).await;
    for wish in ["", "width=32", "width=-1&height=1", "width=a&height=b", "width=1.5&height=1"] {
        let refused = ana.thumbnail(&address, wish).await.plain();
        assert_eq!(refused.0, 400, "{wish}: {}", refused.1);
    }
    assert_eq!(ana.thumbnail(&address, "width=0&height=0").await.status, 200);
}

#[tokio::test]
async fn a_bomb_of_pixels_is_refused_and_can_still_be_downloaded() {
    let world = World::new();
    let (ana, ..) = world.friends().await;
    let bomb = STANDARD.decode(BOMB).unwrap();
    let address = ana.uploads("image/png", "bomb.png", bomb.clone()).await;
    for _ in 0..2 {
        assert_eq!(ana.thumbnail(&address, "width=32&height=32").await.plain(), (413, "M_TOO_LARGE".to_owned()));
    }
    assert_eq!(ana.downloads(&address, "").await.body, bomb);
}
