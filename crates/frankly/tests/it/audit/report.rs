//! Runs, reports and comparisons: every format, and every way they end.

use serde_json::Value;

use super::{REGISTRY, lay_out};
use crate::world::{Desktop, Outcome};

fn audit(desktop: &Desktop, words: &str) -> Outcome {
    let words: Vec<&str> = ["audit"].into_iter().chain(words.split(' ')).collect();
    desktop.frankly(&words)
}

const MINE: &str = "--registry platforms.yaml --as-of 2026-06-01";

fn desk() -> Desktop {
    let desktop = Desktop::new();
    desktop.write("platforms.yaml", REGISTRY);
    desktop
}

#[test]
fn a_run_counts_states_and_writes_all_documents() {
    let desktop = desk();
    let said = audit(&desktop, &format!("run {MINE} --profile article-minimum --out results")).fine();
    assert!(said.contains("as of 2026-06-01, article-minimum, 1 platform\n"), "{said}");
    let line = said.lines().find(|line| line.starts_with("chat ")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["chat", "2", "1", "0", "7", "0", "0"]);
    for name in ["results", "catalog", "mapping", "profile", "assessment-plan", "assessment-results", "poam"] {
        let text = std::fs::read_to_string(desktop.path().join("results").join(format!("{name}.json"))).unwrap();
        serde_json::from_str::<Value>(&text).unwrap();
    }
}

#[test]
fn a_run_ends_by_what_it_found_when_asked_to() {
    let desktop = desk();
    audit(&desktop, &format!("run {MINE}")).fine();
    assert_eq!(audit(&desktop, &format!("run {MINE} --fail-on critical")).code, 1, "ENC-2 is not met");
    desktop.write("met.yaml", &REGISTRY.replace("value: \"no\"", "value: \"yes\""));
    let met = "run --registry met.yaml --fail-on critical --as-of";
    assert_eq!(audit(&desktop, &format!("{met} 2026-06-01")).code, 0, "unknown is no failure");
    assert_eq!(audit(&desktop, &format!("{met} 2026-09-15")).code, 3, "the evidence is stale");
    assert_eq!(audit(&desktop, &format!("run {MINE} --fail-on much")).code, 2);
    assert!(audit(&desktop, &format!("run {MINE} --profile nobody")).complaint(2).contains("there is no profile nobody"));
    assert!(audit(&desktop, &format!("run {MINE} --platform nobody")).complaint(2).contains("there is no platform nobody"));
}

#[test]
fn every_format_is_written() {
    let desktop = desk();
    let report = |format: &str| audit(&desktop, &format!("report {MINE} --format {format}")).fine();
    assert!(report("md").contains("| Platform | End-to-end encryption of direct messages | Moderation capability | Stated rationale |"));
    assert!(report("html").starts_with("<!doctype html>") && report("svg").starts_with("<svg "));
    let json: Value = serde_json::from_str(&report("json")).unwrap();
    assert_eq!((json["schema"].as_str(), json["cells"].as_array().unwrap().len()), (Some("frankly.audit.result/1"), 46));
    assert_eq!(report("csv").lines().count(), 47);
    let oscal: Value = serde_json::from_str(&report("oscal")).unwrap();
    assert_eq!(oscal["assessment-results"]["results"][0]["findings"].as_array().unwrap().len(), 46);
    let sarif: Value = serde_json::from_str(&report("sarif")).unwrap();
    assert_eq!((sarif["version"].as_str(), sarif["runs"][0]["results"].as_array().unwrap().len()), (Some("2.1.0"), 46));
    let junit = report("junit");
    assert!(junit.contains("<testsuite name=\"chat\" tests=\"43\"") && junit.contains("failures=\"1\""), "{junit}");
    assert_eq!(audit(&desktop, &format!("report {MINE} --format pdf")).code, 2);
}

#[test]
fn the_same_run_writes_the_same_bytes() {
    let desktop = desk();
    for format in ["md", "html", "json", "csv", "oscal", "sarif", "junit", "svg"] {
        let report = || audit(&desktop, &format!("report {MINE} --format {format}")).fine();
        assert_eq!(report(), report(), "{format}");
    }
}

#[test]
fn two_platforms_are_compared_in_tables_without_an_empty_cell() {
    let desktop = desk();
    let text = audit(&desktop, "report --tables --compare tiktok --compare whatsapp --as-of 2026-11-28").fine();
    for line in text.lines().filter(|line| line.starts_with('|') && !line.contains("---")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
    }
    assert!(text.contains("## Encryption and moderation: TikTok and WhatsApp"), "{text}");
    assert!(audit(&desktop, "report --compare nobody --as-of 2026-11-28").complaint(2).contains("there is no platform nobody"));
}

