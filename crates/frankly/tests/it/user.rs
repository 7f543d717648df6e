//! `frankly user`, with and without a server over the same data.

use serde_json::{Value, json};

use crate::world::{Desktop, Outcome};

impl Desktop {
    /// `frankly user … --data data`.
    fn user(&self, words: &[&str]) -> Outcome {
        self.frankly(&[&["user"], words, &["--data", "data"]].concat())
    }

    /// An account with a password.
    fn add(&self, name: &str, password: &str) {
        let words = ["user", "add", name, "--password-stdin", "--data", "data"];
        self.frankly_reading(&words, &format!("{password}\n")).fine();
    }
}

#[test]
fn an_account_is_made_shown_and_listed() {
    let desktop = Desktop::new();
    let words = ["user", "add", "rosa", "--password-stdin", "--role", "reviewer", "--role", "child_safety", "--display-name", "Rosa R."];
    let more = ["--age-band", "adult", "--jurisdiction", "DE", "--server-name", "chat.example.org", "--data", "data"];
    let text = desktop.frankly_reading(&[&words[..], &more].concat(), "correct horse\n").fine();
    assert_eq!(text, "@rosa:chat.example.org  active  adult  \"Rosa R.\"  roles: child_safety, reviewer\n");
    desktop.user(&["add", "ben"]).fine();

    let mut rosa = desktop.user(&["show", "@rosa:chat.example.org", "--json"]).json();
    assert!(rosa["created_ms"].take().as_i64().is_some_and(|ms| ms > 1_700_000_000_000), "{rosa}");
    let expected = json!({
        "user_id": "@rosa:chat.example.org", "display_name": "Rosa R.", "age_band": "adult", "jurisdiction": "DE",
        "state": "active", "strikes": 0, "roles": ["child_safety", "reviewer"], "password": true, "created_ms": null,
        "erase_asked_ms": null, "guardian": null, "contact_limit": null,
    });
    assert_eq!(rosa, expected);

    let list = desktop.user(&["list", "--json"]).fine();
    let list: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let known = |name: &str| list.iter().find(|account| account["user_id"] == format!("@{name}:chat.example.org"));
    assert_eq!(known("rosa").unwrap()["roles"], json!(["child_safety", "reviewer"]));
    assert_eq!((&known("ben").unwrap()["password"], &known("ben").unwrap()["age_band"]), (&json!(false), &json!("unknown")));
    assert!(desktop.user(&["list"]).fine().contains("@ben:chat.example.org  active  unknown  no password\n"));
}

#[test]
fn ages_relations_and_guardians_are_told() {
    let desktop = Desktop::new();
    for name in ["mia", "gil", "ana"] {
        desktop.user(&["add", name]).fine();
    }
    assert!(desktop.user(&["guardian", "mia", "gil"]).complaint(1).contains("known to be an adult"));
    assert_eq!(desktop.user(&["age", "gil", "adult", "--json"]).json()["age_band"], "adult");
    let mia = desktop.user(&["guardian", "mia", "gil", "--limit", "friends", "--json"]).json();
    assert_eq!((&mia["guardian"], &mia["contact_limit"]), (&json!("@gil:localhost"), &json!("friends")));
    assert_eq!(
        desktop.user(&["show", "mia"]).fine(),
        "@mia:localhost  active  unknown  no password  guardian: @gil:localhost  contacts: friends\n"
    );
    let mia = desktop.user(&["guardian", "mia", "--remove", "--json"]).json();
    assert_eq!((&mia["guardian"], &mia["contact_limit"]), (&json!(null), &json!(null)));
    for words in [vec!["--friends"], vec!["--friends", "--remove"], vec!["--blocks"], vec!["--follows"]] {
        desktop.user(&[&["relate", "mia", "ana"], &words[..]].concat()).fine();
    }
    assert!(desktop.user(&["relate", "mia", "ghost", "--follows"]).complaint(1).contains("there is no @ghost:localhost here"));
    desktop.user(&["relate", "mia", "ana"]).complaint(2);
    assert!(desktop.user(&["age", "ana", "old"]).complaint(2).contains("u13, 13-15, 16-17, adult, unknown"));
}

#[test]
fn roles_and_states_change_and_change_back() {
    let desktop = Desktop::new();
    desktop.add("rosa", "correct horse");
    let roles = |words: &[&str]| desktop.user(&[&["role", "rosa"], words, &["--json"]].concat()).json()["roles"].take();
    assert_eq!(roles(&["auditor"]), json!(["auditor"]));
    assert_eq!(roles(&["auditor"]), json!(["auditor"]));
    assert_eq!(roles(&["reviewer"]), json!(["auditor", "reviewer"]));
    assert_eq!(roles(&["auditor", "--remove"]), json!(["reviewer"]));
    for (command, state) in [("lock", "locked"), ("unlock", "active"), ("suspend", "suspended"), ("unsuspend", "active")] {
        assert_eq!(desktop.user(&[command, "rosa", "--json"]).json()["state"], state, "{command}");
    }
}

