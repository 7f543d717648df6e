//! Commands that fail beside commands that do not: each undoes itself alone.

use futures_util::future::join_all;
use model::id::OwnedRoomId;
use store::command::append_events::AppendEvents;
use store::query::room_snapshot::RoomSnapshot;
use store::{Query, Store, StoreError, Tx, args};

use crate::on_both;
use crate::world::{AddPeople, draft, room_of, say, step, user};

/// Place, event ID and header of every event of a room, in order.
struct Chain(OwnedRoomId);

impl Query for Chain {
    type Out = Vec<(i64, String, serde_json::Value)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let rows = tx.rows("select room_pos, event_id, header from events where room_id = $1 order by room_pos", args![&self.0]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.json(2)?))).collect()
    }
}

/// Appends one event and fails at the next, which is too large.
async fn half(store: &Store, room_id: &OwnedRoomId) -> Result<(), StoreError> {
    let room = store.read(RoomSnapshot { room_id: room_id.clone() }).await?.unwrap();
    let huge = serde_json::json!({"msgtype": "m.text", "body": "x".repeat(70_000)}).to_string();
    let event = |content: &str| step(draft(&user("ben"), "m.room.message", None, content), room.joined());
    let command = AppendEvents {
        room_id: room_id.clone(),
        version: model::ruma::RoomVersionId::V12,
        state_version: room.state_version,
        auth: std::collections::BTreeMap::new(),
        steps: vec![event(r#"{"msgtype":"m.text","body":"never"}"#), event(&huge)],
        txn: None,
        flag: None,
    };
    store.run(command).await.map(drop)
}

on_both! {
    async fn events_follow_one_another_whatever_fails_between_them(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        for _ in 0..5 {
            let ana = user("ana");
            let (said, failed) = tokio::join!(
                join_all((0..20).map(|_| say(&store, &room, &ana, "kept", None))),
                join_all((0..6).map(|_| half(&store, &room))),
            );
            assert!(said.iter().all(Result::is_ok) && failed.iter().all(Result::is_err));
        }
        let chain = store.read(Chain(room)).await.unwrap();
        // create, two joins, the messages: nothing is missing and nothing of a failed command is there
        assert_eq!(chain.len(), 103);
        for pair in chain.windows(2) {
            let [(before, id, _), (pos, _, header)] = pair else { panic!("two") };
            assert_eq!(*pos, before + 1);
            assert_eq!(header["prev_events"], serde_json::json!([id]), "of the event at {pos}");
        }
    }
}
