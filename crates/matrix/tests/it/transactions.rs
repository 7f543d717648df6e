//! Transaction IDs: a retry is the same event, and only its device knows it by that name.

use serde_json::{Value, json};

use crate::world::{Person, World, bodies, encoded, joined};

async fn sends(person: &Person, room: &str, event_type: &str, txn: &str, text: &str) -> String {
    person.sends(room, event_type, txn, json!({"msgtype": "m.text", "body": text})).await
}

async fn said(person: &Person, room: &str) -> usize {
    let page = person.get(&format!("v3/rooms/{}/messages?dir=b&limit=100", encoded(room))).await;
    bodies(&page["chunk"]).len()
}

#[tokio::test]
async fn a_retry_is_the_first_event_whatever_it_says() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = sends(&ana, &room, "m.room.message", "t1", "once").await;
    assert_eq!(sends(&ana, &room, "m.room.message", "t1", "once").await, first);
    assert_eq!(sends(&ana, &room, "m.room.message", "t1", "something else").await, first);
    assert_eq!(said(&ben, &room).await, 1);
    assert_eq!(ben.event(&room, &first).await["content"]["body"], "once");
}

#[tokio::test]
async fn one_id_is_another_transaction_in_another_room_type_or_device() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let other = ana.creates(&[&ben], json!({})).await;
    let laptop = world.device("ana", "LAPTOP").await;
    let ids = [
        sends(&ana, &room, "m.room.message", "t1", "x").await,
        sends(&ana, &other, "m.room.message", "t1", "x").await,
        sends(&ana, &room, "org.example.note", "t1", "x").await,
        sends(&laptop, &room, "m.room.message", "t1", "x").await,
        sends(&ben, &room, "m.room.message", "t1", "x").await,
    ];
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id), "{index} is an event of its own");
    }
}

#[tokio::test]
async fn the_id_is_told_to_the_sending_device_wherever_it_reads() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let laptop = world.device("ana", "LAPTOP").await;
    let before = ana.syncs("").await;
    let event_id = sends(&ana, &room, "m.room.message", "my-txn", "hi").await;
    for (person, wanted) in [(&ana, json!("my-txn")), (&laptop, Value::Null), (&ben, Value::Null)] {
        assert_eq!(person.event(&room, &event_id).await["unsigned"]["transaction_id"], wanted);
        let page = person.get(&format!("v3/rooms/{}/messages?dir=b&limit=1", encoded(&room))).await;
        assert_eq!(page["chunk"][0]["unsigned"]["transaction_id"], wanted);
        let context = person.get(&format!("v3/rooms/{}/context/{}", encoded(&room), encoded(&event_id))).await;
        assert_eq!(context["event"]["unsigned"]["transaction_id"], wanted);
    }
    let events = joined(&ana.syncs_since(&before).await, &room)["timeline"]["events"].clone();
    assert_eq!(events[0]["unsigned"]["transaction_id"], "my-txn");
}

#[tokio::test]
async fn a_device_that_logs_in_again_goes_on_where_it_was() {
    let world = World::new();
    let register = json!({"username": "cy", "password": "correct horse", "device_id": "PHONE", "auth": {"type": "m.login.dummy"}});
    let cy = world.holder(&world.nobody(http::Method::POST, "v3/register", Some(register)).await.1);
    let room = cy.creates(&[], json!({})).await;
    let first = sends(&cy, &room, "m.room.message", "t1", "hi").await;
    let login = json!({"type": "m.login.password", "user": "cy", "password": "correct horse", "device_id": "PHONE"});
    let again = world.holder(&world.nobody(http::Method::POST, "v3/login", Some(login.clone())).await.1);
    assert_eq!(sends(&again, &room, "m.room.message", "t1", "hi").await, first, "the transaction is the device's, not the token's");
    assert_eq!(again.event(&room, &first).await["unsigned"]["transaction_id"], "t1");
    let mut login = login;
    login["device_id"] = "TABLET".into();
    let tablet = world.holder(&world.nobody(http::Method::POST, "v3/login", Some(login)).await.1);
    assert_ne!(sends(&tablet, &room, "m.room.message", "t1", "hi").await, first);
}

#[tokio::test]
async fn an_id_beyond_the_bound_is_refused() {
    let world = World::new();
    let (ana, _, room) = world.friends().await;
    let path = format!("v3/rooms/{}/send/m.room.message/{}", encoded(&room), "t".repeat(256));
    let refused = ana.refused(http::Method::PUT, &path, Some(json!({"msgtype": "m.text", "body": "x"}))).await;
    assert_eq!(refused, (400, "M_INVALID_PARAM".to_owned()));
}
