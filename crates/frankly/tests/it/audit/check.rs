//! The gate: what a policy requires, what is let pass, and how the command ends.

use super::REGISTRY;
use crate::world::{Desktop, Outcome};

const POLICY: &str = "schema: frankly.audit.policy/1
organisation: Example
data_classes:
  internal:
    requires:
      - {control: ENC-1, min_confidence: vendor_claim}
uses:
  - {team: support, platform: chat, regions: [DE], data: [internal]}
fail_on: high
";

fn desk(policy: &str) -> Desktop {
    let desktop = Desktop::new();
    desktop.write("platforms.yaml", REGISTRY);
    desktop.write("policy.yaml", policy);
    desktop
}

fn check(desktop: &Desktop, more: &str) -> Outcome {
    check_on(desktop, "2026-06-01", more)
}

fn check_on(desktop: &Desktop, day: &str, more: &str) -> Outcome {
    let words = format!("audit check --policy policy.yaml --registry platforms.yaml --as-of {day} {more}");
    desktop.frankly(&words.split_whitespace().collect::<Vec<_>>())
}

/// The policy with another requirement, class or more lines.
fn policy(control: &str, class: &str, more: &str) -> String {
    POLICY.replace("control: ENC-1", &format!("control: {control}")).replace("internal", class) + more
}

#[test]
fn what_is_shown_passes() {
    let said = check(&desk(POLICY), "").fine();
    assert!(said.ends_with("1 requirement: 0 new, 1 light, 0 known, 0 waived\n"), "P3 is light: {said}");
}

#[test]
fn what_is_not_shown_ends_with_1_at_the_line_of_the_policy() {
    let outcome = check(&desk(&policy("ENC-2", "internal", "")), "");
    assert_eq!(outcome.code, 1);
    let line = "policy.yaml:8: new critical ENC-2: support sends internal data over chat in DE: ENC-2 is not met: the answer is no\n";
    assert!(outcome.out.starts_with(line), "{}", outcome.out);
    let unknown = check(&desk(&policy("KEY-3", "internal", "")), "");
    assert_eq!(unknown.code, 1, "unknown is no pass");
    assert!(unknown.out.contains("KEY-3 is unknown: no evidence"), "{}", unknown.out);
}

#[test]
fn evidence_that_is_only_too_old_ends_with_3() {
    let desktop = desk(POLICY);
    assert_eq!(check_on(&desktop, "2026-08-29", "").code, 0, "day 120");
    let stale = check_on(&desktop, "2026-08-30", "");
    assert_eq!(stale.code, 3);
    assert!(stale.out.contains("ENC-1 is stale: last seen 121 days ago"), "{}", stale.out);
    let strict = desk(&POLICY.replace("min_confidence: vendor_claim", "max_age_days: 30"));
    assert_eq!(check(&strict, "").code, 3);
    assert!(check(&strict, "").out.contains("stale for this class of data: last seen 31 days ago, at most 30"));
}

#[test]
fn a_claim_that_is_not_sure_enough_does_not_pass() {
    let outcome =
        check(&desk(&POLICY.replace("control: ENC-1, min_confidence: vendor_claim", "control: GOV-6, min_confidence: confirmed")), "");
    assert_eq!(outcome.code, 0, "GOV-6 is unknown and medium: {}", outcome.out);
    let registry = REGISTRY.replace(
        "ENC-1, value: \"yes\", confidence: confirmed, sources: [page], quote: \"we cannot read your messages\"",
        "ENC-1, value: \"yes\", confidence: reported, sources: [news]",
    );
    let desktop = desk(POLICY);
    desktop.write("platforms.yaml", &registry);
    let outcome = check(&desktop, "");
    assert_eq!(outcome.code, 1);
    assert!(outcome.out.contains("ENC-1 is met by a claim that is reported only; vendor_claim is required"), "{}", outcome.out);
}

#[test]
fn pitfalls_are_told() {
    let outcome = check(&desk(&policy("ENC-1", "health", "")), "");
    assert_eq!(outcome.code, 1);
    assert!(outcome.out.contains("new critical P1: support sends health data over chat in DE, whose direct messages are not shown to be end-to-end encrypted (ENC-1 is met, ENC-2 is not met)"), "{}", outcome.out);
    assert!(
        outcome.out.contains("light medium P3: support uses chat in DE, and nothing is claimed there about GOV-1 and GOV-2"),
        "{}",
        outcome.out
    );
    let desktop = desk(POLICY);
    desktop.write("platforms.yaml", &REGISTRY.replace("value: reactive", "value: proactive"));
    assert!(check(&desktop, "").fine().contains("light medium P2: support relies on chat in DE, which scans messages"));
    assert_eq!(check(&desktop, "--fail-on medium").code, 1);
}

