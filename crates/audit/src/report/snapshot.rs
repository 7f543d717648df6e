//! A run as data: what `diff`, baselines and other tools read.

use serde::{Deserialize, Serialize};

use crate::date::Date;
use crate::judge::{Assessment, Cell, Sheet, State};
use crate::value::{Confidence, Value, Weight};

/// The form of a file of results.
const SCHEMA: &str = "frankly.audit.result/1";

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultFile {
    /// `frankly.audit.result/1`.
    pub schema: String,
    /// The day of judgement.
    pub as_of: Date,
    /// The registry, as it was named.
    pub registry: String,
    /// SHA-256 of it.
    pub registry_sha256: String,
    /// The profile, if one was chosen.
    pub profile: Option<String>,
    /// The region, if one was chosen.
    pub region: Option<String>,
    /// One for each control and platform, in order.
    pub cells: Vec<Entry>,
}

/// One control of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Id of the platform.
    pub platform: String,
    /// Its name.
    pub platform_name: String,
    /// Id of the control.
    pub control: String,
    /// How much it weighs.
    pub weight: Weight,
    /// What it comes to.
    pub state: State,
    /// Why.
    pub reason: String,
    /// The claims it rests on.
    pub claims: Vec<ClaimEntry>,
}

/// A claim and its age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimEntry {
    /// The answer.
    pub value: Value,
    /// How sure it is.
    pub confidence: Confidence,
    /// For whom and what it holds; empty for everywhere.
    pub scope: String,
    /// The day it was last seen.
    pub seen: Option<Date>,
    /// Days since then.
    pub age_days: Option<i64>,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// Where it stands in its life.
    pub age: String,
    /// Words of the source.
    pub quote: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// Links to sources.
    pub sources: Vec<String>,
    /// Links to sources that say otherwise.
    pub against: Vec<String>,
}

impl ResultFile {
    /// The results of a run.
    pub fn of(made: &Assessment<'_>) -> Self {
        let cells = made.subjects().flat_map(|sheet| sheet.cells.iter().map(move |cell| entry(made, sheet, cell))).collect();
        Self {
            schema: SCHEMA.to_owned(),
            as_of: made.as_of,
            registry: made.registry.file.clone(),
            registry_sha256: made.registry.sha256.clone(),
            profile: made.profile.map(|profile| profile.id.clone()),
            region: made.region.clone(),
            cells,
        }
    }

    /// As JSON for people and machines.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("results have no keys but strings") + "\n"
    }

    /// Reads results.
    ///
    /// # Errors
    /// When it is another form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Self = serde_json::from_str(text).map_err(|error| format!("no results of an audit: {error}"))?;
        if file.schema == SCHEMA { Ok(file) } else { Err(format!("{} is not {SCHEMA}", file.schema)) }
    }
}

fn entry(made: &Assessment<'_>, sheet: &Sheet<'_>, cell: &Cell<'_>) -> Entry {
    let links =
        |ids: &[String]| ids.iter().filter_map(|id| made.registry.sources.get(id)).map(super::super::registry::Source::href).collect();
    let claims = cell.judged.iter().map(|judged| ClaimEntry {
        value: judged.claim.value,
        confidence: judged.claim.confidence,
        scope: judged.claim.scope.words(),
        seen: judged.age.map(|age| age.seen),
        age_days: judged.age.map(|age| age.days),
        expires: judged.age.map(|age| age.expires),
        age: judged.age.map_or("none", |age| age.state.word()).to_owned(),
        quote: judged.claim.quote.clone(),
        note: judged.claim.note.clone(),
        sources: links(&judged.claim.sources),
        against: links(&judged.claim.against),
    });
    Entry {
        platform: sheet.platform.id.clone(),
        platform_name: sheet.platform.name.clone(),
        control: cell.control.id.clone(),
        weight: cell.weight(),
        state: cell.state,
        reason: cell.reason.clone(),
        claims: claims.collect(),
    }
}

/// What became of a cell between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was met, and is not any more, or it became worse.
    Worse,
    /// It became better.
    Better,
    /// The state is the same, what it rests on is not.
    Evidence,
    /// It was not looked at before.
    New,
    /// It is not looked at any more.
    Gone,
}

impl ChangeKind {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Evidence => "evidence",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// A cell that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What became of it.
    pub kind: ChangeKind,
    /// Id of the platform.
    pub platform: String,
    /// Id of the control.
    pub control: String,
    /// How much it weighs.
    pub weight: Weight,
    /// The state before, if it was looked at.
    pub before: Option<State>,
    /// The state now, if it is looked at.
    pub now: Option<State>,
    /// In words.
    pub what: String,
}

