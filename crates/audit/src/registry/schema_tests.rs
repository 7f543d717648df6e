//! The JSON schema of a registry says of the shipped one what the reader says.

use serde_json::Value;

use super::{PLATFORMS_YAML, REGISTRY_SCHEMA};

fn registry() -> Value {
    serde_saphyr::from_str(PLATFORMS_YAML).unwrap()
}

fn is_valid(registry: &Value) -> Result<(), String> {
    let schema: Value = serde_json::from_str(REGISTRY_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.validate(registry).map_err(|error| format!("{}: {error}", error.instance_path()))
}

#[test]
fn the_shipped_registry_has_the_form_of_the_schema() {
    is_valid(&registry()).unwrap();
}

#[test]
fn what_the_reader_refuses_by_form_the_schema_refuses() {
    let mut other_value = registry();
    other_value["platforms"][0]["claims"][0]["value"] = Value::Bool(false);
    let mut other_key = registry();
    other_key["platforms"][0]["colour"] = Value::from("blue");
    let mut no_place = registry();
    no_place["sources"]["tt-agooka"].as_object_mut().unwrap().remove("url");
    let mut day = registry();
    day["retrieved"] = Value::from("soon");
    for wrong in [other_value, other_key, no_place, day] {
        is_valid(&wrong).unwrap_err();
    }
}