#[test]
fn a_waiver_lets_pass_until_its_last_day() {
    let waiver = |owner: &str, reason: &str, expires: &str| {
        format!("waivers:\n  - {{platform: chat, control: ENC-2, reason: {reason}, owner: \"{owner}\", expires: {expires}}}\n")
    };
    let with = |waiver: String| desk(&policy("ENC-2", "internal", &waiver));
    let desktop = with(waiver("head of support", "accepted_risk", "2026-06-30"));
    assert!(check(&desktop, "").fine().contains("waived critical ENC-2"));
    let over = check_on(&desktop, "2026-07-01", "");
    assert_eq!(over.code, 1);
    assert!(
        over.out.contains(
            "new high waiver-expired: the waiver of ENC-2 for chat was over on 2026-06-30 (accepted_risk, owner: head of support)"
        ),
        "{}",
        over.out
    );
    for (waiver, fault) in [
        (waiver("", "accepted_risk", "2026-06-30"), "no-owner"),
        (waiver("head", "we_like_it", "2026-06-30"), "unknown-word: we_like_it is no reason for a waiver; there are compensating_control,"),
        (waiver("head", "accepted_risk", "2028-06-30"), "waiver-too-long"),
        (waiver("head", "accepted_risk", "never"), "no-date"),
    ] {
        let outcome = check(&with(waiver), "");
        assert_eq!(outcome.code, 2);
        assert!(outcome.out.starts_with("policy.yaml:11:") && outcome.out.contains(fault), "{}", outcome.out);
    }
    let unused = desk(&(POLICY.to_owned() + &waiver("head", "accepted_risk", "2026-06-30")));
    assert!(check(&unused, "").fine().contains("light low waiver-unused: the waiver of ENC-2 for chat lets nothing pass"));
}

#[test]
fn over_a_baseline_a_second_run_is_silent() {
    let desktop = desk(&policy("ENC-2", "internal", ""));
    check(&desktop, "--write-baseline baseline.json").fine();
    let second = check(&desktop, "--baseline baseline.json").fine();
    assert_eq!(second, "1 requirement: 0 new, 1 light, 1 known, 0 waived\n");
    desktop.write("policy.yaml", &policy("ENC-2", "internal", "").replace("regions: [DE]", "regions: [DE, FR]"));
    let third = check(&desktop, "--baseline baseline.json");
    assert_eq!(third.code, 1);
    assert!(third.out.starts_with("policy.yaml:8: new critical ENC-2: support sends internal data over chat in FR"), "{}", third.out);
    desktop.write("baseline.json", "[]");
    assert!(check(&desktop, "--baseline baseline.json").complaint(2).contains("baseline.json: no baseline"));
}

#[test]
fn a_policy_at_fault_ends_with_2_and_names_the_place() {
    for (text, fault) in [
        (policy("ENC-99", "internal", ""), "policy.yaml:6:19: unknown-control: there is no control ENC-99"),
        (policy("ENC-1", "gossip", ""), "policy.yaml: unknown-word: gossip is no class of data; there are public, internal"),
        (
            POLICY.replace("platform: chat", "platform: nobody"),
            "policy.yaml:8:31: unknown-platform: there is no platform nobody in platforms.yaml",
        ),
        (POLICY.replace("regions: [DE]", "regions: [NO]"), "policy.yaml:8:47: unquoted-word: NO without quotes"),
        (POLICY.replace("regions: [DE]", "regions: []"), "policy.yaml:8:31: no-region"),
        (POLICY.replace("data: [internal]", "data: [secret]"), "policy.yaml:8:59: undeclared-class"),
        (POLICY.replace("uses:", "users:"), "policy.yaml:7:1: syntax: unknown field"),
        (POLICY.replace("fail_on: high", "fail_on: much"), "policy.yaml:9:10: unknown-word: much is no weight"),
    ] {
        let outcome = check(&desk(&text), "");
        assert_eq!(outcome.code, 2, "{text}{}", outcome.out);
        assert!(outcome.out.starts_with(fault), "{}\n{fault}", outcome.out);
    }
    assert_eq!(Desktop::new().frankly(&["audit", "check", "--policy", "nowhere.yaml"]).code, 2);
    assert_eq!(Desktop::new().frankly(&["audit", "check"]).code, 2);
}

#[test]
fn a_registry_at_fault_ends_with_4() {
    let desktop = desk(POLICY);
    desktop.write(
        "platforms.yaml",
        &REGISTRY.replace("reported, sources: [news]}\n      - {control: MOD", "confirmed, sources: [news]}\n      - {control: MOD"),
    );
    assert_eq!(check(&desktop, "").code, 4);
}

#[test]
fn other_tools_read_the_findings() {
    let desktop = desk(&policy("ENC-2", "health", ""));
    let sarif = check(&desktop, "--format sarif");
    assert_eq!(sarif.code, 1);
    let document: serde_json::Value = serde_json::from_str(&sarif.out).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    let rules: Vec<&str> = results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert_eq!(rules, ["ENC-2", "P1", "P3"]);
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 8);
    let junit = check(&desktop, "--format junit --out junit.xml");
    assert_eq!((junit.code, junit.out.as_str()), (1, "junit.xml\n"));
    let text = std::fs::read_to_string(desktop.path().join("junit.xml")).unwrap();
    assert!(text.contains("<testsuite name=\"support\" tests=\"3\"") && text.contains("failures=\"2\""), "{text}");
}
