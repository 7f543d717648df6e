//! The queue and its claims.

use futures_util::future::join_all;
use model::case::CaseState;
use model::limits;
use model::verdict::Action;
use store::command::claim_case::{ClaimOutcome, ExpireClaims, ReleaseClaim};
use store::query::case_detail::CaseDetail;
use store::query::cases::CasePage;
use store::query::overview::OverviewCounts;

use super::world::{START, opening, user, verdict, with_world};

fn page(state: Option<CaseState>, limit: usize) -> CasePage {
    CasePage { state, queue: None, without_queue: None, after: None, limit, now: START }
}

with_world! {
    async fn one_of_fifty_reviewers_gets_a_case(world: World) {
        let (_, case) = world.says("hurt", Some(verdict(Action::Annotate)), START).await;
        let case = case.unwrap();
        let names: Vec<_> = (0..50).map(|n| user(&format!("reviewer{n}"))).collect();
        let outcomes = join_all(names.iter().map(|name| world.claims(case, name, START))).await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == ClaimOutcome::Claimed).count(), 1);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == ClaimOutcome::Held).count(), 49);
        assert_eq!(world.int("select count(*) from claims where staff <> $1", "").await, 1);
    }

    async fn a_claim_lasts_ten_minutes_after_the_last_sign_of_life(world: World) {
        let (_, case) = world.says("hurt", Some(verdict(Action::Annotate)), START).await;
        let (case, sam) = (case.unwrap(), user("sam"));
        assert_eq!(world.claims(case, &world.rita, START).await, ClaimOutcome::Claimed);
        let later = START.plus_ms(limits::CLAIM_MS - 1);
        assert_eq!(world.claims(case, &sam, later).await, ClaimOutcome::Held);
        assert_eq!(world.claims(case, &world.rita, later).await, ClaimOutcome::Claimed);
        assert_eq!(world.claims(case, &sam, START.plus_ms(limits::CLAIM_MS)).await, ClaimOutcome::Held);
        let lapsed = later.plus_ms(limits::CLAIM_MS);
        assert_eq!(world.claims(case, &sam, lapsed).await, ClaimOutcome::Claimed);
        let history = world.rows("select staff, end_reason from claims where staff <> $1 order by claim_id", "").await;
        assert_eq!(history.len(), 2);
        assert_eq!(history[0].text(1).unwrap(), "timeout");
        assert_eq!(history[1].text_or_null(1).unwrap(), None);
    }

    async fn a_lapsed_claim_goes_back_to_the_queue(world: World) {
        let (_, case) = world.says("hurt", Some(verdict(Action::Annotate)), START).await;
        let case = case.unwrap();
        world.claims(case, &world.rita, START).await;
        assert_eq!(world.store.run(ExpireClaims { now: START.plus_ms(limits::CLAIM_MS - 1) }).await.unwrap(), []);
        assert_eq!(world.store.run(ExpireClaims { now: START.plus_ms(limits::CLAIM_MS) }).await.unwrap(), [case]);
        let open = world.store.read(page(Some(CaseState::Open), 10)).await.unwrap();
        assert_eq!(open.cases.len(), 1);
        assert!(!world.store.run(ReleaseClaim { case_id: case, staff: world.rita.clone(), now: START }).await.unwrap());
    }

    async fn the_queue_is_ordered_by_priority_then_age_and_pages_without_gap(world: World) {
        for n in 0..7 {
            let mut judged = verdict(Action::Annotate);
            judged.reasons[0].severity = 1 + n % 4;
            world.says("hurt", Some(judged), START.plus_ms(i64::from(n))).await;
        }
        let mut after = None;
        let mut seen = Vec::new();
        loop {
            let next = world.store.read(CasePage { after, ..page(None, 2) }).await.unwrap();
            seen.extend(next.cases.iter().map(|case| (case.priority.rank(), case.opened.0 - START.0)));
            after = next.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, [(0, 3), (1, 2), (1, 6), (2, 1), (2, 5), (3, 0), (3, 4)]);
    }

    async fn a_queue_can_be_chosen_and_hidden(world: World) {
        let mut judged = verdict(Action::Annotate);
        "child-safety".clone_into(&mut judged.reasons[0].queue);
        world.says("one", Some(judged), START).await;
        world.says("two", Some(verdict(Action::Annotate)), START).await;
        let chosen = CasePage { queue: Some("child-safety".to_owned()), ..page(None, 10) };
        assert_eq!(world.store.read(chosen).await.unwrap().cases.len(), 1);
        let hidden = CasePage { without_queue: Some("child-safety".to_owned()), ..page(None, 10) };
        let left = world.store.read(hidden).await.unwrap().cases;
        assert_eq!(left.iter().map(|case| case.queue.as_str()).collect::<Vec<_>>(), ["safety"]);
    }

    async fn the_detail_of_a_case_has_no_word_of_the_message(world: World) {
        let (_, case) = world.says("a very singular sentence", Some(opening()), START).await;
        let refused = world.is_refused("a very singular refusal", START).await;
        for case_id in [case.unwrap(), refused] {
            let detail = world.store.read(CaseDetail { case_id, now: START }).await.unwrap().unwrap();
            assert!(!format!("{detail:?}").contains("singular"));
            assert_eq!(detail.reasons.len(), 1);
            assert_eq!(detail.members.len(), 2);
            assert_eq!(detail.mode.as_deref(), Some("readable"));
        }
    }

    async fn the_overview_counts(world: World) {
        let (_, first) = world.says("one", Some(opening()), START).await;
        world.says("two", Some(verdict(Action::Annotate)), START).await;
        world.claims(first.unwrap(), &world.rita, START).await;
        let counts = OverviewCounts { staff: world.rita.clone(), without_queue: None, now: START.plus_ms(1) };
        let counts = world.store.read(counts).await.unwrap();
        assert_eq!((counts.open, counts.claimed_by_me, counts.withheld, counts.overdue), (1, 1, 1, 0));
        assert_eq!(counts.by_priority, [0, 2, 0, 0]);
    }
}