#[test]
fn evidence_of_a_probe_changes_the_judgement() {
    let desktop = desk();
    let evidence = |value: &str| {
        format!(
            r#"{{"schema": "frankly.audit.evidence/1", "made_by": "frankly audit probe", "made_on": "2026-05-30",
            "sources": {{"run": {{"kind": "probe", "title": "probe", "date": "2026-05-30"}}}},
            "claims": [{{"platform": "chat", "control": "ENC-2", "value": "{value}", "confidence": "confirmed", "sources": ["run"]}}]}}"#
        )
    };
    desktop.write("probe.json", &evidence("yes"));
    assert_eq!(audit(&desktop, &format!("run {MINE} --evidence probe.json --fail-on critical")).code, 0);
    desktop.write("probe.json", &evidence("no"));
    assert_eq!(audit(&desktop, &format!("run {MINE} --evidence probe.json --fail-on critical")).code, 1);
    desktop.write("probe.json", &evidence("maybe"));
    assert!(audit(&desktop, &format!("run {MINE} --evidence probe.json")).complaint(2).contains("probe.json is not evidence"));
    desktop.write("probe.json", &evidence("proactive"));
    let refused = audit(&desktop, &format!("run {MINE} --evidence probe.json"));
    assert_eq!(
        (refused.code, refused.out.as_str()),
        (4, "probe.json: value-not-for-control: ENC-2 of chat: ENC-2 is not answered by proactive\n")
    );
}

#[test]
fn what_changed_between_two_runs_is_told_worst_first() {
    let desktop = desk();
    let write = |name: &str, text: &str| {
        desktop.write("now.yaml", text);
        desktop.write(name, &audit(&desktop, "report --format json --registry now.yaml --as-of 2026-06-01").fine());
    };
    write("old.json", REGISTRY);
    write("new.json", &REGISTRY.replace("{control: ENC-1, value: \"yes\"", "{control: ENC-1, value: partial"));
    assert_eq!(audit(&desktop, "diff old.json old.json --fail-on low").fine(), "0 changes\n");
    let said = audit(&desktop, "diff old.json new.json").fine();
    assert!(said.starts_with("worse     critical chat                 ENC-1   met → not met: it holds in part\n"), "{said}");
    assert_eq!(audit(&desktop, "diff old.json new.json --fail-on high").code, 1);
    assert_eq!(audit(&desktop, "diff new.json old.json --fail-on low").code, 0, "it became better");
    assert_eq!(audit(&desktop, "diff old.json new.json --json").json()[0]["kind"], "worse");
    assert!(audit(&desktop, "diff platforms.yaml new.json").complaint(2).contains("platforms.yaml: no results of an audit"));
    let since = audit(&desktop, "report --registry now.yaml --as-of 2026-06-01 --previous old.json").fine();
    assert!(since.contains("**worse** chat, ENC-1: met → not met: it holds in part"), "{since}");
}

#[test]
fn the_help_lists_what_there_is() {
    let desktop = desk();
    lay_out(&desktop);
    assert!(audit(&desktop, "catalog list --profile article-minimum").fine().lines().count() == 13);
    assert!(audit(&desktop, "catalog export --profile nobody").complaint(2).contains("there is no profile nobody"));
    let catalog = audit(&desktop, "catalog export").json();
    let controls: usize =
        catalog["catalog"]["groups"].as_array().unwrap().iter().map(|group| group["controls"].as_array().unwrap().len()).sum();
    assert_eq!(controls, 46);
}

#[test]
fn the_generated_pages_are_up_to_date() {
    let desktop = Desktop::new();
    let both = "--compare tiktok --compare whatsapp";
    for (file, words) in [
        ("tables.md", format!("report --as-of 2026-11-28 --base ../../ --tables {both}")),
        ("report.md", format!("report --as-of 2026-11-28 --base ../../ {both}")),
        ("states.svg", "report --as-of 2026-11-28 --format svg".to_owned()),
    ] {
        let made = audit(&desktop, &words).fine();
        let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit/").to_owned() + file).unwrap_or_default();
        assert!(made == kept, "docs/audit/{file} is not what `frankly audit {words}` writes: run the commands at the end of docs/audit.md");
    }
}
