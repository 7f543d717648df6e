//! How old evidence is, and when it is too old.

use super::{Claim, Registry};
use crate::controls::Group;
use crate::date::{Date, days_after, days_between};
use crate::value::{Confidence, SourceKind};

/// Days that the transcript of a probe counts, whatever the group.
const PROBE_DAYS: i64 = 30;
/// From this share of the limit on, in percent, evidence is due to be looked at again.
const DUE_PERCENT: i64 = 80;

/// Where evidence stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AgeState {
    /// Young enough.
    Fresh,
    /// To be looked at again soon.
    Due,
    /// Older than it may be.
    Stale,
    /// Its source no longer says so.
    Withdrawn,
}

impl AgeState {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Due => "due",
            Self::Stale => "stale",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether it can carry a judgement.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Fresh | Self::Due)
    }
}

/// The age of a claim's evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// The day on which it was last seen.
    pub seen: Date,
    /// Days since then.
    pub days: i64,
    /// The last day on which it counts.
    pub expires: Date,
    /// Where it stands.
    pub state: AgeState,
    /// Whether its source is dated; else its age counts from retrieval.
    pub dated: bool,
}

impl Age {
    /// The age of a claim on a day; none when it has no sources.
    ///
    /// The source that lets the claim stand longest counts, among those that carry its confidence.
    pub fn of(claim: &Claim, group: &Group, registry: &Registry, as_of: Date) -> Option<Self> {
        let sources = claim.sources.iter().filter_map(|id| registry.sources.get(id));
        let lives = sources.filter(|source| carries(source.kind, claim.confidence)).map(|source| {
            let (seen, dated) = source.seen_on(registry.retrieved);
            (days_after(seen, limit_days(group, source.kind)), seen, dated)
        });
        let (mut expires, seen, dated) = lives.max()?;
        if let Some(end) = claim.expires {
            expires = expires.min(end.day());
        }
        let days = days_between(seen, as_of).max(0);
        let life = days_between(seen, expires).max(0);
        let state = match &claim.withdrawn {
            Some(_) => AgeState::Withdrawn,
            None if as_of > expires => AgeState::Stale,
            None if days * 100 >= life * DUE_PERCENT => AgeState::Due,
            None => AgeState::Fresh,
        };
        Some(Self { seen, days, expires, state, dated })
    }
}

/// Days that evidence of a kind may be old.
pub(super) fn limit_days(group: &Group, kind: SourceKind) -> i64 {
    match kind {
        SourceKind::Probe => group.max_age_days.min(PROBE_DAYS),
        SourceKind::Press | SourceKind::Aggregator | SourceKind::Article => group.max_age_days / 2,
        _ => group.max_age_days,
    }
}

/// The most that a source of a kind alone can carry.
pub(super) const fn ceiling(kind: SourceKind) -> Confidence {
    match kind {
        SourceKind::ArchivedPolicy | SourceKind::VendorPage | SourceKind::Regulator | SourceKind::Audit | SourceKind::Probe => {
            Confidence::Confirmed
        }
        SourceKind::VendorBlog | SourceKind::SelfDeclared => Confidence::VendorClaim,
        SourceKind::Court | SourceKind::Academic | SourceKind::Press | SourceKind::Aggregator | SourceKind::Article => Confidence::Reported,
    }
}

fn carries(kind: SourceKind, confidence: Confidence) -> bool {
    ceiling(kind) >= confidence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::registry_of;

    fn age(confidence: &str, sources: &str, as_of: &str) -> Option<Age> {
        let registry = registry_of(
            "  policy: {kind: archived_policy, archive: a/b, path: p.md, commit: abcdef1, date: 2026-01-01}
  news: {kind: press, url: \"https://news.example.org/\", date: 2026-03-01}
  probe: {kind: probe, title: probe, date: 2026-03-01}
  undated: {kind: press, url: \"https://u.example.org/\"}",
            &format!("      - {{control: ENC-1, value: \"yes\", confidence: {confidence}, sources: [{sources}]}}"),
        );
        let (group, _) = crate::controls::SHIPPED.get("ENC-1").unwrap();
        Age::of(&registry.platforms[0].claims[0], group, &registry, as_of.parse().unwrap())
    }

    #[test]
    fn evidence_is_fresh_then_due_then_stale() {
        let state = |day: &str| age("confirmed", "policy", day).unwrap().state;
        assert_eq!(state("2026-01-02"), AgeState::Fresh);
        assert_eq!(state("2026-04-06"), AgeState::Fresh, "day 95 of 120");
        assert_eq!(state("2026-04-07"), AgeState::Due, "day 96 of 120");
        assert_eq!(state("2026-05-01"), AgeState::Due, "day 120");
        assert_eq!(state("2026-05-02"), AgeState::Stale, "day 121");
    }

    #[test]
    fn press_alone_lives_half_as_long_and_probes_thirty_days() {
        assert_eq!(age("reported", "news", "2026-03-02").unwrap().expires, "2026-04-30".parse().unwrap());
        assert_eq!(age("confirmed", "probe", "2026-03-02").unwrap().expires, "2026-03-31".parse().unwrap());
    }

    #[test]
    fn young_press_does_not_keep_an_old_policy_young() {
        assert_eq!(age("confirmed", "policy, news", "2026-05-02").unwrap().state, AgeState::Stale);
        assert_eq!(age("reported", "policy, news", "2026-04-30").unwrap().expires, "2026-05-01".parse().unwrap());
    }

    #[test]
    fn an_undated_source_ages_from_its_retrieval() {
        let age = age("reported", "undated", "2026-06-02").unwrap();
        assert_eq!((age.seen, age.days, age.dated), ("2026-06-01".parse().unwrap(), 1, false));
    }
}
