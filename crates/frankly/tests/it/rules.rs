//! `frankly rules`, as policy authors and their scripts use it.

use serde_json::{Value, json};

use crate::world::{Desktop, Outcome};

const PACK: &str = r#"pack: own
version: 1
jurisdictions: ["*"]
legal_basis: {GDPR: test}
terms:
  words: {keys: [wombat, capybara], examples: [a wombat, a capybara], near_misses: [a quokka]}
rules:
  - id: w
    title: a word
    status: live
    reads: [content]
    harm: spam
    when: terms.words > 0
    verdict: block
    severity: 1
    queue: safety
    explain: "{{terms.words}} words"
    owner: tests
    review_by: "2199-01-01"
    tests: [{text: my wombat, expect: block}, {text: capybara, expect: block}, {text: fine, expect: allow}, {text: hello, expect: allow}]
"#;

fn desktop(pack: &str) -> Desktop {
    let desktop = Desktop::new();
    std::fs::create_dir(desktop.path().join("packs")).unwrap();
    desktop.write("packs/own.yaml", pack);
    desktop
}

fn answer(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{outcome:?}"))
}

fn json(desktop: &Desktop, words: &[&str]) -> (i32, Value) {
    let outcome = desktop.frankly(&[&["rules"], words, &["--pack", "packs", "--format", "json"]].concat());
    (outcome.code, answer(&outcome))
}

#[test]
fn a_live_rule_needs_two_people_and_a_change_needs_them_again() {
    let desktop = desktop(PACK);
    let approve = |by: &str| desktop.frankly(&["rules", "approve", "own/w", "--by", by, "--pack", "packs"]);
    let (code, lint) = json(&desktop, &["lint"]);
    assert_eq!((code, lint["remarks"][0]["line"].as_u64()), (1, Some(8)), "{lint}");
    approve("rosa").fine();
    assert_eq!(json(&desktop, &["lint"]).0, 1);
    assert_eq!(approve("Rosa").code, 1, "one person approves once");
    assert_eq!(approve("x\"y").code, 1, "a name is a name");
    approve("kim").fine();
    let (code, lint) = json(&desktop, &["lint"]);
    assert_eq!((code, &lint["ok"]), (0, &json!(true)), "{lint}");
    let (_, listed) = json(&desktop, &["list"]);
    assert_eq!(listed["rules"][0]["approved_by"], json!(["kim", "rosa"]));
    assert_eq!(listed["rules"][0]["dsa_category"], "OTHER_VIOLATION_TC");

    desktop.write("packs/own.yaml", &PACK.replace("severity: 1", "severity: 2"));
    assert_eq!(json(&desktop, &["lint"]).0, 1, "a changed rule has lost its approval");
    desktop.write("packs/own.yaml", &PACK.replace("verdict: block", "verdict: bloc"));
    let (code, lint) = json(&desktop, &["lint"]);
    assert!(code == 1 && lint["refused"].as_str().unwrap().contains("own.yaml:8: rule w: verdict must be"), "{lint}");
    assert_eq!(desktop.frankly(&["rules", "approve", "own/v", "--by", "rosa", "--pack", "packs"]).code, 1);
    assert_eq!(desktop.frankly(&["rules", "lint", "--format", "xml"]).code, 2);
}

#[test]
fn a_test_that_fails_and_a_change_that_nobody_notices_are_told() {
    let desktop = desktop(PACK);
    let (code, tested) = json(&desktop, &["test", "--mutate"]);
    assert_eq!((code, &tested["failed"], &tested["changes"]["unnoticed"]), (0, &json!([]), &json!([])), "{tested}");
    desktop.write("packs/own.yaml", &PACK.replace("examples: [a wombat, a capybara]", "examples: [a wombat]"));
    let (code, tested) = json(&desktop, &["test", "--mutate"]);
    assert_eq!((code, &tested["changes"]["unnoticed"][0]["change"]), (1, &json!("without \"capybara\"")), "{tested}");
    desktop.write("packs/own.yaml", &PACK.replace("text: hello", "text: hello wombat"));
    let (code, tested) = json(&desktop, &["test"]);
    assert_eq!((code, tested["failed"][0]["got"].as_str()), (1, Some("block")), "{tested}");
    assert!(desktop.frankly(&["rules", "lint", "--pack", "packs"]).err.contains("own.yaml:20: rule w: test failed"));
}

