//! Packs as files: what is in force changes with them, and a fault changes nothing.

use serde_json::{Value, json};

use crate::world::{Desktop, Running};

/// A pack that blocks one word.
fn pack(word: &str) -> String {
    format!(
        r#"
pack: own
version: 1
jurisdictions: ["*"]
legal_basis: {{GDPR: "test"}}
terms:
  words: {{keys: [{word}]}}
rules:
  - {{id: w, title: a word, status: live, reads: [content], harm: spam, when: "terms.words > 0", verdict: block, severity: 1, queue: safety, explain: "a word", owner: tests, review_by: "2030-01-01", tests: [{{text: {word}, expect: block}}, {{text: fine, expect: allow}}]}}
"#
    )
}

/// Puts the pack of a word in force in one step, as tools that deploy do.
fn deploy(desktop: &Desktop, text: &str) {
    std::fs::create_dir_all(desktop.path().join("packs")).unwrap();
    desktop.write("packs/own.new", text);
    std::fs::rename(desktop.path().join("packs/own.new"), desktop.path().join("packs/own.yaml")).unwrap();
}

fn serve(desktop: &Desktop) -> Running {
    desktop.start(&["serve", "--dev", "--data", "data", "--listen", "127.0.0.1:0", "--packs", "packs"])
}

fn version(server: &Running) -> String {
    let metrics = server.get("/metrics");
    let line = metrics.lines().find(|line| line.starts_with("frankly_packs_info{")).expect("the packs are in the metrics");
    line.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn a_changed_pack_is_in_force_without_a_restart_and_a_broken_one_changes_nothing() {
    let desktop = Desktop::new();
    deploy(&desktop, &pack("wombat"));
    let server = serve(&desktop);
    let ana = server.member("ana");
    let room = ana.room();
    assert_eq!(ana.says(&room, "1", "a capybara").0, 200);
    assert_eq!(ana.says(&room, "2", "a wombat").0, 403);

    let first = version(&server);
    deploy(&desktop, &pack("capybara"));
    server.until("other packs are in force", || version(&server) != first);
    assert_eq!(ana.says(&room, "3", "a capybara").0, 403);
    assert_eq!(ana.says(&room, "4", "a wombat").0, 200);

    let second = version(&server);
    deploy(&desktop, &pack("wombat").replace("verdict: block", "verdict: bloc"));
    server.until("the fault is logged", || server.log().contains("the packs are refused"));
    assert!(server.log().contains("own.yaml:9: rule w: verdict must be"), "{}", server.log());
    assert_eq!(version(&server), second);
    assert_eq!(ana.says(&room, "5", "a capybara").0, 403);

    // asked again, it looks again, and says again what is wrong
    assert_eq!(server.log().matches("the packs are refused").count(), 1);
    server.signal("HUP");
    server.until("the fault is logged again", || server.log().matches("the packs are refused").count() == 2);

    deploy(&desktop, &pack("wombat"));
    server.until("the first packs are in force again", || version(&server) == first);
    assert_eq!(ana.says(&room, "6", "a capybara").0, 200);
}

#[test]
fn without_a_folder_a_hangup_changes_nothing() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    let before = version(&server);
    server.signal("HUP");
    server.until("it says so", || server.log().contains("the packs are those built in"));
    assert_eq!(version(&server), before);
}

#[test]
fn a_server_does_not_start_with_a_broken_pack() {
    let desktop = Desktop::new();
    deploy(&desktop, "pack: own\nversion: 1\nrule: none\n");
    let serve = ["serve", "--dev", "--data", "data", "--listen", "127.0.0.1:0", "--packs", "packs"];
    let complaint = desktop.frankly(&serve).complaint(1);
    assert!(complaint.contains("packs/own.yaml:3: "), "{complaint}");
    assert!(!desktop.path().join("data").exists(), "a refused start makes no database");
}

