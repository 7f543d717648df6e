//! Our documents under NIST's schema, and NIST's documents through our structs.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::controls::SHIPPED;
use crate::judge::{Assessment, Settings};
use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, Registry, read};

/// NIST's files, when they lie beside the project.
fn nist(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/oscal").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {name} of NIST is not here (../shared/data/oscal)");
    None
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn registry() -> Registry {
    read(PLATFORMS_FILE, PLATFORMS_YAML, day()).unwrap().0
}

fn day() -> Date {
    "2026-11-28".parse().unwrap()
}

/// Every document that is written, by name.
fn documents() -> Vec<(String, Document)> {
    let registry = registry();
    let mut documents = vec![("catalog".to_owned(), catalog()), ("mapping".to_owned(), mapping())];
    documents.extend(SHIPPED.profiles.iter().map(|one| (one.id.clone(), profile(&one.id).unwrap())));
    for profile in [None, Some("article-minimum".to_owned())] {
        let settings = Settings { profile: profile.clone(), ..Settings::default() };
        let made = Assessment::make(&registry, day(), &settings).unwrap();
        let named = |what: &str| format!("{what} of {profile:?}");
        documents.push((named("plan"), plan(&made)));
        documents.push((named("results"), results(&made)));
        documents.push((named("poam"), poam(&made).unwrap()));
    }
    documents
}

#[test]
fn what_we_write_is_valid_under_the_schema_of_nist() {
    let Some(schema) = nist("oscal_complete_schema-1.2.1.json") else { return };
    let validator = jsonschema::validator_for(&json(&schema)).unwrap();
    let broken = serde_json::json!({"catalog": {"uuid": "x"}});
    assert!(!validator.is_valid(&broken), "the schema itself refuses something");
    for (name, document) in documents() {
        let value = serde_json::to_value(&document).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path()).chars().take(300).collect()).collect();
        assert!(errors.is_empty(), "{name}: {} errors\n{}", errors.len(), errors[..errors.len().min(5)].join("\n"));
    }
}

#[test]
fn what_nist_wrote_is_written_again_without_loss() {
    for (name, typed) in [("basic-catalog.json", "catalog"), ("ifa_assessment-results-example.json", "assessment-results")] {
        let Some(path) = nist(name) else { return };
        let original = json(&path);
        let document: Document = serde_json::from_value(original.clone()).unwrap();
        assert_eq!(serde_json::to_value(&document).unwrap(), original, "{name}");
        assert!(original.get(typed).is_some());
    }
}

#[test]
fn our_structs_read_what_they_wrote() {
    for (name, document) in documents() {
        let again: Document = serde_json::from_str(&document.to_json()).unwrap();
        assert_eq!(again, document, "{name}");
    }
}

#[test]
fn the_same_run_makes_the_same_documents_and_another_day_does_not() {
    let registry = registry();
    let write = |day: &str| results(&Assessment::make(&registry, day.parse().unwrap(), &Settings::default()).unwrap()).to_json();
    assert_eq!(write("2026-11-28"), write("2026-11-28"));
    let uuid = |text: &str| serde_json::from_str::<Value>(text).unwrap()["assessment-results"]["uuid"].clone();
    assert_ne!(uuid(&write("2026-11-28")), uuid(&write("2026-11-29")));
}

#[test]
fn every_cell_has_a_finding_and_every_open_one_something_to_do() {
    let registry = registry();
    let made = Assessment::make(&registry, day(), &Settings::default()).unwrap();
    let (Document::AssessmentResults(results), Some(Document::PlanOfActionAndMilestones(poam))) = (results(&made), poam(&made)) else {
        panic!("other documents than asked for");
    };
    let result = &results.results[0];
    assert_eq!(result.findings.len(), made.subjects().map(|sheet| sheet.cells.len()).sum::<usize>());
    let open = made.subjects().flat_map(|sheet| &sheet.cells).filter(|cell| cell.state.is_open()).count();
    assert_eq!((poam.poam_items.len(), poam.risks.len(), result.risks.len()), (open, open, open));
    let unsatisfied = result.findings.iter().filter(|finding| finding.target.status.state == "not-satisfied").count();
    assert_eq!(unsatisfied, open);
    assert!(result.observations.iter().all(|one| one.expires.is_some() || one.relevant_evidence.is_empty()));
}

#[test]
fn every_platform_control_is_mapped_to_a_line_of_the_article() {
    let article = &crate::controls::MAPPINGS.lists[0];
    assert_eq!(article.lines.len(), 4);
    for (_, control) in SHIPPED.all() {
        assert!(article.lines.iter().any(|line| line.controls.contains(&control.id)), "{}", control.id);
    }
}
