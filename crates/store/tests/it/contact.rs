//! What connects people: relations and guardians as they are told, and who may see whom.

use model::clock::Timestamp;
use model::contact::{ContactLimit, Pair};
use model::id::OwnedUserId;
use model::person::AgeBand;
use store::Store;
use store::command::host_key::{MakeHostKey, RevokeHostKey};
use store::command::narrow_ward::NarrowWard;
use store::command::relate_people::{Relate, RelatePeople, Related};
use store::command::update_user::{UpdateUser, UserChange};
use store::command::upsert_people::{PersonTold, UpsertPeople, Upserted};
use store::query::accounts::AccountById;
use store::query::contact::Pairs;
use store::query::host_keys::{HostKeyByHash, HostKeys};
use store::query::people::PersonSeen;
use store::query::wards::Wards;

use crate::on_both;
use crate::world::{AddPeople, room_of, user};

fn follows(one: &str, other: &str, yes: bool) -> Relate {
    Relate { user_id: user(one), other: user(other), follows: Some(yes), blocks: None }
}

fn blocks(one: &str, other: &str, yes: bool) -> Relate {
    Relate { user_id: user(one), other: user(other), follows: None, blocks: Some(yes) }
}

async fn relate(store: &Store, relations: Vec<Relate>) -> Vec<Related> {
    store.run(RelatePeople { tenant: "default".to_owned(), relations }).await.unwrap()
}

async fn pair(store: &Store, one: &str, other: &str) -> Pair {
    store.read(Pairs { of: vec![(user(one), user(other))], besides: None }).await.unwrap()[0]
}

fn told(name: &str) -> PersonTold {
    PersonTold { user_id: user(name), display_name: None, age_band: None, jurisdiction: None, guardian: None, limit: None }
}

async fn tell(store: &Store, people: Vec<PersonTold>) -> Vec<Upserted> {
    store.run(UpsertPeople { tenant: "default".to_owned(), people, now: Timestamp(5) }).await.unwrap()
}

async fn sees(store: &Store, asker: Option<&str>, of: &str) -> bool {
    store.read(PersonSeen { asker: asker.map(user), user_id: user(of) }).await.unwrap().is_some()
}

