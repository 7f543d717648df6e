use http::Method;
use serde_json::json;

use crate::world::{Person, World, encoded};

impl Person {
    async fn shows(&self, room: &str, txn_id: &str, address: &str) -> String {
        self.sends(room, "m.room.message", txn_id, json!({"msgtype": "m.image", "body": "a", "url": address})).await
    }

    async fn takes_back(&self, room: &str, event: &str) {
        let path = format!("v3/rooms/{}/redact/{}/r{}", encoded(room), encoded(event), encoded(event));
        self.ok(Method::PUT, &path, Some(json!({}))).await;
    }

    async fn still_has(&self, address: &str) -> bool {
        self.downloads(address, "").await.status == 200
    }
}

#[tokio::test]
async fn media_go_with_the_last_event_that_shows_them() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let address = ana.uploads("image/png", "a", super::picture()).await;
    assert_eq!(ana.thumbnail(&address, "width=32&height=32&method=crop").await.status, 200);
    let (first, second) = (ana.shows(&room, "1", &address).await, ben.shows(&room, "2", &address).await);
    ana.takes_back(&room, &first).await;
    assert!(ben.still_has(&address).await, "ben shows them too");
    ben.takes_back(&room, &second).await;
    assert_eq!(ben.downloads(&address, "").await.plain(), (404, "M_NOT_FOUND".to_owned()));
    assert_eq!(ana.thumbnail(&address, "width=32&height=32").await.plain(), (404, "M_NOT_FOUND".to_owned()));
    assert_eq!(world.app.sweep_media().await.unwrap(), 1);
    assert_eq!(world.app.sweep_media().await.unwrap(), 0);
}

#[tokio::test]
async fn a_stranger_who_quotes_an_address_takes_nothing_away() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    // as from a sealed conversation: its owner never showed it where the server can see
    let address = ana.uploads("application/octet-stream", "", "ciphertext").await;
    let quoted = ben.shows(&room, "1", &address).await;
    ben.takes_back(&room, &quoted).await;
    assert!(ana.still_has(&address).await);
}

#[tokio::test]
async fn a_picture_that_somebody_wears_stays() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let address = ana.uploads("image/png", "me.png", super::picture()).await;
    ana.put("v3/profile/@ana:example.org/avatar_url", json!({"avatar_url": address})).await;
    assert_eq!(ben.get("v3/profile/@ana:example.org").await["avatar_url"], json!(address));
    let shown = ana.shows(&room, "1", &address).await;
    ana.takes_back(&room, &shown).await;
    assert!(ben.still_has(&address).await);
}

#[tokio::test]
async fn a_room_keeps_its_picture() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let address = ana.uploads("image/png", "room.png", super::picture()).await;
    let shown = ana.shows(&room, "1", &address).await;
    ana.sets(&room, "m.room.avatar", "", json!({"url": address})).await;
    ana.takes_back(&room, &shown).await;
    assert!(ben.still_has(&address).await);
    assert_eq!(ben.state(&room, "m.room.avatar", "").await["url"], json!(address));
}

#[tokio::test]
async fn who_leaves_for_good_and_wishes_it_takes_their_media_along() {
    let world = World::new();
    let (_, ben, _) = world.friends().await;
    let new = json!({"username": "cy", "password": "correct horse", "auth": {"type": "m.login.dummy"}});
    let cy = world.holder(&world.nobody(Method::POST, "v3/register", Some(new)).await.1);
    let address = cy.uploads("text/plain", "a", "hello").await;
    let password = json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "cy"}, "password": "correct horse"});
    cy.post("v3/account/deactivate", json!({"auth": password, "erase": true})).await;
    assert!(!ben.still_has(&address).await);
    assert_eq!(world.app.sweep_media().await.unwrap(), 1);
}
