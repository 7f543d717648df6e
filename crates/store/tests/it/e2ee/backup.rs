//! Key backups: the better key stays, numbers are used once, counts are true.

use proptest::prelude::*;
use store::Store;
use store::command::backup_keys::{BackupKey, BackupOutcome, BackupState, DeleteBackupKeys, PutBackupKeys};
use store::command::backup_version::{ChangeBackup, ChangeBackupOutcome, CreateBackup, DeleteBackup};
use store::query::backup::{BackupKeys, BackupVersion};

use super::world::people_with;
use crate::on_both;
use crate::world::user;

fn key(session: &str, verified: bool, first_index: i64, forwarded: i64) -> BackupKey {
    let session_data = format!(r#"{{"of":"{verified}/{first_index}/{forwarded}"}}"#);
    BackupKey { room_id: "!r:x".to_owned(), session_id: session.to_owned(), verified, first_index, forwarded, session_data }
}

async fn creates(store: &Store) -> i64 {
    let command = CreateBackup { user_id: user("ana"), algorithm: "a".to_owned(), auth_data: "{}".to_owned() };
    store.run(command).await.unwrap().unwrap()
}

async fn puts(store: &Store, version: i64, keys: Vec<BackupKey>) -> BackupOutcome {
    store.run(PutBackupKeys { user_id: user("ana"), version, keys }).await.unwrap()
}

async fn reads(store: &Store, version: i64) -> Option<Vec<BackupKey>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        // small pages, so that every test joins some
        let query = BackupKeys { user_id: user("ana"), version, room_id: None, session_id: None, after, limit: 2 };
        let page = store.read(query).await.unwrap()?;
        let Some(last) = page.last() else { return Some(all) };
        after = Some((last.room_id.clone(), last.session_id.clone()));
        all.extend(page);
    }
}

on_both! {
    async fn a_number_is_used_once(store: Store) {
        people_with(&store, &["ana"], &[]).await;
        assert_eq!((creates(&store).await, creates(&store).await), (1, 2));
        assert!(store.run(DeleteBackup { user_id: user("ana"), version: 2 }).await.unwrap());
        assert!(!store.run(DeleteBackup { user_id: user("ana"), version: 2 }).await.unwrap());
        let newest = store.read(BackupVersion { user_id: user("ana"), version: None }).await.unwrap().unwrap();
        assert_eq!(newest.version, 1);
        assert_eq!(creates(&store).await, 3);
        for version in [1, 3] {
            assert!(store.run(DeleteBackup { user_id: user("ana"), version }).await.unwrap());
        }
        assert_eq!(store.read(BackupVersion { user_id: user("ana"), version: None }).await.unwrap(), None);
        assert_eq!(creates(&store).await, 4);
    }

    async fn keys_go_into_the_newest_version_alone(store: Store) {
        people_with(&store, &["ana"], &[]).await;
        assert_eq!(puts(&store, 1, vec![key("s", true, 0, 0)]).await, BackupOutcome::Unknown);
        creates(&store).await;
        assert_eq!(puts(&store, 1, vec![key("s", true, 0, 0)]).await, BackupOutcome::Done(BackupState { etag: 1, count: 1 }));
        creates(&store).await;
        assert_eq!(puts(&store, 1, vec![key("t", true, 0, 0)]).await, BackupOutcome::NotNewest(2));
        assert_eq!(reads(&store, 1).await.unwrap().len(), 1);
        assert_eq!(reads(&store, 3).await, None);
    }

    async fn counts_and_etags_move_with_the_keys(store: Store) {
        people_with(&store, &["ana"], &[]).await;
        creates(&store).await;
        let state = |etag, count| BackupOutcome::Done(BackupState { etag, count });
        assert_eq!(puts(&store, 1, vec![key("a", false, 5, 0), key("b", false, 5, 0)]).await, state(1, 2));
        assert_eq!(puts(&store, 1, vec![key("a", false, 6, 0)]).await, state(1, 2), "a worse key changes nothing");
        assert_eq!(puts(&store, 1, vec![key("a", true, 9, 9)]).await, state(2, 2));
        let delete = |session_id: Option<&str>| DeleteBackupKeys {
            user_id: user("ana"),
            version: 1,
            room_id: Some("!r:x".to_owned()),
            session_id: session_id.map(str::to_owned),
        };
        assert_eq!(store.run(delete(Some("a"))).await.unwrap(), state(3, 1));
        assert_eq!(store.run(delete(Some("a"))).await.unwrap(), state(3, 1));
        assert_eq!(store.run(delete(None)).await.unwrap(), state(4, 0));
    }

    async fn the_algorithm_of_a_version_stays(store: Store) {
        people_with(&store, &["ana"], &[]).await;
        creates(&store).await;
        let change = |version, algorithm: &str| ChangeBackup {
            user_id: user("ana"),
            version,
            algorithm: algorithm.to_owned(),
            auth_data: r#"{"new":1}"#.to_owned(),
        };
        assert_eq!(store.run(change(1, "other")).await.unwrap(), ChangeBackupOutcome::OtherAlgorithm);
        assert_eq!(store.run(change(2, "a")).await.unwrap(), ChangeBackupOutcome::Unknown);
        assert_eq!(store.run(change(1, "a")).await.unwrap(), ChangeBackupOutcome::Changed);
        let newest = store.read(BackupVersion { user_id: user("ana"), version: None }).await.unwrap().unwrap();
        assert_eq!(newest.auth_data, r#"{"new":1}"#);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_best_key_stays_whatever_the_order(keys in proptest::collection::vec((any::<bool>(), 0..4_i64, 0..3_i64), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut stores = vec![Store::open_sqlite(&folder.path().join("frankly.db")).unwrap()];
            stores.extend(crate::backend::fresh_postgres().await);
            for store in stores {
                people_with(&store, &["ana"], &[]).await;
                creates(&store).await;
                for (verified, first, forwarded) in &keys {
                    puts(&store, 1, vec![key("s", *verified, *first, *forwarded)]).await;
                }
                let best = keys.iter().min_by_key(|(verified, first, forwarded)| (!verified, *first, *forwarded)).unwrap();
                assert_eq!(reads(&store, 1).await.unwrap(), [key("s", best.0, best.1, best.2)]);
            }
        });
    }
}
