//! One-time keys: each once for ever, in upload order, whoever asks and however often.

use std::collections::{BTreeMap, BTreeSet};

use model::limits;
use model::seq::InboxPos;
use proptest::prelude::*;
use store::command::claim_keys::{ClaimKeys, Claimed};
use store::command::put_cross_signing::{CrossSigningOutcome, PutCrossSigning};
use store::command::restored::BeginEpoch;
use store::command::session::LogOut;
use store::command::upload_keys::{NewKey, UploadKeys, UploadOutcome};
use store::query::public_keys::PublicKeys;
use store::{Query, Store, StoreError, Tx, args};

use super::world::{claims, device, key, logs_in, now, people_with, told, upload, uploads_identity};
use crate::on_both;
use crate::world::{room_of, say, user};

fn ids(claimed: &Claimed) -> Vec<String> {
    claimed.keys.iter().map(|key| key.key_id.clone()).collect()
}

fn counts(outcome: &UploadOutcome) -> String {
    match outcome {
        UploadOutcome::Kept(counts, _) => counts.clone(),
        other => panic!("not kept: {other:?}"),
    }
}

/// Names in an order that differs from the order of their texts.
fn numbered(numbers: std::ops::Range<usize>) -> Vec<NewKey> {
    numbers.map(|n| key(&format!("K{n}"), &format!("public {n}"))).collect()
}

/// How many one-time keys there are in truth, whatever the device's row says.
struct Counted;

impl Query for Counted {
    type Out = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        tx.row("select count(*) from one_time_keys", args![]).await?.unwrap().int(0)
    }
}

