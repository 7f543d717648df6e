//! Who gets in, and how far.

use axum::body::Body;
use http::{Request, StatusCode, header};
use model::person::Role;
use serde_json::json;

use crate::world::{World, ask};

#[tokio::test]
async fn nobody_gets_in_without_a_role_or_with_a_wrong_password() {
    let world = World::new().await;
    let browser = world.browser();
    for (user, password) in [("ana", "correct horse"), ("rita", "wrong"), ("nobody", "correct horse"), ("@ana:elsewhere.org", "x")] {
        let answer = browser.post("console/login", json!({"user": user, "password": password})).await;
        assert_eq!((answer.status, &answer.body["errcode"]), (StatusCode::FORBIDDEN, &json!("M_FORBIDDEN")), "{user}");
    }
    assert_eq!(browser.get("console/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get("console/cases/1").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_foreign_pages() {
    let world = World::new().await;
    world.staff("rita", &[Role::Reviewer]).await;
    let answer = world.browser().post("console/login", json!({"user": "@rita:example.org", "password": "correct horse"})).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["Path=/_frankly", "HttpOnly", "SameSite=Strict", "Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "user_id": "@rita:example.org",
      "display_name": "RITA",
      "roles": [
        "reviewer"
      ]
    }
    "#);
}

#[tokio::test]
async fn a_request_without_the_guard_changes_nothing() {
    let world = World::new().await;
    world.says("flagword").await.unwrap();
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    let request = Request::post("/_frankly/v1/console/cases/1/claim").header(header::COOKIE, &rita.cookie).body(Body::empty()).unwrap();
    assert_eq!(ask(&world.router, request).await.status, StatusCode::FORBIDDEN);
    assert_eq!(rita.get("console/cases/1").await.body["state"], "open");
}

#[tokio::test]
async fn a_session_ends_with_the_log_out_and_with_the_account() {
    let world = World::new().await;
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    assert_eq!(rita.get("console/me").await.status, StatusCode::OK);
    rita.post("console/logout", json!({})).await;
    assert_eq!(rita.get("console/me").await.status, StatusCode::UNAUTHORIZED);
    let sam = world.staff("sam", &[Role::Reviewer]).await;
    world.clock.advance_ms(model::limits::STAFF_SESSION_MS);
    assert_eq!(sam.get("console/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_a_password_is_slowed() {
    let world = World::new().await;
    world.staff("rita", &[Role::Reviewer]).await;
    let browser = world.browser();
    let guess = || browser.post("console/login", json!({"user": "rita", "password": "guess"}));
    for _ in 0..model::limits::STAFF_LOGIN_FAILURES {
        assert_eq!(guess().await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(guess().await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_unclaimed_case_is_not_opened() {
    let world = World::new().await;
    world.says("flagword").await.unwrap();
    let rita = world.staff("rita", &[Role::Reviewer, Role::SeniorReviewer, Role::ChildSafety]).await;
    let answer = rita.post("console/cases/1/reveal", json!({"reason": "out of interest"})).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(world.count("select count(*) from access_records where staff <> $1", "").await, 0);
}

#[tokio::test]
async fn who_administers_or_audits_never_reads() {
    let world = World::new().await;
    world.says("flagword").await.unwrap();
    let rita = world.staff("rita", &[Role::Reviewer]).await;
    assert_eq!(rita.opens(1).await.status, StatusCode::OK);
    for (name, role, sees_records, sees_webhooks) in [
        ("audrey", Role::Auditor, true, false),
        ("petra", Role::PrivacyOfficer, true, false),
        ("ted", Role::TenantAdmin, false, true),
        ("lee", Role::LegalOfficer, false, false),
    ] {
        let browser = world.staff(name, &[role]).await;
        for path in ["console/cases", "console/cases/1"] {
            assert_eq!(browser.get(path).await.status, StatusCode::FORBIDDEN, "{name} {path}");
        }
        assert_eq!(browser.opens(1).await.status, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(browser.decides(1, "dismiss").await.status, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(browser.get("console/access").await.status == StatusCode::OK, sees_records, "{name}");
        assert_eq!(browser.get("console/webhooks").await.status == StatusCode::OK, sees_webhooks, "{name}");
    }
}

#[tokio::test]
async fn the_child_safety_queue_is_opened_by_its_own_role() {
    let world = World::new().await;
    world.says("childword").await.unwrap();
    let (rita, carl) = (world.staff("rita", &[Role::SeniorReviewer]).await, world.staff("carl", &[Role::ChildSafety]).await);
    assert_eq!(rita.get("console/cases").await.body["cases"], json!([]));
    assert_eq!(rita.get("console/overview").await.body["open"], 0);
    assert_eq!(rita.get("console/cases/1").await.status, StatusCode::FORBIDDEN);
    assert_eq!(rita.opens(1).await.status, StatusCode::FORBIDDEN);
    assert_eq!(carl.get("console/overview").await.body["by_priority"]["P0"], 1);
    assert_eq!(carl.opens(1).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_decides_about_themselves() {
    let world = World::new().await;
    let rita = world.staff("rita", &[Role::SeniorReviewer]).await;
    let target = model::id::OwnedUserId::try_from("@rita:example.org").unwrap();
    world.app.report_user(&world.ben.caller, target, "rude".to_owned()).await.unwrap();
    assert_eq!(rita.post("console/cases/1/claim", json!({})).await.status, StatusCode::FORBIDDEN);
}
