//! What is open and what to do about it, as an OSCAL plan of action and milestones.

use super::plan::{registry_resource, run_name};
use super::results::Found;
use super::{
    BackMatter, Document, Extra, Finding, LocalDefinitions, PlanOfAction, PoamItem, Reference, RelatedFinding, id_of, metadata, prop,
};
use crate::judge::Assessment;

/// The plan of action of an assessment; none when nothing is open, since OSCAL has no empty plan.
pub fn poam(made: &Assessment<'_>) -> Option<Document> {
    let found = Found::of(made);
    let findings: Vec<Finding> = found.findings.into_iter().filter(|finding| !finding.related_risks.is_empty()).collect();
    let items: Vec<PoamItem> = findings.iter().map(item).collect();
    if items.is_empty() {
        return None;
    }
    let used: std::collections::BTreeSet<String> =
        findings.iter().flat_map(|finding| &finding.related_observations).map(|one| one.observation_uuid.clone()).collect();
    let observations = found.observations.into_iter().filter(|one| used.contains(&one.uuid)).collect::<Vec<_>>();
    let registry = registry_resource(made);
    Some(Document::PlanOfActionAndMilestones(PlanOfAction {
        uuid: id_of(&format!("poam/{}", run_name(made))),
        metadata: metadata("Plan of action: what is open about messaging platforms", made.as_of, &made.as_of.to_string()),
        import_ssp: Some(Reference { href: format!("#{}", registry.uuid), extra: Extra::new() }),
        local_definitions: Some(LocalDefinitions { components: found.components, extra: Extra::new() }),
        observations,
        risks: found.risks,
        findings,
        poam_items: items,
        back_matter: Some(BackMatter { resources: vec![registry], extra: Extra::new() }),
        extra: Extra::new(),
    }))
}

fn item(finding: &Finding) -> PoamItem {
    let state = finding.props.iter().find(|prop| prop.name == "state").map_or("open", |prop| prop.value.as_str());
    let what = match state {
        "unknown" => "Ask the vendor, or test it.",
        "stale" => "Look at the source again: confirm the quote, or take the claim back.",
        "disputed" => "Find a source that decides it; until then rely on nothing.",
        _ => "Keep data that needs this control off the platform, change a setting, or accept the risk with an owner and an end.",
    };
    PoamItem {
        uuid: Some(id_of(&format!("poam-item/{}", finding.uuid))),
        title: finding.title.clone(),
        description: format!("{} {what}", finding.description),
        props: vec![prop("state", state)],
        related_findings: vec![RelatedFinding { finding_uuid: finding.uuid.clone(), extra: Extra::new() }],
        related_risks: finding.related_risks.clone(),
        extra: Extra::new(),
    }
}
