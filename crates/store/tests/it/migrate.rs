//! What a step of the schema does to rows that are there.

use store::command::append_events::AppendOutcome;
use store::command::txn::Answer;
use store::{Command, Store, StoreError, Tx, args};

use crate::backend::fresh_postgres_at;
use crate::sealed::{append, encrypted, noted};
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

/// Makes the database one in which the notes of encrypted events went by the IDs of events.
struct OlderNotes;

impl Command for OlderNotes {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let table = "create table older (event_id text primary key not null, session_key bigint not null, message_index bigint not null, \
                     repeated bigint not null, elsewhere bigint not null, ciphertext_bytes bigint not null)";
        tx.exec(table, args![]).await?;
        let copy = "insert into older select e.event_id, m.session_key, m.message_index, m.repeated, m.elsewhere, m.ciphertext_bytes \
                    from sealed_events m join events e on e.event_key = m.event_key";
        tx.exec(copy, args![]).await?;
        tx.exec("drop table sealed_events", args![]).await?;
        tx.exec("alter table older rename to sealed_events", args![]).await?;
        tx.exec("create unique index sealed_events_by_index on sealed_events (session_key, message_index, repeated)", args![]).await?;
        tx.exec("delete from schema_steps where step = '0021_sealed_events'", args![]).await?;
        Ok(())
    }
}

/// Sends one index twice and ages the database; gives the two events.
async fn aged_notes(store: &Store) -> (model::id::OwnedRoomId, [model::id::OwnedEventId; 2]) {
    let ana = user("ana");
    store.run(AddPeople(vec![ana.clone()])).await.unwrap();
    let room = room_of(store, std::slice::from_ref(&ana)).await;
    let first = append(store, &room, vec![encrypted(&ana, "PHONE", 3, "{}")]).await.event_id;
    let second = append(store, &room, vec![encrypted(&ana, "LAPTOP", 3, "{}")]).await.event_id;
    store.run(OlderNotes).await.unwrap();
    store.close().await;
    (room, [first, second])
}

async fn still_noted(store: &Store, room: &model::id::OwnedRoomId, [first, second]: [model::id::OwnedEventId; 2]) {
    assert_eq!(noted(store, &first).await, (false, false));
    assert_eq!(noted(store, &second).await, (true, true));
    let third = append(store, room, vec![encrypted(&user("ana"), "PHONE", 3, "{}")]).await;
    assert!(third.oddities.repeated && !third.oddities.elsewhere);
}

#[tokio::test]
async fn notes_of_encrypted_events_get_their_numbers_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frankly.db");
    let (room, events) = aged_notes(&Store::open_sqlite(&path).unwrap()).await;
    still_noted(&Store::open_sqlite(&path).unwrap(), &room, events).await;
}

#[tokio::test]
async fn notes_of_encrypted_events_get_their_numbers_on_postgres() {
    let Some((store, url)) = fresh_postgres_at().await else {
        return eprintln!("skipped on PostgreSQL: FRANKLY_TEST_POSTGRES is not set");
    };
    let (room, events) = aged_notes(&store).await;
    still_noted(&Store::open_postgres(&url).await.unwrap(), &room, events).await;
}
