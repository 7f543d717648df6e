//! Whose keys a person is told to look at again, and of whom they may let go.

use model::id::OwnedUserId;
use model::seq::InboxPos;
use store::Store;
use store::command::put_signatures::{NewSignature, PutSignatures};
use store::command::session::LogOut;
use store::query::key_changes::KeyChanges;

use super::world::{device, logs_in, now, people_with, told, uploads_identity};
use crate::on_both;
use crate::sync::{join, leave};
use crate::world::{room_of, user};

/// Changed and left since a position, by local parts.
async fn lists(store: &Store, name: &str, since: InboxPos) -> (Vec<String>, Vec<String>) {
    let short = |list: Vec<String>| list.iter().map(|id| id[1..].split(':').next().unwrap().to_owned()).collect::<Vec<_>>();
    let news = told(store, &user(name), "PHONE", Some(since), InboxPos::ZERO).await.device;
    let by_sync = (short(news.changed), short(news.left));
    let (changed, left) = store.read(KeyChanges { user_id: user(name), since }).await.unwrap();
    assert_eq!((short(changed), short(left)), by_sync, "a sync and the query for changes say the same");
    by_sync
}

fn only(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

on_both! {
    async fn new_keys_are_told_to_those_who_share_a_room_and_to_oneself(store: Store) {
        people_with(&store, &["ana", "ben", "cy"], &["PHONE"]).await;
        room_of(&store, &[user("ana"), user("ben")]).await;
        let (ana, ben, cy) = (now(&store, "ana").await, now(&store, "ben").await, now(&store, "cy").await);
        uploads_identity(&store, "ana", "PHONE", "one").await;
        assert_eq!(lists(&store, "ben", ben).await, (only(&["ana"]), vec![]));
        assert_eq!(lists(&store, "ana", ana).await, (only(&["ana"]), vec![]));
        assert_eq!(lists(&store, "cy", cy).await, (vec![], vec![]));
        let ben = now(&store, "ben").await;
        uploads_identity(&store, "ana", "PHONE", "one").await;
        assert_eq!(lists(&store, "ben", ben).await, (vec![], vec![]), "the same again is no change");
        store.run(LogOut { user_id: user("ana"), devices: Some(vec![device("PHONE")]), except: None }).await.unwrap();
        assert_eq!(lists(&store, "ben", ben).await, (only(&["ana"]), vec![]));
    }

    async fn coming_in_is_told_both_ways_and_going_out_when_no_room_is_left(store: Store) {
        people_with(&store, &["ana", "ben", "cy"], &["PHONE"]).await;
        let first = room_of(&store, &[user("ana"), user("ben")]).await;
        let second = room_of(&store, &[user("ana"), user("ben")]).await;
        let (ana, cy) = (now(&store, "ana").await, now(&store, "cy").await);
        join(&store, &first, &user("cy")).await;
        assert_eq!(lists(&store, "ana", ana).await, (only(&["cy"]), vec![]));
        assert_eq!(lists(&store, "cy", cy).await, (only(&["ana", "ben"]), vec![]));
        let (ana, ben) = (now(&store, "ana").await, now(&store, "ben").await);
        leave(&store, &first, &user("ben")).await;
        assert_eq!(lists(&store, "ana", ana).await, (vec![], vec![]), "they share the other room still");
        assert_eq!(lists(&store, "ben", ben).await, (vec![], only(&["cy"])));
        assert_eq!(lists(&store, "cy", cy).await, (only(&["ana"]), only(&["ben"])));
        leave(&store, &second, &user("ben")).await;
        assert_eq!(lists(&store, "ana", ana).await, (vec![], only(&["ben"])));
        join(&store, &second, &user("ben")).await;
        assert_eq!(lists(&store, "ana", ana).await, (only(&["ben"]), vec![]), "back again is not gone");
    }

    async fn marks_are_bounded_by_people_not_by_changes(store: Store) {
        people_with(&store, &["ana", "ben"], &["PHONE"]).await;
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        let ana = now(&store, "ana").await;
        for _ in 0..5 {
            leave(&store, &room, &user("ben")).await;
            join(&store, &room, &user("ben")).await;
        }
        assert_eq!(lists(&store, "ana", ana).await, (only(&["ben"]), vec![]));
    }

    async fn a_signature_on_somebody_else_is_told_to_its_maker_alone(store: Store) {
        people_with(&store, &["ana", "ben"], &["PHONE"]).await;
        room_of(&store, &[user("ana"), user("ben")]).await;
        let (ana, ben) = (now(&store, "ana").await, now(&store, "ben").await);
        let sign = |of: &str| PutSignatures {
            signer: user("ana"),
            signatures: vec![NewSignature {
                user_id: user(of),
                target: "KEY".to_owned(),
                signer_key: "ed25519:S".to_owned(),
                signature: "sig".to_owned(),
            }],
        };
        assert_eq!(store.run(sign("ben")).await.unwrap(), [user("ana")]);
        assert_eq!(lists(&store, "ana", ana).await, (only(&["ben"]), vec![]));
        assert_eq!(lists(&store, "ben", ben).await, (vec![], vec![]));
        let told: Vec<OwnedUserId> = store.run(sign("ana")).await.unwrap();
        assert_eq!(told, [user("ana"), user("ben")]);
        assert_eq!(lists(&store, "ben", ben).await, (only(&["ana"]), vec![]));
        assert!(store.run(sign("ana")).await.unwrap().is_empty(), "the same again is no change");
    }

    async fn nobody_who_joins_while_keys_change_misses_it(store: Store) {
        people_with(&store, &["ana", "ben"], &["PHONE"]).await;
        let room = room_of(&store, &[user("ana")]).await;
        let ben = user("ben");
        for n in 0..8 {
            let before = now(&store, "ben").await;
            let device_id = format!("D{n}");
            logs_in(&store, "ana", &device_id).await;
            let (_, _) = tokio::join!(join(&store, &room, &ben), uploads_identity(&store, "ana", &device_id, "key"));
            assert_eq!(lists(&store, "ben", before).await.0, only(&["ana"]));
            leave(&store, &room, &ben).await;
        }
    }
}
