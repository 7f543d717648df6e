//! `frankly model`: trained twice to the same bytes, measured on what it has not seen, refused when damaged.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::world::Desktop;

/// Texts about prizes and about dinner.
fn texts() -> String {
    let mut lines = String::new();
    let (prize, dinner) = (["claim", "win", "cash", "prize", "urgent", "free"], ["soup", "bread", "cheese", "rice", "beans", "salad"]);
    for (label, words) in [(1, prize), (0, dinner)] {
        for (one, other) in words.iter().flat_map(|one| words.iter().map(move |other| (one, other))) {
            writeln!(lines, "{}", json!({"text": format!("about {one} and {other} today"), "label": label})).unwrap();
        }
    }
    lines
}

fn desktop() -> Desktop {
    let desktop = Desktop::new();
    desktop.write("texts.ndjson", &texts());
    desktop
}

#[test]
fn the_same_texts_make_the_same_model_and_a_card() {
    let desktop = desktop();
    let train = |out: &str, seed: &str| {
        desktop.frankly(&["model", "train", "--in", "texts.ndjson:spam", "--out", out, "--seed", seed, "--note", "Texts: our own"]).fine();
        std::fs::read(desktop.path().join(out)).unwrap()
    };
    let first = train("a.model", "1");
    assert_eq!(first, train("b.model", "1"));
    assert_ne!(first, train("c.model", "2"));
    let card = std::fs::read_to_string(desktop.path().join("a.md")).unwrap();
    assert!(
        card.contains("Texts: our own")
            && card.contains("| texts.ndjson | 72 |")
            && card.contains("| spam | texts.ndjson | 72 | 36 | 1.000 |"),
        "{card}"
    );
    let info: Value = serde_json::from_str(&desktop.frankly(&["model", "info", "--model", "a.model", "--format", "json"]).fine()).unwrap();
    assert_eq!((&info["labels"][0]["label"], &info["sources"][0]["rows"]), (&json!("spam"), &json!(72)));
}

#[test]
fn a_model_is_not_praised_for_texts_that_it_was_trained_on() {
    let desktop = desktop();
    desktop.frankly(&["model", "train", "--in", "texts.ndjson:spam", "--out", "a.model"]).fine();
    let eval = |file: &str| {
        let said = desktop.frankly(&["model", "eval", "--model", "a.model", "--in", &format!("{file}:spam"), "--format", "json"]).fine();
        serde_json::from_str::<Value>(&said).unwrap()["figures"][0].clone()
    };
    assert_eq!(eval("texts.ndjson")["seen"], true);
    desktop.write("other.ndjson", &texts().replace("today", "tomorrow"));
    assert_eq!(eval("other.ndjson")["seen"], false);
    let both: Value =
        serde_json::from_str(&desktop.frankly(&["model", "eval", "--in", "texts.ndjson:spam", "--format", "json"]).fine()).unwrap();
    let folded: Vec<&Value> = both["figures"].as_array().unwrap().iter().map(|row| &row["folded"]).collect();
    assert_eq!(folded, [&json!(true), &json!(false)]);
}

#[test]
fn what_cannot_be_learnt_from_or_read_is_told() {
    let desktop = desktop();
    let refused = |words: &[&str]| {
        let outcome = desktop.frankly(&[&["model"], words].concat());
        assert_eq!(outcome.code, 1, "{outcome:?}");
        outcome.err
    };
    desktop.write("no.model", "FRKLIN01 nothing");
    assert!(refused(&["info", "--model", "no.model"]).contains("no.model"));
    desktop.write("odd.ndjson", "{\"text\":\"a\",\"label\":1}\nnot json\n");
    assert!(refused(&["eval", "--in", "odd.ndjson:spam"]).contains("line 2"));
    desktop.write("few.ndjson", "{\"text\":\"a\",\"label\":1}\n");
    assert!(refused(&["train", "--in", "few.ndjson:spam", "--out", "x.model"]).contains("1 texts with it and 0 without"));
    assert!(refused(&["eval", "--in", "gone.ndjson:spam"]).contains("gone.ndjson"));
}

#[test]
fn drift_is_told_from_five_hundred_messages_on() {
    let desktop = desktop();
    let messages = |count: usize, text: &str| format!("{{\"text\":\"{text}\"}}\n").repeat(count);
    let psi = |input: &str| {
        let outcome = desktop.frankly_reading(&["model", "drift", "--format", "json"], input);
        let said: Value = serde_json::from_str(&outcome.out).unwrap();
        (outcome.code, said["labels"][2]["psi"].as_f64())
    };
    assert_eq!(psi(&messages(100, "hello")), (0, None));
    let (code, found) = psi(&messages(600, "claim your prize now, call 0800 123 123 to win cash"));
    assert!(code == 1 && found.unwrap() > 0.25, "{found:?}");
}

/// Third-party texts, which are kept out of this repository.
#[test]
fn the_bars_hold_on_texts_that_were_not_seen() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/messages");
    if !folder.is_dir() {
        println!("skipped: ../shared/data/messages is not here");
        return;
    }
    let input = |name: &str| format!("{}/{name}", folder.display());
    let (sms, posts) = (input("sms_train.jsonl:spam,-abuse"), input("davidson_train.jsonl:abuse,-spam"));
    let pairs = input("hmbuild_train.jsonl:abuse,-spam");
    let outcome = Desktop::new().frankly(&["model", "eval", "--format", "json", "--in", &sms, &posts, &pairs]);
    let figures = outcome.json();
    let rows = figures["figures"].as_array().unwrap();
    let of = |label: &str, source: &str, what: &str| {
        let row = rows.iter().find(|row| row["folded"] == true && row["label"] == label && row["source"] == source).unwrap();
        row[what].as_f64().unwrap()
    };
    assert!(of("spam", "sms_train.jsonl", "f1") >= 0.94 && of("spam", "sms_train.jsonl", "false_positive_rate") <= 0.005, "{rows:#?}");
    assert!(of("abuse", "davidson_train.jsonl", "f1") >= 0.96, "{rows:#?}");
    assert!(of("abuse", "davidson_train.jsonl", "false_positive_rate") <= 0.08, "{rows:#?}");
}
