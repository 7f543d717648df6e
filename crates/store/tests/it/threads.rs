//! What is unread of threads, on both databases.

use model::clock::Timestamp;
use model::filter::{EventFilter, RoomFilter};
use model::id::{OwnedDeviceId, OwnedEventId, OwnedRoomId};
use model::seq::InboxPos;
use serde_json::json;
use store::Store;
use store::command::put_receipt::PutReceipt;
use store::query::event_by_id::EventById;
use store::query::sync::{Sync, SyncOutcome, Unread};
use store::query::threads::Threads;

use crate::on_both;
use crate::world::{AddPeople, append, done, draft, room_of, step, user};

async fn friends(store: &Store) -> OwnedRoomId {
    store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
    room_of(store, &[user("ana"), user("ben")]).await
}

/// Ana says something, perhaps in a thread, perhaps to Ben by name.
async fn says(store: &Store, room: &OwnedRoomId, thread: Option<&OwnedEventId>, mentions: bool) -> OwnedEventId {
    let mut content = json!({"body": "hello"});
    if let Some(thread) = thread {
        content["m.relates_to"] = json!({"rel_type": "m.thread", "event_id": thread});
    }
    if mentions {
        content["m.mentions"] = json!({"user_ids": ["@ben:example.org"]});
    }
    let mut said = step(draft(&user("ana"), "m.room.message", None, &content.to_string()), vec![user("ana"), user("ben")]);
    said.append.mentions = if mentions { vec![user("ben")] } else { vec![] };
    done(append(store, room, vec![said]).await.unwrap())[0].event_id.clone()
}

async fn reads(store: &Store, room: &OwnedRoomId, event_id: &OwnedEventId, thread: &str, private: bool) -> bool {
    let event = store.read(EventById { room_id: room.clone(), event_id: event_id.clone() }).await.unwrap().unwrap();
    let receipt = PutReceipt {
        room_id: room.clone(),
        user_id: user("ben"),
        receipt_type: if private { "m.read.private" } else { "m.read" },
        thread_id: thread.to_owned(),
        event_id: event_id.clone(),
        room_pos: event.room_pos,
        now: Timestamp(5),
        told: vec![user("ben")],
    };
    store.run(receipt).await.unwrap()
}

/// What is unread of Ben's room, by a first sync and by one that asks for a while; they must agree.
async fn unread(store: &Store, threads: bool) -> Unread {
    let ask = |since| Sync {
        user_id: user("ben"),
        device_id: OwnedDeviceId::from("PHONE"),
        since,
        queue: InboxPos::ZERO,
        timeline: EventFilter::default(),
        rooms: RoomFilter::default(),
        full_state: false,
        include_leave: false,
        lazy_members: false,
        state_after: false,
        threads,
    };
    let told = async |since| {
        let SyncOutcome::News(news) = store.read(ask(since)).await.unwrap() else { panic!("it is not ahead") };
        news.joined[0].unread.clone()
    };
    let first = told(None).await;
    // two events ago: both were not seen yet
    assert_eq!(told(InboxPos::new(4)).await, first);
    first
}

fn counts(notify: i64, highlight: i64, threads: &[(&OwnedEventId, i64, i64)]) -> Unread {
    let mut threads: Vec<_> = threads.iter().map(|(root, notify, highlight)| (root.to_string(), *notify, *highlight)).collect();
    threads.sort();
    Unread { notify, highlight, threads }
}

on_both! {
    async fn threads_are_counted_apart_and_in_the_room(store: Store) {
        let room = friends(&store).await;
        let (one, two) = (says(&store, &room, None, false).await, says(&store, &room, None, true).await);
        says(&store, &room, Some(&one), true).await;
        says(&store, &room, Some(&one), false).await;
        says(&store, &room, Some(&two), false).await;
        assert_eq!(unread(&store, false).await, counts(5, 2, &[]));
        assert_eq!(unread(&store, true).await, counts(2, 1, &[(&one, 2, 1), (&two, 1, 0)]));
    }

    async fn a_receipt_counts_its_thread_and_one_of_no_thread_everything(store: Store) {
        let room = friends(&store).await;
        let (one, two) = (says(&store, &room, None, true).await, says(&store, &room, None, true).await);
        let first = says(&store, &room, Some(&one), true).await;
        let second = says(&store, &room, Some(&one), true).await;
        says(&store, &room, Some(&two), true).await;
        assert!(reads(&store, &room, &first, one.as_str(), false).await);
        assert_eq!(unread(&store, true).await, counts(2, 2, &[(&one, 1, 1), (&two, 1, 1)]));
        assert!(reads(&store, &room, &one, "main", false).await);
        assert_eq!(unread(&store, true).await, counts(1, 1, &[(&one, 1, 1), (&two, 1, 1)]));
        assert!(reads(&store, &room, &second, one.as_str(), true).await, "a private receipt reads as well");
        assert_eq!(unread(&store, true).await, counts(1, 1, &[(&two, 1, 1)]));
        assert!(reads(&store, &room, &two, "", false).await);
        assert_eq!(unread(&store, true).await, counts(0, 0, &[(&two, 1, 1)]), "what came later in a thread stays unread");
        assert_eq!(unread(&store, false).await, counts(1, 1, &[]));
        assert!(!reads(&store, &room, &one, "", false).await, "it never goes back");
        let last = says(&store, &room, None, false).await;
        assert!(reads(&store, &room, &last, "", false).await);
        assert_eq!(unread(&store, true).await, counts(0, 0, &[]));
    }

    async fn a_page_of_threads_goes_by_their_latest_answers(store: Store) {
        let room = friends(&store).await;
        let (one, two) = (says(&store, &room, None, false).await, says(&store, &room, None, false).await);
        for root in [&one, &two, &one] {
            says(&store, &room, Some(root), false).await;
        }
        let page = async |name: &str, participated, before, limit| {
            let ask = Threads { room_id: room.clone(), user_id: user(name), participated, before, limit };
            let page = store.read(ask).await.unwrap().unwrap();
            (page.events.iter().map(|event| event.event_id.clone()).collect::<Vec<_>>(), page.end)
        };
        let ids = |roots: &[&OwnedEventId]| roots.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(page("ana", true, None, 5).await, (ids(&[&one, &two]), None));
        assert_eq!(page("ben", true, None, 5).await, (ids(&[]), None));
        let (first, end) = page("ben", false, None, 1).await;
        assert_eq!((first, page("ben", false, end, 1).await), (ids(&[&one]), (ids(&[&two]), None)));
    }
}
