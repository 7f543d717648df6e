//! Media as evidence: what a case is about is kept for it, and goes when its time is over.

use model::case::Outcome;
use model::verdict::Action;
use store::command::forget_evidence::ForgetEvidence;

use super::world::{START, World, verdict, with_world};
use crate::media::{is_uploaded, name, state};

const SERVER: &str = "mxc://example.org/";

impl World {
    async fn shows_media(&self, media: &str, action: Option<Action>) -> (model::id::OwnedEventId, Option<model::id::CaseId>) {
        is_uploaded(&self.store, &self.ana, media, 5).await;
        self.says(&format!("look: {SERVER}{}", name(media)), action.map(verdict), START).await
    }
}

with_world! {
    async fn what_a_case_is_about_is_kept_from_everybody_and_goes_with_its_text(world: World) {
        let (plain, _) = world.shows_media("plain", None).await;
        let (flagged, _) = world.shows_media("flagged", Some(Action::Annotate)).await;
        world.redacts(&plain).await;
        world.redacts(&flagged).await;
        assert_eq!((state(&world.store, "plain").await.as_str(), state(&world.store, "flagged").await.as_str()), ("gone", "evidence"));
        let later = START.plus_ms(1);
        assert_eq!(world.store.run(ForgetEvidence { found_before: later, now: later }).await.unwrap().len(), 1);
        assert_eq!(state(&world.store, "flagged").await, "gone");
    }

    async fn a_withheld_message_gives_its_media_when_it_is_released_and_not_when_it_is_refused(world: World) {
        for (media, outcome, wanted) in [("let", Outcome::Release, "ready"), ("not", Outcome::KeepBlocked, "evidence")] {
            let (_, case) = world.shows_media(media, Some(Action::Hold)).await;
            world.claims(case.unwrap(), &world.rita, START).await;
            world.decides(case.unwrap(), outcome, START.plus_ms(1)).await;
            assert_eq!(state(&world.store, media).await, wanted);
        }
    }
}
