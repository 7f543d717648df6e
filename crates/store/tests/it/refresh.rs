//! Pairs of tokens: which of them count, and until when.

use model::clock::Timestamp;
use model::id::OwnedDeviceId;
use model::person::AccountState;
use store::Store;
use store::command::refresh::{Refresh, TakeUp};
use store::command::session::{LogIn, LogOut, Refreshable};
use store::query::session_by_token::{HolderByRefreshToken, SessionByToken};

use crate::on_both;
use crate::world::{AddPeople, user};

/// The access token of this number is 32 of it, its refresh token 32 of it and a hundred.
fn refresh_token(number: u8) -> [u8; 32] {
    [number + 100; 32]
}

fn refreshable(number: u8) -> Refreshable {
    Refreshable { token_hash: refresh_token(number), expires: Timestamp(1_000 * i64::from(number)) }
}

/// Logs ana's phone in with the pair of this number; without a refresh token for number 0.
async fn logs_in(store: &Store, number: u8) {
    let refresh = (number > 0).then(|| refreshable(number));
    let (device_id, token_hash) = (OwnedDeviceId::from("PHONE"), [number; 32]);
    let command = LogIn { user_id: user("ana"), device_id, display_name: None, token_hash, refresh, now: Timestamp(1) };
    assert!(store.run(command).await.unwrap());
}

/// Trades the refresh token of `from` for the pair `to`.
async fn trades(store: &Store, from: u8, to: u8) -> bool {
    let command = Refresh { shown: refresh_token(from), token_hash: [to; 32], refresh: refreshable(to), now: Timestamp(2) };
    store.run(command).await.unwrap()
}

/// Uses an access token for the first time.
async fn takes_up(store: &Store, number: u8) -> bool {
    let (user_id, device_id) = (user("ana"), OwnedDeviceId::from("PHONE"));
    store.run(TakeUp { token_hash: [number; 32], user_id, device_id, now: Timestamp(3) }).await.unwrap()
}

/// The numbers of the access tokens that count, then those of the refresh tokens.
async fn count(store: &Store) -> (Vec<u8>, Vec<u8>) {
    let (mut access, mut refresh) = (Vec::new(), Vec::new());
    for number in 0..10 {
        if store.read(SessionByToken { token_hash: [number; 32] }).await.unwrap().is_some() {
            access.push(number);
        }
        if store.read(HolderByRefreshToken { token_hash: refresh_token(number) }).await.unwrap().is_some() {
            refresh.push(number);
        }
    }
    (access, refresh)
}

on_both! {
    async fn the_pair_before_counts_until_the_fresh_one_is_used(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        logs_in(&store, 1).await;
        let session = store.read(SessionByToken { token_hash: [1; 32] }).await.unwrap().unwrap();
        assert_eq!((session.expires, session.fresh), (Some(Timestamp(1_000)), false));
        assert!(trades(&store, 1, 2).await);
        assert_eq!(count(&store).await, (vec![1, 2], vec![1, 2]));
        assert!(store.read(SessionByToken { token_hash: [2; 32] }).await.unwrap().unwrap().fresh);
        // the answer was lost: what it brought counts no more
        assert!(trades(&store, 1, 3).await);
        assert_eq!(count(&store).await, (vec![1, 3], vec![1, 3]));
        assert!(!takes_up(&store, 2).await);
        // used once or twice, it is the same
        assert!(takes_up(&store, 3).await);
        assert!(takes_up(&store, 3).await);
        assert_eq!(count(&store).await, (vec![3], vec![3]));
        assert!(!store.read(SessionByToken { token_hash: [3; 32] }).await.unwrap().unwrap().fresh);
        assert!(!trades(&store, 1, 4).await, "what was traded and used up is good for nothing");
        assert_eq!(count(&store).await, (vec![3], vec![3]));
    }

    async fn a_fresh_refresh_token_that_is_shown_is_used(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        logs_in(&store, 1).await;
        assert!(trades(&store, 1, 2).await);
        assert!(trades(&store, 2, 3).await);
        assert_eq!(count(&store).await, (vec![2, 3], vec![2, 3]));
        assert!(!trades(&store, 1, 4).await);
    }

    async fn of_those_who_trade_at_once_one_pair_is_left(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        logs_in(&store, 1).await;
        let (one, two, three) = tokio::join!(trades(&store, 1, 2), trades(&store, 1, 3), trades(&store, 1, 4));
        assert!(one && two && three);
        let (access, refresh) = count(&store).await;
        assert_eq!((access.len(), &access), (2, &refresh), "the one in use and the last fresh one");
    }

    async fn a_log_in_or_a_log_out_ends_all_pairs(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        logs_in(&store, 1).await;
        assert!(trades(&store, 1, 2).await);
        logs_in(&store, 5).await;
        assert_eq!(count(&store).await, (vec![5], vec![5]));
        assert!(trades(&store, 5, 6).await);
        let holder = store.read(HolderByRefreshToken { token_hash: refresh_token(5) }).await.unwrap();
        assert_eq!(holder, Some((user("ana"), AccountState::Active)));
        let devices = Some(vec![OwnedDeviceId::from("PHONE")]);
        store.run(LogOut { user_id: user("ana"), devices, except: None }).await.unwrap();
        assert_eq!(count(&store).await, (vec![], vec![]));
        logs_in(&store, 7).await;
        logs_in(&store, 0).await;
        assert_eq!(count(&store).await, (vec![0], vec![]), "a client that does not refresh has nothing to refresh");
    }
}
