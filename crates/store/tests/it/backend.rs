//! A fresh database for each test, and what the two databases must agree on.

use store::{Command, Query, Store, StoreError, Tx, args};

/// Runs a test once on SQLite and once on PostgreSQL: `on_both!(async fn name(store: Store) { … })`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($store:ident: Store) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn test($store: store::Store) $body

            #[tokio::test]
            async fn sqlite() {
                let folder = tempfile::tempdir().unwrap();
                let store = store::Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
                test(store).await;
            }

            #[tokio::test]
            async fn postgres() {
                match $crate::backend::fresh_postgres().await {
                    Some(store) => test(store).await,
                    None => eprintln!("skipped on PostgreSQL: FRANKLY_TEST_POSTGRES is not set"),
                }
            }
        })*
    };
}

/// A store in a new schema of the PostgreSQL that the environment names. The database draws the name of the schema:
/// process numbers come around again while a server is up, and many test processes share it.
pub(crate) async fn fresh_postgres() -> Option<Store> {
    fresh_postgres_at().await.map(|(store, _)| store)
}

/// As [`fresh_postgres`], with the address under which its tables are found.
pub(crate) async fn fresh_postgres_at() -> Option<(Store, String)> {
    let url = std::env::var("FRANKLY_TEST_POSTGRES").ok()?;
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("FRANKLY_TEST_POSTGRES can be reached");
    let task = tokio::spawn(connection);
    let drawn = client.query_one("select 't' || replace(cast(gen_random_uuid() as text), '-', '')", &[]).await.expect("a name is drawn");
    let schema: String = drawn.get(0);
    client.batch_execute(&format!("create schema {schema}")).await.expect("a schema can be made");
    drop(client);
    task.await.unwrap().unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-csearch_path%3D{schema}");
    Some((Store::open_postgres(&url).await.unwrap(), url))
}

/// Asks for two arguments in the opposite order of their numbers.
struct Swapped;

impl Query for Swapped {
    type Out = (i64, i64);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(i64, i64), StoreError> {
        let row = tx.row("select cast($2 as bigint), cast($1 as bigint)", args![10, 20]).await?.unwrap();
        Ok((row.int(0)?, row.int(1)?))
    }
}

/// Writes a marker and then, perhaps, fails or panics.
struct Marker {
    name: &'static str,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    Well,
    Fail,
    Panic,
}

impl Command for Marker {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.exec("insert into staff_roles (user_id, role, granted_ms) values ($1, 'marker', 0)", args![self.name]).await?;
        match self.end {
            End::Well => Ok(()),
            End::Fail => Err(StoreError::Stale),
            End::Panic => panic!("on purpose"),
        }
    }
}

struct Markers;

impl Query for Markers {
    type Out = Vec<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<String>, StoreError> {
        let rows = tx.rows("select user_id from staff_roles order by user_id", args![]).await?;
        rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
    }
}

on_both! {
    async fn arguments_are_bound_by_number(store: Store) {
        assert_eq!(store.read(Swapped).await.unwrap(), (20, 10));
    }

    async fn a_failing_command_leaves_its_neighbours_alone(store: Store) {
        let run = |name, end| store.run(Marker { name, end });
        let (a, b, c) = tokio::join!(run("a", End::Well), run("b", End::Fail), run("c", End::Well));
        assert!(a.is_ok() && matches!(b, Err(StoreError::Stale)) && c.is_ok(), "{a:?} {b:?} {c:?}");
        assert_eq!(store.read(Markers).await.unwrap(), ["a", "c"]);
    }
}

/// A heavy read that says when it runs and ends when it may.
struct Blocked {
    runs: tokio::sync::mpsc::UnboundedSender<()>,
    gate: std::sync::Arc<(std::sync::Mutex<bool>, std::sync::Condvar)>,
}

impl Query for Blocked {
    type Out = ();
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.rows("select 1", args![]).await?;
        self.runs.send(()).unwrap();
        drop(self.gate.1.wait_while(self.gate.0.lock().unwrap(), |open| !*open).unwrap());
        Ok(())
    }
}

#[tokio::test]
async fn heavy_reads_leave_room_for_light_ones() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
    let gate = std::sync::Arc::<(std::sync::Mutex<bool>, std::sync::Condvar)>::default();
    let (runs, mut running) = tokio::sync::mpsc::unbounded_channel();
    let blocked = (0..20).map(|_| store.read(Blocked { runs: runs.clone(), gate: std::sync::Arc::clone(&gate) }));
    let light = async {
        for _ in 0..model::limits::SQLITE_HEAVY_READERS {
            running.recv().await.unwrap();
        }
        assert_eq!(store.read(Swapped).await.unwrap(), (20, 10));
        assert!(running.try_recv().is_err(), "the others wait");
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    };
    let (ended, ()) = tokio::join!(futures_util::future::join_all(blocked), light);
    assert!(ended.into_iter().all(|outcome| outcome.is_ok()));
}

/// A read that panics, heavy or not.
struct Panics<const HEAVY: bool>;

impl<const HEAVY: bool> Query for Panics<HEAVY> {
    type Out = ();
    const HEAVY: bool = HEAVY;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.rows("select 1", args![]).await?;
        panic!("on purpose");
    }
}

#[tokio::test]
async fn reads_that_panic_cost_no_reader() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
    for _ in 0..2 * model::limits::SQLITE_READERS {
        assert!(store.read(Panics::<true>).await.is_err());
        assert!(store.read(Panics::<false>).await.is_err());
    }
    let every = (0..2 * model::limits::SQLITE_READERS).map(|_| store.read(Swapped));
    assert!(futures_util::future::join_all(every).await.into_iter().all(|read| read.unwrap() == (20, 10)));
}

#[tokio::test]
async fn a_panic_in_a_command_is_an_error_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
    assert!(store.run(Marker { name: "a", end: End::Panic }).await.is_err());
    store.run(Marker { name: "b", end: End::Well }).await.unwrap();
    assert_eq!(store.read(Markers).await.unwrap(), ["b"]);
}

#[tokio::test]
async fn a_database_from_the_future_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frankly.db");
    drop(Store::open_sqlite(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("insert into schema_steps (step) values ('9999_unknown')", []).unwrap();
    drop(connection);
    assert!(matches!(Store::open_sqlite(&path), Err(StoreError::Schema(_))));
}
