//! Packs that are refused, and what those that are not do.

use std::fmt::Write;

use model::facts::Facts;
use model::finding::{Findings, Hit};
use model::limits;
use model::verdict::Action;

use super::{PackError, RuleSet};

const HEAD: &str = "pack: own\nversion: 1\njurisdictions: [\"*\"]\nlegal_basis: {GDPR: test}\n";

/// A rule over a term set, and one that reads no text.
const BODY: &str = r"
terms:
  bad: {keys: [badword, worseword]}
rules:
  - id: b
    title: blocked
    status: live
    reads: [content]
    harm: spam
    when: terms.bad > 0
    verdict: block
    severity: 2
    queue: safety
    explain: a word
    owner: tests
    review_by: 2030-01-01
    tests: [{given: {terms.bad: 1}, expect: block}, {given: {terms.bad: 0}, expect: allow}]
  - id: f
    title: first contact
    status: live
    reads: [behaviour]
    harm: spam
    when: pair.first_contact
    verdict: annotate
    severity: 1
    queue: safety
    explain: a first message
    owner: tests
    review_by: 2030-01-01
    tests: [{given: {pair.first_contact: true}, expect: annotate}, {given: {pair.first_contact: false}, expect: allow}]
";

fn pack(change: impl FnOnce(String) -> String) -> Result<RuleSet, PackError> {
    let text = change(format!("{HEAD}{BODY}"));
    RuleSet::load(&[("own.yaml", &text)])
}

fn refusal(change: impl FnOnce(String) -> String) -> String {
    pack(change).unwrap_err().to_string()
}

fn seen(term: &str) -> Findings {
    let hit = Hit { term: term.to_owned(), key: "badword".to_owned(), field: "body".to_owned(), start: 2, end: 9 };
    Findings { hits: vec![hit], ..Findings::default() }
}

#[test]
fn a_fault_is_named_with_its_line() {
    assert_eq!(
        refusal(|text| text.replace("verdict: block", "verdict: bloc")),
        "own.yaml:9: rule b: verdict must be allow, annotate, hold or block"
    );
    assert_eq!(refusal(|text| text.replace("terms.bad > 0", "terms.wrong > 0")), "own.yaml:14: rule b: there is no fact terms.wrong");
    assert_eq!(
        refusal(|text| text.replace("pair.first_contact\n", "pair.frist_contact\n")),
        "own.yaml:27: rule f: there is no fact pair.frist_contact"
    );
    assert_eq!(
        refusal(|text| text.replacen("harm: spam", "harm: spma", 1)),
        "own.yaml:9: rule b: there is no harm spma; harms of your own begin with x."
    );
    assert!(refusal(|text| text.replace("    queue: safety", "    queu: safety")).starts_with("own.yaml:17: "));
    assert!(refusal(|text| text.replace("id: f", "id: b")).starts_with("own.yaml:22: rule b: another rule"));
    let untrue = "own.yaml:21: rule b: test failed: expected allow, got block for {\"terms.bad\": Number(2)}";
    assert_eq!(refusal(|text| text.replace("{terms.bad: 0}", "{terms.bad: 2}")), untrue);
    assert!(
        refusal(|text| text.replace("keys: [badword, worseword]", "keys: ['{who} am bad']"))
            .contains("own.yaml:7: term set own.bad: there is no placeholder who")
    );
    assert!(refusal(|text| text.replace("[\"*\"]", "[Germany]")).contains("Germany is no jurisdiction"));
}

