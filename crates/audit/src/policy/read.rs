//! From the text of a policy to a policy, or to everything that is wrong with it.

use std::collections::BTreeMap;

use model::limits;
use serde_saphyr::{Location, Spanned};

use super::file::{ClassFile, PolicyFile, UseFile, WaiverFile, Word};
use super::{DataClass, SCHEMA, WaiverReason};
use crate::controls::SHIPPED;
use crate::date::{Date, PageDate, days_after};
use crate::fault::Fault;
use crate::registry::{ORGANISATION, Place, Registry, unquoted_words};
use crate::value::{Confidence, Weight};

/// Days that a waiver may last: who renews it thinks again.
const WAIVER_DAYS: i64 = 366;

/// A policy that keeps the rules.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The file, as it was named.
    pub file: String,
    /// Whose it is.
    pub organisation: String,
    /// What each class of data requires.
    pub classes: BTreeMap<DataClass, Vec<Requirement>>,
    /// Who sends what over which platform.
    pub uses: Vec<Use>,
    /// What is let pass, until when, and who answers for it.
    pub waivers: Vec<Waiver>,
    /// From which weight on a finding breaks the build.
    pub fail_on: Weight,
}

/// A control that has to be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Id of the control.
    pub control: String,
    /// How sure it has to be.
    pub min_confidence: Confidence,
    /// How old its evidence may be, where that is less than usual.
    pub max_age_days: Option<i64>,
}

/// A team's use of a platform.
#[derive(Debug, Clone)]
pub struct Use {
    /// The team.
    pub team: String,
    /// Id of the platform.
    pub platform: String,
    /// Where.
    pub regions: Vec<String>,
    /// What is sent.
    pub data: Vec<DataClass>,
    /// Where it stands in the policy.
    pub place: Place,
}

/// A requirement that is let pass.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// Id of the platform.
    pub platform: String,
    /// Id of the control, or of a rule such as `P1`.
    pub control: String,
    /// One team alone, or all.
    pub team: Option<String>,
    /// Why.
    pub reason: WaiverReason,
    /// The role that answers for it.
    pub owner: String,
    /// The last day on which it counts.
    pub expires: Date,
    /// More about it.
    pub note: Option<String>,
    /// Where it stands in the policy.
    pub place: Place,
}

/// Reads a policy over a registry, as of a day.
///
/// # Errors
/// With every fault, in the order of the file.
pub fn read(file: &str, text: &str, registry: &Registry, as_of: Date) -> Result<Policy, Vec<Fault>> {
    if text.len() > limits::AUDIT_REGISTRY_BYTES {
        return Err(vec![Fault::of(file, "too-large", format!("more than {} bytes", limits::AUDIT_REGISTRY_BYTES))]);
    }
    let mut reader = Reader { file, registry, as_of, faults: unquoted_words(file, text) };
    let written: PolicyFile = match serde_saphyr::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            reader.faults.push(Fault::syntax(file, &error));
            return Err(reader.faults);
        }
    };
    let policy = reader.policy(written);
    reader.faults.sort_by_key(|fault| (fault.line, fault.column));
    if reader.faults.is_empty() { Ok(policy) } else { Err(reader.faults) }
}

