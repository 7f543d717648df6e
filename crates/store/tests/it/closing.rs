//! The end of a store, and copies of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use model::verdict::Action;
use rusqlite::types::Value;
use store::backup::{BackupError, copy_sqlite};
use store::command::meta::MetaOnce;
use store::{Query, Store, StoreError, Tx, args};

use crate::on_both;
use crate::review::world::{START, World, verdict};

fn once(key: &'static str, value: &str) -> MetaOnce {
    MetaOnce { key, value: value.to_owned() }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Reads for so long.
struct Slow(Duration);

impl Query for Slow {
    type Out = i64;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        std::thread::sleep(self.0);
        tx.row("select 7", args![]).await?.unwrap().int(0)
    }
}

#[tokio::test]
async fn a_closed_store_is_one_file_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frankly.db");
    let store = Store::open_sqlite(&path).unwrap();
    let other = store.clone();
    let reading = tokio::spawn(async move { other.read(Slow(Duration::from_millis(100))).await });
    tokio::task::yield_now().await;
    for n in 0..200 {
        store.run(once(["a", "b"][n % 2], "kept")).await.unwrap();
    }
    store.close().await;
    assert_eq!(reading.await.unwrap().unwrap(), 7, "what was being read is read to its end");
    assert_eq!(names(folder.path()), ["frankly.db"]);
    assert!(matches!(store.run(once("c", "late")).await, Err(StoreError::Closed)));
    assert!(matches!(store.read(Slow(Duration::ZERO)).await, Err(StoreError::Closed)));
    store.close().await;
    let again = Store::open_sqlite(&path).unwrap();
    assert_eq!(again.run(once("a", "other")).await.unwrap(), "kept");
}

#[tokio::test]
async fn a_reader_that_is_given_up_leaves_its_place_to_others_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
    for _ in 0..model::limits::SQLITE_READERS {
        let other = store.clone();
        let reading = tokio::spawn(async move { other.read(Slow(Duration::from_millis(300))).await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        reading.abort();
        assert!(reading.await.is_err());
    }
    assert_eq!(store.read(Slow(Duration::ZERO)).await.unwrap(), 7);
}

#[tokio::test]
async fn a_copy_is_taken_while_others_write_and_holds_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("frankly.db"), folder.path().join("copy.db"));
    let store = Store::open_sqlite(&path).unwrap();
    store.run(once("before", "there")).await.unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for n in 0..300 {
                store.run(once(["x", "y"][n % 2], "during")).await.unwrap();
            }
        }
    });
    let target = copy.clone();
    tokio::task::spawn_blocking(move || copy_sqlite(&path, &target)).await.unwrap().unwrap();
    writer.await.unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&copy.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(!names(folder.path()).iter().any(|name| name.contains("partial")));
    let copied = Store::open_sqlite(&copy).unwrap();
    assert_eq!(copied.run(once("before", "lost")).await.unwrap(), "there");
}

/// Every row of every table and every object of the schema.
fn dump(path: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let all = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|n| row.get(n)).collect::<Result<Vec<Value>, _>>()).unwrap();
        let mut rows: Vec<String> = rows.map(|row| format!("{:?}", row.unwrap())).collect();
        rows.sort();
        rows
    };
    let mut dump = BTreeMap::from([("schema".to_owned(), all("select type, name, tbl_name, sql from sqlite_schema"))]);
    let mut tables = connection.prepare("select name from sqlite_schema where type = 'table'").unwrap();
    for table in tables.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap) {
        let rows = all(&format!("select * from {table}"));
        dump.insert(table, rows);
    }
    dump
}

#[tokio::test]
async fn a_copy_has_every_row_of_every_table() {
    let mut world = World::sqlite().await;
    world.says("something harmless", None, START).await;
    let (said, _) = world.says("something flagged", Some(verdict(Action::Annotate)), START).await;
    world.redacts(&said).await;
    world.says("something withheld", Some(verdict(Action::Hold)), START).await;
    let case = world.is_refused("something refused", START).await;
    world.claims(case, &world.rita, START).await;
    world.reveals(case, START).await;
    let folder = world.folder.take().unwrap();
    let (path, copy) = (folder.path().join("frankly.db"), folder.path().join("copy.db"));
    copy_sqlite(&path, &copy).unwrap();
    world.store.close().await;
    let (original, copied) = (dump(&path), dump(&copy));
    for table in ["events", "flags", "cases", "access_records", "users", "schema_steps"] {
        assert!(!original[table].is_empty(), "{table}");
    }
    assert_eq!(original, copied);
}

on_both! {
    async fn a_closed_store_answers_nothing_more(store: Store) {
        store.run(once("a", "kept")).await.unwrap();
        store.close().await;
        assert!(store.run(once("b", "late")).await.is_err());
        assert!(store.read(Slow(Duration::ZERO)).await.is_err());
        store.close().await;
    }
}

#[tokio::test]
async fn a_copy_overwrites_nothing_and_takes_nothing_that_is_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("frankly.db"), folder.path().join("copy.db"));
    assert!(matches!(copy_sqlite(&path, &copy), Err(BackupError::Database { .. })), "there is no database");
    assert_eq!(names(folder.path()), Vec::<String>::new());
    drop(Store::open_sqlite(&path).unwrap());
    std::fs::write(&copy, "precious").unwrap();
    assert!(matches!(copy_sqlite(&path, &copy), Err(BackupError::File { .. })));
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "precious");

    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("create table notes (note text)").unwrap();
    let other = folder.path().join("other.db");
    assert!(matches!(copy_sqlite(&foreign, &other), Err(BackupError::Database { .. })));
    let torn = folder.path().join("torn.db");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&torn, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(copy_sqlite(&torn, &other), Err(BackupError::Database { .. })));
    assert!(!other.exists());
}
