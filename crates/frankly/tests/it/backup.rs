//! A backup taken while the server runs, restored elsewhere; and what a stopped server leaves.

use serde_json::{Value, json};

use crate::world::{Desktop, Running};

#[test]
fn a_backup_of_a_running_server_starts_elsewhere_with_its_people() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    let ana = server.member("ana");
    let room = ana.room();
    assert_eq!(ana.says(&room, "1", "before the backup").0, 200);
    let (_, uploaded) = server.ask("POST", "/_matrix/media/v3/upload", &ana.token, &json!({"a": "file"}));
    let file = uploaded["content_uri"].as_str().unwrap().replace("mxc://", "/_matrix/client/v1/media/download/");
    let back_up = ["backup", "--data", "data", "backup.db"];
    assert!(desktop.frankly(&back_up).fine().ends_with(" bytes in backup.db\n1 media in backup.db.media\n"));
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
    assert_eq!(server.ask("GET", &file, &token, &Value::Null), (200, json!({"a": "file"})));
}

#[test]
fn no_one_time_key_is_given_out_again_by_a_restored_server() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    let (ana, ben) = (server.member("ana"), server.member("ben"));
    let upload = json!({"one_time_keys": {"signed_curve25519:A": {"key": "1"}, "signed_curve25519:B": {"key": "2"}}});
    assert_eq!(server.ask("POST", "/_matrix/client/v3/keys/upload", &ana.token, &upload).0, 200);
    desktop.frankly(&["backup", "--data", "data", "backup.db"]).fine();
    let (_, whoami) = server.ask("GET", "/_matrix/client/v3/account/whoami", &ana.token, &Value::Null);
    let device = whoami["device_id"].as_str().unwrap().to_owned();
    let claim = json!({"one_time_keys": {whoami["user_id"].as_str().unwrap(): {device.as_str(): "signed_curve25519"}}});
    let claimed =
        |server: &Running, token: &str| server.ask("POST", "/_matrix/client/v3/keys/claim", token, &claim).1["one_time_keys"].take();
    assert_ne!(claimed(&server, &ben.token), json!({}));
    let tokens = (ana.token.clone(), ben.token.clone());
    drop(server);

    desktop.frankly(&["restore", "backup.db", "--data", "elsewhere"]).fine();
    let server = desktop.start(&["serve", "--dev", "--data", "elsewhere", "--listen", "127.0.0.1:0"]);
    assert_eq!(claimed(&server, &tokens.1), json!({}), "whatever was given out after the copy");
    let (_, sync) = server.ask("GET", "/_matrix/client/v3/sync", &tokens.0, &Value::Null);
    assert_eq!(sync["device_one_time_keys_count"], json!({"signed_curve25519": 0}));
    assert_eq!(server.ask("POST", "/_matrix/client/v3/keys/upload", &tokens.0, &upload).0, 200);
    drop(server);

    let said = desktop.frankly(&["restored", "--data", "elsewhere"]).fine();
    assert_eq!(said, "ready to serve; 2 one-time keys were let go of\n");
    let complaint = desktop.frankly(&["restored", "--data", "nowhere"]).complaint(1);
    assert_eq!(complaint, "frankly: there is no database in nowhere\n");
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
    let mut left: Vec<_> = desktop.path().join("data").read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["frankly.db", "media"], "the database, and the folder of media");
}
