//! A rule, checked.

use std::collections::{BTreeMap, BTreeSet};

use cel::Program;
use model::facts::Facts;
use model::finding::Findings;
use model::limits;
use model::verdict::{Action, HoldTerms, OnTimeout};
use serde_json::json;
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};

use super::error::PackError;
use super::file::{HoldFile, PackFile, RuleFile, TestFile};
use super::gather::Written;
use super::guard::{Guard, guards};
use super::places::Places;
use super::{expression, hex, schema, taxonomy};

/// Longest expression, in bytes.
const WHEN_BYTES: usize = 4_096;
/// What a rule may say it reads.
const READS: [&str; 3] = ["behaviour", "content", "media"];

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
    pub(crate) written: RuleFile,
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) pack: String,
    pub(crate) id: String,
    /// Content hash, 32 hexadecimal digits.
    pub(crate) hash: String,
    pub(crate) status: Status,
    pub(crate) when: Program,
    /// The facts it names.
    pub(crate) names: BTreeSet<String>,
    pub(crate) need: Option<BTreeSet<String>>,
    pub(crate) guards: Vec<Guard>,
    pub(crate) places: Places,
    pub(crate) action: Action,
    pub(crate) score: f32,
    pub(crate) hold: Option<HoldTerms>,
    /// Law and ground, of its pack.
    pub(crate) legal_basis: BTreeMap<String, String>,
}

impl Rule {
    /// Checks a rule of `pack`, read from `file`, whose term sets are `sets`.
    pub(crate) fn make(file: &str, pack: &PackFile, sets: &BTreeMap<String, Written>, rule: &RuleFile) -> Result<Self, PackError> {
        let fault_at = |line: u64, reason: &str| PackError::rule(file, &rule.id.value, reason).at(line);
        let line = rule.id.referenced.line();
        let fault = |reason: &str| fault_at(line, reason);
        if pack.legal_basis.is_empty() {
            return Err(PackError::pack(file, "legal_basis must say something"));
        }
        let places = Places::read(rule.jurisdictions.as_ref().unwrap_or(&pack.jurisdictions)).map_err(|reason| fault(&reason))?;
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
        if !taxonomy::is_known(&rule.harm) {
            return Err(fault(&format!("there is no harm {}; harms of your own begin with x.", rule.harm)));
        }
        let known = Known { rule, sets };
        let (when, reading) = known.when().map_err(|reason| fault_at(rule.when.referenced.line(), &reason))?;
        known.explain().map_err(|reason| fault(&reason))?;
        allowed_modes(pack, rule).map_err(|reason| fault(&reason))?;
        Ok(Self {
            written: rule.clone(),
            file: file.to_owned(),
            line,
            pack: pack.pack.clone(),
            id: rule.id.value.clone(),
            hash: hash(pack, sets, rule, &reading.names),
            status: status(&rule.status).ok_or_else(|| fault("status must be shadow, canary:N or live"))?,
            guards: guards(when.expression(), &pack.pack),
            when,
            need: reading.need,
            names: reading.names,
            places,
            action,
            score,
            hold: hold(action, rule.hold.as_ref()).map_err(fault)?,
            legal_basis: pack.legal_basis.clone(),
        })
    }

