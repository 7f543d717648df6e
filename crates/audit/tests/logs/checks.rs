//! G1 to G13.

use audit::logs::row::Field;
use audit::logs::settings::Settings;
use audit::logs::source::{ColumnMap, Format};
use audit::logs::{Beside, Check, Counted, Disclosed, time};
use serde_json::{Value, json};

use super::{found, not_checked, own, own_beside, passes, try_review};

/// A decision of a day of March 2026.
fn decision(id: &str, day: u32, hour: u32) -> Value {
    json!({"kind": "decision", "id": id, "at": moment(day, hour), "category": "spam", "outcome": "removed", "reviewer": "r-1"})
}

fn moment(day: u32, hour: u32) -> String {
    format!("2026-03-{day:02}T{hour:02}:00:00Z")
}

fn with(mut entry: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("fields are an object") };
    entry.as_object_mut().unwrap().extend(more);
    entry
}

#[test]
fn g1_days_without_an_entry() {
    let days = |days: &[u32]| days.iter().map(|day| decision(&day.to_string(), *day, 9)).collect::<Vec<_>>();
    let log = days(&[2, 3, 6, 9, 10, 12]);
    let review = own(&log, &[]);
    assert_eq!(
        found(&review, Check::G1),
        ["High 3: 5 days in 3 gaps have no entry [2026-03-04 to 2026-03-05: 2 days; 2026-03-07 to 2026-03-08: 2 days; 2026-03-11]"]
    );
    // 7 and 8 March 2026 are a weekend
    let review = own(&log, &[r#"calendar.weekdays=["mon","tue","wed","thu","fri"]"#, r#"calendar.holidays=["2026-03-04","2026-03-05"]"#]);
    assert_eq!(found(&review, Check::G1), ["High 1: 1 days in 1 gaps have no entry [2026-03-11]"]);
    assert!(passes(&own(&log, &["g1_missing=5"]), Check::G1));
    let longer = own(&days(&[2, 3]), &[r#"calendar.to="2026-03-04""#]);
    assert_eq!(found(&longer, Check::G1), ["High 1: 1 days in 1 gaps have no entry [2026-03-04]"]);
}

#[test]
fn g1_hours_without_an_entry() {
    let log: Vec<Value> = [9, 10, 12].iter().map(|hour| decision(&hour.to_string(), 2, *hour)).chain([decision("x", 3, 9)]).collect();
    let set = ["calendar.unit=hour", "calendar.hours=[9,13]"];
    assert_eq!(found(&own(&log, &set), Check::G1), ["High 1: 1 hours in 1 gaps have no entry [2026-03-02 11:00]"]);
    let ahead = own(&log, &["calendar.unit=hour", "calendar.hours=[10,14]", "calendar.ahead_of_utc_min=60"]);
    assert_eq!(found(&ahead, Check::G1), ["High 1: 1 hours in 1 gaps have no entry [2026-03-02 12:00]"]);
    assert_eq!(not_checked(&own(&[json!({"kind": "flag", "id": "1"})], &[]), Check::G1), "no row has a time");
}

#[test]
fn g1_a_clock_that_was_wrong_by_centuries_costs_neither_time_nor_memory() {
    let log = [
        decision("1", 2, 9),
        with(decision("2", 2, 9), json!({"at": "0001-01-01"})),
        with(decision("3", 2, 9), json!({"at": "9999-01-01"})),
    ];
    let review = own(&log, &[]);
    assert!(found(&review, Check::G1)[0].contains("span more than 1000000 days"), "{:?}", found(&review, Check::G1));
    assert_eq!(
        found(&review, Check::Input),
        ["High 1: 1 moments lie in the future; it is 2026-11-28T07:20:00Z [3: at is 9999-01-01T00:00:00Z]"]
    );
}

#[test]
fn g2_identifiers_and_numbers() {
    let numbered = |id: &str, number: u64| with(decision(id, 2, 9), json!({"sequence": number}));
    let log = [numbered("a", 1), numbered("b", 2), numbered("a", 6), numbered("c", 6), numbered("d", 4)];
    assert_eq!(
        found(&own(&log, &[]), Check::G2),
        [
            "High 1: 1 rows have an identifier that another row has [3: the same identifier as line 1]",
            "High 1: 1 rows have a number that another row has [4: number 6 again, after line 3]",
            "High 2: 2 numbers in 2 holes of the sequence are missing [3: missing before 6: 5; 5: missing before 4: 3]",
        ]
    );
    assert!(passes(&own(&[numbered("a", 7), numbered("b", 8)], &[]), Check::G2), "a log may begin with any number");
}

#[test]
fn g3_reports_without_a_decision_in_time() {
    let report = |case: &str, day, hour| json!({"kind": "report", "id": format!("report {case}"), "case": case, "at": moment(day, hour)});
    let decided = |case: &str, day, hour| with(decision(&format!("decision {case}"), day, hour), json!({"case": case}));
    let log = [report("a", 2, 9), decided("a", 2, 10), report("b", 2, 9), decided("b", 4, 9), report("c", 2, 9), report("d", 4, 1)];
    assert_eq!(
        found(&own(&log, &[]), Check::G3),
        [
            "High 1: 1 reports have no decision within 24 h [5: no decision for 2.0 d until the log ends]",
            "Medium 1: 1 reports were decided later than after 24 h [3: decided on line 4 after 2.0 d]",
        ]
    );
    assert!(passes(&own(&log, &["g3_hours=48"]), Check::G3));
    let before = [decided("a", 1, 9), report("a", 2, 9), decided("b", 9, 9)];
    assert_eq!(found(&own(&before, &[]), Check::G3).len(), 1, "a decision before the report does not answer it");
    assert_eq!(not_checked(&own(&[decision("x", 2, 9)], &[]), Check::G3), "no report with a case and a time is in the log");
}

#[test]
fn g4_outliers_and_decisions_before_their_cause() {
    let took = |id: u32, hours: u32| {
        with(
            decision(&id.to_string(), 20, 9),
            json!({"began": time::show(time::parse(b"2026-03-20T09:00:00Z").unwrap() - i64::from(hours) * 3_600)}),
        )
    };
    let mut log: Vec<Value> = (0..40).map(|id| took(id, 2 + id % 3)).collect();
    assert!(passes(&own(&log, &[]), Check::G4));
    log.push(took(40, 400));
    let review = own(&log, &[]);
    let [finding] = &found(&review, Check::G4)[..] else { panic!("{:?}", found(&review, Check::G4)) };
    assert!(finding.starts_with("Low 1: spam: 1 of 41 took longer than") && finding.contains("[41: 16.7 d]"), "{finding}");
    assert!(passes(&own(&log, &["g4_share=0.05"]), Check::G4));
    let early = with(decision("early", 20, 9), json!({"began": "2026-03-22T09:00:00Z"}));
    assert_eq!(
        found(&own(&[early], &[]), Check::G4),
        ["Medium 1: 1 decisions happened before their cause [1: in effect 2.0 d before its cause]"]
    );
    assert!(not_checked(&own(&[decision("x", 2, 9)], &[]), Check::G4).contains("30 decisions"));
}

#[test]
fn g5_reversals() {
    let by = |id: &str, reviewer: &str| with(decision(id, 2, 9), json!({"reviewer": reviewer}));
    let reversal =
        |id: &str, of: &str, reason: &str| json!({"kind": "reversal", "id": id, "at": moment(3, 9), "reverses": of, "reason": reason});
    let mut log: Vec<Value> = (0..90).map(|n| by(&format!("d{n}"), ["r-1", "r-2", "r-3"][n % 3])).collect();
    // r-3 decided d2, d5, d8 …
    log.extend((0..12).map(|n| reversal(&format!("x{n}"), &format!("d{}", n * 3 + 2), "an appeal was right")));
    log.push(reversal("y", "d0", " "));
    log.push(reversal("z", "nothing", "?"));
    assert_eq!(
        found(&own(&log, &[]), Check::G5),
        [
            "High 1: 1 reversals give no reason [103: no reason]",
            "Medium 1: 1 reviewers are reversed more often than others (14.4 % of all) [r-3: 12 of 30 decisions reversed, 40.0 %; the limit is 33.7 %]",
            "Medium 1: 1 reversals are of decisions that are not in the log [104: the decision it takes back is not in the log]",
        ]
    );
    assert_eq!(not_checked(&own(&[decision("x", 2, 9)], &[]), Check::G5), "no reversal is in the log");
}

#[test]
fn g6_what_is_said_of_automation() {
    let says = |id: &str, automated: &str, text: &str| with(decision(id, 2, 9), json!({"automated": automated, "text": text}));
    let log = [
        says("1", "fully", "Removed after manual review"),
        says("2", "no", "Removed after manual review"),
        says("3", "no", "Solely automated."),
    ];
    assert_eq!(
        found(&own(&log, &[]), Check::G6),
        [
            "Medium 2: 2 decisions contradict their explanation [1: fully automated, and the text speaks of people; 3: not automated, and the text speaks of programs alone]"
        ]
    );
    assert!(passes(&own(&log, &[r#"g6_people=["by hand"]"#, r#"g6_programs=["by machine"]"#]), Check::G6));
}

#[test]
fn g7_categories() {
    let log =
        [decision("1", 2, 9), with(decision("2", 2, 9), json!({"category": "spamm"})), with(decision("3", 2, 9), json!({"category": ""}))];
    let review = own(&log, &[r#"g7_categories=["spam"]"#]);
    assert_eq!(
        found(&review, Check::G7),
        ["Medium 1: 1 rows have a category that does not exist [2: spamm]", "Medium 1: 1 decisions have no category [3: no category]"]
    );
    assert!(not_checked(&own(&log, &[]), Check::G7).contains("g7_categories"));
}

#[test]
fn g8_one_explanation_for_very_many() {
    let says = |n: u32| {
        with(decision(&n.to_string(), 2, 9), json!({"text": if n.is_multiple_of(3) { "the same".to_owned() } else { format!("case {n}") }}))
    };
    let log: Vec<Value> = (1..=60).map(says).collect();
    assert_eq!(
        found(&own(&log, &[]), Check::G8),
        ["Low 20: 20 of 60 decisions (33.3 %) have the same explanation [3: the first of them that was kept]"]
    );
    assert!(passes(&own(&log, &["g8_share=0.5"]), Check::G8));
    assert!(not_checked(&own(&log[..9], &[]), Check::G8).starts_with("9 decisions"));
}

#[test]
fn g9_reading_without_a_ground() {
    let read = |id: &str, basis: &str| json!({"kind": "read", "id": id, "at": moment(2, 9), "basis": basis});
    let log = [
        json!({"kind": "report", "id": "r1", "case": "c1", "at": moment(2, 8)}),
        read("1", "r1"),
        read("2", "c1"),
        read("3", ""),
        read("4", "elsewhere"),
        read("5", "o1"),
        json!({"kind": "order", "id": "o1", "at": moment(2, 10)}),
    ];
    assert_eq!(
        found(&own(&log, &[]), Check::G9),
        [
            "High 1: 1 readings name no report, flag or order [4: no ground]",
            "Medium 1: 1 readings name a ground that is not in the log [5: its ground is not in the log]"
        ]
    );
    assert!(not_checked(&own(&[decision("x", 2, 9)], &[]), Check::G9).contains("no reading"));
}

#[test]
fn g10_figures_that_disagree() {
    let log: Vec<Value> =
        (0..100).map(|n| with(decision(&n.to_string(), 2, 9), json!({"category": if n < 60 { "spam" } else { "violence" }}))).collect();
    let figure = |line, of, value: &str, count| Disclosed { line, of, value: value.to_owned(), count };
    let figures = vec![
        figure(2, Counted::Category, "spam", 60),
        figure(3, Counted::Category, "violence", 45),
        figure(4, Counted::All, "", 100),
        figure(5, Counted::Outcome, "kept", 3),
    ];
    let beside = Beside { disclosed: Some(figures), ..Beside::default() };
    assert_eq!(
        found(&own_beside(&log, &[], &beside), Check::G10),
        [
            "High 2: 2 disclosed figures disagree with the log [category violence: 45 disclosed (line 3), 40 in the log; outcome kept: 3 disclosed (line 5), 0 in the log]"
        ]
    );
    assert!(not_checked(&own(&log, &[]), Check::G10).contains("--disclosed"));
}

#[test]
fn g11_a_volume_that_shifted() {
    let day = |day: u32, count: u32| (0..count).map(move |n| decision(&format!("{day}-{n}"), day, 9));
    let counts = [20, 22, 19, 21, 20, 18, 22, 21, 19, 20, 22, 20, 60, 21, 20, 19];
    let log: Vec<Value> = (1..).zip(counts).flat_map(|(at, count)| day(at, count)).collect();
    let review = own(&log, &["g11_rules=[1]"]);
    let [finding] = &found(&review, Check::G11)[..] else { panic!("{:?}", found(&review, Check::G11)) };
    assert!(finding.contains("on 1 days") && finding.contains("2026-03-13: 60 entries") && finding.ends_with("rule 1]"), "{finding}");
    // one day lifts the center, so that those before it lie below it for long
    assert!(found(&own(&log, &[]), Check::G11)[0].contains("2026-03-12: 20 entries (center 23.2, limits 2.8 to 43.7), rule 4"));
    assert!(passes(&own(&log, &["g11_rules=[2]"]), Check::G11));
    assert!(not_checked(&own(&log[..100], &[]), Check::G11).contains("12 are needed"));
}

#[test]
fn g12_minors_wait_longer() {
    let took = |n: u32, hours: u32, minor: bool| {
        with(
            decision(&n.to_string(), 20, 9),
            json!({"minor": minor, "began": time::show(time::parse(b"2026-03-20T09:00:00Z").unwrap() - i64::from(hours) * 3_600)}),
        )
    };
    let log = |slower: u32| (0..80).map(|n| took(n, 2 + n % 7 + if n < 40 { slower } else { 0 }, n < 40)).collect::<Vec<_>>();
    let review = own(&log(3), &[]);
    let [finding] = &found(&review, Check::G12)[..] else { panic!("{:?}", found(&review, Check::G12)) };
    assert!(finding.starts_with("High 1: minors' cases take 8.0 h in the median, others 5.0 h"), "{finding}");
    assert!(passes(&own(&log(0), &[]), Check::G12));
    assert!(not_checked(&own(&log(3)[..20], &[]), Check::G12).starts_with("20 decisions about minors and 0"));
}

#[test]
fn g13_traffic_without_a_flag() {
    let traffic = |hour, amount: u64| json!({"kind": "traffic", "at": moment(2, hour), "amount": amount});
    let flag = |hour| json!({"kind": "flag", "id": format!("f{hour}"), "at": moment(2, hour)});
    let log = [traffic(8, 500), traffic(9, 400), traffic(10, 0), flag(8)];
    assert_eq!(
        found(&own(&log, &[]), Check::G13),
        ["High 1: in 1 hours there was traffic and no flag [2026-03-02 09:00: traffic of 400, no flag]"]
    );
    assert!(passes(&own(&log, &["g13_traffic=450"]), Check::G13));
    let beside = Beside { traffic: vec![(time::parse(moment(2, 11).as_bytes()).unwrap(), 9)], ..Beside::default() };
    assert!(found(&own_beside(&log[3..], &[], &beside), Check::G13)[0].contains("2026-03-02 11:00: traffic of 9"));
    assert!(not_checked(&own(&log[3..], &[]), Check::G13).contains("--traffic"));
}

#[test]
fn a_check_can_be_left_out_and_reading_cannot() {
    let review = own(&[decision("1", 2, 9)], &[r#"without=["G1","Input"]"#]);
    let made: Vec<Check> = review.checks.iter().map(|checked| checked.check).collect();
    assert_eq!((made.len(), made.contains(&Check::G1), made[0]), (13, false, Check::Input));
}

#[test]
fn any_table_is_reviewed_with_a_map_of_its_columns() {
    let text = "Nr;Am;Art\n1;2026-03-02 09:00;spam\n1;2026-03-04 09:00;Spam\n";
    let columns = [(Field::Id, "Nr"), (Field::At, "Am"), (Field::Category, "Art")].map(|(field, name)| (field, name.to_owned())).to_vec();
    let mut map = ColumnMap { columns, ..ColumnMap::default() };
    map.dialect.delimiter = b';';
    let settings = Settings::read(None, &[r#"g7_categories=["spam"]"#.to_owned()]).unwrap();
    let review = try_review(text.as_bytes(), &Format::Csv(map), &settings, &Beside::default()).unwrap();
    assert!(
        found(&review, Check::G1)[0].contains("2026-03-03") && found(&review, Check::G2)[0].contains("3: the same identifier as line 2")
    );
    assert_eq!(found(&review, Check::G7), ["Medium 1: 1 rows have a category that does not exist [3: Spam]"]);
}
