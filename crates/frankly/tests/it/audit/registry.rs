//! The registry: faults with their places, quotes that stand in their snapshots.

use std::process::Command;

use super::{PAGE, REGISTRY, lay_out};
use crate::world::{Desktop, Outcome};

fn audit(desktop: &Desktop, words: &str) -> Outcome {
    let words: Vec<&str> = ["audit"].into_iter().chain(words.split(' ')).collect();
    desktop.frankly(&words)
}

#[test]
fn a_fault_is_told_with_file_line_and_column_and_ends_with_4() {
    let desktop = Desktop::new();
    lay_out(&desktop);
    let fine = audit(&desktop, "registry lint --registry platforms.yaml --as-of 2026-06-01").fine();
    assert!(fine.ends_with("platforms.yaml: no faults, 0 doubts; 1 platform, 3 claims, 2 sources\n"), "{fine}");
    desktop.write(
        "bad.yaml",
        &REGISTRY.replace("value: \"no\"", "value: no").replace(
            "confidence: reported, sources: [news]}\n      - {control: MOD",
            "confidence: confirmed, sources: [news]}\n      - {control: MOD",
        ),
    );
    let outcome = audit(&desktop, "registry lint --registry bad.yaml --as-of 2026-06-01");
    assert_eq!(outcome.code, 4);
    let lines: Vec<&str> = outcome.out.lines().collect();
    assert!(lines[0].starts_with("bad.yaml:12:33: unquoted-word: no without quotes"), "{lines:?}");
    assert!(lines[1].starts_with("bad.yaml:12:49: confidence-too-high: press alone cannot make it confirmed"), "{lines:?}");
    assert_eq!((lines.len(), outcome.err.as_str()), (2, "frankly audit: bad.yaml: 2 faults refused as a whole\n"));
}

#[test]
fn an_evidence_of_tomorrow_is_a_fault() {
    let desktop = Desktop::new();
    lay_out(&desktop);
    let outcome = audit(&desktop, "registry lint --registry platforms.yaml --as-of 2026-05-10");
    assert_eq!(outcome.code, 4);
    assert!(outcome.out.contains("date-in-future: 2026-05-20 is after 2026-05-10"), "{}", outcome.out);
}

#[test]
fn what_cannot_be_read_is_asked_wrongly() {
    let desktop = Desktop::new();
    let complaint = audit(&desktop, "registry lint --registry nowhere.yaml").complaint(2);
    assert!(complaint.starts_with("frankly audit: cannot read nowhere.yaml"), "{complaint}");
    assert_eq!(audit(&desktop, "registry lint --as-of soon").code, 2);
}

#[test]
fn a_quote_is_found_in_its_snapshot_and_not_when_one_word_is_altered() {
    let desktop = Desktop::new();
    lay_out(&desktop);
    let verify = "registry verify --registry platforms.yaml --as-of 2026-06-01";
    let nothing_kept = audit(&desktop, verify).fine();
    assert!(
        nothing_kept.ends_with("0 quotes found, 0 not found, 0 in another snapshot than the one named, 1 without a snapshot\n"),
        "{nothing_kept}"
    );
    assert_eq!(audit(&desktop, &format!("{verify} --strict")).code, 4);

    let kept = audit(&desktop, "registry snapshot --registry platforms.yaml --as-of 2026-06-01 --source page page.html").fine();
    let hash = kept.trim_end().strip_prefix("page: sha256: ").unwrap();
    assert_eq!(std::fs::read_to_string(desktop.path().join("snapshots").join(hash)).unwrap(), PAGE);
    let found = audit(&desktop, &format!("{verify} --strict")).fine();
    assert_eq!(found, "1 quote found, 0 not found, 0 in another snapshot than the one named, 0 without a snapshot\n");

    desktop.write("platforms.yaml", &REGISTRY.replace("we cannot read", "we can read"));
    let altered = audit(&desktop, verify);
    assert_eq!(altered.code, 4);
    assert!(
        altered
            .out
            .starts_with("platforms.yaml:11:19: quote-not-found: ENC-1: \"we can read your messages\" does not stand in page (chat)\n"),
        "{}",
        altered.out
    );
}

#[test]
fn a_snapshot_that_is_not_the_one_named_ends_with_4() {
    let desktop = Desktop::new();
    lay_out(&desktop);
    let kept = audit(&desktop, "registry snapshot --registry platforms.yaml --as-of 2026-06-01 --source page page.html").fine();
    let hash = kept.trim_end().strip_prefix("page: sha256: ").unwrap();
    desktop.write("platforms.yaml", &REGISTRY.replace("date: 2026-05-01}", &format!("date: 2026-05-01, sha256: {hash}}}")));
    let verify = "registry verify --strict --registry platforms.yaml --as-of 2026-06-01";
    audit(&desktop, verify).fine();
    std::fs::write(desktop.path().join("snapshots").join(hash), format!("{PAGE} ")).unwrap();
    let outcome = audit(&desktop, verify);
    assert_eq!(outcome.code, 4);
    assert!(outcome.out.contains("wrong-snapshot"), "{}", outcome.out);
}

#[test]
fn what_an_archive_held_at_a_commit_is_kept() {
    let desktop = Desktop::new();
    std::fs::create_dir(desktop.path().join("archive")).unwrap();
    desktop.write("archive/Privacy Policy.md", "We **cannot** read\nyour messages.\n");
    let git = |words: &[&str]| {
        let output = Command::new("git")
            .current_dir(desktop.path().join("archive"))
            .args(["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"])
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "first"]);
    let commit = git(&["rev-parse", "HEAD"]);
    desktop.write("archive/Privacy Policy.md", "We read.\n");
    let source = format!("{{kind: archived_policy, archive: a/b, path: \"Privacy Policy.md\", commit: \"{commit}\", date: 2026-05-01}}");
    desktop.write(
        "platforms.yaml",
        &REGISTRY.replace("{kind: vendor_page, url: \"https://chat.example.org/privacy\", date: 2026-05-01}", &source),
    );
    audit(&desktop, "registry snapshot --registry platforms.yaml --as-of 2026-06-01 --git a/b=archive").fine();
    audit(&desktop, "registry verify --strict --registry platforms.yaml --as-of 2026-06-01").fine();
    let wrong = audit(&desktop, "registry snapshot --registry platforms.yaml --as-of 2026-06-01 --git c/d=archive").complaint(2);
    assert!(wrong.contains("no source is in the archive c/d"), "{wrong}");
}

#[test]
fn the_quotes_about_ourselves_stand_in_our_documents() {
    let desktop = Desktop::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let said = desktop.frankly(&["audit", "registry", "verify", "--root", root, "--as-of", "2026-11-28"]).fine();
    assert!(!said.contains("(frankly-"), "{said}");
    let found: usize = said.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(found >= 40, "{said}");
}

#[test]
fn declarations_of_an_archive_begin_a_registry() {
    let desktop = Desktop::new();
    lay_out(&desktop);
    let text = audit(&desktop, "registry import-ota Chat.json").fine();
    assert!(
        text.contains(
            "  chat-privacy-policy: {kind: vendor_page, title: \"Chat: Privacy Policy\", url: \"https://chat.example.org/privacy\"}\n"
        ),
        "{text}"
    );
    desktop.write("Bad.json", "{\"name\": \"Bad\"}");
    assert!(audit(&desktop, "registry import-ota Bad.json").complaint(2).contains("declares no terms"));
}
