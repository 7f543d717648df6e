//! A reported message of a sealed conversation: what the safety team is shown, and that nothing is pretended.

use app::rooms::create::{NewRoom, Preset};
use app::rooms::send::Message;
use http::StatusCode;
use model::id::{OwnedEventId, OwnedRoomId};
use model::person::Role;
use serde_json::json;
use vodozemac::megolm::{GroupSession, SessionConfig};

use crate::world::World;

/// Ana says something to Ben that nobody else can read.
async fn said(world: &World) -> (OwnedRoomId, OwnedEventId, GroupSession) {
    let new = NewRoom {
        preset: Preset::Private,
        is_direct: true,
        invite: vec![world.ben.user_id.clone()],
        name: None,
        topic: None,
        creation_content: Some(json!({"org.frankly.mode": "sealed"}).to_string()),
        initial_state: vec![],
        power_levels: None,
        version: None,
    };
    let room = world.app.create_room(&world.ana.caller, new).await.unwrap();
    world.app.join(&world.ben.caller, room.clone(), None).await.unwrap();
    let mut session = GroupSession::new(SessionConfig::version_1());
    let content = json!({
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": session.encrypt("blockword").to_base64(),
        "session_id": session.session_id(),
    });
    let message =
        Message { room_id: room.clone(), event_type: "m.room.encrypted".to_owned(), txn_id: "1".to_owned(), content: content.to_string() };
    let event = world.app.send(&world.ana.caller, message).await.unwrap();
    (room, event, session)
}

#[tokio::test]
async fn a_reported_sealed_message_shows_what_there_is_and_reveals_nothing() {
    let world = World::new().await;
    let (room, event, session) = said(&world).await;
    world.app.report_event(&world.ben.caller, room, event, "a threat".to_owned()).await.unwrap();
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    let case = rita.post("console/cases/1/claim", json!({})).await.body;
    assert_eq!(
        (&case["mode"], &case["message"]["type"], &case["message"]["state"]),
        (&json!("sealed"), &json!("m.room.encrypted"), &json!("visible"))
    );
    let sealed = &case["message"]["sealed"];
    assert_eq!((&sealed["ciphertext_bytes"], &sealed["message_index"], &sealed["elsewhere"]), (&json!(16), &json!(0), &json!(false)));
    assert_eq!(sealed["session_id"], session.session_id());
    assert_eq!(case["reports"][0]["reason"], "a threat");
    let allowed = case["allowed"].as_array().unwrap();
    assert!(!allowed.contains(&json!("reveal")) && allowed.contains(&json!("decide:dismiss")), "{allowed:?}");
    assert!(case["rights_note"].as_str().unwrap().contains("sealed"), "{}", case["rights_note"]);
    let answer = rita.post("console/cases/1/reveal", json!({"reason": "to see it", "window": 5})).await;
    assert_eq!((answer.status, &answer.body["errcode"]), (StatusCode::FORBIDDEN, &json!("M_FORBIDDEN")));
    assert!(!answer.body.to_string().contains("ciphertext"));
    assert_eq!(world.count("select count(*) from access_records where staff <> $1", "").await, 0, "nothing was read");
    rita.decides(1, "warn").await;
    assert_eq!(rita.get("console/cases/1").await.body["state"], "decided");
}
