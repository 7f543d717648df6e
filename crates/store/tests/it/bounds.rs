//! What one person keeps, and what one answer holds, has an end.

use std::collections::BTreeSet;

use model::clock::Timestamp;
use model::filter::EventFilter;
use model::id::OwnedRoomId;
use model::limits;
use model::seq::RoomPos;
use store::command::append_events::Step;
use store::command::put_account_data::PutAccountData;
use store::command::put_receipt::PutReceipt;
use store::query::history::{From, HistoryPage};
use store::{Query, Store, StoreError, Tx, args};

use crate::on_both;
use crate::sync::{append, ask, news};
use crate::world::{AddPeople, done, draft, room_of, say, step, user};

/// Keeps a piece of Ana's account data with so many bytes; whether it was kept.
async fn keeps(store: &Store, room_id: &str, data_type: &str, bytes: usize) -> bool {
    let content = format!(r#"{{"x":"{}"}}"#, "y".repeat(bytes - 8));
    let (room_id, data_type) = (room_id.to_owned(), data_type.to_owned());
    store.run(PutAccountData { user_id: user("ana"), room_id, data_type, content }).await.unwrap()
}

/// What is counted of Ana's account data, and what there is.
struct Used;

impl Query for Used {
    type Out = ((i64, i64), (i64, i64));

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let pair = |row: Option<store::Row>| row.map_or(Ok((0, 0)), |row| Ok::<_, StoreError>((row.int(0)?, row.int(1)?)));
        let counted = tx.row("select bytes, entries from account_data_use where user_id = $1", args![&user("ana")]).await?;
        let sql = "select cast(coalesce(sum(octet_length(content)), 0) as bigint), count(*) from account_data where user_id = $1";
        Ok((pair(counted)?, pair(tx.row(sql, args![&user("ana")]).await?)?))
    }
}

/// How many receipts there are of Ben.
struct ReceiptsOfBen;

impl Query for ReceiptsOfBen {
    type Out = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        tx.row("select count(*) from receipts where user_id = $1", args![&user("ben")]).await?.unwrap().int(0)
    }
}

