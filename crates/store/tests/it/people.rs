//! Accounts by ID.

use store::query::people::People;

use crate::on_both;
use crate::world::{AddPeople, user};

on_both! {
    async fn unknown_people_are_left_out(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        let found = store.read(People { user_ids: vec![user("ana"), user("ghost")] }).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].user_id, user("ana"));
    }
}