#[test]
fn too_many_keys_are_refused_with_their_set() {
    let mut many = String::from("keys: [");
    for word in 0..1_000 {
        write!(many, "w{word}, ").unwrap();
    }
    many.push(']');
    let placeholders = format!("placeholders: {{n: [{}]}}\n", (0..20_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    let product: String = (0..60).map(|n| format!("'w{n} {{n}}'")).collect::<Vec<_>>().join(", ");
    assert!(pack(|text| text.replace("keys: [badword, worseword]", &many)).is_ok());
    let refused = refusal(|text| {
        text.replace("keys: [badword, worseword]", &format!("keys: [{product}]")).replace("terms:\n", &format!("{placeholders}terms:\n"))
    });
    assert_eq!(refused, format!("own.yaml:8: more than {} keys", limits::LEXICON_KEYS));
    let large = refusal(|text| text + &"#".repeat(limits::PACK_BYTES));
    assert_eq!(large, format!("own.yaml: more than {} bytes", limits::PACK_BYTES));
}

#[test]
fn files_are_taken_in_and_none_takes_itself_in() {
    let own = format!("{HEAD}include: [a.yaml]\n{}", BODY.replace("keys: [badword, worseword]", "lists: [words.txt]"));
    let files = |a: &str| {
        let a = a.to_owned();
        move |name: &str| match name {
            "a.yaml" => Ok(a.clone()),
            "b.yaml" => Ok("include:\n  - a.yaml\n".to_owned()),
            "words.txt" => Ok("# mine\nbadword\n\nworseword\n".to_owned()),
            _ => Err("no such file".to_owned()),
        }
    };
    let load = |a: &str| RuleSet::load_with(&[("packs/own.yaml", own.as_str())], &files(a), None);
    let set = load("terms: {more: {keys: [extra]}}\n").unwrap();
    let keys: Vec<_> = set.keys().collect();
    assert_eq!(keys, [("own.bad", "badword"), ("own.bad", "worseword"), ("own.more", "extra")]);
    let refused = |a: &str| load(a).unwrap_err().to_string();
    assert_eq!(refused("include: [b.yaml]\n"), "b.yaml:2: a.yaml includes itself: own.yaml → a.yaml → b.yaml → a.yaml");
    assert_eq!(refused("include: [own.yaml]\n"), "a.yaml:1: own.yaml includes itself: own.yaml → a.yaml → own.yaml");
    assert_eq!(refused("include: [gone.yaml]\n"), "a.yaml:1: gone.yaml: no such file");
    assert_eq!(refused("include: [../secret.yaml]\n"), "a.yaml:1: ../secret.yaml: name a file that stands beside the pack");
    assert_eq!(refused("terms: {bad: {keys: [x]}}\n"), "a.yaml:1: the term set bad is written twice");
    let changed = load("terms: {more: {keys: [other]}}\n").unwrap();
    assert_ne!(set.version(), changed.version(), "what is included belongs to the pack");
}

#[test]
fn a_rule_that_reads_text_is_not_loaded_for_sealed_conversations() {
    let refused = refusal(|text| text.replace("legal_basis:", "modes: [readable, sealed]\nlegal_basis:"));
    assert_eq!(refused, "own.yaml:10: rule b: reads content, and the pack is for sealed conversations: there is none to read");
    let blind = |text: String| {
        let (head, rules) = text.split_once("  - id: b").unwrap();
        let (_, rest) = rules.split_once("  - id: f").unwrap();
        format!("{}  - id: f{rest}", head.replace("legal_basis:", "modes: [sealed]\nlegal_basis:"))
    };
    assert_eq!(pack(blind).unwrap().len(), 1);
    assert!(refusal(|text| text.replace("reads: [content]", "reads: [behaviour]")).contains("terms.bad is read from the content"));
}

#[test]
fn the_example_for_the_union_reads_nothing_but_known_media() {
    let text = include_str!("../../../../packs/examples/eu-known-media.yaml");
    let set = RuleSet::load(&[("eu-known-media.yaml", text)]).unwrap();
    assert!(set.cards().iter().all(|card| card.reads == ["media"] && !card.sealed));
    let judged = |place: &str, matches: i64| {
        let mut facts = Facts::default();
        facts.media.matches = matches;
        place.clone_into(&mut facts.ctx.jurisdiction);
        set.judge(&facts, &Findings::default()).reasons.len()
    };
    assert_eq!([judged("DE", 1), judged("DE", 0), judged("US", 1), judged("", 1)], [1, 0, 0, 0]);
    assert!(set.mutate(|_| Findings::default()).unwrap().iter().all(|mutant| mutant.noticed));
    let sealed = text.replace("modes: [readable]", "modes: [sealed]");
    let refused = RuleSet::load(&[("eu-known-media.yaml", &sealed)]).unwrap_err().to_string();
    assert!(refused.contains("reads media, and the pack is for sealed conversations"), "{refused}");
}

#[test]
fn a_sealed_message_is_judged_by_rules_that_read_no_text() {
    let set = pack(|text| text).unwrap();
    let mut facts = Facts::default();
    facts.pair.first_contact = true;
    let verdict = set.judge_sealed(&facts);
    assert_eq!(verdict.reasons.iter().map(|reason| reason.rule.as_str()).collect::<Vec<_>>(), ["own/f"]);
    assert_eq!(set.judge(&facts, &seen("own.bad")).reasons.len(), 2);
}

#[test]
fn a_reason_says_where_by_which_facts_and_by_which_rule() {
    let set = pack(|text| text).unwrap();
    let verdict = set.judge(&Facts::default(), &seen("own.bad"));
    let reason = &verdict.reasons[0];
    assert_eq!(verdict.pack_version, set.version());
    assert_eq!((reason.spans[0].field.as_str(), reason.spans[0].start, reason.spans[0].end), ("body", 2, 9));
    assert_eq!(reason.facts["terms.bad"], 1);
    assert_eq!(reason.hash.len(), 32);
    assert!(set.cards().iter().any(|card| card.hash == reason.hash && card.dsa_category == "OTHER_VIOLATION_TC"));
}

#[test]
fn a_recorded_reason_is_replayed_without_its_text() {
    let set = pack(|text| text).unwrap();
    let reason = set.judge(&Facts::default(), &seen("own.bad")).reasons.remove(0);
    let stored: model::verdict::Reason = serde_json::from_str(&serde_json::to_string(&reason).unwrap()).unwrap();
    assert!(set.replay(&stored).same());
    let stricter = pack(|text| text.replace("terms.bad > 0", "terms.bad > 1").replace("{terms.bad: 1}", "{terms.bad: 2}")).unwrap();
    let replayed = stricter.replay(&stored);
    assert!(replayed.known && !replayed.unchanged && !replayed.fires, "{replayed:?}");
    let renamed = pack(|text| text.replace("id: b", "id: c")).unwrap();
    assert!(!renamed.replay(&stored).known);
}

#[test]
fn a_pack_for_one_place_judges_nobody_elsewhere() {
    let set =
        pack(|text| text.replace("jurisdictions: [\"*\"]", "jurisdictions: [FR]").replace("{given: {", "{given: {ctx.jurisdiction: FR, "))
            .unwrap();
    let judged = |place: &str| {
        let mut facts = Facts::default();
        place.clone_into(&mut facts.ctx.jurisdiction);
        set.judge(&facts, &seen("own.bad")).action
    };
    assert_eq!([judged("FR"), judged("FR-75"), judged("DE"), judged("")], [Action::Block, Action::Block, Action::Allow, Action::Allow]);
}

#[test]
fn who_changes_a_rule_loses_its_approval() {
    let text = format!("{HEAD}{BODY}");
    let hash = RuleSet::load(&[("own.yaml", &text)]).unwrap().cards()[0].hash.clone();
    let approvals = format!("approvals:\n  - {{rule: own/b, hash: \"{hash}\", by: [author, approver], on: 2026-11-28}}\n");
    let load =
        |text: &str| RuleSet::load_with(&[("own.yaml", text)], &|_| Err(String::new()), Some(("approvals.yaml", &approvals))).unwrap();
    assert_eq!(load(&text).unapproved(), ["own/f"]);
    for (from, to) in [
        ("badword", "otherword"),
        ("terms.bad > 0", "terms.bad >= 1"),
        ("verdict: block", "verdict: annotate"),
        ("severity: 2", "severity: 3"),
    ] {
        let changed = text
            .replacen(from, to, 1)
            .replace("expect: block", if to == "verdict: annotate" { "expect: annotate" } else { "expect: block" });
        assert!(load(&changed).unapproved().contains(&"own/b".to_owned()), "{from} → {to}");
    }
    assert_eq!(load(&text.replacen("status: live", "status: shadow", 1)).unapproved(), ["own/f"], "a rule that watches needs nobody");
    assert_eq!(load(&text.replacen("review_by: 2030-01-01", "review_by: 2031-01-01", 1)).unapproved(), ["own/f"]);
}

#[test]
fn lint_says_what_a_rule_that_acts_lacks() {
    let set = pack(|text| text.replacen("review_by: 2030-01-01", "review_by: soon", 1)).unwrap();
    let remarks: Vec<String> = set.lint("2031-01-01").iter().map(ToString::to_string).collect();
    assert!(
        remarks.iter().any(|remark| remark.starts_with("own.yaml:9: error: b: acts on messages with 0 of 2 approvals")),
        "{remarks:#?}"
    );
    assert!(remarks.iter().any(|remark| remark.contains("review_by is soon")), "{remarks:#?}");
    assert!(remarks.iter().any(|remark| remark.contains("warning: f: was to be looked at again by 2030-01-01")), "{remarks:#?}");
    assert!(remarks.iter().any(|remark| remark.contains("b: has 1 tests in which it fires; 2 are needed")), "{remarks:#?}");
    assert!(remarks.iter().any(|remark| remark.contains("own.bad: has keys, but no examples")), "{remarks:#?}");
}

#[test]
fn a_test_that_says_nothing_is_found_by_changing_the_rule() {
    let set = pack(|text| text.replace("when: terms.bad > 0", "when: terms.bad > 0 && msg.links < 3")).unwrap();
    let mutants = set.mutate(|_| Findings::default()).unwrap();
    let survived: Vec<&str> = mutants.iter().filter(|mutant| !mutant.noticed).map(|mutant| mutant.change.as_str()).collect();
    assert_eq!(survived.len(), 1, "nothing is said about links: {survived:?}");
    assert!(survived.iter().any(|change| change.ends_with("[< → <=]")), "{survived:?}");
    assert!(mutants.iter().any(|mutant| mutant.noticed && mutant.change.ends_with("[> → >=]")));
}