on_both! {
    async fn keys_are_given_out_once_and_in_upload_order_to_claimers_at_once(store: Store) {
        people_with(&store, &["ana"], &["PHONE"]).await;
        for start in (0..40).step_by(10) {
            let outcome = store.run(upload("ana", "PHONE", numbered(start..start + 10))).await.unwrap();
            assert_eq!(counts(&outcome), format!(r#"{{"signed_curve25519":{}}}"#, start + 10));
        }
        let mut claimers = Vec::new();
        for _ in 0..8 {
            let store = store.clone();
            claimers.push(tokio::spawn(async move {
                let mut got = Vec::new();
                for _ in 0..7 {
                    got.extend(ids(&claims(&store, &[("ana", "PHONE")]).await));
                }
                got
            }));
        }
        let mut all = BTreeSet::new();
        for claimer in claimers {
            let got = claimer.await.unwrap();
            let place = |id: &String| id.rsplit_once('K').unwrap().1.parse::<usize>().unwrap();
            let places: Vec<usize> = got.iter().map(place).collect();
            assert!(places.windows(2).all(|two| two[0] < two[1]), "one claimer gets them in upload order: {places:?}");
            for id in got {
                assert!(all.insert(id.clone()), "{id} was given out twice");
            }
        }
        assert_eq!(all.len(), 40);
        assert_eq!(store.read(Counted).await.unwrap(), 0);
    }

    async fn an_upload_sent_again_changes_nothing_even_after_a_claim(store: Store) {
        people_with(&store, &["ana"], &["PHONE"]).await;
        let first = upload("ana", "PHONE", vec![key("B", "1"), key("A", "2")]);
        store.run(first.clone()).await.unwrap();
        assert_eq!(counts(&store.run(first.clone()).await.unwrap()), r#"{"signed_curve25519":2}"#);
        assert_eq!(ids(&claims(&store, &[("ana", "PHONE")]).await), ["signed_curve25519:B"], "first uploaded, not first by name");
        assert_eq!(counts(&store.run(first).await.unwrap()), r#"{"signed_curve25519":1}"#, "what was given out does not come back");
        let other = store.run(upload("ana", "PHONE", vec![key("C", "3"), key("A", "other")])).await.unwrap();
        assert_eq!(other, UploadOutcome::OtherContent("signed_curve25519:A".to_owned()));
        assert_eq!(store.read(Counted).await.unwrap(), 1, "nothing of a refused upload is kept");
    }

    async fn a_device_keeps_so_many_keys_and_no_more(store: Store) {
        people_with(&store, &["ana"], &["PHONE"]).await;
        let bound = usize::try_from(limits::ONE_TIME_KEYS).unwrap();
        let outcome = store.run(upload("ana", "PHONE", numbered(0..bound))).await.unwrap();
        assert_eq!(counts(&outcome), format!(r#"{{"signed_curve25519":{bound}}}"#));
        assert_eq!(store.run(upload("ana", "PHONE", numbered(bound..bound + 1))).await.unwrap(), UploadOutcome::TooMany);
        assert_eq!(ids(&claims(&store, &[("ana", "PHONE")]).await), ["signed_curve25519:K0"], "the oldest was not pushed out");
    }

    async fn a_device_has_fallback_keys_of_few_algorithms_and_counts_of_those_it_has(store: Store) {
        people_with(&store, &["ana"], &["PHONE"]).await;
        let of = |algorithm: &str, id: &str| NewKey { algorithm: algorithm.to_owned(), ..key(id, id) };
        let fallback = |n: usize| UploadKeys { fallback_keys: vec![of(&format!("a{n}"), &format!("F{n}"))], ..upload("ana", "PHONE", Vec::new()) };
        for n in 0..limits::FALLBACK_KEYS {
            assert!(matches!(store.run(fallback(n)).await.unwrap(), UploadOutcome::Kept(..)));
        }
        assert_eq!(store.run(fallback(limits::FALLBACK_KEYS)).await.unwrap(), UploadOutcome::TooMany);
        assert!(matches!(store.run(fallback(0)).await.unwrap(), UploadOutcome::Kept(..)), "what is there may be changed");
        let other = upload("ana", "PHONE", vec![of("other", "O")]);
        assert_eq!(counts(&store.run(other).await.unwrap()), r#"{"other":1,"signed_curve25519":0}"#);
        let wanted = BTreeMap::from([((user("ana"), device("PHONE")), "other".to_owned())]);
        assert_eq!(ids(&store.run(ClaimKeys { asker: user("ana"), wanted }).await.unwrap()).len(), 1);
        let counted = counts(&store.run(upload("ana", "PHONE", vec![key("A", "1")])).await.unwrap());
        assert_eq!(counted, r#"{"signed_curve25519":1}"#, "of what is gone nothing is told");
    }

    async fn the_fallback_key_serves_when_no_other_is_left(store: Store) {
        people_with(&store, &["ana"], &["PHONE"]).await;
        let fallback = |id: &str| UploadKeys { fallback_keys: vec![key(id, id)], ..upload("ana", "PHONE", Vec::new()) };
        store.run(UploadKeys { fallback_keys: vec![key("F", "F")], ..upload("ana", "PHONE", vec![key("A", "1")]) }).await.unwrap();
        let types = async || told(&store, &user("ana"), "PHONE", None, InboxPos::ZERO).await.device.fallback_types;
        assert_eq!(ids(&claims(&store, &[("ana", "PHONE")]).await), ["signed_curve25519:A"]);
        assert_eq!(types().await, r#"["signed_curve25519"]"#);
        for _ in 0..3 {
            assert_eq!(ids(&claims(&store, &[("ana", "PHONE")]).await), ["signed_curve25519:F"]);
            assert_eq!(types().await, "[]");
        }
        store.run(fallback("F")).await.unwrap();
        assert_eq!(types().await, "[]", "the same key again stays used");
        store.run(fallback("G")).await.unwrap();
        assert_eq!(types().await, r#"["signed_curve25519"]"#);
        assert_eq!(ids(&claims(&store, &[("ana", "PHONE"), ("ana", "NONE"), ("ghost", "PHONE")]).await), ["signed_curve25519:G"]);
    }

    async fn a_claim_is_told_to_the_device_it_was_made_on(store: Store) {
        people_with(&store, &["ana"], &["PHONE", "LAPTOP"]).await;
        store.run(upload("ana", "PHONE", vec![key("A", "1"), key("B", "2")])).await.unwrap();
        let before = now(&store, "ana").await;
        let claimed = claims(&store, &[("ana", "PHONE")]).await;
        assert_eq!(claimed.told, BTreeSet::from([user("ana")]));
        let phone = told(&store, &user("ana"), "PHONE", Some(before), InboxPos::ZERO).await;
        assert_eq!((phone.is_empty(), phone.device.key_counts.as_str()), (false, r#"{"signed_curve25519":1}"#));
        let laptop = told(&store, &user("ana"), "LAPTOP", Some(before), InboxPos::ZERO).await;
        assert_eq!((laptop.is_empty(), laptop.device.key_counts.as_str()), (true, r#"{"signed_curve25519":0}"#));
    }

    async fn a_device_has_one_identity_and_loses_all_when_it_is_logged_out(store: Store) {
        people_with(&store, &["ana"], &["PHONE"]).await;
        assert!(matches!(uploads_identity(&store, "ana", "PHONE", "one").await, UploadOutcome::Kept(..)));
        assert!(matches!(uploads_identity(&store, "ana", "PHONE", "one").await, UploadOutcome::Kept(_, told) if told.is_empty()));
        assert_eq!(uploads_identity(&store, "ana", "PHONE", "two").await, UploadOutcome::OtherIdentity);
        store.run(upload("ana", "PHONE", vec![key("A", "1")])).await.unwrap();
        logs_in(&store, "ana", "PHONE").await;
        let devices = async || {
            let found = store.read(PublicKeys { asker: user("ana"), of: vec![(user("ana"), Vec::new())] }).await.unwrap();
            found[0].devices.iter().map(|device| device.device_id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(devices().await, ["PHONE"], "logging in again as the same device keeps its keys");
        assert_eq!(store.read(Counted).await.unwrap(), 1);
        store.run(LogOut { user_id: user("ana"), devices: Some(vec![device("PHONE")]), except: None }).await.unwrap();
        assert!(devices().await.is_empty());
        assert_eq!(store.read(Counted).await.unwrap(), 0);
        assert_eq!(store.run(upload("ana", "PHONE", vec![key("A", "1")])).await.unwrap(), UploadOutcome::NoDevice);
        logs_in(&store, "ana", "PHONE").await;
        assert!(matches!(uploads_identity(&store, "ana", "PHONE", "two").await, UploadOutcome::Kept(..)));
    }

    async fn first_cross_signing_keys_need_no_word_and_others_do(store: Store) {
        people_with(&store, &["ana"], &["PHONE"]).await;
        let put = |name: &str, authorised| PutCrossSigning {
            user_id: user("ana"),
            keys: vec![("master", format!("ed25519:{name}"), format!(r#"{{"key":"{name}"}}"#))],
            signatures: Vec::new(),
            authorised,
        };
        let (one, two) = tokio::join!(store.run(put("one", false)), store.run(put("two", false)));
        let kept = |outcome: &CrossSigningOutcome| matches!(outcome, CrossSigningOutcome::Kept(_));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(kept(&one) != kept(&two), "of two first uploads one is first: {one:?} {two:?}");
        let first = if kept(&one) { "one" } else { "two" };
        assert_eq!(store.run(put(first, false)).await.unwrap(), CrossSigningOutcome::Unchanged);
        assert_eq!(store.run(put("three", false)).await.unwrap(), CrossSigningOutcome::NeedsAuthorisation);
        assert!(kept(&store.run(put("three", true)).await.unwrap()));
    }

    async fn a_restored_database_gives_out_no_key_again_and_loses_no_event(store: Store) {
        people_with(&store, &["ana", "ben"], &["PHONE"]).await;
        let room = room_of(&store, &[user("ana"), user("ben")]).await;
        store.run(UploadKeys { fallback_keys: vec![key("F", "F")], ..upload("ana", "PHONE", numbered(0..5)) }).await.unwrap();
        // a position that was given after the copy was made: the copy does not know it
        let lost = InboxPos::new(now(&store, "ana").await.get() + 3).unwrap();
        assert_eq!(store.run(BeginEpoch).await.unwrap().keys_dropped, 5);
        assert_eq!(store.run(BeginEpoch).await.unwrap().number, 2);
        assert_eq!(ids(&claims(&store, &[("ana", "PHONE")]).await), ["signed_curve25519:F"]);
        say(&store, &room, &user("ben"), "after", None).await.unwrap();
        let news = told(&store, &user("ana"), "PHONE", Some(lost), InboxPos::ZERO).await;
        assert_eq!(news.device.key_counts, r#"{"signed_curve25519":0}"#);
        assert!(news.joined[0].timeline.limited && news.joined[0].timeline.events.last().unwrap().content.contains("after"));
        assert_eq!(news.device.changed, ["@ana:example.org", "@ben:example.org"], "every device list may have changed");
    }
}

#[derive(Clone, Debug)]
enum Deed {
    /// Uploads keys with these numbers; what was uploaded before is sent again.
    Upload(Vec<u8>),
    Claim,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![proptest::collection::vec(0..30_u8, 1..6).prop_map(Deed::Upload), Just(Deed::Claim)];
    proptest::collection::vec(deed, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_uploads_and_claims_match_a_queue(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
            matches_a_queue(&store, &deeds).await;
            if let Some(store) = crate::backend::fresh_postgres().await {
                matches_a_queue(&store, &deeds).await;
            }
        });
    }
}

async fn matches_a_queue(store: &Store, deeds: &[Deed]) {
    people_with(store, &["ana"], &["PHONE"]).await;
    let mut queue: std::collections::VecDeque<u8> = std::collections::VecDeque::new();
    let mut ever = BTreeSet::new();
    for deed in deeds {
        match deed {
            Deed::Upload(numbers) => {
                let numbers: BTreeSet<u8> = numbers.iter().copied().collect();
                for n in &numbers {
                    if ever.insert(*n) {
                        queue.push_back(*n);
                    }
                }
                let keys = numbers.iter().map(|n| key(&n.to_string(), &n.to_string())).collect();
                let outcome = store.run(upload("ana", "PHONE", keys)).await.unwrap();
                let expected = BTreeMap::from([("signed_curve25519", queue.len())]);
                assert_eq!(counts(&outcome), serde_json::to_string(&expected).unwrap());
            }
            Deed::Claim => {
                let expected: Vec<String> = queue.pop_front().map(|n| format!("signed_curve25519:{n}")).into_iter().collect();
                assert_eq!(ids(&claims(store, &[("ana", "PHONE")]).await), expected);
            }
        }
        assert_eq!(store.read(Counted).await.unwrap(), i64::try_from(queue.len()).unwrap());
    }
}
