//! Sessions, changes to accounts, and the directory.

use model::clock::Timestamp;
use model::id::OwnedDeviceId;
use model::limits;
use model::person::{AccountState, AgeBand, Role};
use store::Store;
use store::command::session::{LogIn, LogOut};
use store::command::update_user::{UpdateUser, UserChange};
use store::query::accounts::{AccountById, Devices, Directory};
use store::query::session_by_token::SessionByToken;

use crate::on_both;
use crate::world::{AddPeople, room_of, user};

fn log_in(name: &str, device: &str, token: u8, at: i64) -> LogIn {
    LogIn {
        user_id: user(name),
        device_id: OwnedDeviceId::from(device),
        display_name: Some(device.to_lowercase()),
        token_hash: [token; 32],
        refresh: None,
        now: Timestamp(at),
    }
}

async fn holds(store: &Store, token: u8) -> Option<String> {
    let session = store.read(SessionByToken { token_hash: [token; 32] }).await.unwrap();
    session.map(|session| format!("{} {}", session.user_id, session.device_id))
}

async fn change(store: &Store, name: &str, change: UserChange) -> bool {
    store.run(UpdateUser { user_id: user(name), change, now: Timestamp(5) }).await.unwrap()
}

on_both! {
    async fn a_device_has_one_token_at_a_time(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        assert!(store.run(log_in("ana", "PHONE", 1, 10)).await.unwrap());
        assert_eq!(holds(&store, 1).await.unwrap(), "@ana:example.org PHONE");
        assert!(store.run(log_in("ana", "PHONE", 2, 20)).await.unwrap());
        assert_eq!((holds(&store, 1).await, holds(&store, 2).await.is_some()), (None, true));
        let devices = store.read(Devices(user("ana"))).await.unwrap();
        assert_eq!((devices.len(), devices[0].last_seen_ms, devices[0].display_name.as_deref()), (1, 20, Some("phone")));
    }

    async fn devices_are_bounded(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        for number in 0..limits::DEVICES_PER_USER {
            let token = u8::try_from(number).unwrap();
            assert!(store.run(log_in("ana", &format!("D{number}"), token, 10)).await.unwrap());
        }
        assert!(!store.run(log_in("ana", "ONE-MORE", 255, 20)).await.unwrap());
        assert_eq!(holds(&store, 255).await, None);
        assert!(store.run(log_in("ana", "D0", 254, 20)).await.unwrap(), "a known device may log in again");
    }

    async fn logging_out_takes_the_named_devices_or_all_but_one(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        for (token, device) in [(1, "A"), (2, "B"), (3, "C")] {
            store.run(log_in("ana", device, token, 10)).await.unwrap();
        }
        store.run(log_in("ben", "A", 4, 10)).await.unwrap();
        let devices = Some(vec![OwnedDeviceId::from("A"), OwnedDeviceId::from("NONE")]);
        store.run(LogOut { user_id: user("ana"), devices, except: None }).await.unwrap();
        assert_eq!((holds(&store, 1).await.is_some(), holds(&store, 4).await.is_some()), (false, true));
        store.run(LogOut { user_id: user("ana"), devices: None, except: Some(OwnedDeviceId::from("C")) }).await.unwrap();
        assert_eq!((holds(&store, 2).await.is_some(), holds(&store, 3).await.is_some()), (false, true));
    }

    async fn a_closed_account_keeps_its_name_and_nothing_else(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        store.run(log_in("ana", "PHONE", 1, 10)).await.unwrap();
        assert!(change(&store, "ana", UserChange::Password("$hash".to_owned())).await);
        assert!(change(&store, "ana", UserChange::AddRole(Role::Reviewer)).await);
        assert!(change(&store, "ana", UserChange::AddRole(Role::Reviewer)).await);
        let account = store.read(AccountById(user("ana"))).await.unwrap().unwrap();
        assert_eq!((account.roles, account.password_hash.as_deref()), (vec![Role::Reviewer], Some("$hash")));
        assert!(change(&store, "ana", UserChange::Deactivate { erase: true, tell_webhook: false }).await);
        let account = store.read(AccountById(user("ana"))).await.unwrap().unwrap();
        assert_eq!((account.state, account.password_hash, account.roles.len()), (AccountState::Deactivated, None, 0));
        assert!(account.erase_asked_ms.is_some());
        assert_eq!(holds(&store, 1).await, None);
        assert!(!change(&store, "ghost", UserChange::Deactivate { erase: false, tell_webhook: false }).await);
    }

    async fn the_directory_takes_wildcards_as_letters_and_knows_acquaintances(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben_x"), user("benax")])).await.unwrap();
        assert!(change(&store, "benax", UserChange::DisplayName(Some("100% Ben".to_owned()))).await);
        room_of(&store, &[user("ana"), user("ben_x")]).await;
        let finds = async |term: &str| {
            let found = store.read(Directory { searcher: user("ana"), term: term.to_owned(), limit: 10 }).await.unwrap();
            found.into_iter().map(|one| one.user_id.localpart().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(finds("ben_").await, ["ben_x"]);
        assert_eq!(finds("ben").await, ["ben_x", "benax"]);
        assert_eq!(finds("100%").await, ["benax"]);
        for young in ["ben_x", "benax"] {
            assert!(change(&store, young, UserChange::AgeBand(AgeBand::From13To15)).await);
        }
        assert_eq!(finds("ben").await, ["ben_x"], "who shares a room is found at every age");
        assert!(finds("%").await.is_empty());
        assert!(finds("ana").await.is_empty(), "nobody finds themselves");
    }
}
