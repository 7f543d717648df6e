//! What members may know.

use http::{StatusCode, header};
use model::id::{EventId, RoomId, UserId};
use model::person::Role;
use serde_json::json;

use crate::world::{World, person};

#[tokio::test]
async fn a_reporter_follows_the_complaint() {
    let world = World::new().await;
    let event = world.says("rude").await.unwrap();
    world.app.report_event(&world.ben.caller, world.room.clone(), event, "rude".to_owned()).await.unwrap();
    let state = async || world.asks(&world.ben, "reports").await.body["reports"][0]["state"].clone();
    assert_eq!(state().await, "received");
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    rita.post("console/cases/1/claim", json!({})).await;
    assert_eq!(state().await, "in_review");
    rita.decides(1, "remove").await;
    assert_eq!(state().await, "answered");
    let own = world.asks(&world.ben, "reports").await;
    assert_eq!(own.body["reports"][0]["outcome"], "remove");
    assert_eq!(own.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(world.asks(&world.ana, "reports").await.body, json!({"reports": []}));
}

#[tokio::test]
async fn without_a_token_there_is_no_answer() {
    let world = World::new().await;
    for path in ["access", "reports", "modes", "conversations/!room"] {
        let answer = world.browser().get(path).await;
        assert_eq!((answer.status, &answer.body["errcode"]), (StatusCode::UNAUTHORIZED, &json!("M_MISSING_TOKEN")));
    }
}

#[tokio::test]
async fn a_complaint_does_not_tell_whether_its_target_exists() {
    let world = World::new().await;
    let ben = &world.ben.caller;
    world.app.report_user(ben, UserId::parse("@nobody:example.org").unwrap(), "rude".to_owned()).await.unwrap();
    world.app.report_room(ben, RoomId::parse("!nowhere").unwrap(), "rude".to_owned()).await.unwrap();
    assert_eq!(world.count("select count(*) from cases where state <> $1", "").await, 0);
    let unseen = world.app.report_event(ben, world.room.clone(), EventId::parse("$nothing").unwrap(), String::new()).await;
    assert!(matches!(unseen, Err(app::Error::NotFound(_))));
    world.app.report_room(ben, world.room.clone(), "rude".to_owned()).await.unwrap();
    assert_eq!(world.count("select count(*) from cases where subject = $1", "@ana:example.org").await, 1);
}

#[tokio::test]
async fn a_withheld_message_cannot_be_reported_by_who_cannot_see_it() {
    let world = World::new().await;
    let event = world.says("holdword").await.unwrap();
    let unseen = world.app.report_event(&world.ben.caller, world.room.clone(), event, "rude".to_owned()).await;
    assert!(matches!(unseen, Err(app::Error::NotFound(_))));
}

#[tokio::test]
async fn the_policies_in_force_can_be_read() {
    let world = World::new().await;
    let answer = world.asks(&world.ana, "modes").await;
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "policies": [
        {
          "policy": "choice@1",
          "rows": [
            {
              "anybody": [],
              "allowed": [
                "readable",
                "sealed"
              ],
              "default": "sealed",
              "reason": "You choose whether this conversation is end-to-end encrypted or can be read."
            }
          ]
        }
      ],
      "on_encryption_request": "strip"
    }
    "#);
}

#[tokio::test]
async fn a_conversation_says_who_can_read_it_to_those_in_it() {
    let world = World::new().await;
    let path = format!("conversations/{}", world.room);
    let answer = world.asks(&world.ben, &path).await;
    insta::assert_json_snapshot!(answer.body, {".room_id" => "!room", ".check" => "frankly label verify '!room'"}, @r#"
    {
      "room_id": "!room",
      "mode": "readable",
      "policy": "choice@1",
      "tenant": "default",
      "retention": "standard",
      "readers": [
        "its members",
        "software of the server, which checks each message before it is delivered",
        "the safety team, when a message was flagged or reported, or when the law requires it; each such read is recorded first"
      ],
      "check": "frankly label verify '!room'"
    }
    "#);
    assert_eq!(answer.body["room_id"], world.room.as_str());
    let stranger = person(&world.app, "carl").await;
    let hidden = world.asks(&stranger, &path).await;
    assert_eq!((hidden.status, &hidden.body["errcode"]), (StatusCode::NOT_FOUND, &json!("M_NOT_FOUND")));
}
