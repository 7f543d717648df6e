//! What people show of themselves beside name and picture.

use model::clock::Timestamp;
use model::limits;
use model::ruma::CanonicalJsonValue;
use store::Store;
use store::command::put_profile_field::PutProfileField;
use store::command::update_user::{UpdateUser, UserChange};
use store::query::people::PersonSeen;
use store::query::profile::ProfileSeen;

use crate::on_both;
use crate::world::{AddPeople, user};

async fn puts(store: &Store, key: &str, value: Option<&str>) -> bool {
    let value = value.map(|text| CanonicalJsonValue::String(text.to_owned()));
    store.run(PutProfileField { user_id: user("ana"), key: key.to_owned(), value }).await.unwrap()
}

/// The names of the fields that ben sees.
async fn seen(store: &Store) -> Option<Vec<String>> {
    let query = ProfileSeen(PersonSeen { asker: Some(user("ben")), user_id: user("ana") });
    store.read(query).await.unwrap().map(|(_, fields)| fields.into_keys().collect())
}

on_both! {
    async fn fields_come_and_go_and_end_with_the_account(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        assert_eq!(seen(&store).await.unwrap(), Vec::<String>::new());
        assert!(puts(&store, "u.b", Some("b")).await);
        assert!(puts(&store, "u.a", Some("a")).await);
        assert_eq!(seen(&store).await.unwrap(), ["u.a", "u.b"]);
        assert!(puts(&store, "u.b", None).await);
        assert!(puts(&store, "u.never", None).await);
        assert_eq!(seen(&store).await.unwrap(), ["u.a"]);
        let change = UserChange::Deactivate { erase: false, tell_webhook: false };
        store.run(UpdateUser { user_id: user("ana"), change, now: Timestamp(5) }).await.unwrap();
        assert_eq!(seen(&store).await, None);
        store.run(UpdateUser { user_id: user("ana"), change: UserChange::State(model::person::AccountState::Active), now: Timestamp(6) })
            .await
            .unwrap();
        assert_eq!(seen(&store).await, None, "who is gone does not come back");
    }

    async fn changes_made_at_once_keep_each_other_and_the_bound(store: Store) {
        store.run(AddPeople(vec![user("ana"), user("ben")])).await.unwrap();
        let half = "x".repeat(limits::PROFILE_BYTES / 2 - 20);
        let (a, b, c) = tokio::join!(puts(&store, "u.a", Some(&half)), puts(&store, "u.b", Some(&half)), puts(&store, "u.c", Some(&half)));
        assert_eq!([a, b, c].iter().filter(|fits| **fits).count(), 2, "two fit, whichever came first");
        assert_eq!(seen(&store).await.unwrap().len(), 2);
        assert!(puts(&store, "u.a", None).await && puts(&store, "u.b", None).await && puts(&store, "u.c", None).await);
        assert_eq!(seen(&store).await.unwrap(), Vec::<String>::new());
    }
}
