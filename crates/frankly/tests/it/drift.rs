//! `frankly audit drift` over a page of this machine and a history in git.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::world::Desktop;

/// A page that can change, served until the process ends.
pub(crate) struct Page {
    pub(crate) address: SocketAddr,
    shown: Arc<Mutex<String>>,
}

impl Page {
    pub(crate) fn new(text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shown = Arc::new(Mutex::new(text.to_owned()));
        let kept = Arc::clone(&shown);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let first = lines.next().unwrap_or_default();
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let (status, body) = if first.contains("robots.txt") { (404, String::new()) } else { (200, kept.lock().unwrap().clone()) };
                let head = format!("HTTP/1.1 {status} X\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close", body.len());
                let _gone = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
            }
        });
        Self { address, shown }
    }

    fn show(&self, text: &str) {
        text.clone_into(&mut self.shown.lock().unwrap());
    }

    /// A declaration of it.
    pub(crate) fn declared(&self) -> String {
        format!(
            "schema: frankly.audit.watch/1\nwatch:\n  - service: Example\n    document: Terms\n    platform: example\n    \
             url: http://{}/terms\n    select: [main]\n",
            self.address
        )
    }
}

/// A history of one document with one change, in `versions`.
pub(crate) fn history(desktop: &Desktop) {
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(desktop.path()).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(words);
        assert!(command.status().unwrap().success(), "{words:?}");
    };
    git(&["init", "-q", "versions"]);
    std::fs::create_dir_all(desktop.path().join("versions/Example Chat")).unwrap();
    let texts = ["Messages are end-to-end encrypted. We like chairs.", "Messages are not end-to-end encrypted. We like chairs."];
    for (number, text) in texts.iter().enumerate() {
        desktop.write("versions/Example Chat/Terms.md", text);
        git(&["-C", "versions", "add", "."]);
        git(&[
            "-C",
            "versions",
            "commit",
            "-q",
            "-m",
            &format!("Record {number}"),
            "--date",
            &format!("2026-03-0{}T00:00:00Z", number + 1),
        ]);
    }
}

#[test]
fn a_grave_change_is_told_shown_and_noted() {
    let desktop = Desktop::new();
    let page = Page::new("<main><h1>Terms</h1><p>Messages are end-to-end encrypted.</main>");
    desktop.write("watch.yaml", &page.declared());
    let fetch = ["audit", "drift", "fetch", "--declarations", "watch.yaml"];
    assert_eq!(desktop.frankly(&fetch).fine(), "Example, Terms: first\n");
    page.show("<main><h1>Terms</h1><p>Messages are stored and read.</main>");
    let outcome = desktop.frankly(&fetch);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.out.contains("high provisional change") && outcome.out.contains("- Messages are end-to-end encrypted."));

    let words = ["audit", "drift", "diff", "--json", "--evidence", "stale.json"];
    let findings = desktop.frankly(&words).json();
    let id = findings[0]["id"].as_str().unwrap();
    let evidence: Value = serde_json::from_str(&std::fs::read_to_string(desktop.path().join("stale.json")).unwrap()).unwrap();
    let stale: Vec<&str> = evidence["stale"].as_array().unwrap().iter().map(|mark| mark["control"].as_str().unwrap()).collect();
    assert_eq!(stale, ["ENC-1", "ENC-2"]);

    assert!(desktop.frankly(&["audit", "drift", "ack", "none", "--by", "ana"]).complaint(2).contains("there is no finding none"));
    desktop.frankly(&["audit", "drift", "ack", id, "--by", "ana"]).fine();
    assert_eq!(desktop.frankly(&["audit", "drift", "diff"]).fine(), "0 to look at\n");
    assert_eq!(desktop.frankly(&fetch).code, 0, "the same again is no news");
}

#[test]
fn what_cannot_be_fetched_or_understood_is_told_by_its_code() {
    let desktop = Desktop::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let page = Page::new("<main>x</main>").declared();
    let away = format!("http://{free}/terms");
    let declared = page.lines().map(|line| if line.contains("url:") { format!("    url: {away}") } else { line.to_owned() });
    desktop.write("watch.yaml", &(declared.collect::<Vec<_>>().join("\n") + "\n"));
    let fetch = ["audit", "drift", "fetch", "--declarations", "watch.yaml"];
    let outcome = desktop.frankly(&fetch);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert!(outcome.out.contains("FAILED"), "{}", outcome.out);
    desktop.write("watch.yaml", "schema: frankly.audit.watch/1\nwatch:\n  - service: A\n    document: B\n    url: nowhere\n");
    assert!(desktop.frankly(&fetch).complaint(2).contains("watch.yaml:5:10: url: nowhere"));
    assert!(desktop.frankly(&["audit", "drift", "replay", "."]).complaint(2).contains("not a git repository"));
}

#[test]
fn a_history_is_replayed() {
    let desktop = Desktop::new();
    history(&desktop);
    let words = ["audit", "drift", "replay", "versions", "--platform", "Example Chat=example", "--evidence", "stale.json"];
    let text = desktop.frankly(&words).fine();
    assert!(text.contains("2026-03-02T00:00:00Z  high provisional change: Example Chat, Terms"), "{text}");
    assert_eq!(desktop.frankly(&words).fine(), text);
    let answer = desktop.frankly(&["audit", "drift", "replay", "versions", "--json"]).json();
    assert_eq!((&answer["tally"]["raw_changes"], &answer["tally"]["alerts"]), (&1.into(), &1.into()));
    assert!(std::fs::read_to_string(desktop.path().join("stale.json")).unwrap().contains("\"control\": \"ENC-1\""));
}
