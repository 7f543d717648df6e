//! `frankly audit schedule`: what is due, who signs, and how it ends.

use crate::world::Desktop;

fn planned() -> Desktop {
    let desktop = Desktop::new();
    let add = ["audit", "schedule", "add", "logs", "--title", "Log: \"the\" week", "--control", "ORG-3", "--starts", "2026-03-02T09:00"];
    desktop
        .frankly(&[&add[..], &["--zone", "Europe/Berlin", "--rule", "FREQ=WEEKLY", "--role", "lead", "--role", "auditor"]].concat())
        .fine();
    desktop
}

#[test]
fn what_is_overdue_ends_with_6_until_two_people_signed() {
    let desktop = planned();
    let next = |now: &str| desktop.frankly(&["audit", "schedule", "next", "--now", now]);
    let before = next("2026-03-01T00:00:00Z");
    assert_eq!((before.code, before.out.trim_end()), (0, "next     logs on 2026-03-02 09:00 CET: Log: \"the\" week"));
    let open = next("2026-03-05T00:00:00Z");
    assert!(
        open.code == 0 && open.out.contains("open     logs of 2026-03-02: until 2026-03-09 09:00 CET; missing: lead, auditor"),
        "{}",
        open.out
    );
    let overdue = next("2026-03-10T00:00:00Z");
    assert!(overdue.code == 6 && overdue.out.contains("OVERDUE  logs of 2026-03-02"), "{}", overdue.out);

    let sign = |role: &str, by: &str| {
        desktop.frankly(&[
            "audit",
            "schedule",
            "sign",
            "logs",
            "--of",
            "2026-03-02",
            "--role",
            role,
            "--by",
            by,
            "--now",
            "2026-03-10T00:00:00Z",
        ])
    };
    sign("lead", "p-1").fine();
    assert_eq!(next("2026-03-10T00:00:00Z").code, 6, "one signature is not enough");
    let same = sign("auditor", "p-1");
    assert!(same.code == 2 && same.err.contains("another person's"), "{}", same.err);
    sign("auditor", "p-2").fine();
    let done = desktop.frankly(&["audit", "schedule", "next", "--now", "2026-03-10T00:00:00Z", "--evidence", "org-3.json"]);
    assert!(done.code == 0 && !done.out.contains("OVERDUE"), "{}", done.out);
    let evidence = std::fs::read_to_string(desktop.path().join("org-3.json")).unwrap();
    assert!(evidence.contains("\"control\": \"ORG-3\"") && evidence.contains("\"value\": \"yes\""), "{evidence}");
}

#[test]
fn a_plan_with_an_error_is_refused_with_its_place() {
    let desktop = planned();
    let again = desktop.frankly(&[
        "audit",
        "schedule",
        "add",
        "logs",
        "--title",
        "x",
        "--starts",
        "2026-03-02T09:00",
        "--rule",
        "FREQ=DAILY",
        "--role",
        "a",
        "--role",
        "b",
    ]);
    assert!(again.code == 2 && again.err.contains("there is a review logs already"), "{}", again.err);
    let one_role = desktop.frankly(&[
        "audit",
        "schedule",
        "add",
        "x",
        "--title",
        "x",
        "--starts",
        "2026-03-02T09:00",
        "--rule",
        "FREQ=DAILY",
        "--role",
        "a",
    ]);
    assert!(one_role.code == 2 && one_role.err.contains("two roles"), "{}", one_role.err);
    desktop.write("reviews.yaml", "- id: logs\n");
    let broken = desktop.frankly(&["audit", "schedule", "next"]);
    assert!(broken.code == 2 && broken.err.contains("reviews.yaml: "), "{}", broken.err);
    let empty = Desktop::new().frankly(&["audit", "schedule", "next"]);
    assert!(empty.code == 2 && empty.err.contains("has no review"), "{}", empty.err);
    let planned = planned();
    planned.write("reviews.yaml.signed.ndjson", "{}\n");
    let signed = planned.frankly(&["audit", "schedule", "next"]);
    assert!(signed.code == 2 && signed.err.contains("reviews.yaml.signed.ndjson: line 1"), "{}", signed.err);
}

#[test]
fn the_calendar_is_written_as_windows_and_telephones_read_it() {
    let desktop = planned();
    let ics = desktop.frankly(&["audit", "schedule", "ics", "--now", "2026-01-01T00:00:00Z"]).fine();
    assert!(
        ics.starts_with("BEGIN:VCALENDAR\r\n") && ics.ends_with("END:VCALENDAR\r\n") && ics.contains("DTSTAMP:20260101T000000Z\r\n"),
        "{ics}"
    );
    assert_eq!(
        ics,
        desktop.frankly(&["audit", "schedule", "ics", "--now", "2026-01-01T00:00:00Z"]).fine(),
        "the same plan is the same file"
    );
}
