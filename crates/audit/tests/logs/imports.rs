//! Statements of reasons of both generations, without loss.

use audit::logs::dsa::Generation;
use audit::logs::import::import;
use audit::logs::row::Kind;
use audit::logs::settings::Settings;
use audit::logs::source::Format;
use audit::logs::{Beside, Check};
use serde_json::Value;

use super::{found, passes, try_review};

const OF_2024: &str = include_str!("../data/statements-2024.csv");
const OF_2026: &str = include_str!("../data/statements-2026.csv");
const LIGHT: &str = include_str!("../data/statements-2026-light.csv");
const OWN: &str = include_str!("../data/moderation.ndjson");

fn imported(text: &str, format: &Format) -> Vec<Value> {
    let mut output = Vec::new();
    let counted = import(text.as_bytes(), format, &mut output, |fault| panic!("{fault:?}"), |_| ()).unwrap();
    let lines: Vec<Value> = String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((counted.rows, counted.left_out), (lines.len() as u64, 0));
    lines
}

#[test]
fn every_column_of_both_generations_comes_through() {
    for (text, columns) in [(OF_2024, 37), (OF_2026, 38), (LIGHT, 34)] {
        let mut peer = csv::Reader::from_reader(text.as_bytes());
        let header = peer.headers().unwrap().clone();
        assert_eq!(header.len(), columns);
        let lines = imported(text, &Format::Dsa);
        assert!(lines.len() >= 6);
        for (line, record) in lines.iter().zip(peer.records().map(Result::unwrap)) {
            for (name, theirs) in header.iter().zip(&record) {
                assert_eq!(line["source"][name].as_str().unwrap_or_default(), theirs, "{name}");
            }
            assert_eq!((line["id"].as_str(), line["kind"].as_str()), (record.get(0), Some("decision")));
            let at = record.iter().next_back().unwrap().replace(' ', "T");
            assert_eq!(line["at"].as_str(), Some(format!("{at}Z").as_str()));
        }
    }
}

#[test]
fn what_was_imported_is_reviewed_like_its_source_and_imported_again_without_loss() {
    let lines = imported(OF_2026, &Format::Dsa);
    let own: String = lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
    assert_eq!(imported(&own, &Format::Own), lines);
    let review = |text: &str, format| try_review(text.as_bytes(), &format, &Settings::default(), &Beside::default()).unwrap();
    let (theirs, ours) = (review(OF_2026, Format::Dsa), review(&own, Format::Own));
    assert_eq!((theirs.rows, &theirs.first, &theirs.last, &theirs.kinds), (ours.rows, &ours.first, &ours.last, &ours.kinds));
    assert_eq!(theirs.generation, Some(Generation::Since2025));
    assert!(passes(&theirs, Check::Input) && passes(&theirs, Check::G2) && passes(&theirs, Check::G7), "{theirs:?}");
}

#[test]
fn old_categories_and_a_uuid_that_comes_twice_are_reported() {
    let review = try_review(OF_2024.as_bytes(), &Format::Dsa, &Settings::default(), &Beside::default()).unwrap();
    assert_eq!(review.generation, Some(Generation::Until2025));
    let [finding] = &found(&review, Check::G2)[..] else { panic!("{review:?}") };
    assert!(
        finding.starts_with("High 1: 1 rows have an identifier that another row has [") && finding.contains("the same identifier as line "),
        "{finding}"
    );
    let [finding] = &found(&review, Check::G7)[..] else { panic!("{review:?}") };
    assert!(finding.starts_with("Medium 6: 6 rows have a category that does not exist"), "{finding}");
    assert!(finding.contains("(now STATEMENT_CATEGORY_OTHER_VIOLATION_TC)") && finding.contains("(given up in 2025)"), "{finding}");
}

#[test]
fn the_example_log_has_every_kind_and_nothing_to_complain_about() {
    let review = try_review(OWN.as_bytes(), &Format::Own, &Settings::default(), &Beside::default()).unwrap();
    let kinds: Vec<&str> = review.kinds.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["report", "flag", "decision", "reversal", "read"]);
    assert_eq!(Kind::NAMES.len(), 7);
    assert_eq!(review.worst(), None, "{:?}", review.checks);
}
