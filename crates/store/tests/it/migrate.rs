//! What a step of the schema does to rows that are there.

use store::command::append_events::AppendOutcome;
use store::command::txn::Answer;
use store::{Command, Store, StoreError, Tx, args};

use crate::backend::fresh_postgres_at;
use crate::world::{AddPeople, room_of, say, user};

/// More than a page of them.
const OLD_TXNS: usize = 2 * model::limits::FORGET_TXNS_ROWS + 1;

/// Makes the database one from before transactions had short keys; the last of them made an event.
struct Older {
    event_id: String,
}

impl Command for Older {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let table = "create table txns (user_id text not null, device_id text not null, txn_key text not null, event_id text, refusal text, \
                     ts bigint not null, primary key (user_id, device_id, txn_key))";
        tx.exec(table, args![]).await?;
        let put = "insert into txns (user_id, device_id, txn_key, event_id, ts) values ($1, $2, $3, $4, 0)";
        for n in 1..OLD_TXNS {
            tx.exec(put, args![format!("@u{}:x", n % 7), "D", format!("t{n}"), "$other"]).await?;
        }
        tx.exec(put, args![user("zoe").as_str(), "D", "t", self.event_id.as_str()]).await?;
        tx.exec("drop table answers", args![]).await?;
        tx.exec("delete from schema_steps where step = '0020_answers'", args![]).await?;
        Ok(())
    }
}

/// How many transactions are remembered.
struct Remembered;

impl store::Query for Remembered {
    type Out = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        tx.row("select count(*) from answers", args![]).await?.unwrap().int(0)
    }
}

/// Ages a database and gives the event that its last transaction made.
async fn aged(store: &Store) -> (model::id::OwnedRoomId, model::id::OwnedEventId) {
    store.run(AddPeople(vec![user("zoe"), user("ben")])).await.unwrap();
    let room = room_of(store, &[user("zoe"), user("ben")]).await;
    let AppendOutcome::Done(appended, _) = say(store, &room, &user("zoe"), "once", None).await.unwrap() else { panic!("it is new") };
    let event_id = appended[0].event_id.clone();
    store.run(Older { event_id: event_id.to_string() }).await.unwrap();
    store.close().await;
    (room, event_id)
}

async fn remembers(store: &Store, room: &model::id::OwnedRoomId, event_id: model::id::OwnedEventId) {
    assert_eq!(store.read(Remembered).await.unwrap(), i64::try_from(OLD_TXNS).unwrap());
    let again = say(store, room, &user("zoe"), "once", Some("t")).await.unwrap();
    assert_eq!(again, AppendOutcome::Replayed(Answer::Accepted(event_id)));
    let gone = store.run(Older { event_id: "$none".to_owned() }).await;
    assert!(gone.is_ok(), "the old table is gone: {gone:?}");
}

#[tokio::test]
async fn remembered_transactions_get_short_keys_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frankly.db");
    let (room, event_id) = aged(&Store::open_sqlite(&path).unwrap()).await;
    remembers(&Store::open_sqlite(&path).unwrap(), &room, event_id).await;
}

#[tokio::test]
async fn remembered_transactions_get_short_keys_on_postgres() {
    let Some((store, url)) = fresh_postgres_at().await else {
        return eprintln!("skipped on PostgreSQL: FRANKLY_TEST_POSTGRES is not set");
    };
    let (room, event_id) = aged(&store).await;
    remembers(&Store::open_postgres(&url).await.unwrap(), &room, event_id).await;
}
