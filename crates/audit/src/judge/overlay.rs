//! Evidence of commands, laid over the registry.

use crate::controls::{SHIPPED, Subject};
use crate::date::Date;
use crate::evidence::{EvidenceFile, SCHEMA};
use crate::fault::Fault;
use crate::registry::{self, Claim, ORGANISATION, Place, Platform, Registry, Scope, Source, SourceAt};
use crate::value::SourceKind;

/// The registry with a file of evidence over it.
///
/// # Errors
/// With what is wrong with the file; evidence keeps the same rules as the registry.
pub fn with_evidence(mut registry: Registry, file: &str, evidence: &EvidenceFile, as_of: Date) -> Result<Registry, Vec<Fault>> {
    let mut faults = Vec::new();
    if evidence.schema != SCHEMA {
        return Err(vec![Fault::of(file, "unknown-schema", format!("{} is not {SCHEMA}", evidence.schema))]);
    }
    if evidence.made_on > as_of {
        faults.push(Fault::of(file, "date-in-future", format!("made on {}, after {as_of}, the day of judgement", evidence.made_on)));
    }
    // ids of two files may be alike
    let own = |id: &str| format!("{file}#{id}");
    for (id, found) in &evidence.sources {
        if found.date.day() > as_of {
            faults.push(Fault::of(file, "date-in-future", format!("{id} is of {}, after {as_of}, the day of judgement", found.date)));
        }
        let source = Source {
            id: own(id),
            kind: found.kind,
            title: Some(found.title.clone()),
            at: found.url.clone().map_or(SourceAt::Named, SourceAt::Url),
            date: Some(found.date),
            seen: None,
            sha256: found.sha256.clone(),
            note: None,
            place: Place::default(),
        };
        registry.sources.insert(source.id.clone(), source);
    }
    for found in &evidence.claims {
        let kinds: Vec<SourceKind> = found.sources.iter().filter_map(|id| evidence.sources.get(id)).map(|source| source.kind).collect();
        if kinds.len() < found.sources.len() {
            faults.push(Fault::of(file, "unknown-source", format!("{} of {}: a source is missing", found.control, found.platform)));
        }
        let Some(platform) = subject(&mut registry, file, &found.platform, &found.control, &mut faults) else { continue };
        let Some((_, control)) = SHIPPED.get(&found.control) else { continue };
        let complaints = registry::complaints(control, found.value, found.confidence, &kinds);
        faults.extend(
            complaints
                .into_iter()
                .map(|(rule, reason)| Fault::of(file, rule, format!("{} of {}: {reason}", found.control, found.platform))),
        );
        platform.claims.push(Claim {
            control: found.control.clone(),
            value: found.value,
            confidence: found.confidence,
            sources: found.sources.iter().map(|id| own(id)).collect(),
            against: Vec::new(),
            quote: found.quote.clone(),
            note: found.note.clone(),
            scope: Scope::default(),
            effective: None,
            expires: None,
            was: Vec::new(),
            withdrawn: None,
            place: Place::default(),
            file: Some(file.to_owned()),
        });
    }
    for mark in &evidence.stale {
        let Some(platform) = subject(&mut registry, file, &mark.platform, &mark.control, &mut faults) else { continue };
        let marked = platform.claims.iter_mut().filter(|claim| claim.control == mark.control && claim.file.is_none());
        for claim in marked {
            claim.withdrawn = Some((mark.since, mark.reason.clone()));
        }
    }
    if faults.is_empty() { Ok(registry) } else { Err(faults) }
}

