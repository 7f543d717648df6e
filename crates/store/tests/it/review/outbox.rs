//! Work that follows a commit.

use model::limits;
use store::command::outbox::{Attempt, FinishOutbox, PruneOutbox, ReplayOutbox, TakeOutbox};
use store::command::staff_session::{CloseStaffSession, OpenStaffSession};
use store::query::outbox::{OutboxDue, WebhookPage};
use store::query::staff::StaffByToken;

use super::world::{START, Sql, with_world};

fn take(now: model::clock::Timestamp) -> TakeOutbox {
    TakeOutbox { kind: "webhook", now }
}

with_world! {
    async fn work_is_taken_once_and_again_when_the_worker_dies(world: World) {
        world.is_refused("hurt", START).await;
        assert_eq!(world.store.read(OutboxDue { kind: "webhook" }).await.unwrap(), Some(START));
        let (one, two) = tokio::join!(world.store.run(take(START)), world.store.run(take(START)));
        assert_eq!(one.unwrap().len() + two.unwrap().len(), 1);
        let lease_ends = START.plus_ms(limits::OUTBOX_LEASE_MS);
        assert_eq!(world.store.run(take(lease_ends.plus_ms(-1))).await.unwrap(), []);
        let again = world.store.run(take(lease_ends)).await.unwrap();
        assert_eq!((again.len(), again[0].attempt), (1, 2));
    }

    async fn failed_work_can_be_replayed(world: World) {
        world.is_refused("hurt", START).await;
        let task = world.store.run(take(START)).await.unwrap().remove(0);
        let finish = |attempt| FinishOutbox { outbox_id: task.outbox_id, attempt, status: "500".to_owned() };
        world.store.run(finish(Attempt::Again(START.plus_ms(1_000)))).await.unwrap();
        assert_eq!(world.store.run(take(START.plus_ms(999))).await.unwrap(), []);
        assert_eq!(world.store.run(take(START.plus_ms(1_000))).await.unwrap().len(), 1);
        world.store.run(finish(Attempt::Failed)).await.unwrap();
        let failed = world.store.read(WebhookPage { state: Some("failed") }).await.unwrap();
        assert_eq!((failed.len(), failed[0].event.as_str(), failed[0].next_attempt), (1, "case.opened", None));
        assert!(world.store.run(ReplayOutbox { outbox_id: task.outbox_id, kind: "webhook", now: START.plus_ms(5_000) }).await.unwrap());
        assert_eq!(world.store.run(take(START.plus_ms(5_000))).await.unwrap()[0].attempt, 1);
        world.store.run(finish(Attempt::Delivered)).await.unwrap();
        assert_eq!(world.store.read(OutboxDue { kind: "webhook" }).await.unwrap(), None);
        assert_eq!(world.store.run(PruneOutbox { now: START.plus_ms(limits::OUTBOX_KEEP_MS) }).await.unwrap(), 0);
        assert_eq!(world.store.run(PruneOutbox { now: START.plus_ms(limits::OUTBOX_KEEP_MS + 1) }).await.unwrap(), 1);
    }

    async fn staff_sessions_end(world: World) {
        let token_hash = [7; 32];
        let session = || OpenStaffSession { token_hash, user_id: world.rita.clone(), now: START };
        let ask = |now| StaffByToken { token_hash, now };
        world.store.run(session()).await.unwrap();
        assert_eq!(world.store.read(ask(START)).await.unwrap(), None, "nobody without a role is staff");
        let grant = "insert into staff_roles (user_id, role, granted_ms) values ($1, 'reviewer', 0)";
        world.store.run(Sql(grant, world.rita.to_string())).await.unwrap();
        assert_eq!(world.store.read(ask(START)).await.unwrap().unwrap().user_id, world.rita);
        assert_eq!(world.store.read(ask(START.plus_ms(limits::STAFF_SESSION_MS))).await.unwrap(), None);
        world.store.run(Sql("update users set state = 'suspended' where user_id = $1", world.rita.to_string())).await.unwrap();
        assert_eq!(world.store.read(ask(START)).await.unwrap(), None, "a suspended account is not staff");
        world.store.run(CloseStaffSession { token_hash }).await.unwrap();
        world.store.run(session()).await.unwrap();
    }
}
