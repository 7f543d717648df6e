//! The structs of OSCAL that are written here; all else of a document stays in `extra`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::found::{AssessmentResults, MappingCollection, PlanOfAction};

/// What a struct does not name, kept as it was.
pub type Extra = Map<String, Value>;

/// Declares a struct whose fields are named as OSCAL names them, and that keeps what it does not know.
macro_rules! oscal {
    ($($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $type:ty),* $(,)? })+) => { $(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct $name {
            $($(#[$of])* pub $field: $type,)*
            /// What else the document has here.
            #[serde(flatten)]
            pub extra: Extra,
        }
    )+ };
}

/// A document: one of the models of OSCAL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// Controls.
    Catalog(Catalog),
    /// A choice of controls.
    Profile(Profile),
    /// How controls of two lists correspond.
    MappingCollection(MappingCollection),
    /// What is to be assessed.
    AssessmentPlan(AssessmentPlan),
    /// What was found.
    AssessmentResults(AssessmentResults),
    /// What is open.
    PlanOfActionAndMilestones(PlanOfAction),
    /// Another model, kept as it is.
    ComponentDefinition(Value),
    /// Another model, kept as it is.
    SystemSecurityPlan(Value),
}

impl Document {
    /// As JSON for people and machines, with a newline at its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a document has no keys but strings") + "\n"
    }
}

oscal! {
    /// About the document.
    Metadata {
        /// Its title.
        title: String,
        /// When it was changed.
        last_modified: String,
        /// Its version.
        version: String,
        /// The version of OSCAL.
        oscal_version: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// More about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remarks: Option<String>,
    }
    /// A property.
    Prop {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// Who gives the name its meaning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ns: Option<String>,
        /// What kind it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<String>,
    }
    /// A link.
    Link {
        /// Where to.
        href: String,
        /// How it relates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rel: Option<String>,
        /// What it is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    }
    /// A part of a control.
    Part {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What kind of part it is.
        name: String,
        /// Its text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prose: Option<String>,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// Parts of it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<Part>,
    }
    /// A control.
    OscalControl {
        /// Its id.
        id: String,
        /// A few words.
        title: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// What it says.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<Part>,
        /// Controls inside it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        controls: Vec<OscalControl>,
    }
    /// A group of controls.
    OscalGroup {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// A few words.
        title: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// Groups inside it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        groups: Vec<OscalGroup>,
        /// Its controls.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        controls: Vec<OscalControl>,
    }
    /// What documents refer to.
    BackMatter {
        /// Each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        resources: Vec<Resource>,
    }
    /// Something that documents refer to.
    Resource {
        /// Its identifier.
        uuid: String,
        /// Its title.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// More about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rlinks: Vec<Link>,
    }
    /// A catalog of controls.
    Catalog {
        /// Its identifier.
        uuid: String,
        /// About it.
        metadata: Metadata,
        /// Its groups.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        groups: Vec<OscalGroup>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: Option<BackMatter>,
    }
    /// A choice of controls.
    Profile {
        /// Its identifier.
        uuid: String,
        /// About it.
        metadata: Metadata,
        /// From where, and which.
        imports: Vec<Import>,
        /// How they are put together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merge: Option<Merge>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: Option<BackMatter>,
    }
    /// From where controls are chosen, and which.
    Import {
        /// The catalog.
        href: String,
        /// Which.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        include_controls: Vec<SelectById>,
    }
    /// Ids of controls.
    SelectById {
        /// Each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        with_ids: Vec<String>,
    }
    /// How chosen controls are put together.
    Merge {
        /// In the groups they were in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_is: Option<bool>,
    }
    /// A reference to another document.
    Reference {
        /// Where it is.
        href: String,
    }
    /// Which controls are looked at.
    ReviewedControls {
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Which.
        control_selections: Vec<ControlSelection>,
        /// Which objectives of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        control_objective_selections: Vec<ObjectiveSelection>,
    }
    /// Controls that are looked at.
    ControlSelection {
        /// Which.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        include_controls: Vec<ControlRef>,
    }
    /// A control that is looked at.
    ControlRef {
        /// Which.
        control_id: String,
    }
    /// Objectives that are looked at.
    ObjectiveSelection {
        /// All of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        include_all: Option<Extra>,
    }
    /// A plan of an assessment.
    AssessmentPlan {
        /// Its identifier.
        uuid: String,
        /// About it.
        metadata: Metadata,
        /// What describes the systems.
        import_ssp: Reference,
        /// What is defined here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local_definitions: Option<LocalDefinitions>,
        /// Which controls.
        reviewed_controls: ReviewedControls,
        /// Of which systems.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        assessment_subjects: Vec<AssessmentSubject>,
        /// What is to be done.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tasks: Vec<Task>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: Option<BackMatter>,
    }
    /// What a document defines for itself.
    LocalDefinitions {
        /// Systems.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        components: Vec<Component>,
    }
    /// A system: here a platform.
    Component {
        /// Its identifier.
        uuid: String,
        /// What kind it is.
        #[serde(rename = "type")]
        kind: String,
        /// Its name.
        title: String,
        /// More about it.
        description: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// Whether it runs.
        status: ComponentStatus,
    }
    /// Whether a system runs.
    ComponentStatus {
        /// In a word.
        state: String,
    }
    /// Systems that are assessed.
    AssessmentSubject {
        /// What kind.
        #[serde(rename = "type")]
        kind: String,
        /// Which.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        include_subjects: Vec<SubjectRef>,
    }
    /// Something to do.
    Task {
        /// Its identifier.
        uuid: String,
        /// What kind.
        #[serde(rename = "type")]
        kind: String,
        /// What.
        title: String,
    }
    /// A system that is spoken of.
    SubjectRef {
        /// Which.
        subject_uuid: String,
        /// What kind.
        #[serde(rename = "type")]
        kind: String,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    }
}
