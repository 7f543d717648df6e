//! What is given of those who asked for erasure, on both databases.

use model::clock::Timestamp;
use model::filter::EventFilter;
use model::id::OwnedRoomId;
use store::Store;
use store::command::update_user::{UpdateUser, UserChange};
use store::query::accounts::AccountById;
use store::query::history::{From, HistoryPage};

use crate::on_both;
use crate::world::{AddPeople, append, done, draft, join_step, room_of, say, step, user};

async fn closes(store: &Store, name: &str, erase: bool, at: i64) {
    let change = UserChange::Deactivate { erase, tell_webhook: false };
    assert!(store.run(UpdateUser { user_id: user(name), change, now: Timestamp(at) }).await.unwrap());
}

/// The contents of the events of this type that somebody reads, oldest first.
async fn reads(store: &Store, room: &OwnedRoomId, name: &str, event_type: &str) -> Vec<String> {
    let page = HistoryPage {
        room_id: room.clone(),
        user_id: user(name),
        backwards: false,
        from: From::End,
        to: None,
        limit: 100,
        filter: EventFilter::default(),
    };
    let events = store.read(page).await.unwrap().unwrap().events;
    events.into_iter().filter(|event| event.event_type == event_type).map(|event| event.content).collect()
}

on_both! {
    async fn messages_are_kept_by_those_who_were_there_and_names_by_nobody(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben"), user("carl")])).await.unwrap();
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        let named = draft(&user("ana"), "m.room.member", Some("@ana:example.org"), r#"{"displayname":"Ana","membership":"join"}"#);
        done(append(&store, &room, vec![step(named, vec![user("ana"), user("ben")])]).await.unwrap());
        done(say(&store, &room, &user("ana"), "one", None).await.unwrap());
        done(append(&store, &room, vec![join_step(&user("carl"), vec![user("ana"), user("ben"), user("carl")])]).await.unwrap());
        done(say(&store, &room, &user("ana"), "two", None).await.unwrap());
        let whole = [r#"{"body":"one","msgtype":"m.text"}"#, r#"{"body":"two","msgtype":"m.text"}"#];
        closes(&store, "ana", false, 5).await;
        assert_eq!(reads(&store, &room, "carl", "m.room.message").await, whole, "closed, not erased");
        closes(&store, "ana", true, 7).await;
        closes(&store, "ana", true, 9).await;
        closes(&store, "ana", false, 9).await;
        let account = store.read(AccountById(user("ana"))).await.unwrap().unwrap();
        assert_eq!(account.erase_asked_ms, Some(7), "the first wish stands");
        assert_eq!(reads(&store, &room, "ben", "m.room.message").await, whole);
        assert_eq!(reads(&store, &room, "carl", "m.room.message").await, ["{}", whole[1]]);
        let members = reads(&store, &room, "ben", "m.room.member").await;
        assert_eq!(members, [r#"{"membership":"join"}"#; 4], "in the store, for everybody");
    }
}
