//! From claims to the state of a control.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Cell, Judged};
use crate::controls::{Control, Group};
use crate::date::Date;
use crate::registry::{Age, AgeState, Claim, Platform, Registry};
use crate::value::{Confidence, Value};

/// What the evidence about a control comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The requirement holds, by evidence that is young enough.
    Met,
    /// By evidence, it does not hold, or not for everybody.
    NotMet,
    /// Sources contradict one another.
    Disputed,
    /// There is no evidence; this is not a "no".
    Unknown,
    /// The evidence is too old, or its source no longer says so.
    Stale,
    /// The question does not arise.
    NotApplicable,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Met, Self::NotMet, Self::Disputed, Self::Unknown, Self::Stale, Self::NotApplicable];

    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::Disputed => "disputed",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
            Self::NotApplicable => "not applicable",
        }
    }

    /// Whether somebody has to do something about it.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Met | Self::NotApplicable)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Judges one control of one platform.
pub(super) fn judge<'a>(
    registry: &'a Registry,
    platform: &'a Platform,
    group: &'static Group,
    control: &'static Control,
    as_of: Date,
    region: Option<&str>,
) -> Cell<'a> {
    let mut claims: Vec<&Claim> = platform
        .claims
        .iter()
        .filter(|claim| claim.control == control.id)
        .filter(|claim| region.is_none_or(|region| claim.scope.holds_in(region)))
        .filter(|claim| claim.effective.is_none_or(|since| since.day() <= as_of))
        .collect();
    // what was tried stands before what is written about it
    if claims.iter().any(|claim| claim.file.is_some()) {
        claims.retain(|claim| claim.file.is_some());
    }
    let judged: Vec<Judged<'_>> = claims
        .into_iter()
        .map(|claim| {
            let age = Age::of(claim, group, registry, as_of);
            Judged { claim, age, state: state_of(control, claim, age) }
        })
        .collect();
    let worst = judged.iter().max_by_key(|judged| badness(judged.state));
    let state = worst.map_or(State::Unknown, |judged| judged.state);
    let reason = worst.map_or_else(|| "no evidence".to_owned(), |judged| reason(control, judged));
    Cell { control, group, state, reason, judged }
}

/// Of several claims (regions, audiences) the worst decides.
const fn badness(state: State) -> u8 {
    match state {
        State::NotApplicable => 0,
        State::Met => 1,
        State::Unknown => 2,
        State::Stale => 3,
        State::Disputed => 4,
        State::NotMet => 5,
    }
}

fn state_of(control: &Control, claim: &Claim, age: Option<Age>) -> State {
    let Some(age) = age else { return State::Unknown };
    if claim.value == Value::Unknown || claim.confidence == Confidence::Unconfirmed {
        return State::Unknown;
    }
    if !age.state.counts() {
        return State::Stale;
    }
    if claim.confidence == Confidence::Disputed {
        return State::Disputed;
    }
    match claim.value {
        Value::NotApplicable => State::NotApplicable,
        value if control.met_by.contains(&value) => State::Met,
        _ => State::NotMet,
    }
}

