//! The structs of results, plans of action and mappings.

use serde::{Deserialize, Serialize};

use super::model::{BackMatter, Extra, LocalDefinitions, Metadata, Prop, Reference, ReviewedControls, SubjectRef};

oscal! {
    /// Results of an assessment.
    AssessmentResults {
        /// Its identifier.
        uuid: String,
        /// About it.
        metadata: Metadata,
        /// The plan.
        import_ap: Reference,
        /// One for each run.
        results: Vec<AssessmentResult>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: Option<BackMatter>,
    }
    /// What one run found.
    AssessmentResult {
        /// Its identifier.
        uuid: String,
        /// A few words.
        title: String,
        /// More about it.
        description: String,
        /// When it began.
        start: String,
        /// When it ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<String>,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// What is defined here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local_definitions: Option<LocalDefinitions>,
        /// Which controls.
        reviewed_controls: ReviewedControls,
        /// What was seen.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        observations: Vec<Observation>,
        /// What may follow.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        risks: Vec<OscalRisk>,
        /// What it comes to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
    }
    /// Something that was seen.
    Observation {
        /// Its identifier.
        uuid: String,
        /// A few words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// More about it.
        description: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// How it was got.
        methods: Vec<String>,
        /// About which systems.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        subjects: Vec<SubjectRef>,
        /// Where it was seen.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        relevant_evidence: Vec<Evidence>,
        /// When.
        collected: String,
        /// Until when it counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<String>,
        /// More about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remarks: Option<String>,
    }
    /// Where something was seen.
    Evidence {
        /// Its address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        href: Option<String>,
        /// What it is.
        description: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
    }
    /// What observations come to.
    Finding {
        /// Its identifier.
        uuid: String,
        /// A few words.
        title: String,
        /// More about it.
        description: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// What it is about.
        target: FindingTarget,
        /// What it rests on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_observations: Vec<RelatedObservation>,
        /// What may follow.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_risks: Vec<RelatedRisk>,
    }
    /// What a finding is about.
    FindingTarget {
        /// What kind.
        #[serde(rename = "type")]
        kind: String,
        /// Which.
        target_id: String,
        /// Whether it holds.
        status: TargetStatus,
    }
    /// Whether an objective holds.
    TargetStatus {
        /// `satisfied` or `not-satisfied`.
        state: String,
        /// `pass`, `fail` or `other`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    /// An observation that something rests on.
    RelatedObservation {
        /// Which.
        observation_uuid: String,
    }
    /// A risk that may follow.
    RelatedRisk {
        /// Which.
        risk_uuid: String,
    }
    /// A finding that something is about.
    RelatedFinding {
        /// Which.
        finding_uuid: String,
    }
    /// What may follow from a finding.
    OscalRisk {
        /// Its identifier.
        uuid: String,
        /// A few words.
        title: String,
        /// More about it.
        description: String,
        /// What may happen.
        statement: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// Whether it is open.
        status: String,
        /// Until when something must be done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<String>,
        /// What it rests on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_observations: Vec<RelatedObservation>,
    }
    /// What is open, and what to do.
    PlanOfAction {
        /// Its identifier.
        uuid: String,
        /// About it.
        metadata: Metadata,
        /// What describes the systems.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        import_ssp: Option<Reference>,
        /// What is defined here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local_definitions: Option<LocalDefinitions>,
        /// What was seen.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        observations: Vec<Observation>,
        /// What may follow.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        risks: Vec<OscalRisk>,
        /// What it comes to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
        /// What to do.
        poam_items: Vec<PoamItem>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: Option<BackMatter>,
    }
    /// Something to do about a finding.
    PoamItem {
        /// Its identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uuid: Option<String>,
        /// A few words.
        title: String,
        /// What to do.
        description: String,
        /// Properties.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        props: Vec<Prop>,
        /// About which findings.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_findings: Vec<RelatedFinding>,
        /// Against which risks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        related_risks: Vec<RelatedRisk>,
    }
    /// How controls of two lists correspond.
    MappingCollection {
        /// Its identifier.
        uuid: String,
        /// About it.
        metadata: Metadata,
        /// How it was made.
        provenance: Provenance,
        /// One for each other list.
        mappings: Vec<Mapping>,
        /// What it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_matter: Option<BackMatter>,
    }
    /// How a mapping was made.
    Provenance {
        /// By whom: `human`, `automation`, `hybrid`.
        method: String,
        /// By form, by meaning or by use.
        matching_rationale: String,
        /// Whether it is done.
        status: String,
        /// In words.
        mapping_description: String,
    }
    /// How two lists correspond.
    Mapping {
        /// Its identifier.
        uuid: String,
        /// One list.
        source_resource: MappedResource,
        /// The other.
        target_resource: MappedResource,
        /// Pair by pair.
        maps: Vec<Map_>,
    }
    /// A list that is mapped.
    MappedResource {
        /// What kind.
        #[serde(rename = "type")]
        kind: String,
        /// Where it is.
        href: String,
    }
    /// What corresponds.
    Map_ {
        /// Its identifier.
        uuid: String,
        /// How.
        relationship: String,
        /// Here.
        sources: Vec<MapItem>,
        /// There.
        targets: Vec<MapItem>,
    }
    /// One side of what corresponds.
    MapItem {
        /// `control` or `statement`.
        #[serde(rename = "type")]
        kind: String,
        /// Which.
        id_ref: String,
    }
}
