//! How the controls correspond to other lists, as an OSCAL mapping collection.

use jiff::civil::date;

use super::catalog::CATALOG_FILE;
use super::{Document, Extra, Map_, MapItem, MappedResource, Mapping, MappingCollection, Provenance, id_of, metadata};
use crate::controls::{MAPPINGS, MappedLine, MappedList};

/// The mapping to every other list.
pub fn mapping() -> Document {
    Document::MappingCollection(MappingCollection {
        uuid: id_of(&format!("mappings/{}", MAPPINGS.version)),
        metadata: metadata("How the controls correspond to other lists", date(2026, 11, 28), &MAPPINGS.version),
        provenance: Provenance {
            method: "human".to_owned(),
            matching_rationale: "semantic".to_owned(),
            status: "complete".to_owned(),
            mapping_description: "By meaning, in our own words. That a line corresponds is no proof of compliance with it.".to_owned(),
            extra: Extra::new(),
        },
        mappings: MAPPINGS.lists.iter().map(list).collect(),
        back_matter: None,
        extra: Extra::new(),
    })
}

fn list(list: &MappedList) -> Mapping {
    let resource = |href: &str| MappedResource { kind: "catalog".to_owned(), href: href.to_owned(), extra: Extra::new() };
    let target = list.href.clone().unwrap_or_else(|| format!("urn:frankly:audit:list:{}", list.id));
    Mapping {
        uuid: id_of(&format!("mapping/{}", list.id)),
        source_resource: resource(CATALOG_FILE),
        target_resource: resource(&target),
        maps: list.lines.iter().map(|line| pair(&list.id, line)).collect(),
        extra: Extra::new(),
    }
}

fn pair(list: &str, line: &MappedLine) -> Map_ {
    let item = |kind: &str, id: &str| MapItem { kind: kind.to_owned(), id_ref: id.to_owned(), extra: Extra::new() };
    Map_ {
        uuid: id_of(&format!("map/{list}/{}", line.id)),
        relationship: "intersects-with".to_owned(),
        sources: line.controls.iter().map(|control| item("control", &control.to_ascii_lowercase())).collect(),
        targets: vec![item("statement", &line.id)],
        extra: Extra::new(),
    }
}
