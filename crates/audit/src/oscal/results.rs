//! What a run found, as OSCAL assessment results: an observation for each claim, a finding for each cell.

use super::catalog::objective_id;
use super::plan::{PLAN_FILE, component, registry_resource, reviewed, run_name, subject};
use super::{
    AssessmentResult, AssessmentResults, BackMatter, Component, Document, Evidence, Extra, Finding, FindingTarget, LocalDefinitions,
    Observation, OscalRisk, Reference, RelatedObservation, RelatedRisk, TargetStatus, end_of_day, id_of, line, metadata, midnight, prop,
};
use crate::date::{Date, days_after};
use crate::judge::{Assessment, Cell, Judged, Sheet, State};
use crate::registry::Registry;
use crate::value::{SourceKind, Weight};

/// The results of an assessment.
pub fn results(made: &Assessment<'_>) -> Document {
    let found = Found::of(made);
    Document::AssessmentResults(AssessmentResults {
        uuid: id_of(&format!("results/{}", run_name(made))),
        metadata: metadata("Results: messaging platforms judged by their evidence", made.as_of, &made.as_of.to_string()),
        import_ap: Reference { href: PLAN_FILE.to_owned(), extra: Extra::new() },
        results: vec![AssessmentResult {
            uuid: id_of(&format!("result/{}", run_name(made))),
            title: format!("As of {}", made.as_of),
            description: "A control is satisfied when evidence that is young enough shows it. Unknown, disputed and stale are not satisfied for another reason than failing: the property `state` says which.".to_owned(),
            start: midnight(made.as_of),
            end: Some(end_of_day(made.as_of)),
            props: vec![prop("as-of", &made.as_of.to_string()), prop("registry-sha-256", &made.registry.sha256)],
            local_definitions: Some(LocalDefinitions { components: found.components, extra: Extra::new() }),
            reviewed_controls: reviewed(made),
            observations: found.observations,
            risks: found.risks,
            findings: found.findings,
            extra: Extra::new(),
        }],
        back_matter: Some(BackMatter { resources: vec![registry_resource(made)], extra: Extra::new() }),
        extra: Extra::new(),
    })
}

/// Everything that a run found, in the words of OSCAL.
#[derive(Default)]
pub(super) struct Found {
    pub(super) components: Vec<Component>,
    pub(super) observations: Vec<Observation>,
    pub(super) findings: Vec<Finding>,
    pub(super) risks: Vec<OscalRisk>,
}

impl Found {
    pub(super) fn of(made: &Assessment<'_>) -> Self {
        let mut found = Self::default();
        let run = run_name(made);
        for sheet in made.subjects() {
            let component = component(sheet.platform);
            for cell in &sheet.cells {
                found.cell(made, &run, sheet, &component, cell);
            }
            found.components.push(component);
        }
        found
    }

    fn cell(&mut self, made: &Assessment<'_>, run: &str, sheet: &Sheet<'_>, component: &Component, cell: &Cell<'_>) {
        let name = format!("{run}/{}/{}", sheet.platform.id, cell.control.id);
        let mut related = Vec::new();
        for (number, judged) in cell.judged.iter().enumerate() {
            let uuid = id_of(&format!("observation/{name}/{number}"));
            self.observations.push(observation(made.registry, uuid.clone(), component, cell, judged, made.as_of));
            related.push(RelatedObservation { observation_uuid: uuid, extra: Extra::new() });
        }
        let risk = cell.state.is_open().then(|| risk(&name, made.as_of, sheet, cell, &related));
        self.findings.push(Finding {
            uuid: id_of(&format!("finding/{name}")),
            title: format!("{}: {}", sheet.platform.name, cell.control.title),
            description: format!("{}: {}.", cell.state.word(), cell.reason),
            props: vec![
                prop("platform", &sheet.platform.id),
                prop("control", &cell.control.id),
                prop("state", cell.state.word()),
                prop("weight", cell.weight().word()),
            ],
            target: FindingTarget {
                kind: "objective-id".to_owned(),
                target_id: objective_id(cell.control),
                status: status(cell.state),
                extra: Extra::new(),
            },
            related_observations: related,
            related_risks: risk.iter().map(|risk| RelatedRisk { risk_uuid: risk.uuid.clone(), extra: Extra::new() }).collect(),
            extra: Extra::new(),
        });
        self.risks.extend(risk);
    }
}

