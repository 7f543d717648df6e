//! The structs of OSCAL that are written here; all else of a document stays in `extra`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a struct does not name, kept as it was.
pub type Extra = Map<String, Value>;

/// Declares a struct whose fields are named as OSCAL names them, and that keeps what it does not know.
macro_rules! oscal {
    ($($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $kind:tt $type:ty),* $(,)? })+) => { $(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct $name {
            $($(#[$of])* pub $field: oscal!(@type $kind $type),)*
            /// What else the document has here.
            #[serde(flatten)]
            pub extra: Extra,
        }
    )+ };
    (@type one $type:ty) => { $type };
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
        title: one String,
        /// When it was changed.
        last_modified: one String,
        /// Its version.
        version: one String,
        /// The version of OSCAL.
        oscal_version: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// More about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remarks: one Option<String>,
    }
    /// A property.
    Prop {
        /// Its name.
        name: one String,
        /// Its value.
        value: one String,
        /// Who gives the name its meaning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ns: one Option<String>,
        /// What kind it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: one Option<String>,
    }
    /// A link.
    Link {
        /// Where to.
        href: one String,
        /// How it relates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rel: one Option<String>,
        /// What it is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: one Option<String>,
    }
    /// A part of a control.
    Part {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: one Option<String>,
        /// What kind of part it is.
        name: one String,
        /// Its text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prose: one Option<String>,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// Parts of it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: one Vec<Part>,
    }
    /// A control.
    OscalControl {
        /// Its id.
        id: one String,
        /// A few words.
        title: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// What it says.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: one Vec<Part>,
        /// Controls inside it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        controls: one Vec<OscalControl>,
    }
    /// A group of controls.
    OscalGroup {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: one Option<String>,
        /// A few words.
        title: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// Groups inside it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        groups: one Vec<OscalGroup>,
        /// Its controls.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        controls: one Vec<OscalControl>,
    }
    /// What documents refer to.
    BackMatter {
        /// Each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        resources: one Vec<Resource>,
    }
    /// Something that documents refer to.
    Resource {
        /// Its identifier.
        uuid: one String,
        /// Its title.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: one Option<String>,
        /// More about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: one Option<String>,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rlinks: one Vec<Link>,
    }
    /// A catalog of controls.
    Catalog {
        /// Its identifier.
        uuid: one String,
        /// About it.
        metadata: one Metadata,
        /// Its groups.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        groups: one Vec<OscalGroup>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: one Option<BackMatter>,
    }
    /// A choice of controls.
    Profile {
        /// Its identifier.
        uuid: one String,
        /// About it.
        metadata: one Metadata,
        /// From where, and which.
        imports: one Vec<Import>,
        /// How they are put together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merge: one Option<Merge>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: one Option<BackMatter>,
    }
    /// From where controls are chosen, and which.
    Import {
        /// The catalog.
        href: one String,
        /// Which.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        include_controls: one Vec<SelectById>,
    }
    /// Ids of controls.
    SelectById {
        /// Each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        with_ids: one Vec<String>,
    }
    /// How chosen controls are put together.
    Merge {
        /// In the groups they were in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_is: one Option<bool>,
    }
    /// A reference to another document.
    Reference {
        /// Where it is.
        href: one String,
    }
    /// Which controls are looked at.
    ReviewedControls {
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: one Option<String>,
        /// Which.
        control_selections: one Vec<ControlSelection>,
        /// Which objectives of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        control_objective_selections: one Vec<ObjectiveSelection>,
    }
    /// Controls that are looked at.
    ControlSelection {
        /// Which.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        include_controls: one Vec<ControlRef>,
    }
    /// A control that is looked at.
    ControlRef {
        /// Which.
        control_id: one String,
    }
    /// Objectives that are looked at.
    ObjectiveSelection {
        /// All of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        include_all: one Option<Extra>,
    }
    /// A plan of an assessment.
    AssessmentPlan {
        /// Its identifier.
        uuid: one String,
        /// About it.
        metadata: one Metadata,
        /// What describes the systems.
        import_ssp: one Reference,
        /// What is defined here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local_definitions: one Option<LocalDefinitions>,
        /// Which controls.
        reviewed_controls: one ReviewedControls,
        /// Of which systems.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        assessment_subjects: one Vec<AssessmentSubject>,
        /// What is to be done.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tasks: one Vec<Task>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: one Option<BackMatter>,
    }
    /// What a document defines for itself.
    LocalDefinitions {
        /// Systems.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        components: one Vec<Component>,
    }
    /// A system: here a platform.
    Component {
        /// Its identifier.
        uuid: one String,
        /// What kind it is.
        #[serde(rename = "type")]
        kind: one String,
        /// Its name.
        title: one String,
        /// More about it.
        description: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// Whether it runs.
        status: one ComponentStatus,
    }
    /// Whether a system runs.
    ComponentStatus {
        /// In a word.
        state: one String,
    }
    /// Systems that are assessed.
    AssessmentSubject {
        /// What kind.
        #[serde(rename = "type")]
        kind: one String,
        /// Which.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        include_subjects: one Vec<SubjectRef>,
    }
    /// Something to do.
    Task {
        /// Its identifier.
        uuid: one String,
        /// What kind.
        #[serde(rename = "type")]
        kind: one String,
        /// What.
        title: one String,
    }
    /// A system that is spoken of.
    SubjectRef {
        /// Which.
        subject_uuid: one String,
        /// What kind.
        #[serde(rename = "type")]
        kind: one String,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: one Option<String>,
    }
    /// Results of an assessment.
    AssessmentResults {
        /// Its identifier.
        uuid: one String,
        /// About it.
        metadata: one Metadata,
        /// The plan.
        import_ap: one Reference,
        /// One for each run.
        results: one Vec<AssessmentResult>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: one Option<BackMatter>,
    }
    /// What one run found.
    AssessmentResult {
        /// Its identifier.
        uuid: one String,
        /// A few words.
        title: one String,
        /// More about it.
        description: one String,
        /// When it began.
        start: one String,
        /// When it ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: one Option<String>,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// What is defined here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local_definitions: one Option<LocalDefinitions>,
        /// Which controls.
        reviewed_controls: one ReviewedControls,
        /// What was seen.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        observations: one Vec<Observation>,
        /// What may follow.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        risks: one Vec<OscalRisk>,
        /// What it comes to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: one Vec<Finding>,
    }
    /// Something that was seen.
    Observation {
        /// Its identifier.
        uuid: one String,
        /// A few words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: one Option<String>,
        /// More about it.
        description: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// How it was got.
        methods: one Vec<String>,
        /// About which systems.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        subjects: one Vec<SubjectRef>,
        /// Where it was seen.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        relevant_evidence: one Vec<Evidence>,
        /// When.
        collected: one String,
        /// Until when it counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: one Option<String>,
        /// More about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remarks: one Option<String>,
    }
    /// Where something was seen.
    Evidence {
        /// Its address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        href: one Option<String>,
        /// What it is.
        description: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
    }
    /// What observations come to.
    Finding {
        /// Its identifier.
        uuid: one String,
        /// A few words.
        title: one String,
        /// More about it.
        description: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// What it is about.
        target: one FindingTarget,
        /// What it rests on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_observations: one Vec<RelatedObservation>,
        /// What may follow.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_risks: one Vec<RelatedRisk>,
    }
    /// What a finding is about.
    FindingTarget {
        /// What kind.
        #[serde(rename = "type")]
        kind: one String,
        /// Which.
        target_id: one String,
        /// Whether it holds.
        status: one TargetStatus,
    }
    /// Whether an objective holds.
    TargetStatus {
        /// `satisfied` or `not-satisfied`.
        state: one String,
        /// `pass`, `fail` or `other`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: one Option<String>,
    }
    /// An observation that something rests on.
    RelatedObservation {
        /// Which.
        observation_uuid: one String,
    }
    /// A risk that may follow.
    RelatedRisk {
        /// Which.
        risk_uuid: one String,
    }
    /// A finding that something is about.
    RelatedFinding {
        /// Which.
        finding_uuid: one String,
    }
    /// What may follow from a finding.
    OscalRisk {
        /// Its identifier.
        uuid: one String,
        /// A few words.
        title: one String,
        /// More about it.
        description: one String,
        /// What may happen.
        statement: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// Whether it is open.
        status: one String,
        /// Until when something must be done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: one Option<String>,
        /// What it rests on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_observations: one Vec<RelatedObservation>,
    }
    /// What is open, and what to do.
    PlanOfAction {
        /// Its identifier.
        uuid: one String,
        /// About it.
        metadata: one Metadata,
        /// What describes the systems.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        import_ssp: one Option<Reference>,
        /// What is defined here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local_definitions: one Option<LocalDefinitions>,
        /// What was seen.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        observations: one Vec<Observation>,
        /// What may follow.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        risks: one Vec<OscalRisk>,
        /// What it comes to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: one Vec<Finding>,
        /// What to do.
        poam_items: one Vec<PoamItem>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: one Option<BackMatter>,
    }
    /// Something to do about a finding.
    PoamItem {
        /// Its identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uuid: one Option<String>,
        /// A few words.
        title: one String,
        /// What to do.
        description: one String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: one Vec<Prop>,
        /// About which findings.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_findings: one Vec<RelatedFinding>,
        /// Against which risks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_risks: one Vec<RelatedRisk>,
    }
    /// How controls of two lists correspond.
    MappingCollection {
        /// Its identifier.
        uuid: one String,
        /// About it.
        metadata: one Metadata,
        /// How it was made.
        provenance: one Provenance,
        /// One for each other list.
        mappings: one Vec<Mapping>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: one Option<BackMatter>,
    }
    /// How a mapping was made.
    Provenance {
        /// By whom: `human`, `automation`, `hybrid`.
        method: one String,
        /// By form, by meaning or by use.
        matching_rationale: one String,
        /// Whether it is done.
        status: one String,
        /// In words.
        mapping_description: one String,
    }
    /// How two lists correspond.
    Mapping {
        /// Its identifier.
        uuid: one String,
        /// One list.
        source_resource: one MappedResource,
        /// The other.
        target_resource: one MappedResource,
        /// Pair by pair.
        maps: one Vec<Map_>,
    }
    /// A list that is mapped.
    MappedResource {
        /// What kind.
        #[serde(rename = "type")]
        kind: one String,
        /// Where it is.
        href: one String,
    }
    /// What corresponds.
    Map_ {
        /// Its identifier.
        uuid: one String,
        /// How.
        relationship: one String,
        /// Here.
        sources: one Vec<MapItem>,
        /// There.
        targets: one Vec<MapItem>,
    }
    /// One side of what corresponds.
    MapItem {
        /// `control` or `statement`.
        #[serde(rename = "type")]
        kind: one String,
        /// Which.
        id_ref: one String,
    }
}
