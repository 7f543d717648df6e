//! A case from the flag to the notice.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use model::person::Role;
use serde_json::json;
use tower::ServiceExt;

use crate::world::{World, ask};

/// Waits until a condition holds, for as long as a slow machine may need.
async fn until<F: AsyncFn() -> bool>(holds: F) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came to hold");
}

#[tokio::test]
async fn a_case_as_the_queue_shows_it() {
    let world = World::new().await;
    world.says("holdword").await.unwrap();
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    let answer = rita.get("console/cases?state=open").await;
    insta::assert_json_snapshot!(answer.body, {".cases[].room_id" => "[room]"});
}

#[tokio::test]
async fn a_case_with_its_rights_and_never_its_message() {
    let world = World::new().await;
    world.says("holdword singular").await.unwrap();
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    let seen = rita.get("console/cases/1").await;
    assert_eq!(seen.body["allowed"], json!(["claim"]));
    assert_eq!(seen.body["rights_note"], "claim the case first");
    assert!(!seen.body.to_string().contains("singular"));

    let mine = rita.post("console/cases/1/claim", json!({})).await.body;
    insta::assert_json_snapshot!(mine, {".room_id" => "[room]", ".message.event_id" => "[event]"});
}

#[tokio::test]
async fn a_read_shows_the_message_and_is_on_record_for_everybody_concerned() {
    let world = World::new().await;
    world.says("hello").await.unwrap();
    world.says("flagword here").await.unwrap();
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    let revealed = rita.opens(1).await;
    assert_eq!(revealed.status, StatusCode::OK, "{:?}", revealed.body);
    insta::assert_json_snapshot!(revealed.body["messages"].as_array().unwrap().last(), {".event_id" => "[event]"});
    let own = rita.get("console/access").await.body;
    // the service account's first notice lies in the window too
    assert_eq!(own["records"][0]["subjects"], json!(["@ana:example.org", "@ben:example.org", "@frankly:example.org"]));
    for member in [&world.ana, &world.ben] {
        let answer = world.asks(member, "access").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body["records"][0]["role"], "reviewer");
        assert!(!answer.body.to_string().contains("rita"), "members learn the role, not the name");
    }
}

#[tokio::test]
async fn both_sides_are_told_what_was_decided() {
    let world = World::new().await;
    let jobs = world.app.spawn_jobs();
    world.says("holdword").await.unwrap();
    assert!(!world.inbox(&world.ben).await.contains(&"holdword".to_owned()));
    let rita = world.staff("rita", &[Role::SeniorReviewer]).await;
    let decided = rita.decides(1, "release").await;
    assert_eq!(decided.status, StatusCode::OK, "{:?}", decided.body);
    assert_eq!(decided.body["state"], "decided");
    assert_eq!(decided.body["message"]["state"], "released");
    assert!(world.inbox(&world.ben).await.contains(&"holdword".to_owned()));
    let told = async |who, words: &str| world.inbox(who).await.iter().any(|text| text.contains(words));
    until(async || told(&world.ana, "kept back, and delivered it").await && told(&world.ben, "kept back for review").await).await;

    // the next notice comes into the same room
    let rooms = "select count(*) from notice_rooms where user_id = $1";
    world.says("flagword").await.unwrap();
    rita.decides(2, "warn").await;
    until(async || told(&world.ana, "This is a warning.").await).await;
    assert_eq!(world.count(rooms, world.ana.user_id.as_str()).await, 1);
    assert_eq!(world.count("select strikes from users where user_id = $1", world.ana.user_id.as_str()).await, 1);
    jobs.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_suspended_sender_cannot_write_and_can_report() {
    let world = World::new().await;
    world.says("flagword").await.unwrap();
    let rita = world.staff("rita", &[Role::SeniorReviewer]).await;
    assert_eq!(rita.decides(1, "suspend").await.status, StatusCode::OK);
    let ana = world.app.authenticate(&world.ana.token).await.unwrap();
    assert!(matches!(ana.may_write(), Err(app::Error::UserSuspended)));
    world.app.report_user(&ana, world.ben.user_id.clone(), "he began".to_owned()).await.unwrap();
    assert_eq!(rita.get("console/cases?state=open").await.body["cases"][0]["kind"], "user");
}

#[tokio::test]
async fn the_time_limit_of_a_withheld_message_is_kept() {
    let world = World::new().await;
    world.says("holdword").await.unwrap();
    world.clock.advance_ms(3_599_999);
    world.app.expire().await.unwrap();
    assert!(!world.inbox(&world.ben).await.contains(&"holdword".to_owned()));
    world.clock.advance_ms(1);
    world.app.expire().await.unwrap();
    assert!(world.inbox(&world.ben).await.contains(&"holdword".to_owned()));
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    let case = rita.get("console/cases/1").await.body;
    assert_eq!((&case["state"], &case["message"]["state"]), (&json!("open"), &json!("released")));
}

#[tokio::test]
async fn conflicts_have_codes_of_their_own() {
    let world = World::new().await;
    world.says("flagword").await.unwrap();
    let (rita, sam) = (world.staff("rita", &[Role::Reviewer]).await, world.staff("sam", &[Role::Reviewer]).await);
    assert_eq!(rita.post("console/cases/1/claim", json!({})).await.status, StatusCode::OK);
    let held = sam.post("console/cases/1/claim", json!({})).await;
    assert_eq!((held.status, &held.body["errcode"]), (StatusCode::CONFLICT, &json!("FRANKLY_CLAIMED")));
    rita.decides(1, "dismiss").await;
    let decided = sam.post("console/cases/1/claim", json!({})).await;
    assert_eq!((decided.status, &decided.body["errcode"]), (StatusCode::CONFLICT, &json!("FRANKLY_DECIDED")));
    let again = rita.post("console/cases/1/decide", json!({"outcome": "warn", "note": ""})).await;
    assert_eq!((again.status, &again.body["errcode"]), (StatusCode::CONFLICT, &json!("FRANKLY_DECIDED")));
}

#[tokio::test]
async fn fifty_reviewers_and_one_case() {
    let world = Arc::new(World::new().await);
    world.says("flagword").await.unwrap();
    let mut browsers = Vec::new();
    for n in 0..50 {
        browsers.push(world.staff(&format!("reviewer{n}"), &[Role::Reviewer]).await);
    }
    let claims = browsers.iter().map(|browser| browser.post("console/cases/1/claim", json!({})));
    let answers = futures_util::future::join_all(claims).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::CONFLICT).count(), 49);
}

