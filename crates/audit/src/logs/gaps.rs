//! The review of a whole log: rows go by once, then the checks say what they found.

use std::io::Read;

use model::limits;
use serde::Serialize;

use super::checks::calendar::{Expected, Hours, missing, silent};
use super::checks::categories::{Categories, Disclosed};
use super::checks::input::Input;
use super::checks::joins::{DECISION, Joined, Of};
use super::checks::latency::Latency;
use super::checks::texts::Texts;
use super::checks::volume::shifted;
use super::dsa::Generation;
use super::finding::{Check, Checked, Severity, Tally};
use super::names::{Counts, Names, key};
use super::row::{Kind, Row};
use super::settings::Settings;
use super::sorter::{Entry, Purpose, Runs, Sorter};
use super::source::{Fault, Format, LogError, Source};
use super::time;

/// What a review says.
#[derive(Clone, Debug, Serialize)]
pub struct Review {
    /// Rows that were read.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Lines with nothing on them, which are no rows.
    pub blank_lines: u64,
    /// Which form of statements of reasons it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// The first moment at which something was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Kinds of rows and how many there are.
    pub kinds: Vec<(&'static str, u64)>,
    /// Every check, in order.
    pub checks: Vec<Checked>,
}

impl Review {
    /// How bad the worst finding is.
    pub fn worst(&self) -> Option<Severity> {
        self.checks.iter().filter_map(Checked::worst).max()
    }
}

/// What is known beside the log.
#[derive(Debug, Default)]
pub struct Beside {
    /// Figures that were disclosed elsewhere.
    pub disclosed: Option<Vec<Disclosed>>,
    /// Moments and how much traffic there was in the hour.
    pub traffic: Vec<(i64, u64)>,
}

/// Reviews a log. `progress` is told the bytes read now and then.
pub fn review<R: Read>(
    input: R,
    format: &Format,
    settings: &Settings,
    beside: &Beside,
    now: i64,
    runs: &mut dyn Runs,
    mut progress: impl FnMut(u64),
) -> Result<Review, LogError> {
    let mut source = Source::open(input, format)?;
    let mut gaps = Gaps::new(settings, matches!(format, Format::Dsa), now, runs);
    let mut faults: Vec<Fault> = Vec::new();
    let mut rows = 0_u64;
    loop {
        let row = source.read_next(&mut faults)?;
        for fault in faults.drain(..) {
            gaps.input.fault(&fault);
        }
        let Some(row) = row else { break };
        gaps.row(&row)?;
        rows += 1;
        if rows.is_multiple_of(65_536) {
            progress(source.bytes());
        }
    }
    let (first, last) = (gaps.first, gaps.last);
    let kinds = gaps.categories.kinds();
    let checks = gaps.finish(beside)?;
    let moment = |moment: Option<i64>| moment.map(time::show);
    Ok(Review {
        rows,
        bytes: source.bytes(),
        blank_lines: source.blank_lines(),
        generation: source.generation(),
        first: moment(first),
        last: moment(last),
        kinds,
        checks,
    })
}

struct Gaps<'s> {
    settings: &'s Settings,
    expected: Expected,
    /// Statements of reasons are decisions alone, so that there is nothing to bring together.
    is_dsa: bool,
    input: Input,
    hours: Hours,
    flags: Hours,
    traffic: Hours,
    categories: Categories,
    latency: Latency,
    texts: Texts,
    sorter: Sorter<'s>,
    identifiers: u64,
    first: Option<i64>,
    last: Option<i64>,
    reviewers: Names,
    decided_by: Counts,
    without_reason: Tally,
    without_ground: Tally,
}

