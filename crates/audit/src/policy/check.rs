//! Holds a registry against a policy: what is required, for whom, and what is not shown.

use std::collections::BTreeMap;

use super::{DataClass, Policy, Requirement, Use, Waiver};
use crate::controls::{SHIPPED, Subject};
use crate::date::{Date, days_after};
use crate::exit::Exit;
use crate::judge::{Assessment, Cell, JudgeError, Settings, State};
use crate::registry::{ORGANISATION, Place, Registry};
use crate::report::Note;
use crate::value::{Confidence, Value, Weight};

/// Rules of the policy that are no controls: id, title, text.
pub const FINDING_RULES: [(&str, &str, &str); 5] = [
    (
        "P1",
        "Sensitive data where encryption is not shown",
        "Sensitive data goes over a platform whose direct messages are not shown to be end-to-end encrypted by default.",
    ),
    ("P2", "Moderation is over-trusted", "Messages are scanned, and no current figures of errors and delay are known."),
    (
        "P3",
        "Nothing is known of the region",
        "The platform is used in a region for which nothing is known about the responsible entity or the place of storage.",
    ),
    ("waiver-expired", "A waiver is over", "A waiver that is over no longer lets anything pass: renew it with a reason, or remove it."),
    ("waiver-unused", "A waiver lets nothing pass", "A waiver that nothing needs hides the next finding: remove it."),
];

/// Whether a finding breaks the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It does.
    New,
    /// It weighs too little.
    Light,
    /// It was there in the baseline.
    Known,
    /// Somebody answers for it.
    Waived,
}

impl Standing {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Light => "light",
            Self::Known => "known",
            Self::Waived => "waived",
        }
    }
}

/// Something that the policy requires and evidence does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Id of the control, or of a rule of [`FINDING_RULES`].
    pub rule: String,
    /// Id of the platform.
    pub platform: String,
    /// The team.
    pub team: String,
    /// Where.
    pub region: String,
    /// For which class of data.
    pub data: Option<DataClass>,
    /// How much it weighs.
    pub weight: Weight,
    /// Whether old evidence is all that is wrong.
    pub stale: bool,
    /// Whether nobody knows, rather than something being wrong.
    pub open: bool,
    /// In words.
    pub message: String,
    /// Where in the policy it is required.
    pub place: Place,
    /// Whether it breaks the build.
    pub standing: Standing,
}

impl Finding {
    /// What stays the same from run to run.
    pub fn fingerprint(&self) -> String {
        let data = self.data.map_or("", DataClass::word);
        format!("{}/{}/{}/{}/{data}{}", self.platform, self.rule, self.team, self.region, if self.stale { "/stale" } else { "" })
    }
}

/// What a check came to.
#[derive(Debug, Clone)]
pub struct Checked {
    /// In the order of the policy.
    pub findings: Vec<Finding>,
    /// How many requirements were looked at.
    pub requirements: usize,
    /// The file of the policy.
    pub file: String,
}

impl Checked {
    /// How it ends: a violation counts before stale evidence.
    pub fn exit(&self) -> Exit {
        let new = |stale: bool| self.findings.iter().any(|finding| finding.standing == Standing::New && finding.stale == stale);
        match (new(false), new(true)) {
            (true, _) => Exit::Violation,
            (false, true) => Exit::Stale,
            (false, false) => Exit::Pass,
        }
    }

    /// As notes at the lines of the policy.
    pub fn notes(&self) -> Vec<Note> {
        let note = |finding: &Finding| Note {
            rule: finding.rule.clone(),
            kind: if finding.open { "open" } else { "fail" },
            weight: finding.weight,
            message: finding.message.clone(),
            file: self.file.clone(),
            line: finding.place.line,
            column: finding.place.column,
            fingerprint: finding.fingerprint(),
        };
        self.findings.iter().filter(|finding| finding.standing != Standing::Waived).map(note).collect()
    }
}

