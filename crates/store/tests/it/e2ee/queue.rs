//! Messages to devices: each at least once, in order, gone only when the device has shown to have it.

use std::collections::BTreeMap;

use model::clock::Timestamp;
use model::limits;
use model::seq::InboxPos;
use proptest::prelude::*;
use store::Store;
use store::command::ack_device_queue::AckDeviceQueue;
use store::command::send_to_device::{SendToDevice, SendToDeviceOutcome};
use store::command::session::LogOut;
use store::command::txn::Txn;
use store::query::sync::ToDevice;

use super::world::{device, logs_in, people_with, told};
use crate::on_both;
use crate::world::user;

fn message(sender: &str, txn: &str, event_type: &str, to: &[(&str, Option<&str>)], text: &str) -> SendToDevice {
    let mut messages: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (name, device_id) in to {
        messages.entry(user(name)).or_default().insert(device_id.map(device), format!(r#"{{"text":"{text}"}}"#));
    }
    let txn = Txn { user: user(sender), device_id: "PHONE".to_owned(), key: txn.to_owned(), now: Timestamp(0) };
    SendToDevice { txn, event_type: event_type.to_owned(), messages }
}

async fn sends(store: &Store, sender: &str, text: &str, to: &[(&str, Option<&str>)]) -> SendToDeviceOutcome {
    store.run(message(sender, text, "m.room.encrypted", to, text)).await.unwrap()
}

fn texts(messages: &[ToDevice]) -> Vec<String> {
    let text = |message: &ToDevice| message.content.trim_start_matches(r#"{"text":""#).trim_end_matches(r#""}"#).to_owned();
    messages.iter().map(text).collect()
}

async fn waiting(store: &Store, name: &str, device_id: &str) -> Vec<String> {
    texts(&told(store, &user(name), device_id, None, InboxPos::ZERO).await.device.messages)
}

on_both! {
    async fn a_message_for_all_reaches_the_devices_there_are(store: Store) {
        people_with(&store, &["ana", "ben"], &["PHONE", "LAPTOP"]).await;
        let outcome = sends(&store, "ana", "hi", &[("ben", None), ("ana", Some("LAPTOP")), ("ghost", None), ("ben", Some("NONE"))]).await;
        assert_eq!(outcome, SendToDeviceOutcome::Sent(vec![user("ana"), user("ben")]));
        logs_in(&store, "ben", "NEW").await;
        for (name, device_id, expected) in [("ben", "PHONE", 1), ("ben", "LAPTOP", 1), ("ben", "NEW", 0), ("ana", "LAPTOP", 1), ("ana", "PHONE", 0)] {
            assert_eq!(waiting(&store, name, device_id).await.len(), expected, "{name} {device_id}");
        }
        assert_eq!(sends(&store, "ana", "hi", &[("ben", None)]).await, SendToDeviceOutcome::Replayed);
        assert_eq!(waiting(&store, "ben", "PHONE").await, ["hi"]);
    }

    async fn a_transaction_sent_many_times_at_once_sends_once(store: Store) {
        people_with(&store, &["ana", "ben"], &["PHONE"]).await;
        let tries = (0..6).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { sends(&store, "ana", "once", &[("ben", None)]).await })
        });
        let mut sent = 0;
        for one in tries.collect::<Vec<_>>() {
            sent += usize::from(matches!(one.await.unwrap(), SendToDeviceOutcome::Sent(_)));
        }
        assert_eq!((sent, waiting(&store, "ben", "PHONE").await), (1, vec!["once".to_owned()]));
    }

    async fn a_hundred_at_a_time_and_the_same_again_for_the_same_place(store: Store) {
        people_with(&store, &["ana", "ben"], &["PHONE"]).await;
        for n in 0..150 {
            sends(&store, "ana", &n.to_string(), &[("ben", Some("PHONE"))]).await;
        }
        let first = told(&store, &user("ben"), "PHONE", None, InboxPos::ZERO).await;
        let again = told(&store, &user("ben"), "PHONE", Some(first.pos), InboxPos::ZERO).await;
        assert_eq!(first.device.messages.len(), limits::TO_DEVICE_PAGE_ROWS);
        assert_eq!(again.device.messages, first.device.messages);
        let rest = told(&store, &user("ben"), "PHONE", Some(first.pos), first.device.queue).await;
        assert_eq!(texts(&rest.device.messages), (100..150).map(|n: u8| n.to_string()).collect::<Vec<_>>());
        assert!(rest.device.acknowledged && !first.device.acknowledged);
    }

    async fn a_sender_who_floods_loses_their_own_messages_alone(store: Store) {
        people_with(&store, &["ana", "ben", "eve"], &["PHONE"]).await;
        sends(&store, "ana", "from ana", &[("ben", None)]).await;
        store.run(message("eve", "request", "m.room_key_request", &[("ben", None)], "request")).await.unwrap();
        let bound = usize::try_from(limits::TO_DEVICE_PER_SENDER).unwrap();
        for n in 0..=bound {
            sends(&store, "eve", &n.to_string(), &[("ben", None)]).await;
        }
        let mut queue = InboxPos::ZERO;
        let mut all = Vec::new();
        loop {
            let news = told(&store, &user("ben"), "PHONE", None, queue).await.device;
            if news.messages.is_empty() {
                break;
            }
            queue = news.queue;
            all.extend(texts(&news.messages));
        }
        assert_eq!(all.len(), bound + 1);
        assert_eq!(all[0], "from ana");
        assert_eq!(all[1], "1", "the request went first, then the oldest");
    }

    async fn too_much_at_once_is_refused_whole(store: Store) {
        let devices: Vec<String> = (0..60).map(|n| format!("D{n}")).collect();
        let devices: Vec<&str> = devices.iter().map(String::as_str).collect();
        let names: Vec<String> = (0..90).map(|n| format!("u{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        people_with(&store, &["ana"], &["PHONE"]).await;
        people_with(&store, &names, &devices).await;
        let everybody: Vec<_> = names.iter().map(|name| (*name, None)).collect();
        assert_eq!(sends(&store, "ana", "all", &everybody).await, SendToDeviceOutcome::TooMuch);
        assert!(waiting(&store, "u1", "D1").await.is_empty());
        assert!(matches!(sends(&store, "ana", "all", &everybody[..40]).await, SendToDeviceOutcome::Sent(_)), "it was not remembered as done");
    }

    async fn a_device_that_comes_again_has_nothing_of_the_old_one(store: Store) {
        people_with(&store, &["ana", "ben"], &["PHONE"]).await;
        sends(&store, "ana", "old", &[("ben", None)]).await;
        let old = told(&store, &user("ben"), "PHONE", None, InboxPos::ZERO).await.device.queue;
        store.run(LogOut { user_id: user("ben"), devices: Some(vec![device("PHONE")]), except: None }).await.unwrap();
        logs_in(&store, "ben", "PHONE").await;
        assert!(waiting(&store, "ben", "PHONE").await.is_empty());
        sends(&store, "ana", "new", &[("ben", None)]).await;
        let news = told(&store, &user("ben"), "PHONE", None, old).await.device;
        assert_eq!((texts(&news.messages), news.acknowledged), (vec!["new".to_owned()], false), "an old place acknowledges nothing new");
    }
}

#[derive(Clone, Debug)]
enum Deed {
    /// Ana or Ben sends so many.
    Send(bool, usize),
    /// The device syncs with its newest place.
    Sync,
    /// The device syncs with a place that it had before.
    Replay,
    /// The server is started anew.
    Restart,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        3 => (any::<bool>(), prop_oneof![1..4_usize, 90..130_usize]).prop_map(|(who, n)| Deed::Send(who, n)),
        3 => Just(Deed::Sync),
        1 => Just(Deed::Replay),
        1 => Just(Deed::Restart),
    ];
    proptest::collection::vec(deed, 1..20)
}

/// A device that receives, and what it should have received.
#[derive(Default)]
struct Device {
    sent: Vec<String>,
    received: Vec<String>,
    /// The place it acknowledges next, and the one before with what it got for it.
    place: InboxPos,
    before: Option<(InboxPos, Vec<String>)>,
}

impl Device {
    /// A sync as the server carries it out: read, then let go of what the token shows.
    async fn syncs(&mut self, store: &Store, place: InboxPos) -> Vec<String> {
        let news = told(store, &user("cy"), "PHONE", None, place).await.device;
        if news.acknowledged {
            store.run(AckDeviceQueue { user_id: user("cy"), device_id: device("PHONE"), upto: place }).await.unwrap();
        }
        self.place = news.queue;
        texts(&news.messages)
    }

    async fn does(&mut self, store: &Store, deed: &Deed) {
        match deed {
            Deed::Send(ana, count) => {
                for _ in 0..*count {
                    let text = format!("m{}", self.sent.len());
                    sends(store, if *ana { "ana" } else { "ben" }, &text, &[("cy", None)]).await;
                    self.sent.push(text);
                }
            }
            Deed::Sync => {
                let place = self.place;
                let got = self.syncs(store, place).await;
                self.received.extend(got.clone());
                self.before = Some((place, got));
            }
            Deed::Replay => {
                let Some((place, before)) = self.before.clone() else { return };
                let got = self.syncs(store, place).await;
                assert!(got.starts_with(&before), "the same place gives the same messages again");
                self.received.extend_from_slice(&got[before.len()..]);
                self.before = Some((place, got));
            }
            Deed::Restart => {}
        }
        assert_eq!(self.received, self.sent[..self.received.len()], "in order, none twice, none left out");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_sends_syncs_replays_and_restarts_deliver_all_in_order(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("frankly.db");
            let mut store = Store::open_sqlite(&path).unwrap();
            people_with(&store, &["ana", "ben", "cy"], &["PHONE"]).await;
            let mut cy = Device::default();
            for deed in &deeds {
                if matches!(deed, Deed::Restart) {
                    drop(store);
                    store = Store::open_sqlite(&path).unwrap();
                }
                cy.does(&store, deed).await;
            }
            while cy.received.len() < cy.sent.len() {
                cy.does(&store, &Deed::Sync).await;
            }
            if let Some(store) = crate::backend::fresh_postgres().await {
                people_with(&store, &["ana", "ben", "cy"], &["PHONE"]).await;
                let mut cy = Device::default();
                for deed in deeds.iter().take(6) {
                    cy.does(&store, deed).await;
                }
            }
        });
    }
}
