//! `frankly audit train`: lessons, a quiz, and records that nobody can edit.

use crate::world::Desktop;

/// The right letters of the quiz with seed 7.
const RIGHT: &str = "ddbbaaca";

fn quiz(desktop: &Desktop, person: &str, answers: &str, now: &str) -> crate::world::Outcome {
    let words = ["audit", "train", "quiz", "--platform", "signal", "--seed", "7", "--person", person, "--answers", answers, "--now", now];
    desktop.frankly(&words)
}

fn status(desktop: &Desktop, more: &[&str]) -> crate::world::Outcome {
    desktop.frankly(&[&["audit", "train", "status"], more].concat())
}

#[test]
fn who_passes_counts_for_twelve_months() {
    let desktop = Desktop::new();
    let passed = quiz(&desktop, "p-1", RIGHT, "2026-03-02T09:00:00Z").fine();
    assert!(
        passed.contains("made the key training.key") && passed.contains("8 of 8 right") && passed.contains("passed, until 2027-03-02"),
        "{passed}"
    );
    let failed = quiz(&desktop, "p-2", "aaaaaaaa", "2026-03-02T10:00:00Z");
    assert_eq!(failed.code, 1);
    assert!(failed.out.contains("not passed") && failed.out.contains("right: "), "what was wrong is explained: {}", failed.out);

    desktop.write("people.txt", "# the team\np-1\n");
    assert_eq!(status(&desktop, &["--as-of", "2026-03-10"]).code, 3, "p-2 has not passed");
    quiz(&desktop, "p-2", RIGHT, "2026-03-06T10:00:00Z").fine();
    let all = status(&desktop, &["--people", "people.txt", "--as-of", "2027-03-02"]).fine();
    assert!(all.contains("p-1                  passed 2026-03-02, counts until 2027-03-02"), "{all}");
    let later = status(&desktop, &["--as-of", "2027-03-03"]);
    assert!(later.code == 3 && later.out.contains("p-1                  passed 2026-03-02, EXPIRED 2027-03-02"), "{}", later.out);
    desktop.write("people.txt", "p-3\n");
    let missing = status(&desktop, &["--people", "people.txt", "--as-of", "2026-03-10"]);
    assert!(missing.code == 3 && missing.out.contains("p-3                  NOT PASSED"), "{}", missing.out);

    let csv = desktop.frankly(&["audit", "train", "export"]).fine();
    assert!(
        csv.starts_with("person,platforms,right,of,passed,at,until,lesson\np-1,signal,8,8,true,2026-03-02T09:00:00Z,2027-03-02,"),
        "{csv}"
    );
    let json = desktop.frankly(&["audit", "train", "export", "--report", "json"]).json();
    assert_eq!((json.as_array().unwrap().len(), json[1]["passed"].as_bool()), (3, Some(false)));
    let evidence = desktop.frankly(&["audit", "train", "export", "--report", "evidence", "--as-of", "2026-03-10"]).json();
    assert_eq!((evidence["claims"][0]["control"].as_str(), evidence["claims"][0]["value"].as_str()), (Some("ORG-2"), Some("yes")));
}

#[test]
fn a_record_edited_by_hand_is_refused() {
    let desktop = Desktop::new();
    assert_eq!(quiz(&desktop, "p-2", "aaaaaaaa", "2026-03-02T09:00:00Z").code, 1);
    let records = std::fs::read_to_string(desktop.path().join("training.ndjson")).unwrap();
    let right = records.split("\"right\":").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let edited = records.replace(&format!("\"right\":{right}"), "\"right\":8").replace("\"passed\":false", "\"passed\":true");
    assert_ne!(edited, records);
    desktop.write("training.ndjson", &edited);
    for words in [&["audit", "train", "status"][..], &["audit", "train", "export"]] {
        let refused = desktop.frankly(words);
        assert!(
            refused.code == 2 && refused.err.contains("training.ndjson: line 1: the signature does not belong to it"),
            "{}",
            refused.err
        );
        assert_eq!(refused.out, "");
    }
    let more = quiz(&desktop, "p-3", RIGHT, "2026-03-02T09:00:00Z");
    assert!(more.code == 2 && more.err.contains("line 1"), "nothing is added to what was edited: {}", more.err);
    std::fs::remove_file(desktop.path().join("training.key")).unwrap();
    let lost = quiz(&desktop, "p-3", RIGHT, "2026-03-02T09:00:00Z");
    assert!(lost.code == 2 && lost.err.contains("a new key would not fit"), "{}", lost.err);
}

#[test]
fn the_public_half_of_the_key_is_enough_to_check() {
    let desktop = Desktop::new();
    let told = quiz(&desktop, "p-1", RIGHT, "2026-03-02T09:00:00Z").fine();
    let public = told.split("public half is ").nth(1).unwrap().lines().next().unwrap().to_owned();
    std::fs::remove_file(desktop.path().join("training.key")).unwrap();
    assert_eq!(status(&desktop, &["--as-of", "2026-04-01"]).code, 2);
    status(&desktop, &["--as-of", "2026-04-01", "--public", &public]).fine();
}

#[cfg(unix)]
#[test]
fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let desktop = Desktop::new();
    quiz(&desktop, "p-1", RIGHT, "2026-03-02T09:00:00Z").fine();
    let mode = std::fs::metadata(desktop.path().join("training.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn at_the_terminal_letters_are_asked_for_and_wrong_ones_come_again() {
    let desktop = Desktop::new();
    let words = ["audit", "train", "quiz", "--platform", "signal", "--seed", "7", "--person", "p-1", "--now", "2026-03-02T09:00:00Z"];
    let lines: String = RIGHT.chars().flat_map(|letter| [letter, '\n']).collect();
    let asked = desktop.frankly_reading(&words, &lines);
    assert!(asked.code == 0 && asked.out.contains("1 of 8: ") && asked.out.contains("  d) "), "{}{}", asked.out, asked.err);
    let short = desktop.frankly_reading(&words, "a\nb\n");
    assert!(short.code == 2 && short.err.contains("end before the questions"), "{}", short.err);
    let odd = desktop.frankly_reading(&words, "q\n");
    assert!(odd.code == 2 && odd.err.contains("“q” is no letter of question 1"), "{}", odd.err);
}

#[test]
fn a_lesson_is_made_of_the_registry() {
    let desktop = Desktop::new();
    let lesson = desktop.frankly(&["audit", "train", "start", "--platform", "tiktok,signal", "--as-of", "2026-11-28"]).fine();
    assert!(
        lesson.matches("6. When not to use it").count() == 2
            && lesson.contains("Do not send personal, health or regulated data through TikTok"),
        "{lesson}"
    );
    desktop.frankly(&["audit", "train", "start", "--platform", "signal", "--html", "lessons.html", "--seed", "7"]).fine();
    let page = std::fs::read_to_string(desktop.path().join("lessons.html")).unwrap();
    assert!(page.contains("--platform signal --seed 7") && !page.contains("<script"), "{page}");
    let unknown = desktop.frankly(&["audit", "train", "start", "--platform", "nowhere"]);
    assert!(unknown.code == 2 && unknown.err.contains("has no platform nowhere; it has tiktok"), "{}", unknown.err);
    let nobody = quiz(&desktop, " ", RIGHT, "2026-03-02T09:00:00Z");
    assert!(nobody.code == 2 && nobody.err.contains("somebody takes a quiz"), "{}", nobody.err);
}