#[test]
fn a_word_over_two_messages_is_refused_at_its_second_half() {
    let desktop = Desktop::new();
    deploy(&desktop, &pack("wombat"));
    let server = serve(&desktop);
    let (ana, ben) = (server.member("ana"), server.member("ben"));
    let (room, other) = (ana.room(), ana.room());
    assert_eq!(ana.says(&room, "1", "a wom").0, 200);
    assert_eq!(ana.says(&other, "1", "bat").0, 200, "another room has nothing to do with it");
    assert_eq!(ben.says(&ben.room(), "1", "bat").0, 200, "nor has another sender");
    let (status, refusal) = ana.says(&room, "2", "bat");
    assert_eq!((status, &refusal["errcode"]), (403, &json!("ORG.MATRIX.MSC4387_SAFETY")), "{refusal}");
    let (_, said) = server.ask("GET", &format!("/_matrix/client/v3/rooms/{room}/messages?dir=b"), &ana.token, &Value::Null);
    assert_eq!(said["chunk"][0]["content"]["body"], "a wom", "nobody gets it");
    assert_eq!(ana.says(&room, "3", "i mean a koala").0, 200);
}

/// A contact policy that lets nobody talk, with these words.
fn closed(words: &str) -> String {
    format!(
        "contact: closed\nversion: 1\nrules:\n  - {{id: none, title: nobody, when: 'true', outcome: refuse, explain: {words}, tests: [{{expect: fires}}]}}\n"
    )
}

#[test]
fn a_changed_contact_policy_is_in_force_without_a_restart_and_a_broken_one_changes_nothing() {
    let desktop = Desktop::new();
    desktop.write("frankly.toml", "contact_policy = \"contact.yaml\"\n");
    desktop.write("contact.yaml", &closed("not today"));
    let server = desktop.start(&["serve", "--dev", "--data", "data", "--listen", "127.0.0.1:0"]);
    let (ana, _ben) = (server.member("ana"), server.member("ben"));
    let invites =
        || server.ask("POST", "/_matrix/client/v3/createRoom", &ana.token, &json!({"invite": ["@ben:localhost"]})).1["error"].take();
    assert_eq!(invites(), "not today");
    desktop.write("contact.yaml", &closed("nor tomorrow"));
    server.until("another policy is in force", || invites() == "nor tomorrow");
    desktop.write("contact.yaml", &closed("broken").replace("outcome: refuse", "outcome: maybe"));
    server.until("the fault is logged", || server.log().contains("the contact policy is refused"));
    assert!(server.log().contains("contact.yaml: rule none: outcome must be"), "{}", server.log());
    assert_eq!(invites(), "nor tomorrow");
}

#[test]
fn a_server_does_not_start_with_a_broken_contact_policy() {
    let desktop = Desktop::new();
    desktop.write("frankly.toml", "contact_policy = \"contact.yaml\"\n");
    desktop.write("contact.yaml", "contact: closed\nversion: one\n");
    let complaint = desktop.frankly(&["serve", "--dev", "--data", "data", "--listen", "127.0.0.1:0"]).complaint(1);
    assert!(complaint.contains("contact.yaml:2: "), "{complaint}");
    assert!(!desktop.path().join("data").exists(), "a refused start makes no database");
}

#[test]
fn changed_mode_policies_are_in_force_without_a_restart_and_broken_ones_change_nothing() {
    let desktop = Desktop::new();
    desktop.write("frankly.toml", "mode_file = \"modes.yaml\"\n");
    desktop.write("modes.yaml", "choose:\n  - policy: readable-only@1\n");
    let server = desktop.start(&["serve", "--dev", "--data", "data", "--listen", "127.0.0.1:0"]);
    let ana = server.member("ana");
    let policy = || server.ask("GET", "/_frankly/v1/modes", &ana.token, &Value::Null).1["policies"][0]["policy"].take();
    let asks = || server.ask("POST", "/_matrix/client/v3/createRoom", &ana.token, &json!({})).0;
    assert_eq!((policy(), asks()), (json!("readable-only@1"), 200));
    desktop.write("modes.yaml", "choose:\n  - policy: sealed-only@1\n");
    server.until("another policy is in force", || policy() == "sealed-only@1");
    assert_eq!(asks(), 403, "nobody asked for encryption");
    desktop.write("modes.yaml", "choose:\n  - policy: nothing@1\n");
    server.until("the fault is logged", || server.log().contains("the mode policies are refused"));
    assert!(server.log().contains("modes.yaml:2: there is no policy nothing@1"), "{}", server.log());
    assert_eq!(policy(), "sealed-only@1");
}