on_both! {
    async fn a_relation_is_as_told_last_and_telling_twice_changes_nothing(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let done = relate(&store, vec![follows("ana", "ben", true), follows("ana", "ben", true), blocks("ben", "ana", true)]).await;
        assert_eq!(done, [Related::Changed, Related::Unchanged, Related::Changed]);
        let expected = Pair { follows: true, blocked: true, ..Pair::default() };
        assert_eq!(pair(&store, "ana", "ben").await, expected);
        assert_eq!(pair(&store, "ben", "ana").await, Pair { followed: true, blocks: true, ..Pair::default() });
        let done = relate(&store, vec![blocks("ben", "ana", false), blocks("ben", "ana", false), follows("ben", "ana", true)]).await;
        assert_eq!(done, [Related::Changed, Related::Unchanged, Related::Changed]);
        assert!(pair(&store, "ana", "ben").await.friends());
    }

    async fn who_is_not_known_is_named_and_the_others_are_taken(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let done = relate(&store, vec![follows("ana", "ghost", true), follows("ana", "ana", true), follows("ana", "ben", true)]).await;
        assert_eq!(done, [Related::Unknown(user("ghost")), Related::Oneself, Related::Changed]);
        let other = RelatePeople { tenant: "elsewhere".to_owned(), relations: vec![blocks("ana", "ben", true)] };
        assert_eq!(store.run(other).await.unwrap(), [Related::Unknown(user("ana"))], "people of another tenant");
        assert!(!pair(&store, "ana", "ben").await.blocks);
    }

    async fn a_conversation_acquaints_and_the_one_in_question_does_not(store: Store) {
        let people: Vec<OwnedUserId> = ["ana", "ben", "cy"].map(user).to_vec();
        store.run(AddPeople(people.clone())).await.unwrap();
        let room = room_of(&store, &people[..2]).await;
        assert!(pair(&store, "ana", "ben").await.acquainted && !pair(&store, "ana", "cy").await.acquainted);
        let query = Pairs { of: vec![(user("ana"), user("ben"))], besides: Some(room) };
        assert!(!store.read(query).await.unwrap()[0].acquainted);
    }

    async fn people_are_made_brought_up_to_date_and_left_alone(store: Store) {
        let guardian = Some(Some(user("gil")));
        let mia = PersonTold { display_name: Some(Some("Mia".to_owned())), age_band: Some(AgeBand::From13To15), guardian, ..told("mia") };
        let gil = PersonTold { age_band: Some(AgeBand::Adult), jurisdiction: Some("DE".to_owned()), ..told("gil") };
        let done = tell(&store, vec![mia.clone(), gil.clone(), told("new")]).await;
        assert_eq!(done, [Upserted::Created; 3], "the guardian may stand behind");
        assert_eq!(tell(&store, vec![mia.clone(), gil, told("new")]).await, [Upserted::Unchanged; 3]);
        let account = store.read(AccountById(user("mia"))).await.unwrap().unwrap();
        assert_eq!((account.age_band, account.guardian, account.limit), (AgeBand::From13To15, Some(user("gil")), None));
        assert_eq!(store.read(AccountById(user("new"))).await.unwrap().unwrap().age_band, AgeBand::Unknown);
        let older = PersonTold { age_band: Some(AgeBand::From16To17), limit: Some(Some(ContactLimit::Friends)), ..told("mia") };
        let renamed = PersonTold { display_name: Some(None), ..told("mia") };
        let done = tell(&store, vec![older, renamed]).await;
        assert_eq!(done, [Upserted::Updated { renamed: false }, Upserted::Updated { renamed: true }]);
        let account = store.read(AccountById(user("mia"))).await.unwrap().unwrap();
        assert_eq!((account.age_band, account.limit, account.display_name), (AgeBand::From16To17, Some(ContactLimit::Friends), None));
        let alone = PersonTold { guardian: Some(None), limit: Some(None), ..told("mia") };
        assert_eq!(tell(&store, vec![alone]).await, [Upserted::Updated { renamed: false }]);
        assert_eq!(store.read(AccountById(user("mia"))).await.unwrap().unwrap().guardian, None);
    }

    async fn a_guardian_is_an_adult_who_is_known_and_not_oneself(store: Store) {
        tell(&store, vec![PersonTold { age_band: Some(AgeBand::From16To17), ..told("big") }]).await;
        for guardian in ["big", "ghost", "mia"] {
            let mia = PersonTold { guardian: Some(Some(user(guardian))), ..told("mia") };
            assert_eq!(tell(&store, vec![mia]).await, [Upserted::BadGuardian], "{guardian}");
        }
        assert_eq!(store.read(AccountById(user("mia"))).await.unwrap().unwrap().guardian, None);
    }

    async fn accounts_of_others_and_closed_ones_are_not_touched(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        let named = PersonTold { display_name: Some(Some("X".to_owned())), guardian: Some(None), ..told("ana") };
        let other = UpsertPeople { tenant: "elsewhere".to_owned(), people: vec![named.clone()], now: Timestamp(5) };
        assert_eq!(store.run(other).await.unwrap(), [Upserted::NotYours]);
        relate(&store, vec![]).await;
        let close = UpdateUser { user_id: user("ana"), change: UserChange::Deactivate { erase: false, tell_webhook: false }, now: Timestamp(5) };
        store.run(close).await.unwrap();
        assert_eq!(tell(&store, vec![named]).await, [Upserted::NotYours]);
        assert_eq!(store.read(AccountById(user("ana"))).await.unwrap().unwrap().display_name, None);
    }

    async fn a_closed_account_leaves_no_relation_and_no_ward(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben"), user("mia")])).await.unwrap();
        relate(&store, vec![follows("ana", "ben", true), follows("ben", "ana", true)]).await;
        tell(&store, vec![PersonTold { guardian: Some(Some(user("ana"))), ..told("mia") }]).await;
        let close = UpdateUser { user_id: user("ana"), change: UserChange::Deactivate { erase: false, tell_webhook: false }, now: Timestamp(5) };
        store.run(close).await.unwrap();
        assert_eq!(pair(&store, "ana", "ben").await, Pair::default());
        assert_eq!(store.read(AccountById(user("mia"))).await.unwrap().unwrap().guardian, None);
    }

    async fn the_young_are_seen_by_those_who_know_them(store: Store) {
        let people = ["ana", "ben", "mia"].map(user).to_vec();
        store.run(AddPeople(people)).await.unwrap();
        for asker in [None, Some("ana")] {
            assert!(sees(&store, asker, "mia").await && !sees(&store, asker, "ghost").await);
        }
        tell(&store, vec![PersonTold { age_band: Some(AgeBand::From13To15), ..told("mia") }]).await;
        for asker in [None, Some("ana"), Some("ben"), Some("ghost")] {
            assert!(!sees(&store, asker, "mia").await, "{asker:?}");
        }
        assert!(sees(&store, Some("mia"), "mia").await);
        relate(&store, vec![follows("ana", "mia", true)]).await;
        assert!(!sees(&store, Some("ana"), "mia").await, "following is not knowing");
        relate(&store, vec![follows("mia", "ana", true)]).await;
        assert!(sees(&store, Some("ana"), "mia").await);
        relate(&store, vec![blocks("mia", "ana", true)]).await;
        assert!(!sees(&store, Some("ana"), "mia").await);
        room_of(&store, &[user("mia"), user("ana")]).await;
        assert!(sees(&store, Some("ana"), "mia").await, "who is in a room sees who else is");
    }
}

