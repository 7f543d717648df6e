//! The controls as an OSCAL catalog, and each profile.

use jiff::civil::{Date, date};

use super::{
    BackMatter, Catalog, Document, Extra, Import, Merge, OscalControl, OscalGroup, Part, Profile, Prop, SelectById, id_of, metadata, prop,
};
use crate::controls::{Control, Group, SHIPPED};
use crate::value::Value;

/// The day of the list's version.
const CHANGED: Date = date(2026, 11, 28);

/// What the catalog is called beside the profiles that import it.
pub(super) const CATALOG_FILE: &str = "catalog.json";

/// The catalog of all controls.
pub fn catalog() -> Document {
    let groups = SHIPPED.groups.iter().map(group).collect();
    Document::Catalog(Catalog {
        uuid: id_of(&format!("catalog/{}", SHIPPED.version)),
        metadata: super::Metadata {
            remarks: Some(
                "Each control asks one question of a messaging platform. An answer rests on dated, quoted evidence; without evidence it is unknown. Being met is no recommendation."
                    .to_owned(),
            ),
            ..metadata("Messaging platforms: who can read what, and who can check", CHANGED, &SHIPPED.version)
        },
        groups,
        back_matter: None,
        extra: Extra::new(),
    })
}

fn group(group: &Group) -> OscalGroup {
    OscalGroup {
        id: Some(group.id.to_ascii_lowercase()),
        title: group.title.clone(),
        props: vec![label(&group.id), prop("max-age-days", &group.max_age_days.to_string())],
        controls: group.controls.iter().map(control).collect(),
        ..OscalGroup::default()
    }
}

fn label(text: &str) -> Prop {
    Prop { name: "label".to_owned(), value: text.to_owned(), ..Prop::default() }
}

/// The id of what an assessment decides about a control.
pub(super) fn objective_id(control: &Control) -> String {
    format!("{}_obj", control.oscal_id())
}

fn control(control: &Control) -> OscalControl {
    let id = control.oscal_id();
    let part = |id: String, name: &str, prose: &str| Part {
        id: Some(id),
        name: name.to_owned(),
        prose: Some(prose.to_owned()),
        ..Part::default()
    };
    let met_by: Vec<&str> = control.met_by.iter().map(|value| Value::word(*value)).collect();
    let mut props = vec![label(&control.id), prop("weight", control.weight.word()), prop("met-by", &met_by.join(", "))];
    props.extend(control.methods.iter().map(|method| prop("method", &method.word().to_ascii_uppercase())));
    OscalControl {
        title: control.title.clone(),
        props,
        parts: vec![
            part(format!("{id}_smt"), "statement", &control.requirement),
            part(objective_id(control), "assessment-objective", &control.question),
        ],
        id,
        ..OscalControl::default()
    }
}

/// The profile of this id.
pub fn profile(id: &str) -> Option<Document> {
    let profile = SHIPPED.profile(id)?;
    let with_ids = profile.controls.iter().map(|control| control.to_ascii_lowercase()).collect();
    Some(Document::Profile(Profile {
        uuid: id_of(&format!("profile/{id}/{}", SHIPPED.version)),
        metadata: super::Metadata {
            remarks: Some(profile.purpose.trim().to_owned()),
            ..metadata(&profile.title, CHANGED, &SHIPPED.version)
        },
        imports: vec![Import {
            href: CATALOG_FILE.to_owned(),
            include_controls: vec![SelectById { with_ids, extra: Extra::new() }],
            extra: Extra::new(),
        }],
        merge: Some(Merge { as_is: Some(true), extra: Extra::new() }),
        back_matter: None::<BackMatter>,
        extra: Extra::new(),
    }))
}
