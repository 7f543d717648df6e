//! Texts kept as evidence go when their time is over; the case stays and says so.

use model::clock::Timestamp;
use model::limits;
use model::verdict::Action;
use store::command::forget_evidence::ForgetEvidence;
use store::command::reveal::RevealOutcome;
use store::query::case_detail::CaseDetail;

use super::world::{START, verdict, with_world};

const KEPT: &str = "select count(*) from flags where sender = $1 and blocked_content is not null";

fn forget(found_before: Timestamp, now: Timestamp) -> ForgetEvidence {
    ForgetEvidence { found_before, now }
}

with_world! {
    async fn a_text_goes_when_its_time_is_over_and_not_before(world: World) {
        let old = world.is_refused("an old text", START).await;
        let young = world.is_refused("a young text", START.plus_ms(1_000)).await;
        let (said, redacted) = world.says("flagged and taken back", Some(verdict(Action::Annotate)), START).await;
        world.redacts(&said).await;
        assert_eq!(world.int(KEPT, world.ana.as_str()).await, 3);

        let now = START.plus_ms(5_000);
        assert_eq!(world.store.run(forget(START, now)).await.unwrap(), []);
        let mut gone = world.store.run(forget(START.plus_ms(1_000), now)).await.unwrap();
        gone.sort();
        assert_eq!(gone, [old, redacted.unwrap()]);
        assert_eq!(world.store.run(forget(START.plus_ms(1_000), now)).await.unwrap(), []);
        assert_eq!(world.int(KEPT, world.ana.as_str()).await, 1);

        let detail = async |case_id| world.store.read(CaseDetail { case_id, now }).await.unwrap().unwrap();
        assert_eq!(detail(old).await.text_gone, Some(now));
        assert!(!detail(old).await.reasons.is_empty(), "why it was refused stays");
        assert_eq!(detail(young).await.text_gone, None);
    }

    async fn a_text_that_is_gone_is_neither_shown_nor_recorded_as_read(world: World) {
        world.says("something harmless", None, START).await;
        let case = world.is_refused("the refused text", START.plus_ms(1)).await;
        world.store.run(forget(START.plus_ms(2), START.plus_ms(2))).await.unwrap();
        world.claims(case, &world.rita, START.plus_ms(3)).await;
        let RevealOutcome::Revealed(revealed) = world.reveals(case, START.plus_ms(3)).await else { panic!("the window is there") };
        assert!(revealed.messages.iter().all(|message| !message.content.contains("refused")));
        let recorded = world.text("select event_ids from access_records where staff = $1", world.rita.as_str()).await;
        assert!(!recorded.contains("refused message"), "{recorded}");
    }

    async fn many_texts_go_in_bounded_transactions(world: World) {
        let texts = limits::EVIDENCE_BATCH_ROWS + 3;
        for n in 0..texts {
            world.is_refused(&format!("text {n}"), START).await;
        }
        let later = START.plus_ms(1);
        assert_eq!(world.store.run(forget(later, later)).await.unwrap().len(), limits::EVIDENCE_BATCH_ROWS);
        assert_eq!(world.store.run(forget(later, later)).await.unwrap().len(), 3);
        assert_eq!(world.int(KEPT, world.ana.as_str()).await, 0);
    }
}
