//! `frankly audit probe` against servers of this machine: this one, under several policies, and one that is not there.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::{Desktop, Outcome, Running};

/// The outcomes of a report by the names of the probes.
fn outcomes(report: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    report["probes"].as_array().unwrap().iter().map(|probe| (text(&probe["id"]), text(&probe["outcome"]))).collect()
}

fn probed(desktop: &Desktop, kind: &str, server: &Running, more: &[&str]) -> Outcome {
    let url = format!("http://{}", server.address);
    desktop.frankly(&[&["audit", "probe", kind, &url, "--json"], more].concat())
}

#[test]
fn a_server_of_our_own_holds_what_it_promises() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    let report = probed(&desktop, "frankly", &server, &["--register", "--out", "probes"]).json();
    let found = outcomes(&report);
    let passes =
        ["versions", "encryption-default", "direct-encrypted", "label", "plain-in-sealed", "cross-signing", "report", "access-shown"];
    for id in passes {
        assert_eq!(found[id], "pass", "{id}: {report:#}");
    }
    for id in ["secure-backup", "tls", "stranger-to-minor", "access-proofs", "retention"] {
        assert_eq!(found[id], "not-applicable", "{id}: {report:#}");
    }
    // what is evidence, and where it is from
    let text = std::fs::read_to_string(desktop.path().join("probes/evidence.json")).unwrap();
    let evidence: Value = serde_json::from_str(&text).unwrap();
    let claim = |platform: &str, control: &str| {
        let claims = evidence["claims"].as_array().unwrap();
        let found = claims.iter().find(|claim| claim["platform"] == platform && claim["control"] == control);
        found.map(|claim| (claim["value"].clone(), claim["sources"][0].clone()))
    };
    assert_eq!(claim("frankly-sealed", "ENC-2"), Some(("yes".into(), "probe-encryption-default".into())));
    assert_eq!(claim("frankly-readable", "ACC-1").unwrap().0, "partial", "without proofs it is not the whole of it");
    assert_eq!(claim("frankly-readable", "MIN-3"), None, "what was not tried is no evidence");
    assert_eq!(claim("frankly-readable", "ENC-2"), None, "what is about sealed conversations says nothing of readable ones");
    assert!(claim("frankly-readable", "ENC-7").is_some() && claim("frankly-sealed", "ENC-7").is_some());
    for probe in report["probes"].as_array().unwrap() {
        let transcript = desktop.path().join(format!("probes/transcripts/{}.json", probe["sha256"].as_str().unwrap()));
        let transcript = std::fs::read_to_string(transcript).unwrap();
        assert!(!transcript.contains("throw away") && !transcript.contains("Bearer"), "no secrets: {transcript}");
        serde_json::from_str::<Value>(&transcript).unwrap();
    }
}

#[test]
fn a_server_that_switches_encryption_off_fails_and_the_same_server_without_that_passes() {
    for (policy, expected, code) in [("readable-only", "fail", 1), ("choice", "pass", 0)] {
        let desktop = Desktop::new();
        desktop.write("frankly.toml", &format!("mode_policy = \"{policy}\"\n"));
        let server = desktop.serve();
        let outcome = probed(&desktop, "matrix", &server, &[]);
        let report: Value = serde_json::from_str(&outcome.out).unwrap();
        assert_eq!((outcomes(&report)["encryption-default"].as_str(), outcome.code), (expected, code), "{report:#}");
        let probes = report["probes"].as_array().unwrap();
        let probe = probes.iter().find(|probe| probe["id"] == "encryption-default").unwrap();
        assert_eq!(probe["controls"][0], "ENC-2");
    }
}

#[test]
fn strangers_are_kept_from_young_people_and_expired_messages_are_asked_for() {
    let desktop = Desktop::new();
    for (name, age) in [("ana", "adult"), ("ben", "adult"), ("mia", "13-15"), ("leo", "adult")] {
        let words = ["user", "add", name, "--age-band", age, "--password-stdin", "--data", "data"];
        desktop.frankly_reading(&words, "correct horse\n").fine();
    }
    let server = desktop.serve();
    let url = format!("http://{}", server.address);
    let line = |more: &str| {
        format!(
            "FRANKLY_PROBE_PASSWORD='correct horse' FRANKLY_PROBE_OTHER_PASSWORD='correct horse' \
             frankly audit probe frankly {url} --json --user ana --other ben {more}"
        )
    };
    let report: Value =
        serde_json::from_str(&desktop.paste(&line("--minor @mia:localhost --expired '!none:localhost/$none'"), "").out).unwrap();
    assert_eq!(outcomes(&report)["stranger-to-minor"], "pass", "{report:#}");
    // an adult in the place of the child is reached, so the probe can fail
    let outcome = desktop.paste(&line("--minor @leo:localhost"), "");
    let report: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!((outcomes(&report)["stranger-to-minor"].as_str(), outcome.code), ("fail", 1), "{report:#}");
    // a message that is there is not gone
    let ana = server.log_in("ana", "correct horse").1;
    let token = ana["access_token"].as_str().unwrap();
    let room = server.ask("POST", "/_matrix/client/v3/createRoom", token, &serde_json::json!({})).1;
    let room = room["room_id"].as_str().unwrap();
    let path = format!("/_matrix/client/v3/rooms/{}/send/m.room.message/1", room.replace('!', "%21"));
    let event = server.ask("PUT", &path, token, &serde_json::json!({"msgtype": "m.text", "body": "old"})).1;
    let expired = format!("--expired '{room}/{}'", event["event_id"].as_str().unwrap());
    let report: Value = serde_json::from_str(&desktop.paste(&line(&expired), "").out).unwrap();
    assert_eq!(outcomes(&report)["retention"], "fail", "{report:#}");
}

#[test]
fn a_server_that_is_not_there_is_never_a_pass() {
    let desktop = Desktop::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = desktop.frankly(&["audit", "probe", "matrix", &format!("http://{free}"), "--out", "probes"]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert!(outcome.out.contains("Nobody answered") && !outcome.out.contains("pass"), "{}", outcome.out);
    let evidence: Value = serde_json::from_str(&std::fs::read_to_string(desktop.path().join("probes/evidence.json")).unwrap()).unwrap();
    assert!(evidence["claims"].as_array().unwrap().iter().all(|claim| claim["value"] == "unknown"), "{evidence:#}");
    assert_eq!(desktop.frankly(&["audit", "probe", "matrix", "ftp://127.0.0.1"]).code, 2);
    assert_eq!(desktop.frankly(&["audit", "probe", "matrix", "http://127.0.0.1:1", "--user", "ana"]).code, 2, "without a password");
}