struct Reader<'a> {
    file: &'a str,
    registry: &'a Registry,
    as_of: Date,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, at: Location, rule: &'static str, reason: impl Into<String>) {
        self.faults.push(Fault::at(self.file, at, rule, reason));
    }

    /// The word's meaning, or a fault that names all there are.
    fn word<T: Copy + std::fmt::Display>(&mut self, word: &Word, what: &str, all: &[T], fallback: T) -> T {
        let found = all.iter().find(|one| one.to_string() == word.value);
        if found.is_none() {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            self.fault(word.defined, "unknown-word", format!("{} is no {what}; there are {}", word.value, all.join(", ")));
        }
        found.copied().unwrap_or(fallback)
    }

    fn policy(&mut self, written: PolicyFile) -> Policy {
        if written.schema.value != SCHEMA {
            self.fault(written.schema.defined, "unknown-schema", format!("{} is not {SCHEMA}", written.schema.value));
        }
        let mut classes = BTreeMap::new();
        for (name, class) in written.data_classes {
            let Some(known) = DataClass::from_word(&name) else {
                let all: Vec<&str> = DataClass::ALL.iter().map(|class| class.word()).collect();
                self.faults.push(Fault::of(self.file, "unknown-word", format!("{name} is no class of data; there are {}", all.join(", "))));
                continue;
            };
            let requirements = self.class(class);
            classes.insert(known, requirements);
        }
        let uses = written.uses.into_iter().map(|one| self.one_use(one, &classes)).collect();
        let waivers = written.waivers.into_iter().map(|one| self.waiver(one)).collect();
        let fail_on = written.fail_on.map_or(Weight::High, |word| self.word(&word, "weight", Weight::ALL, Weight::High));
        Policy { file: self.file.to_owned(), organisation: written.organisation, classes, uses, waivers, fail_on }
    }

    fn class(&mut self, written: ClassFile) -> Vec<Requirement> {
        let least = written.min_confidence.map_or(Confidence::Reported, |word| self.confidence(&word));
        let most = written.max_age_days.and_then(|days| self.days(&days));
        let mut requirements = Vec::new();
        if let Some(id) = written.profile {
            match SHIPPED.profile(&id.value) {
                Some(profile) => requirements.extend(profile.controls.iter().map(|control| Requirement {
                    control: control.clone(),
                    min_confidence: least,
                    max_age_days: most,
                })),
                None => self.fault(id.defined, "unknown-profile", format!("there is no profile {}", id.value)),
            }
        }
        for one in written.requires {
            if SHIPPED.get(&one.control.value).is_none() {
                self.fault(one.control.defined, "unknown-control", format!("there is no control {}", one.control.value));
                continue;
            }
            let requirement = Requirement {
                control: one.control.value,
                min_confidence: one.min_confidence.map_or(least, |word| self.confidence(&word)),
                max_age_days: one.max_age_days.and_then(|days| self.days(&days)).or(most),
            };
            // what a class says itself stands before what its profile says
            requirements.retain(|known: &Requirement| known.control != requirement.control);
            requirements.push(requirement);
        }
        requirements
    }

    fn confidence(&mut self, word: &Word) -> Confidence {
        self.word(word, "confidence", Confidence::ALL, Confidence::Confirmed)
    }

    fn days(&mut self, days: &Spanned<i64>) -> Option<i64> {
        if days.value < 1 {
            self.fault(days.defined, "no-days", "an age is one day at least");
            return None;
        }
        Some(days.value)
    }

    fn platform(&mut self, id: &Word) {
        if id.value != ORGANISATION && self.registry.platform(&id.value).is_none() {
            self.fault(id.defined, "unknown-platform", format!("there is no platform {} in {}", id.value, self.registry.file));
        }
    }

    fn one_use(&mut self, written: UseFile, classes: &BTreeMap<DataClass, Vec<Requirement>>) -> Use {
        let at = written.platform.defined;
        self.platform(&written.platform);
        if written.regions.is_empty() {
            self.fault(at, "no-region", format!("{} names no region", written.team));
        }
        if written.data.is_empty() {
            self.fault(at, "no-data", format!("{} names no class of data", written.team));
        }
        let mut data = Vec::new();
        for word in written.data {
            let class = self.word(&word, "class of data", DataClass::ALL, DataClass::Secret);
            if !classes.contains_key(&class) {
                self.fault(word.defined, "undeclared-class", format!("data_classes does not say what {} requires", word.value));
            }
            data.push(class);
        }
        Use { team: written.team, platform: written.platform.value, regions: written.regions, data, place: place(at) }
    }

    fn waiver(&mut self, written: WaiverFile) -> Waiver {
        let at = written.control.defined;
        self.platform(&written.platform);
        let known = SHIPPED.get(&written.control.value).is_some() || matches!(written.control.value.as_str(), "P1" | "P2" | "P3");
        if !known {
            self.fault(at, "unknown-control", format!("there is no control {}", written.control.value));
        }
        if written.owner.value.trim().is_empty() {
            self.fault(written.owner.defined, "no-owner", "a waiver needs a role that answers for it");
        }
        let reason = self.word(&written.reason, "reason for a waiver", WaiverReason::ALL, WaiverReason::AcceptedRisk);
        let expires = PageDate::parse(&written.expires.value).map(PageDate::day);
        match expires {
            None => self.fault(written.expires.defined, "no-date", format!("{} is no date", written.expires.value)),
            Some(day) if day > days_after(self.as_of, WAIVER_DAYS) => {
                self.fault(written.expires.defined, "waiver-too-long", format!("a waiver lasts {WAIVER_DAYS} days at most"));
            }
            Some(_) => {}
        }
        Waiver {
            platform: written.platform.value,
            control: written.control.value,
            team: written.team,
            reason,
            owner: written.owner.value,
            expires: expires.unwrap_or(self.as_of),
            note: written.note,
            place: place(at),
        }
    }
}

fn place(at: Location) -> Place {
    Place { line: at.line(), column: at.column() }
}