    /// `pack/rule`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.pack, self.id)
    }

    /// Whether the findings hold what the rule cannot fire without, and everything else that needs no CEL.
    pub(crate) fn may_fire(&self, facts: &Facts, findings: &Findings) -> bool {
        let hit = |set: &String| findings.hits.iter().any(|hit| schema::is_of(&hit.term, &self.pack, set));
        self.need.as_ref().is_none_or(|sets| !findings.hits.is_empty() && sets.iter().any(hit))
            && self.guards.iter().all(|guard| guard.holds(facts, findings))
            && self.places.hold(&facts.ctx.jurisdiction)
    }

    /// Whether it reads anything of a message's text.
    pub(crate) fn reads_text(&self) -> bool {
        self.written.reads.iter().any(|read| read != "behaviour") || self.names.iter().any(|name| schema::reads(name) != "behaviour")
    }

    /// Whether it acts, on some messages or all.
    pub(crate) fn acts(&self) -> bool {
        self.status != Status::Shadow && self.action != Action::Allow
    }

    pub(crate) fn tests(&self) -> &[Spanned<TestFile>] {
        &self.written.tests
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

/// A sealed conversation has no text that a rule could read, so a pack cannot promise such a rule for one.
fn allowed_modes(pack: &PackFile, rule: &RuleFile) -> Result<(), String> {
    let Some(modes) = &pack.modes else { return Ok(()) };
    if modes.is_empty() || modes.iter().any(|mode| mode != "readable" && mode != "sealed") {
        return Err("modes must name readable, sealed or both".to_owned());
    }
    match rule.reads.iter().find(|read| *read != "behaviour") {
        Some(read) if modes.iter().any(|mode| mode == "sealed") => {
            Err(format!("reads {read}, and the pack is for sealed conversations: there is none to read"))
        }
        _ => Ok(()),
    }
}

/// What a rule may name.
struct Known<'a> {
    rule: &'a RuleFile,
    sets: &'a BTreeMap<String, Written>,
}

impl Known<'_> {
    fn when(&self) -> Result<(Program, expression::Reading), String> {
        let when = &self.rule.when.value;
        if when.len() > WHEN_BYTES {
            return Err(format!("when is longer than {WHEN_BYTES} bytes"));
        }
        let reads = &self.rule.reads;
        if reads.is_empty() || reads.iter().any(|read| !READS.contains(&read.as_str())) {
            return Err("reads must name behaviour, content or media".to_owned());
        }
        let program = Program::compile(when).map_err(|error| format!("when: {}", error.to_string().lines().next().unwrap_or_default()))?;
        let reading = expression::read(program.expression())?;
        for name in &reading.names {
            self.name(name)?;
            let needed = schema::reads(name);
            if needed != "behaviour" && !reads.iter().any(|read| read == needed) {
                return Err(format!("{name} is read from the {needed}, but reads does not say so"));
            }
        }
        Ok((program, reading))
    }

    fn name(&self, name: &str) -> Result<(), String> {
        let known = match (name.strip_prefix("terms."), name.strip_prefix("model.")) {
            (Some(set), _) => self.sets.contains_key(set),
            (None, Some(label)) => !label.is_empty() && !label.contains('.'),
            (None, None) => schema::is_fact(name),
        };
        if known { Ok(()) } else { Err(format!("there is no fact {name}")) }
    }

    fn explain(&self) -> Result<(), String> {
        for piece in self.rule.explain.split("{{").skip(1) {
            let (name, _) = piece.split_once("}}").ok_or("explain has {{ without }}")?;
            self.name(name.trim())?;
        }
        Ok(())
    }
}

/// Everything that decides what a rule does and how that is tested; not its status and the date of its review, so that a
/// rule can be approved before it goes live.
fn hash(pack: &PackFile, sets: &BTreeMap<String, Written>, rule: &RuleFile, names: &BTreeSet<String>) -> String {
    let used = names.iter().filter_map(|name| name.strip_prefix("terms.")).filter_map(|name| Some((name, sets.get(name)?)));
    let terms: Vec<_> = used.map(|(name, set)| json!([name, set.terms.keys, set.listed, set.terms.patterns])).collect();
    let tests: Vec<_> = rule.tests.iter().map(|test| json!([test.value.text, test.value.given, test.value.expect])).collect();
    let hold = rule.hold.as_ref().map(|hold| json!([hold.ttl, hold.on_timeout]));
    let whole = json!([
        pack.pack,
        rule.id.value,
        rule.title,
        rule.reads,
        rule.harm,
        rule.jurisdictions.as_ref().unwrap_or(&pack.jurisdictions),
        pack.legal_basis,
        rule.when.value,
        rule.verdict,
        rule.severity,
        rule.score,
        hold,
        rule.queue,
        rule.explain,
        pack.placeholders,
        terms,
        tests,
    ]);
    hex(&Sha256::digest(whole.to_string().as_bytes())[..16])
}