fn reason(control: &Control, judged: &Judged<'_>) -> String {
    let (claim, age) = (judged.claim, judged.age);
    match (judged.state, age) {
        (State::Stale, Some(age)) => match &claim.withdrawn {
            Some((since, why)) => format!("since {since} its source no longer supports it: {why}"),
            None if age.state == AgeState::Stale && claim.expires.is_some_and(|end| end.day() == age.expires) => {
                format!("it held until {}", age.expires)
            }
            None => format!("last seen {} days ago, on {}; it counted until {}", age.days, age.seen, age.expires),
        },
        (State::Disputed, _) => "sources contradict one another".to_owned(),
        (State::Unknown, _) if claim.sources.is_empty() => "no evidence was found".to_owned(),
        (State::Unknown, _) => "what was found does not decide it".to_owned(),
        (State::NotMet, _) => match claim.value {
            Value::Partial => "it holds in part".to_owned(),
            Value::OptIn => "it holds for who switches it on".to_owned(),
            value => format!("the answer is {value}"),
        },
        _ if control.met_by.len() > 1 => format!("it is said to be {}", claim.value),
        _ => "the requirement holds".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Assessment, Settings};
    use super::*;
    use crate::registry::read;

    fn judged(claims: &str, region: Option<&str>) -> Vec<(String, State, String)> {
        let text = format!(
            "schema: frankly.audit.registry/1
retrieved: 2026-06-01
sources:
  page: {{kind: vendor_page, url: \"https://a.example.org/\", date: 2026-05-01}}
  old: {{kind: vendor_page, url: \"https://b.example.org/\", date: 2025-05-01}}
  news: {{kind: press, url: \"https://c.example.org/\", date: 2026-05-20}}
platforms:
  - id: chat
    name: Chat
    claims:
{claims}
"
        );
        let (registry, _) = read("r.yaml", &text, "2026-06-01".parse().unwrap()).unwrap();
        let settings = Settings { region: region.map(str::to_owned), ..Settings::default() };
        let made = Assessment::make(&registry, "2026-06-01".parse().unwrap(), &settings).unwrap();
        made.sheets[0].cells.iter().map(|cell| (cell.control.id.clone(), cell.state, cell.reason.clone())).collect()
    }

    fn of(claims: &str, control: &str) -> (State, String) {
        let (_, state, reason) = judged(claims, None).into_iter().find(|(id, ..)| id == control).unwrap();
        (state, reason)
    }

    #[test]
    fn each_answer_has_its_state() {
        let claims = "      - {control: ENC-1, value: \"yes\", confidence: confirmed, sources: [page]}
      - {control: ENC-2, value: opt_in, confidence: confirmed, sources: [page]}
      - {control: ENC-3, value: \"yes\", confidence: confirmed, sources: [old]}
      - {control: ENC-4, value: \"yes\", confidence: disputed, sources: [page, news]}
      - {control: ENC-5, value: unknown, confidence: unconfirmed}
      - {control: ENC-6, value: not_applicable, confidence: confirmed, sources: [page]}
      - {control: MOD-1, value: none, confidence: confirmed, sources: [page]}
      - {control: GOV-5, value: \"no\", confidence: confirmed, sources: [page]}
      - {control: GOV-6, value: \"yes\", confidence: reported, sources: [news]}";
        let states = [
            ("ENC-1", State::Met, "the requirement holds"),
            ("ENC-2", State::NotMet, "it holds for who switches it on"),
            ("ENC-3", State::Stale, "last seen 396 days ago, on 2025-05-01; it counted until 2025-08-29"),
            ("ENC-4", State::Disputed, "sources contradict one another"),
            ("ENC-5", State::Unknown, "no evidence was found"),
            ("ENC-6", State::NotApplicable, "the requirement holds"),
            ("ENC-7", State::Unknown, "no evidence"),
            ("MOD-1", State::Met, "it is said to be none"),
            ("GOV-5", State::Met, "the requirement holds"),
            ("GOV-6", State::NotMet, "the answer is yes"),
        ];
        for (control, state, reason) in states {
            assert_eq!(of(claims, control), (state, reason.to_owned()), "{control}");
        }
        assert_eq!(judged(claims, None).len(), 43, "what is asked of platforms");
    }

    #[test]
    fn of_several_regions_the_worst_decides_and_one_can_be_chosen() {
        let claims = "      - {control: ENC-1, value: \"yes\", confidence: confirmed, sources: [page], scope: {region: EEA}}
      - {control: ENC-1, value: \"no\", confidence: confirmed, sources: [page], scope: {region: US}}";
        assert_eq!(of(claims, "ENC-1").0, State::NotMet);
        let in_region = |region| judged(claims, Some(region)).into_iter().find(|(id, ..)| id == "ENC-1").unwrap().1;
        assert_eq!((in_region("DE"), in_region("US"), in_region("JP")), (State::Met, State::NotMet, State::Unknown));
    }

    #[test]
    fn what_has_not_begun_or_is_over_does_not_count() {
        let claim = |when: &str| format!("      - {{control: ENC-1, value: \"yes\", confidence: confirmed, sources: [page], {when}}}");
        assert_eq!(of(&claim("effective: 2026-07-01"), "ENC-1").0, State::Unknown);
        assert_eq!(of(&claim("effective: 2026-06-01"), "ENC-1").0, State::Met);
        assert_eq!(of(&claim("expires: 2026-05-31"), "ENC-1"), (State::Stale, "it held until 2026-05-31".to_owned()));
    }
}