#[tokio::test]
async fn a_console_hears_of_a_case_at_once() {
    let world = World::new().await;
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    let request = Request::get("/_frankly/v1/console/events").header(header::COOKIE, &rita.cookie).body(Body::empty()).unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = response.into_body();
    world.says("childword").await.unwrap();
    world.says("flagword").await.unwrap();
    let frame = tokio::time::timeout(Duration::from_secs(20), stream.frame()).await.unwrap().unwrap().unwrap();
    let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
    // the first case is of a queue that a reviewer does not work
    assert_eq!(text, "event: case\ndata: {\"case_id\":2,\"kind\":\"opened\",\"priority\":\"P2\",\"queue\":\"safety\"}\n\n");
}

#[tokio::test]
async fn what_is_malformed_is_refused_in_words() {
    let world = World::new().await;
    world.says("flagword").await.unwrap();
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    rita.post("console/cases/1/claim", json!({})).await;
    for (path, body, errcode) in [
        ("console/cases/1/reveal", json!({"reason": "  "}), "M_INVALID_PARAM"),
        ("console/cases/1/reveal", json!({"reason": "long enough", "window": 6}), "M_INVALID_PARAM"),
        ("console/cases/1/reveal", json!({"reason": "x".repeat(4097)}), "M_TOO_LARGE"),
        ("console/cases/1/reveal", json!({"reason": "x".repeat(40_000)}), "M_TOO_LARGE"),
        ("console/cases/1/reveal", json!([1]), "M_BAD_JSON"),
        ("console/cases/1/decide", json!({"outcome": "hang"}), "M_BAD_JSON"),
        ("console/cases/1/decide", json!({"outcome": "release"}), "M_INVALID_PARAM"),
        ("console/cases/x/claim", json!({}), "M_NOT_FOUND"),
        ("console/cases/99/claim", json!({}), "M_NOT_FOUND"),
        ("console/nothing", json!({}), "M_UNRECOGNIZED"),
    ] {
        let answer = rita.post(path, body).await;
        assert_eq!(answer.body["errcode"], errcode, "{path} {:?}", answer.body);
        assert!(answer.status.is_client_error());
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    }
    assert_eq!(rita.get("console/cases?after=1.2").await.body["errcode"], "M_INVALID_PARAM");
    assert_eq!(rita.get("console/cases?state=odd").await.body["errcode"], "M_INVALID_PARAM");
    let text = Request::post("/_frankly/v1/console/login").header("x-frankly-console", "1").body(Body::from("{")).unwrap();
    assert_eq!(ask(&world.router, text).await.body["errcode"], "M_NOT_JSON");
}

#[tokio::test]
async fn a_refused_text_is_deleted_after_its_time_and_the_case_says_when() {
    let world = World::new().await;
    world.says("blockword").await.unwrap_err();
    world.clock.advance_ms(world.app.config.keep_evidence_ms.unwrap());
    assert_eq!(world.app.forget_evidence().await.unwrap(), 0);
    world.clock.advance_ms(1);
    assert_eq!(world.app.forget_evidence().await.unwrap(), 1);
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    let message = rita.get("console/cases/1").await.body["message"].clone();
    assert_eq!((&message["state"], message["text_gone_ms"].is_i64()), (&json!("blocked"), true));
}