fn status(state: State) -> TargetStatus {
    let (word, reason) = match state {
        State::Met => ("satisfied", "pass"),
        State::NotApplicable => ("satisfied", "other"),
        State::NotMet => ("not-satisfied", "fail"),
        State::Disputed | State::Unknown | State::Stale => ("not-satisfied", "other"),
    };
    TargetStatus { state: word.to_owned(), reason: Some(reason.to_owned()), extra: Extra::new() }
}

fn observation(registry: &Registry, uuid: String, component: &Component, cell: &Cell<'_>, judged: &Judged<'_>, as_of: Date) -> Observation {
    let claim = judged.claim;
    let sources: Vec<_> = claim.sources.iter().filter_map(|id| registry.sources.get(id)).collect();
    let tested = !sources.is_empty() && sources.iter().all(|source| source.kind == SourceKind::Probe);
    let mut props = vec![
        prop("control", &claim.control),
        prop("value", claim.value.word()),
        prop("confidence", claim.confidence.word()),
        prop("evidence-state", judged.age.map_or("none", |age| age.state.word())),
    ];
    if !claim.scope.words().is_empty() {
        props.push(prop("scope", &claim.scope.words()));
    }
    let against = claim.against.iter().filter_map(|id| registry.sources.get(id)).map(|source| (source, "says otherwise"));
    let relevant_evidence = sources.iter().map(|source| (*source, "says so")).chain(against).map(|(source, how)| Evidence {
        href: Some(source.href()),
        description: format!("{} ({}), {}", source.name(), source.kind, how),
        props: source.sha256.iter().map(|sha256| prop("sha-256", sha256)).collect(),
        extra: Extra::new(),
    });
    let quote = claim.quote.as_ref().map(|quote| format!(" \"{}\"", line(quote))).unwrap_or_default();
    Observation {
        uuid,
        title: Some(format!("{}: {}", component.title, claim.control)),
        description: format!("{} {} ({}).{quote}", cell.control.question, claim.value, claim.confidence),
        props,
        methods: vec![if tested { "TEST" } else { "EXAMINE" }.to_owned()],
        subjects: vec![subject(component)],
        relevant_evidence: relevant_evidence.collect(),
        collected: midnight(judged.age.map_or(as_of, |age| age.seen)),
        expires: judged.age.map(|age| end_of_day(age.expires)),
        remarks: claim.note.clone(),
        extra: Extra::new(),
    }
}

/// Days to do something about an open finding.
const fn days_to_act(weight: Weight) -> i64 {
    match weight {
        Weight::Critical => 30,
        Weight::High => 60,
        Weight::Medium => 90,
        Weight::Low => 180,
    }
}

fn risk(name: &str, as_of: Date, sheet: &Sheet<'_>, cell: &Cell<'_>, related: &[RelatedObservation]) -> OscalRisk {
    OscalRisk {
        uuid: id_of(&format!("risk/{name}")),
        title: format!("{} on {}", cell.control.title, sheet.platform.name),
        description: format!("{} is {}: {}.", cell.control.id, cell.state.word(), cell.reason),
        statement: format!("It cannot be relied on that: {}", cell.control.requirement),
        props: vec![prop("weight", cell.weight().word())],
        status: "open".to_owned(),
        deadline: Some(end_of_day(days_after(as_of, days_to_act(cell.weight())))),
        related_observations: related.to_vec(),
        extra: Extra::new(),
    }
}
