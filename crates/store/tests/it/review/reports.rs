//! Complaints of members.

use model::case::{CaseState, Outcome};
use model::id::OwnedUserId;
use model::limits;
use model::verdict::Action;
use store::command::open_report::{OpenReport, Reported, Target};
use store::command::reveal::RevealOutcome;
use store::query::reports_of::ReportsOf;

use super::world::{START, World, priority_of, user, verdict, with_world};

async fn report(world: &World, reporter: &OwnedUserId, target: Target) -> Reported {
    let command = OpenReport { reporter: reporter.clone(), target, reason: "rude".to_owned(), now: START, tell_webhook: true };
    world.store.run(command).await.unwrap()
}

fn ana() -> Target {
    Target::User { user_id: user("ana") }
}

with_world! {
    async fn the_same_complaint_twice_is_one(world: World) {
        let first = report(&world, &world.ben, ana()).await;
        assert!(first.opened && first.fresh);
        let again = report(&world, &world.ben, ana()).await;
        assert_eq!(again, Reported { opened: false, fresh: false, ..first });
        assert_eq!(world.int("select reports from cases where subject = $1", "@ana:example.org").await, 1);
    }

    async fn complaints_about_one_target_join_and_raise_its_case(world: World) {
        let first = report(&world, &world.ben, ana()).await;
        for n in 1..limits::REPORTS_TO_RAISE {
            let priority = "select priority from cases where subject = $1";
            assert_eq!(priority_of(world.int(priority, "@ana:example.org").await), model::case::Priority::P2);
            let next = report(&world, &user(&format!("r{n}")), ana()).await;
            assert_eq!((next.case_id, next.opened), (first.case_id, false));
        }
        assert_eq!(world.int("select priority from cases where subject = $1", "@ana:example.org").await, 1);
        let events = world.rows("select payload from outbox where kind = $1 order by outbox_id", "webhook").await;
        let kinds: Vec<_> = events.iter().map(|row| row.json::<serde_json::Value>(0).unwrap()["type"].clone()).collect();
        assert_eq!(kinds, ["case.opened", "case.raised"]);
    }

    async fn complaints_at_the_same_moment_open_one_case(world: World) {
        let reporters: Vec<_> = (0..8).map(|n| user(&format!("r{n}"))).collect();
        let all = futures_util::future::join_all(reporters.iter().map(|reporter| report(&world, reporter, ana()))).await;
        assert_eq!(all.iter().filter(|one| one.opened).count(), 1);
        assert_eq!(world.int("select reports from cases where subject = $1", "@ana:example.org").await, 8);
    }

    async fn a_complaint_of_a_minor_is_more_urgent(world: World) {
        report(&world, &user("kim"), ana()).await;
        assert_eq!(world.int("select priority from cases where subject = $1", "@ana:example.org").await, 1);
    }

    async fn a_complaint_joins_the_open_case_of_the_scanner(world: World) {
        let (event_id, case) = world.says("hurt", Some(verdict(Action::Annotate)), START).await;
        let target = Target::Event { room_id: world.room.clone(), event_id, sender: world.ana.clone() };
        let reported = report(&world, &world.ben, target).await;
        assert_eq!((Some(reported.case_id), reported.opened), (case, false));
    }

    async fn the_reporter_sees_the_state_and_is_told(world: World) {
        let (event_id, _) = world.says("rude words", None, START).await;
        let target = Target::Event { room_id: world.room.clone(), event_id, sender: world.ana.clone() };
        let reported = report(&world, &world.ben, target).await;
        let own = || ReportsOf { reporter: world.ben.clone() };
        assert_eq!(world.store.read(own()).await.unwrap()[0].case_state, CaseState::Open);
        world.claims(reported.case_id, &world.rita, START).await;
        assert_eq!(world.store.read(own()).await.unwrap()[0].case_state, CaseState::Claimed);
        world.decides(reported.case_id, Outcome::Dismiss, START).await;
        let answered = world.store.read(own()).await.unwrap();
        assert_eq!((answered[0].case_state, answered[0].outcome.as_deref()), (CaseState::Decided, Some("dismiss")));
        // nothing happened to the person reported: they do not learn of it
        assert_eq!(world.notices().await, [(world.ben.to_string(), "reporter".into(), "visible".into())]);
        assert!(report(&world, &world.ben, ana()).await.opened);
    }

    async fn who_redacts_first_does_not_escape_a_review(world: World) {
        let (event_id, _) = world.says("rude words", None, START).await;
        let target = Target::Event { room_id: world.room.clone(), event_id: event_id.clone(), sender: world.ana.clone() };
        let reported = report(&world, &world.ben, target).await;
        world.redacts(&event_id).await;
        world.claims(reported.case_id, &world.rita, START).await;
        let RevealOutcome::Revealed(revealed) = world.reveals(reported.case_id, START).await else { panic!("not revealed") };
        let anchor = revealed.messages.iter().find(|message| message.anchor).unwrap();
        assert!(anchor.content.contains("rude words"), "{}", anchor.content);
    }
}
