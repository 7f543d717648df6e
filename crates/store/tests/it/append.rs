//! How events get into rooms and inboxes.

use std::collections::BTreeMap;

use model::id::OwnedRoomId;
use model::room::Membership;
use proptest::prelude::*;
use store::command::append_events::AppendOutcome;
use store::command::txn::Answer;
use store::query::room_snapshot::RoomSnapshot;
use store::{Store, StoreError};

use crate::on_both;
use crate::world::{AddPeople, Inbox, done, join_step, room_of, say, user};

on_both! {
    async fn a_message_reaches_every_member_once(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben"), user("cy")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        let appended = done(say(&store, &room, &user("ana"), "hi", None).await.unwrap());
        for person in ["ana", "ben"] {
            let inbox = store.read(Inbox(user(person))).await.unwrap();
            let last = inbox.last().unwrap();
            assert_eq!((last.1.as_str(), last.2), (room.as_str(), appended[0].room_pos.get()));
        }
        assert!(store.read(Inbox(user("cy"))).await.unwrap().is_empty());
    }

    async fn a_transaction_makes_one_event_however_often_it_is_sent(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        let ana = user("ana");
        let sends = (0..8).map(|_| say(&store, &room, &ana, "once", Some("t1")));
        let outcomes = futures_util::future::join_all(sends).await;
        let mut event_ids: Vec<String> = Vec::new();
        for outcome in outcomes {
            event_ids.push(match outcome.unwrap() {
                AppendOutcome::Done(appended, _) => appended[0].event_id.to_string(),
                AppendOutcome::Replayed(Answer::Accepted(event_id)) => event_id.to_string(),
                AppendOutcome::Replayed(refused) => panic!("{refused:?}"),
            });
        }
        event_ids.dedup();
        assert_eq!(event_ids.len(), 1);
        // create, own join, ben's join, the message
        assert_eq!(store.read(Inbox(user("ana"))).await.unwrap().len(), 4);
    }

    async fn a_writer_with_an_old_view_of_the_room_is_refused(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let room = room_of(&store, &[user("ana")]).await;
        let before = store.read(RoomSnapshot { room_id: room.clone() }).await.unwrap().unwrap();
        let both = vec![user("ana"), user("ben")];
        let append = |version| store::command::append_events::AppendEvents {
            room_id: room.clone(),
            version: model::ruma::RoomVersionId::V12,
            state_version: version,
            auth: BTreeMap::new(),
            steps: vec![join_step(&user("ben"), both.clone())],
            txn: None,
            flag: None,
        };
        done(store.run(append(before.state_version)).await.unwrap());
        assert!(matches!(store.run(append(before.state_version)).await, Err(StoreError::Stale)));
        let after = store.read(RoomSnapshot { room_id: room.clone() }).await.unwrap().unwrap();
        assert_eq!(after.membership(&user("ben")), Some(Membership::Join));
        assert_eq!(after.state_version, before.state_version + 1);
    }

    async fn positions_appear_in_order_under_concurrent_senders(store: Store) {
        let people: Vec<_> = ["ana", "ben", "cy", "di"].map(user).into();
        store.run(AddPeople(people.clone())).await.unwrap();
        let mut rooms = Vec::new();
        for pair in [[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]] {
            rooms.push((room_of(&store, &pair.map(|n| people[n].clone())).await, people[pair[0]].clone()));
        }
        // a reader that watches one inbox while everybody writes: what it saw may only grow at the end
        let reader = { let (store, people) = (store.clone(), people.clone()); tokio::spawn(async move {
            let mut seen: Vec<(i64, String, i64)> = Vec::new();
            for _ in 0..40 {
                let inbox = store.read(Inbox(people[0].clone())).await.unwrap();
                assert!(inbox.starts_with(&seen), "a lower position appeared after a higher one");
                seen = inbox;
                tokio::task::yield_now().await;
            }
        })};
        let mut writers = Vec::new();
        for (room, sender) in rooms.clone() {
            let store = store.clone();
            writers.push(tokio::spawn(async move {
                for n in 0..12 {
                    done(say(&store, &room, &sender, &n.to_string(), Some(&format!("{room}{n}"))).await.unwrap());
                }
            }));
        }
        for writer in writers { writer.await.unwrap(); }
        reader.await.unwrap();
    }
}