fn subject<'a>(registry: &'a mut Registry, file: &str, id: &str, control: &str, faults: &mut Vec<Fault>) -> Option<&'a mut Platform> {
    let wanted = if id == ORGANISATION { Subject::Organisation } else { Subject::Platform };
    match SHIPPED.get(control) {
        None => {
            faults.push(Fault::of(file, "unknown-control", format!("there is no control {control}")));
            return None;
        }
        Some((group, _)) if group.subject != wanted => {
            faults.push(Fault::of(file, "wrong-subject", format!("{control} is not asked of {id}")));
            return None;
        }
        Some(_) => {}
    }
    let found = if id == ORGANISATION {
        Some(&mut registry.organisation)
    } else {
        registry.platforms.iter_mut().find(|platform| platform.id == id)
    };
    if found.is_none() {
        faults.push(Fault::of(file, "unknown-platform", format!("there is no platform {id} in the registry")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Assessment, Settings, State};
    use super::*;
    use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, read};

    fn day() -> Date {
        "2026-11-28".parse().unwrap()
    }

    fn laid(evidence: &str) -> Result<Registry, Vec<Fault>> {
        let (registry, _) = read(PLATFORMS_FILE, PLATFORMS_YAML, day()).unwrap();
        with_evidence(registry, "probe.json", &serde_json::from_str(evidence).unwrap(), day())
    }

    fn evidence(claim: &str, rest: &str) -> String {
        format!(
            r#"{{"schema": "{SCHEMA}", "made_by": "probe", "made_on": "2026-11-27",
            "sources": {{"run": {{"kind": "probe", "title": "probe of 2026-11-27", "date": "2026-11-27"}}}}, "claims": [{claim}]{rest}}}"#
        )
    }

    fn state(registry: &Registry, platform: &str, control: &str) -> State {
        Assessment::make(registry, day(), &Settings::default()).unwrap().sheet(platform).unwrap().cell(control).unwrap().state
    }

    #[test]
    fn a_probe_stands_before_documents_and_ages_in_thirty_days() {
        let claim = r#"{"platform": "matrix", "control": "ENC-2", "value": "VALUE", "confidence": "confirmed", "sources": ["run"]}"#;
        let yes = laid(&evidence(&claim.replace("VALUE", "yes"), "")).unwrap();
        assert_eq!(state(&yes, "matrix", "ENC-2"), State::Met);
        let no = laid(&evidence(&claim.replace("VALUE", "no"), "")).unwrap();
        assert_eq!(state(&no, "matrix", "ENC-2"), State::NotMet);
        let later = Assessment::make(&yes, "2026-12-28".parse().unwrap(), &Settings::default()).unwrap();
        assert_eq!(later.sheet("matrix").unwrap().cell("ENC-2").unwrap().state, State::Stale);
    }

    #[test]
    fn a_probe_that_could_not_decide_is_never_a_pass() {
        let claim =
            r#"{"platform": "frankly-sealed", "control": "ENC-2", "value": "unknown", "confidence": "unconfirmed", "sources": ["run"]}"#;
        let registry = laid(&evidence(claim, "")).unwrap();
        assert_eq!(state(&registry, "frankly-sealed", "ENC-2"), State::Unknown, "whatever our documents say");
    }

    #[test]
    fn what_drifted_is_stale_at_once() {
        let marks =
            r#", "stale": [{"platform": "frankly-sealed", "control": "ENC-1", "since": "2026-11-27", "reason": "the sentence is gone"}]"#;
        let registry = laid(&evidence("", marks)).unwrap();
        let made = Assessment::make(&registry, day(), &Settings::default()).unwrap();
        let cell = made.sheet("frankly-sealed").unwrap().cell("ENC-1").unwrap();
        assert_eq!(
            (cell.state, cell.reason.as_str()),
            (State::Stale, "since 2026-11-27 its source no longer supports it: the sentence is gone")
        );
    }

    #[test]
    fn evidence_about_the_organisation_is_taken() {
        let claim = r#"{"platform": "organisation", "control": "ORG-2", "value": "yes", "confidence": "confirmed", "sources": ["run"]}"#;
        let registry = laid(&evidence(claim, "")).unwrap();
        assert_eq!(state(&registry, ORGANISATION, "ORG-2"), State::Met);
        assert_eq!(state(&registry, ORGANISATION, "ORG-1"), State::Unknown);
    }

    #[test]
    fn evidence_keeps_the_rules_of_the_registry() {
        let claim = |platform: &str, control: &str, value: &str, sources: &str| {
            format!(
                r#"{{"platform": "{platform}", "control": "{control}", "value": "{value}", "confidence": "confirmed", "sources": [{sources}]}}"#
            )
        };
        for (claim, rule) in [
            (claim("nobody", "ENC-2", "yes", r#""run""#), "unknown-platform"),
            (claim("matrix", "ENC-99", "yes", r#""run""#), "unknown-control"),
            (claim("matrix", "ORG-1", "yes", r#""run""#), "wrong-subject"),
            (claim("matrix", "ENC-2", "yes", r#""walk""#), "unknown-source"),
            (claim("matrix", "ENC-2", "proactive", r#""run""#), "value-not-for-control"),
            (claim("matrix", "ENC-2", "no", ""), "absence-is-unknown"),
        ] {
            let faults = laid(&evidence(&claim, "")).unwrap_err();
            assert!(faults.iter().any(|fault| fault.rule == rule), "{rule}: {faults:?}");
        }
        let tomorrow = evidence("", "").replace("2026-11-27\",", "2026-12-01\",");
        assert_eq!(laid(&tomorrow).unwrap_err()[0].rule, "date-in-future");
    }
}
