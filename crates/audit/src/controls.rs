//! The 46 controls and the profiles that choose among them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::value::{Method, Value, Weight};

/// The text of the controls that come with Frankly.
pub const CONTROLS_YAML: &str = include_str!("../../../registry/controls.yaml");
/// The text of the profiles that come with Frankly.
pub const PROFILES_YAML: &str = include_str!("../../../registry/profiles.yaml");

/// The text of the mappings that come with Frankly.
pub const MAPPINGS_YAML: &str = include_str!("../../../registry/mappings.yaml");

/// How the controls correspond to other lists.
pub static MAPPINGS: LazyLock<Mappings> =
    LazyLock::new(|| serde_saphyr::from_str(MAPPINGS_YAML).expect("a test reads the shipped mappings"));

/// The controls and profiles that come with Frankly.
pub static SHIPPED: LazyLock<Controls> = LazyLock::new(|| {
    let controls: ControlsFile = serde_saphyr::from_str(CONTROLS_YAML).expect("a test reads the shipped controls");
    let profiles: ProfilesFile = serde_saphyr::from_str(PROFILES_YAML).expect("a test reads the shipped profiles");
    Controls::new(controls, profiles)
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlsFile {
    #[serde(rename = "schema")]
    _schema: String,
    version: String,
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfilesFile {
    #[serde(rename = "schema")]
    _schema: String,
    #[serde(rename = "version")]
    _version: String,
    profiles: Vec<Profile>,
}

/// Whom the controls of a group are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Each platform.
    #[default]
    Platform,
    /// The organisation that uses them.
    Organisation,
}

/// Controls that belong together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Such as `ENC`.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Whom it is about.
    #[serde(default)]
    pub subject: Subject,
    /// Days that evidence may be old.
    pub max_age_days: i64,
    /// In order.
    pub controls: Vec<Control>,
}

/// One thing that is asked of a platform.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Such as `ENC-1`; lower-cased it is the OSCAL control id.
    pub id: String,
    /// How much it weighs.
    pub weight: Weight,
    /// How evidence is got.
    pub methods: Vec<Method>,
    /// The values that meet it.
    #[serde(default = "yes")]
    pub met_by: Vec<Value>,
    /// A few words.
    pub title: String,
    /// What a claim answers.
    pub question: String,
    /// What has to hold.
    pub requirement: String,
}

fn yes() -> Vec<Value> {
    vec![Value::Yes]
}

impl Control {
    /// Whether this is a value that a claim about this control may have.
    pub fn takes(&self, value: Value) -> bool {
        let of_moderation = matches!(value, Value::Proactive | Value::Reactive | Value::None);
        let asks_for_a_class = self.met_by.contains(&Value::Proactive);
        match value {
            Value::Unknown | Value::NotApplicable => true,
            _ => of_moderation == asks_for_a_class,
        }
    }

    /// The id of the control in OSCAL documents.
    pub fn oscal_id(&self) -> String {
        self.id.to_ascii_lowercase()
    }
}

/// The controls that matter for somebody.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Such as `public-sector`.
    pub id: String,
    /// A few words.
    pub title: String,
    /// Whom it is for.
    pub purpose: String,
    /// Ids of controls.
    pub controls: Vec<String>,
}

/// Other lists and what of ours corresponds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mappings {
    #[serde(rename = "schema")]
    _schema: String,
    /// Version of the mappings.
    pub version: String,
    /// In order; the article's checklist is the first.
    pub lists: Vec<MappedList>,
}

/// Another list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedList {
    /// Such as `dsa`.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Where it is.
    pub href: Option<String>,
    /// In order.
    pub lines: Vec<MappedLine>,
}

/// A line of another list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedLine {
    /// Such as `art-17`.
    pub id: String,
    /// What it asks for, in our own words.
    pub title: String,
    /// Ids of controls that correspond.
    pub controls: Vec<String>,
}

/// All controls, by group and by id.
#[derive(Debug)]
pub struct Controls {
    /// Version of the list.
    pub version: String,
    /// In order.
    pub groups: Vec<Group>,
    /// In order.
    pub profiles: Vec<Profile>,
    places: BTreeMap<String, (usize, usize)>,
}

impl Controls {
    fn new(controls: ControlsFile, profiles: ProfilesFile) -> Self {
        let mut places = BTreeMap::new();
        for (at, group) in controls.groups.iter().enumerate() {
            for (within, control) in group.controls.iter().enumerate() {
                places.insert(control.id.clone(), (at, within));
            }
        }
        Self { version: controls.version, groups: controls.groups, profiles: profiles.profiles, places }
    }

    /// The control of this id, with its group.
    pub fn get(&self, id: &str) -> Option<(&Group, &Control)> {
        self.places.get(id).map(|(at, within)| (&self.groups[*at], &self.groups[*at].controls[*within]))
    }

    /// All controls with their groups, in order.
    pub fn all(&self) -> impl Iterator<Item = (&Group, &Control)> {
        self.groups.iter().flat_map(|group| group.controls.iter().map(move |control| (group, control)))
    }

    /// The profile of this id.
    pub fn profile(&self, id: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_46_controls_with_ids_in_order() {
        let ids: Vec<&str> = SHIPPED.all().map(|(_, control)| control.id.as_str()).collect();
        assert_eq!(ids.len(), 46);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 46);
        for group in &SHIPPED.groups {
            for (at, control) in group.controls.iter().enumerate() {
                assert_eq!(control.id, format!("{}-{}", group.id, at + 1));
                assert!(control.question.ends_with('?') && control.requirement.ends_with('.'), "{}", control.id);
                assert!(!control.methods.is_empty() && !control.met_by.is_empty());
            }
        }
    }

    #[test]
    fn profiles_name_controls_that_exist_once_each() {
        let ids: Vec<&str> = SHIPPED.profiles.iter().map(|profile| profile.id.as_str()).collect();
        assert_eq!(ids, ["article-minimum", "confidential-business", "minors-first", "public-sector", "journalist"]);
        for profile in &SHIPPED.profiles {
            for control in &profile.controls {
                assert!(SHIPPED.get(control).is_some(), "{}: {control}", profile.id);
            }
            assert_eq!(profile.controls.iter().collect::<BTreeSet<_>>().len(), profile.controls.len(), "{}", profile.id);
        }
    }

    #[test]
    fn mappings_name_controls_that_exist_once_each() {
        for line in MAPPINGS.lists.iter().flat_map(|list| &list.lines) {
            assert!(line.controls.iter().all(|control| SHIPPED.get(control).is_some()), "{}", line.id);
            assert_eq!(line.controls.iter().collect::<BTreeSet<_>>().len(), line.controls.len(), "{}", line.id);
        }
    }

    #[test]
    fn a_class_of_moderation_answers_one_control_only() {
        let takers: Vec<&str> =
            SHIPPED.all().filter(|(_, control)| control.takes(Value::Proactive)).map(|(_, control)| control.id.as_str()).collect();
        assert_eq!(takers, ["MOD-1"]);
        assert!(!SHIPPED.get("MOD-1").unwrap().1.takes(Value::Yes));
        assert!(SHIPPED.get("GOV-5").unwrap().1.takes(Value::Yes), "it may be claimed, it does not meet the control");
    }
}