on_both! {
    async fn a_key_is_found_by_its_hash_until_it_is_revoked(store: Store) {
        let make = |name: &str, hash: u8| MakeHostKey {
            key_hash: [hash; 32],
            name: name.to_owned(),
            tenant: "default".to_owned(),
            now: Timestamp(5),
        };
        assert!(store.run(make("shop", 1)).await.unwrap() && store.run(make("game", 2)).await.unwrap());
        assert!(!store.run(make("shop", 3)).await.unwrap());
        assert_eq!(store.read(HostKeyByHash([1; 32])).await.unwrap().unwrap().name, "shop");
        assert_eq!(store.read(HostKeyByHash([3; 32])).await.unwrap(), None);
        let revoke = RevokeHostKey { name: "shop".to_owned(), now: Timestamp(9) };
        assert!(store.run(revoke.clone()).await.unwrap() && !store.run(revoke).await.unwrap());
        assert_eq!(store.read(HostKeyByHash([1; 32])).await.unwrap(), None);
        let all: Vec<_> = store.read(HostKeys).await.unwrap().into_iter().map(|key| (key.name, key.revoked_ms)).collect();
        assert_eq!(all, [("game".to_owned(), None), ("shop".to_owned(), Some(9))]);
        assert!(!store.run(make("shop", 4)).await.unwrap(), "a name means one key for ever");
    }

    async fn a_guardian_narrows_their_own_wards(store: Store) {
        store.run(AddPeople(vec![user("gil"), user("eve")])).await.unwrap();
        tell(&store, vec![PersonTold { guardian: Some(Some(user("gil"))), ..told("mia") }]).await;
        let narrow = |guardian: &str, limit| NarrowWard { guardian: user(guardian), ward: user("mia"), limit };
        assert!(!store.run(narrow("eve", None)).await.unwrap());
        assert!(store.run(narrow("gil", Some(ContactLimit::Guardian))).await.unwrap());
        let wards = store.read(Wards(user("gil"))).await.unwrap();
        assert_eq!((wards.len(), &wards[0].user_id, wards[0].limit), (1, &user("mia"), Some(ContactLimit::Guardian)));
        assert!(store.run(narrow("gil", None)).await.unwrap());
        tell(&store, vec![PersonTold { age_band: Some(AgeBand::Adult), ..told("mia") }]).await;
        assert!(!store.run(narrow("gil", Some(ContactLimit::Guardian))).await.unwrap(), "who has grown up is no ward");
        assert!(store.read(Wards(user("gil"))).await.unwrap().is_empty());
    }
}