#[test]
fn what_is_explained_can_be_replayed_until_the_rule_changes() {
    let desktop = desktop(PACK);
    let (_, flag) = json(&desktop, &["explain", "--text", "é my w0mbat"]);
    let reason = &flag["verdict"]["reasons"][0];
    assert_eq!((&flag["verdict"]["action"], &reason["rule"]), (&json!("block"), &json!("own/w")));
    assert_eq!(reason["spans"], json!([{"field": "body", "start": 5, "end": 11}]), "characters of the original");
    assert_eq!(reason["facts"], json!({"terms.words": 1}));
    desktop.write("flag.json", &flag.to_string());
    let (code, replayed) = json(&desktop, &["explain", "--flag", "flag.json"]);
    assert_eq!((code, &replayed["same"]), (0, &json!(true)), "{replayed}");
    assert_eq!(replayed["recorded_version"], replayed["present_version"]);

    desktop.write("packs/own.yaml", &PACK.replace("verdict: block", "verdict: annotate").replace("expect: block", "expect: annotate"));
    let (code, replayed) = json(&desktop, &["explain", "--flag", "flag.json"]);
    assert_eq!((code, &replayed["differences"]), (1, &json!(["block became annotate", "own/w was changed"])), "{replayed}");
    let words = desktop.frankly(&["rules", "explain", "--text", "a wombat", "--pack", "packs"]).fine();
    assert!(words.contains("body 2 to 8: wombat") && words.contains("terms.words = 1"), "{words}");
    desktop.write("flag.json", "{}");
    assert_eq!(desktop.frankly(&["rules", "explain", "--flag", "flag.json"]).code, 1);
    assert_eq!(desktop.frankly(&["rules", "explain", "--text", "a", "--given", "sender.hat=1"]).code, 1);
}

#[test]
fn a_case_is_replayed_from_the_database_without_its_text() {
    let desktop = desktop(PACK);
    let server = desktop.start(&["serve", "--dev", "--data", "data", "--listen", "127.0.0.1:0", "--packs", "packs"]);
    let ana = server.member("ana");
    let room = ana.room();
    assert_eq!(ana.says(&room, "1", "here is my wombat").0, 403);
    server.terminate();
    assert!(server.ended().success());
    let (code, replayed) = json(&desktop, &["explain", "--case", "1", "--data", "data"]);
    assert_eq!((code, &replayed["same"]), (0, &json!(true)), "{replayed}");
    assert_eq!(replayed["reasons"][0]["spans"], json!([{"field": "body", "start": 11, "end": 17}]));
    assert!(!replayed.to_string().contains("wombat"), "nothing is said of what the message said: {replayed}");
    desktop.write("packs/own.yaml", &PACK.replace("severity: 1", "severity: 2"));
    let (code, replayed) = json(&desktop, &["explain", "--case", "1", "--data", "data"]);
    assert_eq!((code, &replayed["replayed"][0]["unchanged"]), (1, &json!(false)), "{replayed}");
    assert_eq!(desktop.frankly(&["rules", "explain", "--case", "7", "--data", "data"]).code, 1);
    assert_eq!(desktop.frankly(&["rules", "explain", "--case", "7", "--text", "a"]).code, 2);
}

#[test]
fn shadow_counts_and_bench_measures() {
    let desktop = desktop(PACK);
    let input = "{\"text\":\"a wombat\",\"label\":1}\n{\"text\":\"a capybara\",\"label\":0}\n{\"text\":\"nothing\"}\n";
    let counted = desktop.frankly_reading(&["rules", "shadow", "--pack", "packs", "--format", "json"], input);
    let counted = answer(&counted);
    assert_eq!(counted["rules"]["own/w"], json!({"hits": 2, "of_label_1": 1, "of_label_0": 1}));
    assert_eq!(counted["messages"]["hits"], 3);
    assert_eq!(desktop.frankly_reading(&["rules", "shadow"], "not json\n").code, 1);
    let measured = desktop.frankly_reading(&["rules", "bench", "--seconds", "1", "--pack", "packs", "--format", "json"], input);
    assert!(answer(&measured)["scan_ns"]["p99"].as_u64().unwrap() > 0);
    assert_eq!(desktop.frankly(&["rules", "bench"]).code, 1, "nothing to measure");
}