fn messages(count: usize, bytes: usize) -> Vec<Step> {
    let content = |n: usize| format!(r#"{{"msgtype":"m.text","n":{n},"body":"{}"}}"#, "x".repeat(bytes));
    let people = || vec![user("ana"), user("ben")];
    (0..count).map(|n| step(draft(&user("ana"), "m.room.message", None, &content(n)), people())).collect()
}

fn page(room_id: &OwnedRoomId, backwards: bool, from: From) -> HistoryPage {
    let filter = EventFilter::default();
    HistoryPage { room_id: room_id.clone(), user_id: user("ben"), backwards, from, to: None, limit: limits::MESSAGES_PAGE_MAX, filter }
}

fn receipt(room_id: &OwnedRoomId, name: &str, thread_id: &str, event_id: &str, place: i64) -> PutReceipt {
    PutReceipt {
        room_id: room_id.clone(),
        user_id: user(name),
        receipt_type: "m.read",
        thread_id: thread_id.to_owned(),
        event_id: event_id.try_into().unwrap(),
        room_pos: RoomPos::new(place).unwrap(),
        now: Timestamp(place),
        told: vec![user(name)],
    }
}

on_both! {
    async fn account_data_is_counted_in_bytes(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        let large = 256 * 1024;
        let fits = usize::try_from(limits::ACCOUNT_DATA_TOTAL_BYTES).unwrap() / large;
        for n in 0..fits {
            assert!(keeps(&store, "", &format!("t{n}"), large).await, "{n}");
        }
        assert!(!keeps(&store, "", "one.more", 8).await, "the account is full");
        assert!(!keeps(&store, "", "t0", large + 1).await);
        assert!(keeps(&store, "", "t0", large).await, "the same again");
        assert!(keeps(&store, "", "t0", 100).await && keeps(&store, "!r", "of.a.room", 100).await);
        let (counted, there) = store.read(Used).await.unwrap();
        assert_eq!((counted, counted.1), (there, i64::try_from(fits).unwrap() + 1));
        store.run(store::command::update_user::UpdateUser {
            user_id: user("ana"),
            change: store::command::update_user::UserChange::Deactivate { erase: false, tell_webhook: false },
            now: Timestamp(1),
        }).await.unwrap();
        assert_eq!(store.read(Used).await.unwrap(), ((0, 0), (0, 0)));
    }

    async fn a_first_sync_tells_account_data_of_rooms_one_is_in(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        assert!(keeps(&store, room.as_str(), "here", 20).await && keeps(&store, "!elsewhere", "there", 20).await);
        let told = news(&store, ask(&user("ana"), None, 10)).await;
        let data: Vec<_> = told.joined.iter().flat_map(|room| &room.account_data).map(|(data_type, _)| data_type.as_str()).collect();
        assert_eq!(data, ["here"]);
    }

    async fn pages_of_large_messages_are_short_and_join_up(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        let large = 60_000;
        append(&store, &room, messages(120, large)).await;
        for backwards in [true, false] {
            let (mut from, mut seen, mut pages) = (From::End, Vec::new(), 0);
            loop {
                let page = store.read(page(&room, backwards, from)).await.unwrap().unwrap();
                let bytes: usize = page.events.iter().map(|event| event.content.len()).sum();
                assert!(bytes <= limits::MESSAGES_PAGE_BYTES + limits::MESSAGES_BATCH * (large + 100));
                seen.extend(page.events.iter().map(|event| event.room_pos.get()));
                pages += 1;
                let Some(end) = page.end else { break };
                from = From::Place(end);
            }
            assert!(pages > 1, "one page of seven megabytes");
            let places: BTreeSet<i64> = seen.iter().copied().collect();
            assert_eq!((places.len(), *places.last().unwrap()), (seen.len(), i64::try_from(seen.len()).unwrap()), "each once, none left out");
        }
    }

    async fn a_first_sync_of_very_much_tells_the_last_event_of_the_rest(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let large = 60_000;
        let each = limits::TIMELINE_EVENTS_MAX;
        let rooms = limits::SYNC_BYTES / (each * large) + 3;
        for _ in 0..rooms {
            let room = room_of(&store, &[user("ana"), user("ben")]).await;
            append(&store, &room, messages(each, large)).await;
        }
        for filtered in [false, true] {
            let mut asked = ask(&user("ben"), None, each);
            asked.timeline.types = filtered.then(|| vec!["m.room.*".to_owned()]);
            let told = news(&store, asked).await;
            let mut counts: Vec<usize> = told.joined.iter().map(|room| room.timeline.events.len()).collect();
            counts.sort_unstable();
            assert_eq!((counts.len(), counts[0], counts[rooms - 1]), (rooms, 1, each), "{counts:?}");
            let bytes: usize = told.joined.iter().flat_map(|room| &room.timeline.events).map(|event| event.content.len()).sum();
            assert!(bytes < limits::SYNC_BYTES + (each + 1) * (large + 100));
            assert!(told.joined.iter().all(|room| room.timeline.limited && !room.timeline.state.is_empty()));
        }
    }

    async fn receipts_in_threads_are_bounded_and_crowd_out_no_others(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben"), user("cy"), user("di")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben"), user("cy"), user("di")]).await;
        let kept = limits::THREAD_RECEIPTS;
        store.run(receipt(&room, "di", "", "$first", 1)).await.unwrap();
        for name in ["ana", "ben", "cy"] {
            for place in 2..kept + 20 {
                store.run(receipt(&room, name, &format!("$t{place}"), &format!("$e{place}"), place)).await.unwrap();
            }
        }
        assert_eq!(store.read(ReceiptsOfBen).await.unwrap(), kept);
        for reader in ["ben", "di"] {
            let told = news(&store, ask(&user(reader), None, 10)).await.joined.remove(0).receipts;
            assert_eq!(told.len(), limits::RECEIPTS_TOLD);
            assert!(told.iter().any(|receipt| receipt.user_id == user("di").as_str()), "{reader} sees how far Di has read");
            let own = told.iter().filter(|receipt| receipt.user_id == user(reader).as_str()).count();
            assert_eq!(i64::try_from(own).unwrap(), if reader == "ben" { kept } else { 1 });
        }
    }

    async fn what_is_unread_is_counted_among_the_last_places(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        let bound = usize::try_from(limits::UNREAD_PLACES).unwrap();
        append(&store, &room, messages(bound + 50, 1)).await;
        let unread = async || news(&store, ask(&user("ben"), None, 1)).await.joined.remove(0).unread.notify;
        store.run(receipt(&room, "ben", "", "$first", 1)).await.unwrap();
        assert_eq!(unread().await, limits::UNREAD_PLACES);
        let last = done(say(&store, &room, &user("ana"), "last", None).await.unwrap()).remove(0);
        store.run(receipt(&room, "ben", "", last.event_id.as_str(), last.room_pos.get() - 1)).await.unwrap();
        assert_eq!(unread().await, 1);
        // one kind of receipt further back takes nothing back
        let behind = PutReceipt { receipt_type: "m.read.private", ..receipt(&room, "ben", "", "$first", 2) };
        store.run(behind).await.unwrap();
        assert_eq!(unread().await, 1);
    }
}