#[test]
fn complaints_say_what_is_wrong() {
    let desktop = Desktop::new();
    desktop.add("ana", "correct horse");
    let complaint = |words: &[&str]| desktop.user(words).complaint(1);
    assert_eq!(complaint(&["add", "ana"]), "frankly: ana: this name is taken\n");
    assert_eq!(complaint(&["show", "nobody"]), "frankly: there is no @nobody:localhost here\n");
    let elsewhere = complaint(&["lock", "@ana:elsewhere.org"]);
    assert!(elsewhere.starts_with("frankly: @ana:elsewhere.org: ") && elsewhere.contains("localhost"), "{elsewhere}");
    assert!(complaint(&["add", "Ana Maria"]).starts_with("frankly: Ana Maria: "));
    assert_eq!(complaint(&["password", "ana"]), "frankly: say --password PW or --password-stdin\n");
    assert_eq!(
        desktop.frankly_reading(&["user", "password", "ana", "--password-stdin", "--data", "data"], "\n").complaint(1),
        "frankly: the first line of standard input is empty; it should be the password\n"
    );
    let other = desktop.user(&["list", "--server-name", "other.org"]).complaint(1);
    assert!(other.starts_with("frankly: these data belong to localhost, not to other.org"), "{other}");
    assert_eq!(complaint(&["lock", "frankly"]), "frankly: @frankly:localhost is the server's own; its state cannot be changed\n");
}

#[test]
fn wrong_usage_ends_with_2_and_names_what_is_expected() {
    let desktop = Desktop::new();
    let usage = |words: &[&str]| desktop.user(words).complaint(2);
    let roles = usage(&["role", "ana", "king"]);
    assert!(roles.contains("'king'") && roles.contains("expected one of reviewer, senior_reviewer, child_safety"), "{roles}");
    let bands = usage(&["add", "ana", "--age-band", "old"]);
    assert!(bands.contains("expected one of u13, 13-15, 16-17, adult, unknown"), "{bands}");
    assert!(usage(&["add", "ana", "--password", "x", "--password-stdin"]).contains("cannot be used with"));
    assert!(usage(&["show"]).contains("<USER>"));
    assert!(desktop.frankly(&["usr"]).complaint(2).contains("user"));
    assert!(!desktop.path().join("data").exists(), "wrong usage makes no database");
}

#[test]
fn a_running_server_takes_what_the_operator_changes() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    desktop.add("ana", "correct horse");
    assert_eq!(server.log_in("ana", "wrong horse").0, 403);
    let who = |token: &Value| server.ask("GET", "/_matrix/client/v3/account/whoami", token.as_str().unwrap(), &Value::Null);
    let (status, session) = server.log_in("ana", "correct horse");
    assert_eq!((status, &session["user_id"]), (200, &json!("@ana:localhost")));
    assert_eq!(who(&session["access_token"]).0, 200);

    // a session that the server has not seen yet is judged by what stands in the database
    desktop.user(&["lock", "ana"]).fine();
    let (status, answer) = server.log_in("ana", "correct horse");
    let locked = if status == 200 { who(&answer["access_token"]) } else { (status, answer) };
    assert_eq!((locked.0, &locked.1["errcode"]), (401, &json!("M_USER_LOCKED")));
    desktop.user(&["unlock", "ana"]).fine();
    assert_eq!(server.log_in("ana", "correct horse").0, 200);

    desktop.user(&["suspend", "ana"]).fine();
    let (_, session) = server.log_in("ana", "correct horse");
    let answer = server.ask("POST", "/_matrix/client/v3/createRoom", session["access_token"].as_str().unwrap(), &json!({}));
    assert_eq!((answer.0, &answer.1["errcode"]), (403, &json!("M_USER_SUSPENDED")));

    let words = ["user", "password", "ana", "--password-stdin", "--data", "data"];
    desktop.frankly_reading(&words, "other horse\n").fine();
    assert_eq!(server.log_in("ana", "correct horse").0, 403);
    assert_eq!(server.log_in("ana", "other horse").0, 200);
}

#[test]
fn a_role_opens_the_console() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    desktop.add("rosa", "correct horse");
    let enters = || {
        let body = json!({"user": "rosa", "password": "correct horse"});
        server.ask("POST", "/_frankly/v1/console/login", "", &body)
    };
    assert_eq!(enters().0, 403);
    desktop.user(&["role", "rosa", "reviewer"]).fine();
    let (status, me) = enters();
    assert_eq!((status, &me["roles"]), (200, &json!(["reviewer"])));
}

#[test]
fn keys_of_the_host_platform_are_made_shown_once_and_revoked() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    let keys = |words: &[&str]| desktop.frankly(&[&["host-key"], words, &["--data", "data"]].concat());
    let made = keys(&["make", "shop", "--json"]).json();
    let key = made["key"].as_str().unwrap();
    let people = json!({"people": [{"id": "mia", "age_band": "16-17"}]});
    let (status, answer) = server.ask("POST", "/_frankly/v1/host/people", key, &people);
    assert_eq!((status, &answer["results"][0]["status"]), (200, &json!("created")), "{answer}");
    assert!(keys(&["make", "shop"]).complaint(1).contains("names are not used again"));
    assert_eq!(keys(&["list"]).fine(), "shop  good\n");
    assert_eq!(keys(&["revoke", "shop"]).fine(), "shop  revoked\n");
    assert_eq!(server.ask("POST", "/_frankly/v1/host/people", key, &people).0, 401, "at once, also while the server runs");
    assert!(keys(&["revoke", "shop"]).complaint(1).contains("no good key"));
    assert!(!server.log().contains(key));
}
