//! What decisions and time limits do to messages, accounts and people.

use model::case::{MessageState, Outcome};
use model::clock::Timestamp;
use model::limits;
use model::verdict::Action;
use store::command::decide_case::{DecideOutcome, Decided};
use store::command::expire_holds::ExpireHolds;

use super::world::{START, Sql, World, opening, user, verdict, with_world};

fn decided(outcome: DecideOutcome) -> Decided {
    match outcome {
        DecideOutcome::Decided(decided) => decided,
        other => panic!("not decided: {other:?}"),
    }
}

fn expiry(world: &World, now: Timestamp) -> ExpireHolds {
    ExpireHolds { now, service: world.service.clone(), tell_webhook: true }
}

with_world! {
    async fn a_released_message_arrives_last_with_its_own_id(world: World) {
        world.says("one", None, START).await;
        let (held, case) = world.says("held", Some(verdict(Action::Hold)), START).await;
        world.says("two", None, START).await;
        assert_eq!(world.inbox(&world.ben).await, ["one", "two"]);
        assert_eq!(world.inbox(&world.ana).await, ["one", "held", "two"]);

        let done = decided(world.decides(case.unwrap(), Outcome::Release, START).await);
        assert_eq!(done.wake, [world.ana.clone(), world.ben.clone()]);
        assert_eq!(world.inbox(&world.ben).await, ["one", "two", "held"]);
        assert_eq!(world.timeline().await, ["one", "two", "held"]);
        // the sender's copy points to the new place, and there is still one of it
        assert_eq!(world.inbox(&world.ana).await, ["one", "held", "two"]);
        assert_eq!(world.int("select withheld from events where event_id = $1", held.as_str()).await, 0);
        assert_eq!(world.int("select notify_count from members where user_id = $1", world.ben.as_str()).await, 3);
        assert_eq!(world.int("select max(room_pos) - (select last_pos from rooms) from events where room_id = $1", world.room.as_str()).await, 0);
        world.says("three", None, START).await;
        assert_eq!(world.timeline().await, ["one", "two", "held", "three"]);
    }

    async fn who_left_meanwhile_gets_nothing_and_who_came_gets_it(world: World) {
        let (_, case) = world.says("held", Some(verdict(Action::Hold)), START).await;
        world.store.run(Sql("update members set membership = 'leave' where user_id = $1", world.ben.to_string())).await.unwrap();
        let done = decided(world.decides(case.unwrap(), Outcome::Release, START).await);
        assert_eq!(done.wake, std::slice::from_ref(&world.ana));
        assert_eq!(world.inbox(&world.ben).await, Vec::<String>::new());
    }

    async fn a_message_kept_blocked_reaches_nobody(world: World) {
        let (_, case) = world.says("held", Some(verdict(Action::Hold)), START).await;
        decided(world.decides(case.unwrap(), Outcome::KeepBlocked, START).await);
        assert_eq!(world.inbox(&world.ben).await, Vec::<String>::new());
        assert_eq!(world.text("select message_state from cases where subject = $1", world.ana.as_str()).await, "blocked");
        assert_eq!(world.notices().await, [(world.ana.to_string(), "sender".into(), "blocked".into())]);
    }

    async fn a_removed_message_is_redacted_for_everybody(world: World) {
        let (said, case) = world.says("bad words", Some(verdict(Action::Annotate)), START).await;
        let done = decided(world.decides(case.unwrap(), Outcome::Remove, START).await);
        assert_eq!(done.wake, [world.ana.clone(), world.ben.clone()]);
        assert_eq!(world.inbox(&world.ben).await, ["m.room.message", "m.room.redaction"]);
        assert_eq!(world.text("select content from events where event_id = $1", said.as_str()).await, "{}");
        let redaction = world.text("select redacted_by from events where event_id = $1", said.as_str()).await;
        let content = world.text("select content from events where event_id = $1", &redaction).await;
        assert!(content.contains(said.as_str()), "{content}");
        let told: Vec<_> = world.notices().await.into_iter().map(|(to, part, _)| (to, part)).collect();
        assert_eq!(told, [(world.ana.to_string(), "sender".into()), (world.ben.to_string(), "recipient".into())]);
    }

    async fn strikes_limit_the_account_and_never_loosen_it(world: World) {
        let state = "select state from users where user_id = $1";
        for (outcome, expected) in [
            (Outcome::Warn, "active"),
            (Outcome::Suspend, "suspended"),
            (Outcome::Lock, "locked"),
            (Outcome::Suspend, "locked"),
        ] {
            let (_, case) = world.says("bad", Some(verdict(Action::Annotate)), START).await;
            let done = decided(world.decides(case.unwrap(), outcome, START).await);
            assert_eq!(world.text(state, world.ana.as_str()).await, expected);
            assert_eq!(done.account_changed.is_some(), matches!((outcome, expected), (Outcome::Suspend, "suspended") | (Outcome::Lock, _)));
        }
        assert_eq!(world.int("select strikes from users where user_id = $1", world.ana.as_str()).await, 4);
    }

    async fn every_decision_that_finds_a_violation_is_a_strike_and_no_other(world: World) {
        let strikes = "select strikes from users where user_id = $1";
        let mut expected = 0;
        for (action, outcome, counts) in [
            (Action::Hold, Outcome::KeepBlocked, true),
            (Action::Hold, Outcome::Release, false),
            (Action::Hold, Outcome::Dismiss, false),
            (Action::Annotate, Outcome::Remove, true),
            (Action::Annotate, Outcome::Dismiss, false),
            (Action::Annotate, Outcome::Warn, true),
        ] {
            let (_, case) = world.says("words", Some(verdict(action)), START).await;
            decided(world.decides(case.unwrap(), outcome, START).await);
            expected += i64::from(counts);
            assert_eq!(world.int(strikes, world.ana.as_str()).await, expected, "{outcome:?}");
        }
        assert_eq!(world.int(strikes, world.ben.as_str()).await, 0);
    }

    async fn a_time_limit_that_ends_is_no_strike(world: World) {
        world.says("held", Some(verdict(Action::Hold)), START).await;
        assert_eq!(world.store.run(expiry(&world, START.plus_ms(limits::HOLD_MS_MAX))).await.unwrap().cases.len(), 1);
        assert_eq!(world.int("select strikes from users where user_id = $1", world.ana.as_str()).await, 0);
    }

    async fn every_decision_resolves_a_withheld_message(world: World) {
        for outcome in [Outcome::Release, Outcome::KeepBlocked, Outcome::Warn, Outcome::Dismiss, Outcome::Suspend, Outcome::Lock] {
            let (held, case) = world.says("held", Some(verdict(Action::Hold)), START).await;
            decided(world.decides(case.unwrap(), outcome, START).await);
            assert_ne!(world.int("select withheld from events where event_id = $1", held.as_str()).await, 1, "{outcome:?}");
        }
        assert_eq!(world.store.run(expiry(&world, START.plus_ms(limits::HOLD_MS_MAX))).await.unwrap().cases, []);
    }

    async fn a_decision_is_made_once_by_who_holds_the_case(world: World) {
        let (_, case) = world.says("held", Some(verdict(Action::Hold)), START).await;
        let case = case.unwrap();
        assert_eq!(world.store.run(world.decision(case, Outcome::Release, START)).await.unwrap(), DecideOutcome::NotClaimed);
        world.claims(case, &user("sam"), START).await;
        assert_eq!(world.store.run(world.decision(case, Outcome::Release, START)).await.unwrap(), DecideOutcome::NotClaimed);
        let later = START.plus_ms(limits::CLAIM_MS);
        decided(world.decides(case, Outcome::Release, later).await);
        assert_eq!(world.store.run(world.decision(case, Outcome::Dismiss, later)).await.unwrap(), DecideOutcome::AlreadyDecided);
        assert_eq!(world.int("select count(*) from decisions where decider <> $1", "").await, 1);
    }

    async fn outcomes_that_make_no_sense_are_refused(world: World) {
        let (_, case) = world.says("seen", Some(verdict(Action::Annotate)), START).await;
        let case = case.unwrap();
        let unfit = DecideOutcome::Unfit(Some(MessageState::Visible));
        assert_eq!(world.decides(case, Outcome::Release, START).await, unfit);
        assert_eq!(world.decides(case, Outcome::KeepBlocked, START).await, unfit);
        assert_eq!(world.int("select count(*) from decisions where decider <> $1", "").await, 0);
        decided(world.decides(case, Outcome::Dismiss, START).await);
    }

    async fn a_withheld_message_gets_its_declared_default_on_time(world: World) {
        let (_, open) = world.says("fails open", Some(opening()), START).await;
        let (_, closed) = world.says("fails closed", Some(verdict(Action::Hold)), START).await;
        assert_eq!(world.store.run(expiry(&world, START.plus_ms(59_999))).await.unwrap().cases, []);
        let expired = world.store.run(expiry(&world, START.plus_ms(60_000))).await.unwrap();
        assert_eq!(expired.cases, [(open.unwrap(), MessageState::Released), (closed.unwrap(), MessageState::Expired)]);
        assert_eq!(expired.wake, [world.ana.clone(), world.ben.clone()]);
        assert_eq!(world.inbox(&world.ben).await, ["fails open"]);
        let ana = world.ana.to_string();
        let expected: [(String, String, String); 3] = [
            (ana.clone(), "sender".into(), "released".into()),
            (world.ben.to_string(), "recipient".into(), "released".into()),
            (ana, "sender".into(), "expired".into()),
        ];
        assert_eq!(world.notices().await, expected);
        // a person still looks, and can still deliver what the clock refused
        decided(world.decides(closed.unwrap(), Outcome::Release, START.plus_ms(61_000)).await);
        assert_eq!(world.inbox(&world.ben).await, ["fails open", "fails closed"]);
    }

    async fn a_withheld_message_that_was_taken_back_is_not_delivered(world: World) {
        let (held, case) = world.says("held", Some(verdict(Action::Hold)), START).await;
        world.store.run(Sql("update events set redacted_by = '$x', content = '{}' where event_id = $1", held.to_string())).await.unwrap();
        decided(world.decides(case.unwrap(), Outcome::Release, START).await);
        assert_eq!(world.inbox(&world.ben).await, Vec::<String>::new());
        assert_eq!(world.text("select message_state from cases where event_id = $1", held.as_str()).await, "removed");
    }
}
