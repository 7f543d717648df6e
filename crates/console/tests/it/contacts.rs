//! Cases about whom somebody reaches for: worked like any other, with no message to read.

use http::StatusCode;
use model::contact::ContactCounters;
use model::person::Role;
use serde_json::json;
use store::command::open_contact_case::OpenContactCase;

use crate::world::{START, World};

#[tokio::test]
async fn a_case_about_contacts_says_why_and_is_decided_without_a_message() {
    let world = World::new().await;
    let policy = app::contact::ContactPolicy::shipped();
    let counters = ContactCounters { contacts_1h: 4, contacts_24h: 4, young_24h: 4, young_refused_24h: 3 };
    let opener = model::contact::Party { age_band: model::person::AgeBand::Adult, ..Default::default() };
    let facts = model::contact::ContactFacts { opener, ..Default::default() };
    let verdict = policy.alerts(&facts, &counters).unwrap();
    let subject = world.ben.user_id.clone();
    world.store.run(OpenContactCase { subject, verdict, counters, now: START, tell_webhook: false }).await.unwrap();

    let rita = world.staff("rita", &[Role::Reviewer]).await;
    assert_eq!(rita.get("console/cases/1").await.status, StatusCode::FORBIDDEN, "children's cases have their own role");
    let rosa = world.staff("rosa", &[Role::ChildSafety]).await;
    let listed = rosa.get("console/cases").await.body;
    assert_eq!((&listed["cases"][0]["source"], &listed["cases"][0]["kind"]), (&json!("contact"), &json!("user")));
    let case = rosa.get("console/cases/1").await.body;
    assert_eq!((&case["message"], &case["room_id"], &case["mode"]), (&json!(null), &json!(null), &json!(null)), "{case}");
    assert_eq!(case["reasons"][0]["explain"], "4 minors in 24 hours whom they do not know; refused: 3");
    assert_eq!(case["subject"]["user_id"], "@ben:example.org");
    assert_ne!(rosa.opens(1).await.status, StatusCode::OK, "there is nothing to read");
    assert_eq!(world.count("select count(*) from access_records where staff <> $1", "").await, 0, "and no reading on record");
    let decided = rosa.decides(1, "suspend").await;
    assert_eq!(decided.status, StatusCode::OK, "{:?}", decided.body);
    let state = world.app.account(&world.ben.user_id).await.unwrap().state;
    assert_eq!(state, model::person::AccountState::Suspended);
}
