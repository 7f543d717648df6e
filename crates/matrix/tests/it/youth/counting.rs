//! Whom somebody reaches for: bounds and cases, in both modes and without a text.

use http::Method;
use model::clock::Timestamp;
use model::conversation::Mode;
use model::id::OwnedUserId;
use model::person::AgeBand;
use serde_json::json;
use store::query::cases::{CasePage, CaseRow};

use super::{MODES, Town, may_not_join};
use crate::world::{Person, World, encoded};

impl Town {
    /// A server that counts.
    async fn counting(mode: Mode) -> Self {
        Self::in_world(World::with(|config| config.dev = false), mode).await
    }

    /// The cases about somebody's contacts.
    async fn cases(&self, about: &Person) -> Vec<CaseRow> {
        let now = Timestamp(i64::MAX);
        let page = CasePage { state: None, queue: None, without_queue: None, after: None, limit: 100, now };
        let cases = self.world.reads(page).await.cases;
        let is_about = |case: &CaseRow| case.subject.as_ref().is_some_and(|subject| subject.user_id == about.user_id);
        cases.into_iter().filter(|case| case.source == "contact" && is_about(case)).collect()
    }

    /// Young people whom nobody here knows.
    async fn children(&self, count: usize) -> Vec<Person> {
        let mut children = Vec::new();
        for n in 0..count {
            children.push(self.world.aged(&format!("child{n}"), AgeBand::From13To15).await);
        }
        children
    }

    async fn tries(&self, who: &Person, other: &OwnedUserId) -> u16 {
        let options = self.options(&json!({"invite": [other]}));
        who.request(Method::POST, "v3/createRoom", Some(options)).await.0.as_u16()
    }
}

#[tokio::test]
async fn an_adult_who_reaches_for_several_minors_is_a_case_though_each_was_refused() {
    for mode in MODES {
        let town = Town::counting(mode).await;
        let children = town.children(4).await;
        for child in &children[..2] {
            for _ in 0..3 {
                assert_eq!(town.tries(&town.stranger, &child.user_id).await, 403);
            }
        }
        assert!(town.cases(&town.stranger).await.is_empty(), "two people, however often");
        assert_eq!(town.tries(&town.stranger, &children[2].user_id).await, 403);
        let cases = town.cases(&town.stranger).await;
        assert_eq!(cases.len(), 1);
        assert_eq!((cases[0].severity, cases[0].queue.as_str(), cases[0].harms[0].as_str()), (3, "child-safety", "child_safety.grooming"));
        assert_eq!((&cases[0].room_id, &cases[0].event_id), (&None, &None), "there is no message in it");
        assert_eq!(town.tries(&town.stranger, &children[3].user_id).await, 403);
        assert_eq!(town.cases(&town.stranger).await.len(), 1, "one case for one person");
    }
}

#[tokio::test]
async fn every_door_counts_and_names_that_nobody_has_are_no_minors() {
    for mode in MODES {
        let town = Town::counting(mode).await;
        let children = town.children(3).await;
        let open = town.group_of_friends(&json!({"preset": "public_chat"})).await;
        may_not_join(&town.stranger, &open).await;
        let room = town.group(&town.stranger, &[], &json!({})).await;
        let path = format!("v3/rooms/{}", encoded(&room));
        let body = Some(json!({"user_id": children[0].user_id}));
        assert_eq!(town.stranger.refused(Method::POST, &format!("{path}/invite"), body).await.0, 403);
        for n in 0..5 {
            assert_eq!(town.tries(&town.stranger, &format!("@ghost{n}:example.org").as_str().try_into().unwrap()).await, 403);
        }
        assert!(town.cases(&town.stranger).await.is_empty(), "one by coming in, one by inviting");
        let member = format!("{path}/state/m.room.member/{}", encoded(children[1].user_id.as_str()));
        assert_eq!(town.stranger.refused(Method::PUT, &member, Some(json!({"membership": "invite"}))).await.0, 403);
        assert_eq!(town.cases(&town.stranger).await.len(), 1);
    }
}

#[tokio::test]
async fn friends_guardians_and_the_young_themselves_are_no_case() {
    for mode in MODES {
        let town = Town::counting(mode).await;
        let children = town.children(6).await;
        for child in &children {
            town.world.befriends(&town.friend, child).await;
            assert_eq!(town.tries(&town.friend, &child.user_id).await, 403, "under 16 there are no direct conversations");
            assert_eq!(town.tries(&town.teen, &child.user_id).await, 403);
        }
        assert!(town.cases(&town.friend).await.is_empty() && town.cases(&town.teen).await.is_empty());
    }
}

#[tokio::test]
async fn the_strangers_of_a_day_are_bounded_by_age_and_trust() {
    for mode in MODES {
        let town = Town::counting(mode).await;
        // a young person may look for twenty names a day, whether somebody has them or not
        let name = |n: usize| OwnedUserId::try_from(format!("@name{n}:example.org")).unwrap();
        town.world.person("name3").await;
        let mut answers = Vec::new();
        for n in 0..22 {
            answers.push(town.tries(&town.teen, &name(n)).await);
        }
        assert_eq!(answers[..20], [403; 20]);
        assert_eq!(answers[20..], [429; 2]);
        let (status, answer) = town.teen.request(Method::POST, "v3/createRoom", Some(json!({"invite": ["@name30:example.org"]}))).await;
        assert_eq!((status.as_u16(), answer["errcode"].as_str()), (429, Some("M_LIMIT_EXCEEDED")));
        assert_eq!(answer["retry_after_ms"], 24 * 3_600_000);
        assert_eq!(town.tries(&town.teen, &name(7)).await, 403, "whom they tried before is nobody new");
        town.world.clock.advance_ms(24 * 3_600_000 + 1);
        assert_eq!(town.tries(&town.teen, &name(21)).await, 403, "a day later there is room again");
    }
}

#[tokio::test]
async fn looking_at_hidden_profiles_accuses_nobody() {
    for mode in MODES {
        let town = Town::counting(mode).await;
        // a client draws the names of ten minors whom somebody mentioned
        for child in town.children(10).await {
            let path = format!("v3/profile/{}", child.user_id);
            assert_eq!(town.stranger.request(Method::GET, &path, None).await.0, 404);
        }
        assert_eq!((town.world.attempts().await, town.cases(&town.stranger).await.len()), (0, 0));
    }
}

#[tokio::test]
async fn going_through_names_ends_soon() {
    let town = Town::counting(MODES[0]).await;
    town.world.aged("name3", AgeBand::From13To15).await;
    let burst = usize::try_from(model::limits::PROBE_BURST).unwrap();
    let mut answers = Vec::new();
    for n in 0..burst + 2 {
        answers.push(town.teen.request(Method::GET, &format!("v3/profile/@name{n}:example.org"), None).await.0.as_u16());
    }
    assert!(answers[..burst].iter().all(|status| *status == 404) && answers.last() == Some(&429), "{answers:?}");
    assert_eq!(town.teen.request(Method::GET, "v3/profile/@friend:example.org", None).await.0, 200, "friends are seen all the same");
}

#[tokio::test]
async fn messages_in_a_conversation_that_exists_count_nothing() {
    for mode in MODES {
        let town = Town::counting(mode).await;
        let room = town.group(&town.stranger, &[&town.friend], &json!({})).await;
        let before = town.world.attempts().await;
        for n in 0..5 {
            town.says(&town.stranger, &format!("hello {n}"), &room).await;
        }
        assert_eq!(town.world.attempts().await, before);
        assert_eq!(before, 1, "the invitation was one");
    }
}