/// What is not as it was, worst first.
pub fn changes(old: &ResultFile, new: &ResultFile) -> Vec<Change> {
    fn key(entry: &Entry) -> (&str, &str) {
        (&entry.platform, &entry.control)
    }
    let before: std::collections::BTreeMap<_, _> = old.cells.iter().map(|entry| (key(entry), entry)).collect();
    let now: std::collections::BTreeMap<_, _> = new.cells.iter().map(|entry| (key(entry), entry)).collect();
    let mut found: Vec<Change> = Vec::new();
    for entry in &new.cells {
        match before.get(&key(entry)) {
            None => found.push(change(ChangeKind::New, entry, None, Some(entry.state), format!("{}: {}", entry.state, entry.reason))),
            Some(was) => found.extend(between(was, entry)),
        }
    }
    let gone = old.cells.iter().filter(|entry| !now.contains_key(&key(entry)));
    found.extend(gone.map(|entry| change(ChangeKind::Gone, entry, Some(entry.state), None, format!("it was {}", entry.state))));
    // the order of the platforms stays within each kind
    found.sort_by_key(|change| change.kind);
    found
}

fn change(kind: ChangeKind, entry: &Entry, before: Option<State>, now: Option<State>, what: String) -> Change {
    Change { kind, platform: entry.platform.clone(), control: entry.control.clone(), weight: entry.weight, before, now, what }
}

fn between(was: &Entry, is: &Entry) -> Option<Change> {
    let say = |kind, what| Some(change(kind, is, Some(was.state), Some(is.state), what));
    if was.state != is.state {
        let kind = match (goodness(was.state), goodness(is.state)) {
            (before, now) if now < before => ChangeKind::Worse,
            (before, now) if now > before => ChangeKind::Better,
            _ => ChangeKind::Evidence,
        };
        return say(kind, format!("{} → {}: {}", was.state, is.state, is.reason));
    }
    let answers = |entry: &Entry| -> Vec<String> {
        let said = |claim: &ClaimEntry| {
            let scope = if claim.scope.is_empty() { String::new() } else { format!(" in {}", claim.scope) };
            format!("{}{scope} ({})", claim.value, claim.confidence)
        };
        entry.claims.iter().map(said).collect()
    };
    let (before, now) = (answers(was), answers(is));
    if before != now {
        let list = |answers: &[String]| if answers.is_empty() { "nothing".to_owned() } else { answers.join(", ") };
        return say(ChangeKind::Evidence, format!("{} → {}", list(&before), list(&now)));
    }
    let quotes = |entry: &Entry| entry.claims.iter().map(|claim| claim.quote.clone()).collect::<Vec<_>>();
    if quotes(was) != quotes(is) {
        return say(ChangeKind::Evidence, "another quote".to_owned());
    }
    None
}

const fn goodness(state: State) -> u8 {
    match state {
        State::NotMet => 0,
        State::Disputed => 1,
        State::Stale | State::Unknown => 2,
        State::Met | State::NotApplicable => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Settings;
    use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, read};

    fn results(text: &str, day: &str) -> ResultFile {
        let day = day.parse().unwrap();
        let (registry, _) = read(PLATFORMS_FILE, text, day).unwrap();
        ResultFile::of(&Assessment::make(&registry, day, &Settings::default()).unwrap())
    }

    #[test]
    fn results_are_read_as_they_were_written() {
        let made = results(PLATFORMS_YAML, "2026-11-28");
        assert_eq!(ResultFile::parse(&made.to_json()).unwrap(), made);
        assert!(ResultFile::parse("{}").is_err());
    }

    #[test]
    fn the_same_run_changes_nothing() {
        let made = results(PLATFORMS_YAML, "2026-11-28");
        assert_eq!(changes(&made, &made), []);
    }

    #[test]
    fn what_became_worse_comes_first() {
        let old = results(PLATFORMS_YAML, "2026-11-28");
        let now = PLATFORMS_YAML
            .replacen(
                "{control: ASR-3, value: \"no\", confidence: vendor_claim, sources: [fk-readme]",
                "{control: ASR-3, value: \"yes\", confidence: vendor_claim, sources: [fk-readme]",
                1,
            )
            .replacen(
                "{control: ENC-1, value: \"yes\", confidence: vendor_claim, sources: [fk-sealed, fk-js-crypto]",
                "{control: ENC-1, value: partial, confidence: vendor_claim, sources: [fk-sealed, fk-js-crypto]",
                1,
            );
        let found = changes(&old, &results(&now, "2026-11-28"));
        let told: Vec<_> = found.iter().map(|one| (one.kind, one.platform.as_str(), one.control.as_str(), one.what.as_str())).collect();
        assert_eq!(
            told,
            [
                (ChangeKind::Worse, "frankly-sealed", "ENC-1", "met → not met: it holds in part"),
                (ChangeKind::Better, "frankly-readable", "ASR-3", "not met → met: the requirement holds"),
            ]
        );
    }

    #[test]
    fn time_alone_makes_evidence_stale() {
        let found = changes(&results(PLATFORMS_YAML, "2026-11-28"), &results(PLATFORMS_YAML, "2028-11-28"));
        assert!(
            found.iter().any(|one| one.platform == "frankly-sealed" && one.before == Some(State::Met) && one.now == Some(State::Stale))
        );
    }
}
