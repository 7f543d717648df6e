//! `frankly scan`, as scripts use it.

use serde_json::{Value, json};

use crate::world::{Desktop, Outcome};

fn lines(outcome: Outcome) -> Vec<Value> {
    outcome.fine().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_line_is_judged_under_its_id() {
    let desktop = Desktop::new();
    let input = "{\"id\":\"a\",\"text\":\"hello\"}\n\n{\"text\":\"kill yourself, nobody would miss you\"}\n";
    let judged = lines(desktop.frankly_reading(&["scan"], input));
    assert_eq!(judged.len(), 2);
    assert_eq!((&judged[0]["id"], &judged[0]["verdict"], &judged[0]["hits"]), (&json!("a"), &json!("allow"), &json!([])));
    assert_eq!(judged[1]["id"], 3, "a line without an id has its number");
    assert_ne!(judged[1]["verdict"], "allow", "{}", judged[1]);
    let hit = &judged[1]["hits"][0];
    assert!(hit["start"].as_u64() < hit["end"].as_u64(), "{hit}");
    for key in ["harms", "score", "us"] {
        assert!(!judged[1][key].is_null(), "{key}");
    }
}

#[test]
fn a_lexicon_blocks_what_it_hits() {
    let desktop = Desktop::new();
    desktop.write("words.txt", "# fruit\n\nbanana\n  cherry pie \n");
    let input = "{\"id\":1,\"text\":\"a Banana!\"}\n{\"id\":2,\"text\":\"a cherry pie\"}\n{\"id\":3,\"text\":\"kill yourself\"}\n";
    for threads in ["1", "3"] {
        let judged = lines(desktop.frankly_reading(&["scan", "--lexicon", "words.txt", "--threads", threads], input));
        let seen: Vec<(&Value, &Value)> = judged.iter().map(|line| (&line["id"], &line["verdict"])).collect();
        assert_eq!(seen, [(&json!(1), &json!("block")), (&json!(2), &json!("block")), (&json!(3), &json!("allow"))]);
        assert_eq!((&judged[0]["hits"][0]["start"], &judged[0]["hits"][0]["end"]), (&json!(2), &json!(8)));
        assert_eq!(judged[1]["hits"][0]["key"], "cherry pie");
    }
}

#[test]
fn a_conversation_shows_what_was_split() {
    let desktop = Desktop::new();
    desktop.write("words.txt", "banana\n");
    let line = |id: u32, room: &str, sender: &str, text: &str| {
        format!("{}\n", json!({"id": id, "room": room, "sender": sender, "text": text, "ts": 1_000 + id}))
    };
    let input =
        [line(1, "r", "ana", "ban"), line(2, "r", "ben", "no"), line(3, "r", "ana", "ana"), line(4, "other", "ana", "ana")].concat();
    let verdicts = |words: &[&str]| -> Vec<Value> {
        lines(desktop.frankly_reading(words, &input)).iter_mut().map(|line| line["verdict"].take()).collect()
    };
    assert_eq!(verdicts(&["scan", "--lexicon", "words.txt"]), ["allow", "allow", "allow", "allow"]);
    assert_eq!(verdicts(&["scan", "--lexicon", "words.txt", "--conversation"]), ["allow", "allow", "block", "allow"]);
}

#[test]
fn a_bad_line_is_named_and_the_others_are_judged() {
    let desktop = Desktop::new();
    let outcome = desktop.frankly_reading(&["scan"], "{\"id\":1,\"text\":\"a\"}\nnonsense\n{\"text\":5}\n{\"id\":4,\"text\":\"b\"}\n");
    assert_eq!(outcome.code, 1);
    assert_eq!(outcome.out.lines().count(), 2);
    let complaints: Vec<&str> = outcome.err.lines().collect();
    assert!(complaints[0].starts_with("frankly: line 2: ") && complaints[1].starts_with("frankly: line 3: "), "{complaints:?}");
}

#[test]
fn what_cannot_be_used_is_named() {
    let desktop = Desktop::new();
    assert!(desktop.frankly(&["scan", "--lexicon", "nowhere.txt"]).complaint(1).starts_with("frankly: cannot read nowhere.txt: "));
    assert!(desktop.frankly(&["scan", "--pack", "nowhere"]).complaint(1).starts_with("frankly: cannot read the packs in nowhere: "));
    assert!(desktop.frankly(&["scan", "--lexicon", "a", "--pack", "b"]).complaint(2).contains("cannot be used with"));
    assert!(desktop.frankly(&["scan", "--threads", "0"]).complaint(2).contains("0 is not in 1..=256"));
    std::fs::create_dir(desktop.path().join("packs")).unwrap();
    desktop.write("packs/bad.yaml", "pack: bad\n");
    let complaint = desktop.frankly(&["scan", "--pack", "packs"]).complaint(1);
    assert!(complaint.contains("bad.yaml"), "{complaint}");
}

#[test]
fn the_linear_model_scores_what_no_rule_holds_against_a_text() {
    let input =
        "{\"text\":\"WINNER!! You have been picked for a 500 pound award, call 09061701461 now\"}\n{\"text\":\"dinner at eight?\"}\n";
    let judged = lines(Desktop::new().frankly_reading(&["scan"], input));
    let spam = |line: usize| judged[line]["harms"]["spam"].as_f64().unwrap();
    assert!(spam(0) > 0.9 && spam(1) < 0.1, "{judged:#?}");
    assert!(judged[0]["score"].as_f64().unwrap() > 0.9 && judged[1]["verdict"] == "allow", "{judged:#?}");
}
