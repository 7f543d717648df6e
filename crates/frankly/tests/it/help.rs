//! The help of every command, and that its examples work when pasted.

use crate::drift;
use crate::world::{Desktop, Outcome};

/// Every command, found by reading the help of the one above it.
fn commands() -> Vec<Vec<String>> {
    let desktop = Desktop::new();
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(command) = open.pop() {
        for name in subcommands(&help(&desktop, &command)) {
            open.push([command.clone(), vec![name]].concat());
        }
        found.push(command);
    }
    found.sort();
    found
}

fn help(desktop: &Desktop, command: &[String]) -> String {
    let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
    words.push("--help");
    desktop.frankly(&words).fine()
}

fn subcommands(help: &str) -> Vec<String> {
    let list = help.split_once("Commands:\n").map_or("", |(_, list)| list);
    // what is indented further goes on from the line before
    let lines = list.lines().take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   "));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// The lines under `Example:` or `Examples:`; one that ends with a backslash goes on in the next.
fn examples(help: &str) -> Vec<String> {
    let list = help.split_once("Example:\n").or_else(|| help.split_once("Examples:\n")).map_or("", |(_, list)| list);
    let list: Vec<&str> = list.lines().take_while(|line| line.starts_with("  ")).map(str::trim).collect();
    list.join("\n").replace(" \\\n", " ").lines().map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself() {
    let desktop = Desktop::new();
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for command in &commands {
        let help = help(&desktop, command);
        let name = command.join(" ");
        assert!(!help.contains("`Post") && !help.contains("<postgres"), "frankly {name}: marks meant for the documentation:\n{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 160), "frankly {name}: a line that no terminal shows:\n{help}");
        if subcommands(&help).is_empty() {
            assert!(!examples(&help).is_empty(), "frankly {name} has no example:\n{help}");
        }
    }
}

#[test]
fn without_a_command_the_help_is_shown() {
    let desktop = Desktop::new();
    for words in [&[][..], &["user"], &["bench"]] {
        let outcome = desktop.frankly(words);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{words:?}");
        assert!(outcome.err.contains("Usage: frankly"), "{words:?}");
    }
    assert!(desktop.frankly(&["--version"]).fine().starts_with("frankly "));
}

#[test]
fn every_example_works_when_pasted() {
    let looked = Desktop::new();
    let mut pasted = 0;
    for command in commands().iter().filter(|command| command.first().is_none_or(|first| first != "bench")) {
        for example in examples(&help(&looked, command)) {
            try_out(&example);
            pasted += 1;
        }
    }
    assert!(pasted > 12, "{pasted}");
}

/// The event that the example of `frankly label verify` speaks of, as a client shows it.
const CREATE_EVENT: &str = r#"{"type":"m.room.create","state_key":"","sender":"@ana:example.org","origin_server_ts":1700000000000,
    "content":{"room_version":"12","org.frankly.conversation":{"mode":"sealed","policy":"choice@1","tenant":"default","retention":"standard"}}}"#;

/// The logs and tables that the examples of `frankly audit` speak of.
const AUDITED: [(&str, &str); 6] = [
    ("moderation.ndjson", include_str!("../../../audit/tests/data/moderation.ndjson")),
    ("sor-2026-03-01-full.csv", include_str!("../../../audit/tests/data/statements-2026.csv")),
    ("cases.csv", include_str!("../../../audit/tests/data/cases.csv")),
    ("labels.csv", include_str!("../../../audit/tests/data/labels.csv")),
    ("reviews.yaml", include_str!("../../../audit/tests/data/reviews.yaml")),
    ("points.csv", include_str!("../../../audit/tests/data/points.csv")),
];

/// The finding that the example of `frankly audit drift ack` speaks of.
const FINDINGS: &str = r#"{"alerts":1,"findings":[{"id":"5f0c2b7e9a13d846","service":"Example","document":"Terms","kind":"change",
    "state":"confirmed","severity":"high","touches":["ENC-1"],"first_seen":"2026-03-01T00:00:00Z","told":"2026-03-04T00:00:00Z"}]}"#;

/// Pastes an example into a folder that holds what it speaks of.
fn try_out(example: &str) {
    let desktop = Desktop::new();
    desktop.write("words.txt", "banana\n");
    desktop.write("messages.ndjson", "{\"text\":\"hello\"}\n{\"text\":\"a banana\"}\n");
    desktop.write("create.json", CREATE_EVENT);
    for (name, text) in AUDITED {
        desktop.write(name, text);
    }
    if example.starts_with("frankly audit") {
        crate::audit::lay_out(&desktop);
    }
    let labelled = |label: u8| (0..12).map(move |n| format!("{{\"text\":\"text {n} of kind {label}\",\"label\":{label}}}\n"));
    desktop.write("labelled.ndjson", &labelled(0).chain(labelled(1)).collect::<String>());
    let serves = example.starts_with("frankly serve") || example.starts_with("frankly demo");
    if serves {
        // any free port, so that examples can be tried side by side
        let line = match example.split_once("--listen ") {
            Some((before, _)) => format!("{before}--listen 127.0.0.1:0"),
            None => format!("{example} --listen 127.0.0.1:0"),
        };
        let running = desktop.start_pasted(&line);
        running.terminate();
        assert!(running.ended().success(), "{example}");
        return;
    }
    for name in ["ana", "ben", "rosa"].into_iter().filter(|name| {
        ["user", "backup", "restored"].iter().any(|word| example.contains(word)) && !example.contains(&format!("add {name}"))
    }) {
        desktop.frankly(&["user", "add", name, "--role", "reviewer", "--age-band", "adult", "--data", "data"]).fine();
    }
    if example.contains("host-key") && !example.contains(" make ") {
        desktop.frankly(&["host-key", "make", "shop", "--data", "data"]).fine();
    }
    if let Some(file) = example.strip_prefix("frankly restore ").and_then(|rest| rest.split(' ').next()) {
        desktop.frankly(&["backup", file, "--data", "data"]).fine();
        std::fs::remove_dir_all(desktop.path().join("data")).unwrap();
    }
    if example.contains("audit drift") {
        drift::history(&desktop);
        desktop.write("watch.yaml", &drift::Page::new("<main><p>Our terms are short.</main>").declared());
        std::fs::create_dir(desktop.path().join("drift")).unwrap();
        desktop.write("drift/findings.json", FINDINGS);
    }
    let probed = example.contains("audit probe").then(|| desktop.serve());
    let address = probed.as_ref().map_or_else(|| "127.0.0.1:8008".to_owned(), |server| server.address.to_string());
    let example = &example.replace("127.0.0.1:8008", &address);
    let outcome: Outcome = desktop.paste(&format!("NEW='correct horse'\n{example}"), "correct horse\n");
    assert!(!outcome.fine().is_empty(), "{example}");
}
