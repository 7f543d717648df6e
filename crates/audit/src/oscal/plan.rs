//! What a run looks at, as an OSCAL assessment plan: results must refer to one.

use super::{
    AssessmentPlan, AssessmentSubject, BackMatter, Component, ComponentStatus, ControlRef, ControlSelection, Document, Extra, Link,
    LocalDefinitions, Reference, Resource, ReviewedControls, SubjectRef, Task, id_of, metadata, prop,
};
use crate::judge::Assessment;
use crate::registry::Platform;

/// What the plan is called beside the results.
pub(super) const PLAN_FILE: &str = "assessment-plan.json";

/// The plan of an assessment.
pub fn plan(made: &Assessment<'_>) -> Document {
    let components: Vec<Component> = made.subjects().map(|sheet| component(sheet.platform)).collect();
    // a selection has no title
    let include_subjects = components.iter().map(|one| SubjectRef { title: None, ..subject(one) }).collect();
    let registry = registry_resource(made);
    Document::AssessmentPlan(AssessmentPlan {
        uuid: id_of(&format!("plan/{}", run_name(made))),
        metadata: metadata("Plan: messaging platforms judged by their evidence", made.as_of, &made.as_of.to_string()),
        import_ssp: Reference { href: format!("#{}", registry.uuid), extra: Extra::new() },
        local_definitions: Some(LocalDefinitions { components, extra: Extra::new() }),
        reviewed_controls: reviewed(made),
        assessment_subjects: vec![AssessmentSubject { kind: "component".to_owned(), include_subjects, extra: Extra::new() }],
        tasks: vec![Task {
            uuid: id_of(&format!("task/{}", run_name(made))),
            kind: "action".to_owned(),
            title: format!("Hold every claim of the registry against its sources as of {}", made.as_of),
            extra: Extra::new(),
        }],
        back_matter: Some(BackMatter { resources: vec![registry], extra: Extra::new() }),
        extra: Extra::new(),
    })
}

/// The name of a run: what it rests on and what it looks at.
pub(super) fn run_name(made: &Assessment<'_>) -> String {
    let platforms: Vec<&str> = made.sheets.iter().map(|sheet| sheet.platform.id.as_str()).collect();
    let profile = made.profile.map_or("all", |profile| profile.id.as_str());
    let region = made.region.as_deref().unwrap_or("all");
    // evidence laid over the registry changes what a run says
    let evidence: Vec<&str> =
        made.registry.sources.values().filter_map(|source| source.id.contains('#').then_some(source.id.as_str())).collect();
    format!("{}/{}/{profile}/{region}/{}/{}", made.registry.sha256, made.as_of, platforms.join(","), evidence.join(","))
}

/// Which controls are looked at.
pub(super) fn reviewed(made: &Assessment<'_>) -> ReviewedControls {
    let mut include_controls: Vec<ControlRef> = Vec::new();
    for id in made.subjects().flat_map(|sheet| &sheet.cells).map(|cell| cell.control.oscal_id()) {
        if !include_controls.iter().any(|control| control.control_id == id) {
            include_controls.push(ControlRef { control_id: id, extra: Extra::new() });
        }
    }
    let title = made.profile.map_or("all controls", |profile| profile.title.as_str());
    ReviewedControls {
        description: Some(title.to_owned()),
        control_selections: vec![ControlSelection { include_controls, extra: Extra::new() }],
        control_objective_selections: Vec::new(),
        extra: Extra::new(),
    }
}

/// A platform as a component.
pub(super) fn component(platform: &Platform) -> Component {
    let operators: Vec<String> = platform.operator.iter().map(|(region, operator)| format!("{operator} ({region})")).collect();
    let operators = if operators.is_empty() { "operator unknown".to_owned() } else { operators.join("; ") };
    Component {
        uuid: id_of(&format!("platform/{}", platform.id)),
        kind: "service".to_owned(),
        title: platform.name.clone(),
        description: operators,
        props: vec![prop("platform", &platform.id)],
        status: ComponentStatus { state: "operational".to_owned(), extra: Extra::new() },
        extra: Extra::new(),
    }
}

pub(super) fn subject(component: &Component) -> SubjectRef {
    SubjectRef {
        subject_uuid: component.uuid.clone(),
        kind: "component".to_owned(),
        title: Some(component.title.clone()),
        extra: Extra::new(),
    }
}

/// The registry as a resource: it stands where OSCAL expects a description of the systems.
pub(super) fn registry_resource(made: &Assessment<'_>) -> Resource {
    Resource {
        uuid: id_of(&format!("registry/{}", made.registry.sha256)),
        title: Some("Registry of claims and sources".to_owned()),
        description: Some(
            "No system security plan exists for the platforms of others: the registry says what is known of them.".to_owned(),
        ),
        props: vec![prop("sha-256", &made.registry.sha256)],
        rlinks: vec![Link { href: made.registry.file.replace(' ', "%20"), ..Link::default() }],
        extra: Extra::new(),
    }
}
