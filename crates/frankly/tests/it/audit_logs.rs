//! `frankly audit logs`: exit codes, reports, and what is said of bad input.

use crate::world::Desktop;

const LOG: &str = include_str!("../../../audit/tests/data/moderation.ndjson");
const STATEMENTS: &str = include_str!("../../../audit/tests/data/statements-2024.csv");

fn desktop() -> Desktop {
    let desktop = Desktop::new();
    desktop.write("log.ndjson", LOG);
    desktop.write("old.csv", STATEMENTS);
    desktop
}

#[test]
fn gaps_end_with_what_was_found() {
    let desktop = desktop();
    let gaps = |more: &[&str]| desktop.frankly(&[&["audit", "logs", "gaps"], more].concat());
    let clean = gaps(&["log.ndjson"]);
    assert_eq!(clean.code, 0, "{}{}", clean.out, clean.err);
    assert!(clean.out.contains("G1     pass") && clean.out.contains("G13    not checked"), "{}", clean.out);

    let found = gaps(&["old.csv"]);
    assert_eq!(found.code, 1);
    assert!(found.out.contains("high: 1 rows have an identifier that another row has\n                      old.csv:"), "{}", found.out);
    assert_eq!(gaps(&["old.csv", "--fail-on", "never"]).code, 0);
    assert_eq!(gaps(&["old.csv", "--set", "g2_duplicates=1"]).code, 0, "what is left is of medium severity");
    assert_eq!(gaps(&["old.csv", "--set", "g2_duplicates=1", "--fail-on", "medium"]).code, 1);

    let json: serde_json::Value = serde_json::from_str(&gaps(&["old.csv", "--report", "json"]).out).unwrap();
    assert_eq!((json["generation"].as_str(), json["checks"].as_array().unwrap().len()), (Some("until2025"), 14));
}

#[test]
fn gaps_say_what_was_asked_wrongly() {
    let desktop = desktop();
    desktop.write("figures.csv", "of,value,count\nall,,many\n");
    for (words, says) in [
        (&["missing.ndjson"][..], "cannot read missing.ndjson"),
        (&["."], ". is a folder"),
        (&["log.ndjson", "--format", "dsa"], "log.ndjson: line 1:"),
        (&["log.ndjson", "--set", "g8_share=7"], "--set: a share lies between 0 and 1"),
        (&["log.ndjson", "--disclosed", "figures.csv"], "figures.csv: line 2: “many” is no whole number"),
        (&["old.csv", "--format", "csv"], "name the columns"),
        (&["old.csv", "--map", "id=Number"], "old.csv: line 1: no column is called Number"),
        (&["old.csv", "--map", "name=uuid"], "there is no field name"),
        (&["log.ndjson", "--now", "soon"], "“soon” is no moment"),
    ] {
        let outcome = desktop.frankly(&[&["audit", "logs", "gaps"], words].concat());
        assert_eq!(outcome.code, 2, "{words:?}: {}", outcome.err);
        assert!(outcome.err.contains(says), "{words:?}: {}", outcome.err);
    }
}

#[test]
fn settings_are_printed_and_read_again() {
    let desktop = desktop();
    let printed = desktop.frankly(&["audit", "logs", "gaps", "log.ndjson", "--set", "g3_hours=1", "--show-settings"]).fine();
    desktop.write("settings.yaml", &printed);
    let again = desktop.frankly(&["audit", "logs", "gaps", "log.ndjson", "--settings", "settings.yaml", "--show-settings"]).fine();
    assert_eq!(printed, again);
    assert!(again.contains("\"g3_hours\": 1.0"), "{again}");
}

#[test]
fn an_import_names_what_it_leaves_out() {
    let desktop = desktop();
    let import = |more: &[&str]| desktop.frankly(&[&["audit", "logs", "import"], more].concat());
    assert_eq!(import(&["old.csv", "--to", "own.ndjson"]).code, 0);
    let again = import(&["old.csv", "--to", "own.ndjson"]);
    assert!(again.code == 2 && again.err.contains("cannot make own.ndjson"), "nothing is written over: {}", again.err);
    let review = desktop.frankly(&["audit", "logs", "gaps", "own.ndjson", "--fail-on", "never"]).fine();
    assert!(review.contains("own.ndjson: 13 rows"), "{review}");
    desktop.write("broken.csv", &format!("{STATEMENTS}one,two\n"));
    let broken = import(&["broken.csv"]);
    assert_eq!(broken.code, 1);
    assert!(broken.err.contains(": 2 columns instead of 37; the row is left out") && broken.out.lines().count() == 13, "{}", broken.err);
}

