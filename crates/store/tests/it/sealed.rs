//! What is noted of encrypted events: the first use of a session, repeated indices, and what outlives a redaction.

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::json::parse_object;
use model::ruma::RoomVersionId;
use store::Store;
use store::command::append_events::{AppendEvents, AuthState, Step};
use store::command::fanout::{Appended, Origin};
use store::command::sealed::SealedMark;
use store::query::room_snapshot::RoomSnapshot;
use store::query::sealed::{EventSkeleton, SealedFactsOf};

use crate::on_both;
use crate::world::{AddPeople, done, draft, room_of, step, user};

pub(crate) async fn append(store: &Store, room: &OwnedRoomId, steps: Vec<Step>) -> Appended {
    let snapshot = store.read(RoomSnapshot { room_id: room.clone() }).await.unwrap().unwrap();
    let command = AppendEvents {
        room_id: room.clone(),
        version: RoomVersionId::V12,
        state_version: snapshot.state_version,
        auth: AuthState::new(),
        steps,
        txn: None,
        flag: None,
    };
    done(store.run(command).await.unwrap()).remove(0)
}

pub(crate) fn encrypted(sender: &OwnedUserId, device: &str, index: u32, content: &str) -> Step {
    let mut sent = step(draft(sender, "m.room.encrypted", None, content), vec![sender.clone()]);
    sent.append.origin = Some(Origin { device_id: device.to_owned(), txn_id: "t".to_owned() });
    sent.sealed = Some(SealedMark { session_id: "session".to_owned(), message_index: index, ciphertext_bytes: 32 });
    sent
}

pub(crate) async fn noted(store: &Store, event_id: &OwnedEventId) -> (bool, bool) {
    let facts = store.read(SealedFactsOf { event_id: event_id.clone() }).await.unwrap().unwrap();
    (facts.elsewhere, facts.repeated)
}

on_both! {
    async fn a_session_belongs_to_its_first_use(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
        for (sender, device, index, expected) in [
            (&ana, "PHONE", 0, (false, false)),
            (&ana, "PHONE", 1, (false, false)),
            (&ana, "LAPTOP", 2, (true, false)),
            (&ben, "PHONE", 1, (true, true)),
            (&ana, "PHONE", 1, (false, true)),
        ] {
            let appended = append(&store, &room, vec![encrypted(sender, device, index, "{}")]).await;
            assert_eq!((appended.oddities.elsewhere, appended.oddities.repeated), expected, "{sender} {device} {index}");
            assert_eq!(noted(&store, &appended.event_id).await, expected);
        }
        assert_eq!(store.read(SealedFactsOf { event_id: "$none".try_into().unwrap() }).await.unwrap(), None);
    }

    async fn one_index_from_many_rooms_at_once_is_noted_each_time(store: Store) {
        let ana = user("ana");
        store.run(AddPeople(vec![ana.clone()])).await.unwrap();
        let mut rooms = Vec::new();
        for _ in 0..8 {
            rooms.push(room_of(&store, std::slice::from_ref(&ana)).await);
        }
        let sends = rooms.iter().flat_map(|room| [room, room]).map(|room| append(&store, room, vec![encrypted(&ana, "PHONE", 7, "{}")]));
        let appended = futures_util::future::join_all(sends).await;
        assert_eq!(appended.iter().filter(|one| !one.oddities.repeated).count(), 1, "one was first");
        for one in &appended {
            assert_eq!(noted(&store, &one.event_id).await.1, one.oddities.repeated);
        }
    }

    async fn the_hashes_outlive_a_redaction(store: Store) {
        let ana = user("ana");
        store.run(AddPeople(vec![ana.clone()])).await.unwrap();
        let room = room_of(&store, std::slice::from_ref(&ana)).await;
        let content = r#"{"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"AwgAEg","session_id":"session"}"#;
        let event_id = append(&store, &room, vec![encrypted(&ana, "PHONE", 0, content)]).await.event_id;
        let redaction = draft(&ana, "m.room.redaction", None, &format!(r#"{{"redacts":"{event_id}"}}"#));
        append(&store, &room, vec![Step { redacts: Some(event_id.clone()), ..step(redaction, vec![ana.clone()]) }]).await;
        let skeleton = store.read(EventSkeleton { room_id: room.clone(), event_id: event_id.clone() }).await.unwrap().unwrap();
        assert!(skeleton.had(&parse_object(content).unwrap()));
        assert!(!skeleton.had(&parse_object(&content.replace("AwgAEg", "AwgAEh")).unwrap()));
        assert_eq!(noted(&store, &event_id).await, (false, false));
        assert_eq!(store.read(EventSkeleton { room_id: room, event_id: "$none".try_into().unwrap() }).await.unwrap(), None);
    }
}