/// One thing that happens in the property test.
#[derive(Clone, Debug)]
enum Deed {
    Say { room: usize, sender: usize, txn: u8 },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    proptest::collection::vec((0..3_usize, 0..3_usize, 0..6_u8).prop_map(|(room, sender, txn)| Deed::Say { room, sender, txn }), 1..30)
}

/// What a store must hold, kept in plain maps.
#[derive(Default)]
struct Model {
    inboxes: BTreeMap<usize, Vec<(usize, String)>>,
    seen: BTreeMap<(usize, usize, u8), String>,
}

/// Who is in which room.
const ROOMS: [&[usize]; 3] = [&[0, 1], &[1, 2], &[0, 1, 2]];

async fn replay(store: Store, deeds: Vec<Deed>) {
    let people: Vec<_> = ["ana", "ben", "cy"].map(user).into();
    store.run(AddPeople(people.clone())).await.unwrap();
    let mut rooms: Vec<OwnedRoomId> = Vec::new();
    for members in ROOMS {
        let members: Vec<_> = members.iter().map(|n| people[*n].clone()).collect();
        rooms.push(room_of(&store, &members).await);
    }
    let mut start = Vec::new();
    for person in &people {
        start.push(store.read(Inbox(person.clone())).await.unwrap().len());
    }
    let mut model = Model::default();
    for Deed::Say { room, sender, txn } in deeds {
        if !ROOMS[room].contains(&sender) {
            continue;
        }
        let key = format!("{room}/{txn}");
        let outcome = say(&store, &rooms[room], &people[sender], "x", Some(&key)).await.unwrap();
        let known = model.seen.get(&(room, sender, txn));
        match (outcome, known) {
            (AppendOutcome::Done(appended, _), None) => {
                let event_id = appended[0].event_id.to_string();
                for member in ROOMS[room] {
                    model.inboxes.entry(*member).or_default().push((room, event_id.clone()));
                }
                model.seen.insert((room, sender, txn), event_id);
            }
            (AppendOutcome::Replayed(Answer::Accepted(event_id)), Some(known)) => assert_eq!(event_id.as_str(), known),
            (outcome, known) => panic!("the store says {outcome:?}, the model knows {known:?}"),
        }
    }
    for (n, person) in people.iter().enumerate() {
        let inbox = store.read(Inbox(person.clone())).await.unwrap();
        let got: Vec<&str> = inbox[start[n]..].iter().map(|(_, room, _)| room.as_str()).collect();
        let want: Vec<&str> = model.inboxes.get(&n).into_iter().flatten().map(|(room, _)| rooms[*room].as_str()).collect();
        assert_eq!(got, want, "inbox of {person}");
        assert!(inbox.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_messages_matches_the_model(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            replay(Store::open_sqlite(&folder.path().join("frankly.db")).unwrap(), deeds.clone()).await;
            if let Some(store) = crate::backend::fresh_postgres().await {
                replay(store, deeds).await;
            }
        });
    }
}

on_both! {
    async fn old_transactions_are_forgotten_and_new_ones_kept(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        done(say(&store, &room, &user("ana"), "once", Some("t")).await.unwrap());
        let forget = async |now| {
            let command = store::command::forget_txns::ForgetTxns { after: Vec::new(), now: model::clock::Timestamp(now) };
            let done = store.run(command).await.unwrap();
            assert_eq!(done.end, None);
            done.rows
        };
        assert_eq!(forget(1).await, 0);
        assert!(matches!(say(&store, &room, &user("ana"), "once", Some("t")).await.unwrap(), AppendOutcome::Replayed(_)));
        assert_eq!(forget(model::limits::TXN_KEEP_MS + 1).await, 1);
        done(say(&store, &room, &user("ana"), "once", Some("t")).await.unwrap());
    }
}
