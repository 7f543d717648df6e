//! A rule, checked.

use std::collections::BTreeSet;

use cel::Program;
use model::finding::Findings;
use model::limits;
use model::verdict::{Action, HoldTerms, OnTimeout};

use super::error::PackError;
use super::expression;
use super::file::{HoldFile, PackFile, RuleFile, TestFile};
use super::schema;

/// Longest expression, in bytes.
const WHEN_BYTES: usize = 4_096;

/// How far a rule is let into life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Watches.
    Shadow,
    /// Takes effect on this many messages of a hundred.
    Canary(u8),
    /// Takes effect.
    Live,
}

/// A rule ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) file: String,
    pub(crate) pack: String,
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) harm: String,
    pub(crate) when: Program,
    pub(crate) need: Option<BTreeSet<String>>,
    pub(crate) action: Action,
    pub(crate) severity: u8,
    pub(crate) score: f32,
    pub(crate) hold: Option<HoldTerms>,
    pub(crate) queue: String,
    pub(crate) explain: String,
    pub(crate) tests: Vec<TestFile>,
}

impl Rule {
    /// Checks a rule of `pack`, read from `file`.
    pub(crate) fn make(file: &str, pack: &PackFile, rule: &RuleFile) -> Result<Self, PackError> {
        let fault = |reason: &str| PackError::rule(file, &rule.id, reason);
        if pack.legal_basis.is_empty() || pack.jurisdictions.is_empty() {
            return Err(PackError::pack(file, "legal_basis and jurisdictions must say something"));
        }
        let action = Action::parse(&rule.verdict).ok_or_else(|| fault("verdict must be allow, annotate, hold or block"))?;
        if rule.severity > 4 {
            return Err(fault("severity goes from 0 to 4"));
        }
        let score = rule.score.unwrap_or_else(|| score_of(action));
        if !(0.0..=1.0).contains(&score) {
            return Err(fault("score goes from 0 to 1"));
        }
        if [&rule.title, &rule.harm, &rule.queue, &rule.owner, &rule.review_by].iter().any(|text| text.trim().is_empty()) {
            return Err(fault("title, harm, queue, owner and review_by must say something"));
        }
        let (when, need) = when(pack, rule).map_err(|reason| fault(&reason))?;
        check_explain(pack, rule).map_err(|reason| fault(&reason))?;
        Ok(Self {
            file: file.to_owned(),
            pack: pack.pack.clone(),
            id: rule.id.clone(),
            status: status(&rule.status).ok_or_else(|| fault("status must be shadow, canary:N or live"))?,
            harm: rule.harm.clone(),
            when,
            need,
            action,
            severity: rule.severity,
            score,
            hold: hold(action, rule.hold.as_ref()).map_err(fault)?,
            queue: rule.queue.clone(),
            explain: rule.explain.clone(),
            tests: rule.tests.clone(),
        })
    }

    /// Whether the findings hold what the rule cannot fire without.
    pub(crate) fn may_fire(&self, findings: &Findings) -> bool {
        let hit = |set: &String| findings.hits.iter().any(|hit| schema::is_of(&hit.term, &self.pack, set));
        self.need.as_ref().is_none_or(|sets| !findings.hits.is_empty() && sets.iter().any(hit))
    }
}

fn score_of(action: Action) -> f32 {
    match action {
        Action::Allow => 0.1,
        Action::Annotate => 0.6,
        Action::Hold => 0.85,
        Action::Block => 0.97,
    }
}

fn status(text: &str) -> Option<Status> {
    match text {
        "shadow" => Some(Status::Shadow),
        "live" => Some(Status::Live),
        _ => text.strip_prefix("canary:")?.parse().ok().filter(|share| *share <= 100).map(Status::Canary),
    }
}

fn hold(action: Action, terms: Option<&HoldFile>) -> Result<Option<HoldTerms>, &'static str> {
    match (action, terms) {
        (Action::Hold, None) => Err("verdict hold needs hold: {ttl, on_timeout}"),
        (Action::Hold, Some(terms)) => {
            let ttl_ms = duration_ms(&terms.ttl).ok_or("hold.ttl must be a number and m, h or d, at most 7d")?;
            let on_timeout = match terms.on_timeout.as_str() {
                "release" => OnTimeout::Release,
                "block" => OnTimeout::Block,
                _ => return Err("hold.on_timeout must be release or block"),
            };
            Ok(Some(HoldTerms { ttl_ms, on_timeout }))
        }
        (_, Some(_)) => Err("hold terms belong to verdict hold only"),
        (_, None) => Ok(None),
    }
}

fn duration_ms(text: &str) -> Option<i64> {
    let unit_ms = match text.as_bytes().last()? {
        b'm' => 60_000,
        b'h' => 3_600_000,
        b'd' => 86_400_000,
        _ => return None,
    };
    let count: i64 = text[..text.len() - 1].parse().ok()?;
    count.checked_mul(unit_ms).filter(|ms| (1..=limits::HOLD_MS_MAX).contains(ms))
}

fn when(pack: &PackFile, rule: &RuleFile) -> Result<(Program, Option<BTreeSet<String>>), String> {
    if rule.when.len() > WHEN_BYTES {
        return Err(format!("when is longer than {WHEN_BYTES} bytes"));
    }
    let reads = |kind: &str| rule.reads.iter().any(|read| read == kind);
    if rule.reads.is_empty() || rule.reads.iter().any(|read| read != "behaviour" && read != "content") {
        return Err("reads must name behaviour, content or both".to_owned());
    }
    let program =
        Program::compile(&rule.when).map_err(|error| format!("when: {}", error.to_string().lines().next().unwrap_or_default()))?;
    let reading = expression::read(program.expression())?;
    for name in &reading.names {
        check_name(pack, name)?;
        if is_content(name) && !reads("content") {
            return Err(format!("{name} is read from the text, but reads says behaviour only"));
        }
    }
    Ok((program, reading.need))
}

fn is_content(name: &str) -> bool {
    name.starts_with("terms.") || schema::CONTENT.contains(&name)
}

fn check_name(pack: &PackFile, name: &str) -> Result<(), String> {
    let known = match name.strip_prefix("terms.") {
        Some(set) => pack.terms.contains_key(set),
        None => schema::BEHAVIOUR.contains(&name) || schema::CONTENT.contains(&name),
    };
    if known { Ok(()) } else { Err(format!("there is no fact {name}")) }
}

fn check_explain(pack: &PackFile, rule: &RuleFile) -> Result<(), String> {
    for piece in rule.explain.split("{{").skip(1) {
        let (name, _) = piece.split_once("}}").ok_or("explain has {{ without }}")?;
        check_name(pack, name.trim())?;
    }
    Ok(())
}