/// Holds a registry against a policy on a day; `known` says which fingerprints were there before.
///
/// # Errors
/// When a region cannot be judged.
pub fn check(
    registry: &Registry,
    policy: &Policy,
    as_of: Date,
    fail_on: Weight,
    known: impl Fn(&str) -> bool,
) -> Result<Checked, JudgeError> {
    let mut judged: BTreeMap<&str, Assessment<'_>> = BTreeMap::new();
    for region in policy.uses.iter().flat_map(|one| &one.regions) {
        if !judged.contains_key(region.as_str()) {
            let settings = Settings { region: Some(region.clone()), ..Settings::default() };
            judged.insert(region, Assessment::make(registry, as_of, &settings)?);
        }
    }
    let mut findings = Vec::new();
    let mut requirements = 0;
    for one in &policy.uses {
        for region in &one.regions {
            let made = &judged[region.as_str()];
            for data in &one.data {
                for requirement in policy.classes.get(data).into_iter().flatten() {
                    requirements += 1;
                    findings.extend(held(made, one, region, *data, requirement));
                }
                findings.extend(sensitive(made, one, region, *data));
            }
            findings.extend(over_trusted(made, one, region));
            findings.extend(unknown_region(made, one, region));
        }
    }
    let mut used = vec![false; policy.waivers.len()];
    for finding in &mut findings {
        finding.standing = standing(finding, policy, as_of, fail_on, &known, &mut used);
    }
    for (waiver, used) in policy.waivers.iter().zip(used) {
        findings.extend(about_waiver(waiver, used, as_of, fail_on, &known));
    }
    Ok(Checked { findings, requirements, file: policy.file.clone() })
}

fn standing(
    finding: &Finding,
    policy: &Policy,
    as_of: Date,
    fail_on: Weight,
    known: &impl Fn(&str) -> bool,
    used: &mut [bool],
) -> Standing {
    let fits = |waiver: &Waiver| {
        waiver.platform == finding.platform
            && waiver.control == finding.rule
            && waiver.team.as_ref().is_none_or(|team| *team == finding.team)
    };
    let mut waived = false;
    for (waiver, used) in policy.waivers.iter().zip(used).filter(|(waiver, _)| fits(waiver)) {
        *used = true;
        waived |= waiver.expires >= as_of;
    }
    if waived { Standing::Waived } else { weighed(finding, fail_on, known) }
}

fn weighed(finding: &Finding, fail_on: Weight, known: &impl Fn(&str) -> bool) -> Standing {
    if finding.weight < fail_on {
        Standing::Light
    } else if known(&finding.fingerprint()) {
        Standing::Known
    } else {
        Standing::New
    }
}

fn about_waiver(waiver: &Waiver, used: bool, as_of: Date, fail_on: Weight, known: &impl Fn(&str) -> bool) -> Option<Finding> {
    let (rule, weight, message) = if waiver.expires < as_of {
        let message = format!(
            "the waiver of {} for {} was over on {} ({}, owner: {})",
            waiver.control, waiver.platform, waiver.expires, waiver.reason, waiver.owner
        );
        ("waiver-expired", Weight::High, message)
    } else if !used {
        ("waiver-unused", Weight::Low, format!("the waiver of {} for {} lets nothing pass", waiver.control, waiver.platform))
    } else {
        return None;
    };
    let mut finding = Finding {
        rule: rule.to_owned(),
        platform: waiver.platform.clone(),
        team: waiver.team.clone().unwrap_or_else(|| "all".to_owned()),
        region: waiver.control.clone(),
        data: None,
        weight,
        stale: false,
        open: false,
        message,
        place: waiver.place,
        standing: Standing::Light,
    };
    finding.standing = weighed(&finding, fail_on, known);
    Some(finding)
}

/// Looks at one requirement; none when it is shown to hold.
fn held(made: &Assessment<'_>, one: &Use, region: &str, data: DataClass, requirement: &Requirement) -> Option<Finding> {
    let subject = match SHIPPED.get(&requirement.control) {
        Some((group, _)) if group.subject == Subject::Organisation => ORGANISATION,
        _ => one.platform.as_str(),
    };
    let cell = made.sheet(subject)?.cell(&requirement.control)?;
    let (why, stale) = shortfall(cell, requirement, made.as_of)?;
    let open = matches!(cell.state, State::Unknown | State::Disputed);
    let message = format!("{} sends {data} data over {} in {region}: {} is {why}", one.team, one.platform, requirement.control);
    Some(Finding { weight: cell.weight(), stale, open, ..finding(&requirement.control, one, region, Some(data), message) })
}

