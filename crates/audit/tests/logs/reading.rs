//! Bad input: every line is read or named.

use audit::logs::settings::Settings;
use audit::logs::source::Format;
use audit::logs::{Beside, Check};

use super::{found, try_review};

const OF_2026: &str = include_str!("../data/statements-2026.csv");

fn refused(text: &[u8]) -> String {
    try_review(text, &Format::Dsa, &Settings::default(), &Beside::default()).unwrap_err().to_string()
}

fn input(text: &[u8], format: &Format) -> Vec<String> {
    found(&try_review(text, format, &Settings::default(), &Beside::default()).unwrap(), Check::Input)
}

#[test]
fn files_that_are_no_log_are_refused_with_a_reason() {
    assert_eq!(refused(b""), "there is nothing in it");
    let utf_16: Vec<u8> = OF_2026.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(refused(&[&[0xFF, 0xFE][..], &utf_16].concat()), "line 1: written in UTF-16; convert it to UTF-8 first");
    assert_eq!(refused(&utf_16), "line 1: written in UTF-16 or UTF-32; convert it to UTF-8 first");
    let wrong = OF_2026.replacen("category_addition", "categories", 1);
    assert_eq!(
        refused(wrong.as_bytes()),
        "line 1: not the columns of a statement of reasons; missing: “category_addition”; unknown: “categories”"
    );
    let twice = OF_2026.replacen("illegal_content_explanation", "illegal_content_legal_ground", 1);
    assert_eq!(refused(twice.as_bytes()), "line 1: two columns are called illegal_content_legal_ground");
    assert!(try_review(b"\n\n", &Format::Own, &Settings::default(), &Beside::default()).is_err());
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_column() {
    let marked = ["\u{feff}", OF_2026].concat();
    assert!(input(marked.as_bytes(), &Format::Dsa).is_empty());
}

#[test]
fn broken_rows_wrong_encodings_and_texts_that_are_no_values_are_findings_with_lines() {
    let lines: Vec<&str> = OF_2026.split_inclusive('\n').collect();
    let mut text = lines[0].as_bytes().to_vec();
    let row = lines[1..].iter().find(|line| line.starts_with("0000") && line.matches('"').count() % 2 == 0).unwrap();
    text.extend_from_slice(row.as_bytes());
    text.extend_from_slice(b"a,b\n");
    text.extend_from_slice(row.replacen(',', ",x\"y", 1).as_bytes());
    let mut latin = row.replacen("House rules", "Hausordnung f*r alle", 1).into_bytes();
    let star = latin.iter().position(|byte| *byte == b'*').unwrap();
    latin[star] = 0xFC;
    text.extend_from_slice(&latin);
    text.extend_from_slice(row.replacen("AUTOMATED_DECISION_", "AUTOMATED_", 1).as_bytes());
    let found = input(&text, &Format::Dsa);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("High 2: 2 rows could not be read and were left out [3: 2 columns instead of 38; the row is left out; 4: column 2: a quote inside"), "{}", found[0]);
    assert!(found[1].starts_with("Medium 1: 1 rows are not UTF-8 [5: not UTF-8 from byte "), "{}", found[1]);
    assert!(found[2].starts_with("Medium 1: 1 texts are no values of their column [6: automated_decision: “AUTOMATED_"), "{}", found[2]);
}

#[test]
fn an_own_log_has_no_field_that_nobody_knows() {
    let text = br#"{"kind":"flag","id":"1","at":"2026-03-02T09:00:00Z"}
{"kind":"flag","id":"2","at":"2026-03-02T09:00:00Z","autor":"x"}
{"kind":"flag","id":"3","at":"2. March"}
not JSON
{"kind":"flag","id":"5","severity":9,"at":1772442000000}
{"id":"6","at":1772442000000}
"#;
    let found = input(text, &Format::Own);
    assert!(
        found[0].starts_with("High 2: 2 rows could not be read and were left out [2: unknown field `autor`")
            && found[0].contains("; 4: expected"),
        "{}",
        found[0]
    );
    assert!(found[1].starts_with("Medium 1: 1 rows have no time"), "{}", found[1]);
    assert_eq!(
        found[2],
        "Medium 3: 3 texts are no values of their column [3: at: “2. March” is not understood; 5: severity: “9” is not understood; 6: kind: “” is not understood]"
    );
}
