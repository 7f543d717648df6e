//! Pushers: whose they are, who may call a gateway, and what an inbox holds for them.

use model::clock::Timestamp;
use model::id::{OwnedDeviceId, OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::person::AccountState;
use model::seq::InboxPos;
use serde_json::json;
use store::Store;
use store::command::append_events::{SetMembership, Step};
use store::command::pushers::{ClaimPusher, EndPushers, NoteProgress, PusherKey, PutPusher, RemovePusher, Set};
use store::command::put_receipt::PutReceipt;
use store::command::session::{LogIn, LogOut};
use store::command::update_user::{UpdateUser, UserChange};
use store::query::event_by_id::EventById;
use store::query::news::{Inbox, NewsSince, What};
use store::query::pushers::{Behind, Progress, Pusher, Pushers, ToTryAgain, WithPushers};

use crate::on_both;
use crate::world::{AddPeople, append, done, draft, room_of, say, step, user};

fn pusher(key: &str) -> Pusher {
    Pusher {
        app_id: "app".to_owned(),
        pushkey: key.to_owned(),
        app_display_name: "App".to_owned(),
        device_display_name: "Phone".to_owned(),
        profile_tag: None,
        lang: "en".to_owned(),
        url: "https://push.example.org/_matrix/push/v1/notify".to_owned(),
        data: "{}".to_owned(),
        set_ms: 7,
    }
}

async fn sets(store: &Store, name: &str, device: &str, key: &str, append: bool) -> Set {
    let put = PutPusher { user_id: user(name), device_id: OwnedDeviceId::from(device), pusher: pusher(key), append };
    store.run(put).await.unwrap()
}

async fn logs_in(store: &Store, name: &str, device: &str, token: u8) {
    let (user_id, device_id) = (user(name), OwnedDeviceId::from(device));
    assert!(
        store
            .run(LogIn { user_id, device_id, display_name: None, token_hash: [token; 32], refresh: None, now: Timestamp(1) })
            .await
            .unwrap()
    );
}

/// Ana, Ben with a device, and a room of theirs.
async fn friends(store: &Store) -> OwnedRoomId {
    store.run(AddPeople(vec![user("ana"), user("ben"), user("kim")])).await.unwrap();
    logs_in(store, "ben", "PHONE", 1).await;
    room_of(store, &[user("ana"), user("ben")]).await
}

async fn keys(store: &Store, name: &str) -> Vec<String> {
    store.read(Pushers(user(name))).await.unwrap().into_iter().map(|(pusher, _)| pusher.pushkey).collect()
}

async fn progress(store: &Store, name: &str) -> Progress {
    store.read(Pushers(user(name))).await.unwrap()[0].1
}

fn key(name: &str) -> PusherKey {
    PusherKey { user_id: user(name), app_id: "app".to_owned(), pushkey: "k".to_owned() }
}

async fn inbox(store: &Store, name: &str, since: InboxPos) -> Inbox {
    store.read(NewsSince { user_id: user(name), since, limit: 100 }).await.unwrap()
}

/// What may be news, in order: the text of a message or the type of another event, and whether it is read.
async fn news(store: &Store, name: &str, since: InboxPos) -> Vec<String> {
    let told = inbox(store, name, since).await.items.into_iter().map(|item| match item.what {
        What::Invitation { .. } => format!("invited by {}", item_sender(&item.what)),
        What::Event(event) => {
            let content: serde_json::Value = serde_json::from_str(&event.content).unwrap();
            let text = content["body"].as_str().unwrap_or(&event.event_type).to_owned();
            if item.read { format!("{text} (read)") } else { text }
        }
    });
    told.collect()
}

fn item_sender(what: &What) -> String {
    let What::Invitation { stripped, .. } = what else { return String::new() };
    let events: serde_json::Value = serde_json::from_str(stripped).unwrap();
    events.as_array().unwrap().last().unwrap()["sender"].as_str().unwrap().to_owned()
}

async fn says_in(store: &Store, room: &OwnedRoomId, sender: &OwnedUserId, text: &str, thread: &OwnedEventId) -> OwnedEventId {
    let content = json!({"body": text, "m.relates_to": {"rel_type": "m.thread", "event_id": thread}}).to_string();
    let recipients = vec![user("ana"), user("ben")];
    let outcome = append(store, room, vec![step(draft(sender, "m.room.message", None, &content), recipients)]).await;
    done(outcome.unwrap())[0].event_id.clone()
}

async fn reads(store: &Store, room: &OwnedRoomId, event_id: &OwnedEventId, thread: &str) {
    let place = store.read(EventById { room_id: room.clone(), event_id: event_id.clone() }).await.unwrap().unwrap();
    let receipt = PutReceipt {
        room_id: room.clone(),
        user_id: user("ben"),
        receipt_type: "m.read",
        thread_id: thread.to_owned(),
        event_id: event_id.clone(),
        room_pos: place.room_pos,
        now: Timestamp(5),
        told: vec![user("ben")],
    };
    assert!(store.run(receipt).await.unwrap());
}

on_both! {
    async fn a_pusher_begins_at_the_end_of_the_inbox_and_keeps_its_place(store: Store) {
        let room = friends(&store).await;
        say(&store, &room, &user("ana"), "before", None).await.unwrap();
        assert_eq!(sets(&store, "ben", "PHONE", "k", false).await, Set::Done);
        let begun = progress(&store, "ben").await;
        assert_eq!(news(&store, "ben", begun.told).await, Vec::<String>::new());
        say(&store, &room, &user("ana"), "after", None).await.unwrap();
        assert_eq!(sets(&store, "ben", "PHONE", "k", false).await, Set::Done);
        assert_eq!(progress(&store, "ben").await, begun, "set again, it goes on from where it was");
        assert_eq!(news(&store, "ben", begun.told).await, ["after"]);
        let found = store.read(Pushers(user("ben"))).await.unwrap();
        assert_eq!(found.into_iter().map(|(pusher, _)| pusher).collect::<Vec<_>>(), [pusher("k")]);
    }

    async fn pushers_end_with_their_device_their_log_in_and_their_account(store: Store) {
        friends(&store).await;
        assert_eq!(sets(&store, "ben", "TABLET", "k", false).await, Set::NoDevice);
        logs_in(&store, "ben", "TABLET", 2).await;
        for (device, key) in [("PHONE", "phone"), ("TABLET", "tablet")] {
            assert_eq!(sets(&store, "ben", device, key, false).await, Set::Done);
        }
        logs_in(&store, "ben", "TABLET", 3).await;
        assert_eq!(keys(&store, "ben").await, ["phone"]);
        sets(&store, "ben", "TABLET", "tablet", false).await;
        store.run(EndPushers { user_id: user("ben"), except: Some(OwnedDeviceId::from("TABLET")) }).await.unwrap();
        assert_eq!(keys(&store, "ben").await, ["tablet"]);
        sets(&store, "ben", "PHONE", "phone", false).await;
        let devices = Some(vec![OwnedDeviceId::from("TABLET")]);
        store.run(LogOut { user_id: user("ben"), devices, except: None }).await.unwrap();
        assert_eq!(keys(&store, "ben").await, ["phone"]);
        let change = UserChange::Deactivate { erase: false, tell_webhook: false };
        store.run(UpdateUser { user_id: user("ben"), change, now: Timestamp(9) }).await.unwrap();
        assert_eq!(keys(&store, "ben").await, Vec::<String>::new());
    }

    async fn one_key_is_one_persons_unless_appended_and_they_are_bounded(store: Store) {
        friends(&store).await;
        logs_in(&store, "ana", "PHONE", 2).await;
        sets(&store, "ben", "PHONE", "k", false).await;
        sets(&store, "ana", "PHONE", "k", true).await;
        assert_eq!((keys(&store, "ana").await.len(), keys(&store, "ben").await.len()), (1, 1));
        sets(&store, "ana", "PHONE", "k", false).await;
        assert_eq!((keys(&store, "ana").await.len(), keys(&store, "ben").await.len()), (1, 0));
        for n in 1..limits::PUSHERS_PER_USER {
            assert_eq!(sets(&store, "ana", "PHONE", &n.to_string(), false).await, Set::Done);
        }
        assert_eq!(sets(&store, "ana", "PHONE", "more", false).await, Set::TooMany);
        assert_eq!(sets(&store, "ana", "PHONE", "k", false).await, Set::Done, "a known one may change");
        store.run(RemovePusher(key("ana"))).await.unwrap();
        assert!(!keys(&store, "ana").await.contains(&"k".to_owned()));
    }

    async fn of_two_who_would_call_a_gateway_one_does(store: Store) {
        friends(&store).await;
        sets(&store, "ben", "PHONE", "k", false).await;
        let told = progress(&store, "ben").await.told;
        let claim = |told, at| store.run(ClaimPusher { key: key("ben"), told, now: Timestamp(at) });
        let ahead = InboxPos::new(told.get() + 1).unwrap();
        assert!(!claim(ahead, 100).await.unwrap(), "who looked at another state looks again");
        assert!(claim(told, 100).await.unwrap());
        assert!(!claim(told, 100 + limits::PUSH_LEASE_MS - 1).await.unwrap());
        assert!(claim(told, 100 + limits::PUSH_LEASE_MS).await.unwrap(), "who died loses it");
        let progress = Progress { told: ahead, unread: 3, attempts: 2, next: Timestamp(400) };
        store.run(NoteProgress { key: key("ben"), progress }).await.unwrap();
        assert_eq!(self::progress(&store, "ben").await, progress);
        store.run(NoteProgress { key: key("ben"), progress: Progress { told, ..progress } }).await.unwrap();
        assert_eq!(self::progress(&store, "ben").await.told, ahead, "it never goes back");
    }

    async fn those_who_are_behind_are_found(store: Store) {
        let room = friends(&store).await;
        sets(&store, "ben", "PHONE", "k", false).await;
        let behind = async |at| store.read(Behind { now: Timestamp(at) }).await.unwrap();
        let again = async |at| store.read(ToTryAgain { now: Timestamp(at) }).await.unwrap();
        assert_eq!((behind(9).await, again(9).await), (vec![], vec![]));
        assert_eq!(store.read(WithPushers).await.unwrap(), [user("ben")]);
        say(&store, &room, &user("ana"), "one", None).await.unwrap();
        assert_eq!((behind(9).await, again(9).await), (vec![user("ben")], vec![]));
        let failed = Progress { attempts: 1, next: Timestamp(50), ..progress(&store, "ben").await };
        store.run(NoteProgress { key: key("ben"), progress: failed }).await.unwrap();
        assert_eq!((behind(49).await, again(49).await), (vec![], vec![]));
        assert_eq!((behind(50).await, again(50).await), (vec![user("ben")], vec![user("ben")]));
    }

    async fn what_others_said_may_be_news_until_it_is_read(store: Store) {
        let room = friends(&store).await;
        let since = inbox(&store, "ben", InboxPos::ZERO).await.upto;
        let first = done(say(&store, &room, &user("ana"), "one", None).await.unwrap())[0].event_id.clone();
        say(&store, &room, &user("ben"), "his own", None).await.unwrap();
        let in_thread = says_in(&store, &room, &user("ana"), "in a thread", &first).await;
        let last = done(say(&store, &room, &user("ana"), "two", None).await.unwrap())[0].event_id.clone();
        assert_eq!(news(&store, "ben", since).await, ["one", "in a thread", "two"]);
        assert_eq!(inbox(&store, "ben", since).await.unread, 2, "he had read the first when he wrote");
        reads(&store, &room, &last, "main").await;
        assert_eq!(news(&store, "ben", since).await, ["one (read)", "in a thread", "two (read)"]);
        reads(&store, &room, &in_thread, first.as_str()).await;
        assert_eq!(news(&store, "ben", since).await, ["one (read)", "in a thread (read)", "two (read)"]);
        let later = says_in(&store, &room, &user("ana"), "later", &first).await;
        reads(&store, &room, &later, "").await;
        assert_eq!(news(&store, "ben", since).await.last().unwrap(), "later (read)");
        let few = store.read(NewsSince { user_id: user("ben"), since, limit: 2 }).await.unwrap();
        assert_eq!((few.items.len(), few.upto), (2, inbox(&store, "ben", since).await.upto), "of many the newest");
    }

    async fn invitations_may_be_news_and_a_locked_account_has_none(store: Store) {
        friends(&store).await;
        let room = room_of(&store, &[user("ana"), user("kim")]).await;
        let since = inbox(&store, "ben", InboxPos::ZERO).await.upto;
        let ben = user("ben");
        let invitation = draft(&user("ana"), "m.room.member", Some(ben.as_str()), r#"{"membership":"invite"}"#);
        let stripped = Some(json!([{"type": "m.room.member", "sender": "@ana:example.org"}]).to_string());
        let set = SetMembership { user: ben.clone(), membership: "invite", stripped, profile_only: false };
        let invite = Step { membership: Some(set), ..step(invitation, vec![user("ana"), user("kim")]) };
        append(&store, &room, vec![invite]).await.unwrap();
        assert_eq!(news(&store, "ben", since).await, ["invited by @ana:example.org"]);
        let ignored = store::command::put_account_data::PutAccountData {
            user_id: ben.clone(),
            room_id: String::new(),
            data_type: "m.ignored_user_list".to_owned(),
            content: json!({"ignored_users": {"@ana:example.org": {}}}).to_string(),
        };
        store.run(ignored).await.unwrap();
        assert_eq!(news(&store, "ben", since).await, Vec::<String>::new());
        let change = UserChange::State(AccountState::Locked);
        store.run(UpdateUser { user_id: ben, change, now: Timestamp(9) }).await.unwrap();
        assert!(!inbox(&store, "ben", since).await.open);
    }
}
