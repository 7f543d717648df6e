//! A backup taken while the server runs, restored elsewhere; and what a stopped server leaves.

use serde_json::Value;

use crate::world::Desktop;

#[test]
fn a_backup_of_a_running_server_starts_elsewhere_with_its_people() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    let ana = server.member("ana");
    let room = ana.room();
    assert_eq!(ana.says(&room, "1", "before the backup").0, 200);
    let back_up = ["backup", "--data", "data", "backup.db"];
    assert!(desktop.frankly(&back_up).fine().ends_with(" bytes in backup.db\n"));
    let complaint = desktop.frankly(&back_up).complaint(1);
    assert_eq!(complaint, "frankly: there is no backup: backup.db: entity already exists\n");
    assert_eq!(ana.says(&room, "2", "after the backup").0, 200);
    let token = ana.token.clone();
    drop(server);

    let restore = ["restore", "backup.db", "--data", "elsewhere"];
    assert_eq!(desktop.frankly(&restore).fine(), "restored into elsewhere\n");
    let complaint = desktop.frankly(&restore).complaint(1);
    assert_eq!(complaint, "frankly: elsewhere/frankly.db is there already; restore into an empty directory\n");
    let server = desktop.start(&["serve", "--dev", "--data", "elsewhere", "--listen", "127.0.0.1:0"]);
    let (status, said) = server.ask("GET", &format!("/_matrix/client/v3/rooms/{room}/messages?dir=b"), &token, &Value::Null);
    assert_eq!((status, &said["chunk"][0]["content"]["body"]), (200, &Value::from("before the backup")));
    assert_eq!(server.log_in("ana", "correct horse").0, 200);
}

#[test]
fn what_is_no_backup_is_not_restored() {
    let desktop = Desktop::new();
    desktop.write("notes.db", "no database at all");
    let complaint = desktop.frankly(&["restore", "notes.db", "--data", "data"]).complaint(1);
    assert_eq!(complaint, "frankly: nothing was restored: notes.db: database: file is not a database\n");
    assert!(!desktop.path().join("data/frankly.db").exists());
    let complaint = desktop.frankly(&["backup", "--data", "nowhere", "backup.db"]).complaint(1);
    assert!(complaint.starts_with("frankly: there is no backup: nowhere/frankly.db: "), "{complaint}");
    assert!(!desktop.path().join("backup.db").exists());
}

#[test]
fn a_server_that_was_asked_to_stop_leaves_one_file() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    let ana = server.member("ana");
    let room = ana.room();
    for n in 0..50 {
        assert_eq!(ana.says(&room, &n.to_string(), "something to write").0, 200);
    }
    assert!(desktop.path().join("data/frankly.db-wal").exists(), "the log is there while it runs");
    server.terminate();
    assert!(server.ended().success());
    let left: Vec<_> = desktop.path().join("data").read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["frankly.db"]);
}
