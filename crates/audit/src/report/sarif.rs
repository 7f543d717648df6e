//! Findings as SARIF 2.1.0, which code review shows at the line they are about.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::controls::SHIPPED;
use crate::judge::{Assessment, State};
use crate::value::Weight;

/// A finding at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Id of the rule: a control, or a rule of the policy.
    pub rule: String,
    /// `fail`, `open`, `pass` or `notApplicable`: SARIF's kinds.
    pub kind: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// What is to be said.
    pub message: String,
    /// The file it is about.
    pub file: String,
    /// From 1; 0 for the file as a whole.
    pub line: u64,
    /// From 1; 0 for the line as a whole.
    pub column: u64,
    /// What stays the same from run to run.
    pub fingerprint: String,
}

/// A run as notes: what is unknown or disputed is open, what is stale fails.
pub fn notes(made: &Assessment<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    for sheet in made.subjects() {
        for cell in &sheet.cells {
            let kind = match cell.state {
                State::Met => "pass",
                State::NotMet | State::Stale => "fail",
                State::Unknown | State::Disputed => "open",
                State::NotApplicable => "notApplicable",
            };
            let claim = cell.judged.iter().max_by_key(|judged| judged.state.is_open()).map(|judged| judged.claim);
            let place = claim.map_or(sheet.platform.place, |claim| claim.place);
            let file = claim.and_then(|claim| claim.file.clone()).unwrap_or_else(|| made.registry.file.clone());
            notes.push(Note {
                rule: cell.control.id.clone(),
                kind,
                weight: cell.weight(),
                message: format!("{}: {} {}: {}.", sheet.platform.name, cell.control.question, cell.state, cell.reason),
                file,
                line: place.line,
                column: place.column,
                fingerprint: format!("{}/{}", sheet.platform.id, cell.control.id),
            });
        }
    }
    notes
}

/// The document; `rules` describes rules that are no controls: id, title, text.
pub fn to_sarif(notes: &[Note], rules: &[(&str, &str, &str)]) -> String {
    let mut described: Vec<Value> = SHIPPED
        .all()
        .filter(|(_, control)| notes.iter().any(|note| note.rule == control.id))
        .map(|(_, control)| rule(&control.id, &control.title, &control.requirement, control.weight))
        .collect();
    let own = rules.iter().filter(|(id, ..)| notes.iter().any(|note| note.rule == *id));
    described.extend(own.map(|(id, title, text)| rule(id, title, text, Weight::High)));
    let index = |id: &str| described.iter().position(|rule| rule["id"] == id);
    let results: Vec<Value> = notes.iter().map(|note| result(note, index(&note.rule))).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "frankly audit", "version": env!("CARGO_PKG_VERSION"), "rules": described}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).expect("a document has no keys but strings") + "\n"
}

fn rule(id: &str, title: &str, text: &str, weight: Weight) -> Value {
    json!({
        "id": id,
        "name": title,
        "shortDescription": {"text": title},
        "fullDescription": {"text": text},
        "defaultConfiguration": {"level": level(weight)},
        "properties": {"weight": weight.word()},
    })
}

const fn level(weight: Weight) -> &'static str {
    match weight {
        Weight::Critical | Weight::High => "error",
        Weight::Medium => "warning",
        Weight::Low => "note",
    }
}

fn result(note: &Note, index: Option<usize>) -> Value {
    let mut place = json!({"artifactLocation": {"uri": uri(&note.file)}});
    if note.line > 0 {
        place["region"] = json!({"startLine": note.line});
    }
    if note.line > 0 && note.column > 0 {
        place["region"]["startColumn"] = json!(note.column);
    }
    let mut result = json!({
        "ruleId": note.rule,
        "kind": note.kind,
        // what does not fail has no level
        "level": if note.kind == "fail" { level(note.weight) } else { "none" },
        "message": {"text": note.message},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"subjectAndRule/v1": note.fingerprint},
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    result
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            byte => write!(out, "%{byte:02X}").expect("a string takes what is written"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;
    use crate::judge::Settings;
    use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, read};

    fn shipped() -> String {
        let day = "2026-11-28".parse().unwrap();
        let (registry, _) = read(PLATFORMS_FILE, PLATFORMS_YAML, day).unwrap();
        let made = Assessment::make(&registry, day, &Settings::default()).unwrap();
        let mut all = notes(&made);
        all.push(Note { rule: "waiver-expired".to_owned(), file: "a policy.yaml".to_owned(), line: 0, ..all[0].clone() });
        to_sarif(&all, &[("waiver-expired", "A waiver is over", "It no longer counts.")])
    }

    /// The schema that comes with the crate `serde-sarif`.
    fn schema() -> Value {
        let metadata = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
            .output()
            .unwrap();
        let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
        let package = metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == "serde-sarif").unwrap();
        let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
        let text = std::fs::read_to_string(manifest.with_file_name("src").join("schema.json")).unwrap();
        // one expression of the schema has a bracket too many, about languages, which are not written here
        assert!(text.contains("[a-zA-Z]{2}]?$"));
        serde_json::from_str(&text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$")).unwrap()
    }

    #[test]
    fn it_is_valid_under_the_schema() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        assert!(!validator.is_valid(&json!({"version": "2.1.0"})), "the schema itself refuses something");
        let document: Value = serde_json::from_str(&shipped()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }

    #[test]
    fn another_reader_takes_it_and_finds_the_lines() {
        let document: serde_sarif::sarif::Sarif = serde_json::from_str(&shipped()).unwrap();
        let results = document.runs[0].results.as_ref().unwrap();
        assert_eq!(results.len(), 14 * 43 + 3 + 1);
        let lines: Vec<&str> = PLATFORMS_YAML.lines().collect();
        let document: Value = serde_json::from_str(&shipped()).unwrap();
        for result in document["runs"][0]["results"].as_array().unwrap().iter().filter(|result| result["kind"] == "pass") {
            let region = &result["locations"][0]["physicalLocation"]["region"];
            let line = lines[usize::try_from(region["startLine"].as_u64().unwrap()).unwrap() - 1];
            assert!(line.contains(result["ruleId"].as_str().unwrap()), "{result}");
        }
        assert!(document["runs"][0]["results"].as_array().unwrap().iter().any(|result| result["kind"] == "open"), "unknown is open");
    }
}