impl<'s> Gaps<'s> {
    fn new(settings: &'s Settings, is_dsa: bool, now: i64, runs: &'s mut dyn Runs) -> Self {
        let hours = || Hours::new(limits::AUDIT_LOG_HOURS);
        let keep = settings.evidence;
        Self {
            settings,
            expected: Expected::new(&settings.calendar),
            is_dsa,
            input: Input::new(now, settings.future_s, keep),
            hours: hours(),
            flags: hours(),
            traffic: hours(),
            categories: Categories::new(settings, is_dsa, limits::AUDIT_LOG_CATEGORIES),
            latency: Latency::new(settings),
            texts: Texts::new(settings, limits::AUDIT_LOG_TEXTS),
            sorter: Sorter::new(limits::AUDIT_LOG_SORTED_ENTRIES, runs),
            identifiers: 0,
            first: None,
            last: None,
            reviewers: Names::new(limits::AUDIT_LOG_REVIEWERS),
            decided_by: Counts::default(),
            without_reason: Tally::new(keep),
            without_ground: Tally::new(keep),
        }
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), LogError> {
        self.input.row(row);
        let category = self.categories.row(row);
        if let Some(at) = row.at {
            let local = at + self.expected.ahead_s;
            match row.kind {
                Kind::Traffic => self.traffic.add(local, row.amount),
                Kind::Flag => {
                    self.flags.add(local, 1);
                    self.hours.add(local, 1);
                }
                _ => self.hours.add(local, 1),
            }
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
            self.last = Some(self.last.map_or(at, |last| last.max(at)));
        }
        self.latency.row(row, category);
        self.texts.row(row);
        if !row.id.is_empty() {
            self.identifiers += 1;
            self.push(Purpose::Id, key(&row.id), 0, row.line, 0)?;
        }
        if self.is_dsa { Ok(()) } else { self.bring_together(row, category) }
    }

    /// Notes what belongs to other rows.
    fn bring_together(&mut self, row: &Row<'_>, category: u16) -> Result<(), LogError> {
        let line = row.line;
        if let Some(number) = row.sequence {
            self.push(Purpose::Sequence, number.into(), 0, line, 0)?;
        }
        if let (false, Some(at)) = (row.case.is_empty(), row.at) {
            let tag = match row.kind {
                Kind::Report => Some(category),
                Kind::Decision => Some(DECISION),
                _ => None,
            };
            if let Some(tag) = tag {
                self.push(Purpose::Case, key(&row.case), at, line, tag)?;
            }
        }
        match row.kind {
            Kind::Decision => {
                let reviewer = self.reviewers.number(&row.reviewer);
                self.decided_by.add(reviewer);
                if !row.id.is_empty() {
                    self.push(Purpose::Reversal, key(&row.id), 0, line, reviewer)?;
                }
            }
            Kind::Reversal => {
                if row.reason.trim_ascii().is_empty() {
                    self.without_reason.note(line, || "no reason".to_owned());
                }
                self.push(Purpose::Reversal, key(&row.reverses), 1, line, 0)?;
            }
            Kind::Read if row.basis.trim_ascii().is_empty() => self.without_ground.note(line, || "no ground".to_owned()),
            Kind::Read => self.push(Purpose::Basis, key(&row.basis), 1, line, 0)?,
            _ => {}
        }
        if matches!(row.kind, Kind::Report | Kind::Flag | Kind::Order) {
            for ground in [&row.id, &row.case].into_iter().filter(|ground| !ground.is_empty()) {
                self.push(Purpose::Basis, key(ground), 0, line, 0)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, purpose: Purpose, key: u128, value: i64, line: u64, tag: u16) -> Result<(), LogError> {
        self.sorter.push(Entry { purpose, key, value, line, tag })
    }

    fn finish(mut self, beside: &Beside) -> Result<Vec<Checked>, LogError> {
        let settings = self.settings;
        for (moment, amount) in &beside.traffic {
            self.traffic.add(moment + self.expected.ahead_s, *amount);
        }
        let mut joined = Joined::new(settings, self.last.unwrap_or_default());
        self.sorter.finish(|entry| joined.entry(entry))?;
        let of = Of {
            identifiers: self.identifiers,
            reads: self.categories.of_kind(Kind::Read),
            without_ground: &self.without_ground,
            reversals: self.categories.of_kind(Kind::Reversal),
            without_reason: &self.without_reason,
            reviewers: &self.reviewers,
            decided_by: &self.decided_by,
        };
        let (mut checks, until_decision) = joined.finish(settings, &of);
        checks.push(self.input.finish());
        let units_max = i64::try_from(limits::AUDIT_LOG_HOURS).unwrap_or(i64::MAX);
        checks.push(missing(&mut self.hours, &self.expected, settings, units_max));
        checks.extend(self.latency.finish(&until_decision, &self.categories.names, settings));
        checks.extend(self.texts.finish(settings));
        checks.extend(self.categories.finish(settings, beside.disclosed.as_deref()));
        checks.push(shifted(&self.hours.days(), &self.expected, settings));
        checks.push(silent(&mut self.flags, &mut self.traffic, settings));
        checks.retain(|checked| checked.check == Check::Input || settings.makes(checked.check));
        checks.sort_by_key(|checked| checked.check);
        Ok(checks)
    }
}