/// Why a cell does not show what is required, and whether age alone is the reason.
fn shortfall(cell: &Cell<'_>, requirement: &Requirement, as_of: Date) -> Option<(String, bool)> {
    match cell.state {
        State::NotApplicable => return None,
        State::Stale => return Some((format!("stale: {}", cell.reason), true)),
        State::Met => {}
        state => return Some((format!("{state}: {}", cell.reason), false)),
    }
    let least = cell.judged.iter().map(|judged| judged.claim.confidence).min().unwrap_or(Confidence::Unconfirmed);
    if least < requirement.min_confidence {
        return Some((format!("met by a claim that is {least} only; {} is required", requirement.min_confidence), false));
    }
    let days = requirement.max_age_days?;
    let old = cell.judged.iter().filter_map(|judged| judged.age).find(|age| days_after(age.seen, days) < as_of)?;
    Some((format!("stale for this class of data: last seen {} days ago, at most {days}", old.days), true))
}

fn finding(rule: &str, one: &Use, region: &str, data: Option<DataClass>, message: String) -> Finding {
    Finding {
        rule: rule.to_owned(),
        platform: one.platform.clone(),
        team: one.team.clone(),
        region: region.to_owned(),
        data,
        weight: Weight::Medium,
        stale: false,
        open: false,
        message,
        place: one.place,
        standing: Standing::Light,
    }
}

/// P1: sensitive data where encryption by default is not shown.
fn sensitive(made: &Assessment<'_>, one: &Use, region: &str, data: DataClass) -> Option<Finding> {
    if !data.is_sensitive() || one.platform == ORGANISATION {
        return None;
    }
    let sheet = made.sheet(&one.platform)?;
    let shown = ["ENC-1", "ENC-2"].iter().all(|control| sheet.cell(control).is_some_and(|cell| cell.state == State::Met));
    if shown {
        return None;
    }
    let state = |control: &str| sheet.cell(control).map_or(State::Unknown, |cell| cell.state);
    let (first, second) = (state("ENC-1"), state("ENC-2"));
    let only_old = [first, second].iter().all(|state| matches!(state, State::Met | State::Stale));
    let message = format!(
        "{} sends {data} data over {} in {region}, whose direct messages are not shown to be end-to-end encrypted (ENC-1 is {first}, ENC-2 is {second})",
        one.team, one.platform
    );
    Some(Finding { weight: Weight::Critical, stale: only_old, ..finding("P1", one, region, Some(data), message) })
}

/// P2: messages are scanned, and nobody publishes how well.
fn over_trusted(made: &Assessment<'_>, one: &Use, region: &str) -> Option<Finding> {
    let sheet = made.sheet(&one.platform)?;
    let scans = sheet.cell("MOD-1")?.judged.iter().any(|judged| judged.claim.value == Value::Proactive);
    if !scans || sheet.cell("MOD-5")?.state == State::Met {
        return None;
    }
    let message = format!(
        "{} relies on {} in {region}, which scans messages; no current figures of errors and delay are known (MOD-5)",
        one.team, one.platform
    );
    Some(finding("P2", one, region, None, message))
}

/// P3: nothing is known about who answers, or where messages lie, in this region.
fn unknown_region(made: &Assessment<'_>, one: &Use, region: &str) -> Option<Finding> {
    let sheet = made.sheet(&one.platform)?;
    let missing: Vec<&str> =
        ["GOV-1", "GOV-2"].into_iter().filter(|control| sheet.cell(control).is_some_and(|cell| cell.judged.is_empty())).collect();
    if missing.is_empty() || one.platform == ORGANISATION {
        return None;
    }
    let message = format!("{} uses {} in {region}, and nothing is claimed there about {}", one.team, one.platform, missing.join(" and "));
    Some(Finding { open: true, ..finding("P3", one, region, None, message) })
}