#[test]
fn a_blind_sample_tells_nothing_of_the_decision() {
    let desktop = desktop();
    let sample = |more: &[&str]| desktop.frankly(&[&["audit", "logs", "sample", "log.ndjson", "--seed", "7"], more].concat());
    let open = sample(&[]).fine();
    assert!(
        open.starts_with("line,id,category,outcome,reviewer,why,label\n") && open.contains("removed") && open.contains("critical"),
        "{open}"
    );
    let blind = sample(&["--blind"]).fine();
    assert!(
        blind.starts_with("line,id,why,label\n") && !blind.contains("removed") && !blind.contains("r-1") && !blind.contains("critical"),
        "{blind}"
    );
    assert_eq!(open.lines().count(), blind.lines().count());
    assert_eq!(sample(&[]).fine(), open);
    for (words, says) in [
        (&["--by", "text"][..], "not of text"),
        (&["--half-width", "0"], "the half-width lies between"),
        (&["--blind", "--report", "json"], "goes with"),
    ] {
        let outcome = sample(words);
        assert!(outcome.code == 2 && outcome.err.contains(says), "{words:?}: {}", outcome.err);
    }
}

#[test]
fn agreement_is_told_and_held_against_a_bound() {
    let desktop = Desktop::new();
    desktop.write("labels.csv", "first,second,third\na,a,a\na,b,a\nb,b,b\nb,b,\nc,c,c\n");
    let agree = |more: &[&str]| desktop.frankly(&[&["audit", "logs", "agree", "labels.csv", "--columns"], more].concat());
    let two = agree(&["first,second"]).fine();
    assert!(two.contains("Cohen's kappa              0.6875") && two.contains("Krippendorff's alpha"), "{two}");
    assert!(!agree(&["first,second,third"]).fine().contains("kappa"));
    assert_eq!(agree(&["first,second", "--at-least", "0.9"]).code, 1);
    for (words, says) in [
        (&["first"][..], "two columns"),
        (&["first,fourth"], "labels.csv: line 1: no column is called fourth"),
        (&["first,second", "--level", "ordinal"], "is no number"),
    ] {
        let outcome = agree(words);
        assert!(outcome.code == 2 && outcome.err.contains(says), "{words:?}: {}", outcome.err);
    }
}

#[test]
fn a_chart_is_drawn_in_characters_and_as_a_picture() {
    let desktop = desktop();
    desktop.write("points.csv", "label,count\na,10\nb,12\nc,9\nd,60\ne,11\n");
    let chart = |more: &[&str]| desktop.frankly(&[&["audit", "logs", "chart"], more].concat());
    let shifted = chart(&["points.csv", "--table", "--as", "u", "--svg", "points.svg", "--fail"]);
    assert_eq!(shifted.code, 1);
    assert!(shifted.out.contains("d: 60.0000") && shifted.out.contains("rule 1"), "{}", shifted.out);
    let picture = std::fs::read_to_string(desktop.path().join("points.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("class=\"signal\""));
    assert_eq!(chart(&["log.ndjson", "--kind", "flag", "--fail"]).code, 0);
    assert!(chart(&["log.ndjson", "--kind", "decision", "--share", "outcome=removed"]).fine().contains("center 0.7"));
    for (words, says) in [
        (&["points.csv", "--table"][..], "which chart"),
        (&["log.ndjson", "--kind", "order"], "fewer than two points"),
        (&["log.ndjson", "--kind", "x"], "no kind x"),
    ] {
        let outcome = chart(words);
        assert!(outcome.code == 2 && outcome.err.contains(says), "{words:?}: {}", outcome.err);
    }
}
