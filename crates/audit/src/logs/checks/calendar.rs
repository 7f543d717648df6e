//! When entries were written, against when they should have been.

use std::collections::BTreeMap;

use super::super::finding::{Check, Checked, Severity, Tally};
use super::super::settings::{Calendar, Settings, Unit, WEEKDAYS};
use super::super::time;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;

/// Entries of each hour. A bounded number of hours is kept.
#[derive(Debug, Default)]
pub(in super::super) struct Hours {
    counts: BTreeMap<i64, u64>,
    hour: i64,
    here: u64,
    most: usize,
    beyond: u64,
}

impl Hours {
    pub(in super::super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Counts entries of a moment, which is local to the place of the calendar.
    pub(in super::super) fn add(&mut self, local_s: i64, entries: u64) {
        let hour = local_s.div_euclid(HOUR_S);
        if hour != self.hour {
            self.settle();
            self.hour = hour;
        }
        self.here += entries;
    }

    fn settle(&mut self) {
        let here = std::mem::take(&mut self.here);
        if here == 0 {
            return;
        }
        if self.counts.len() >= self.most && !self.counts.contains_key(&self.hour) {
            self.beyond += here;
            return;
        }
        *self.counts.entry(self.hour).or_default() += here;
    }

    /// All hours that have entries, in order.
    pub(in super::super) fn settled(&mut self) -> &BTreeMap<i64, u64> {
        self.settle();
        &self.counts
    }

    /// Entries that were not counted, because they lie in more hours than are kept.
    pub(in super::super) fn beyond(&self) -> u64 {
        self.beyond
    }

    /// The entries of each day that has some, by its number since 1970.
    pub(in super::super) fn days(&mut self) -> BTreeMap<i64, u64> {
        let mut days = BTreeMap::new();
        for (hour, count) in self.settled() {
            *days.entry(hour.div_euclid(24)).or_default() += count;
        }
        days
    }
}

/// The calendar of the settings, ready to be asked.
#[derive(Debug)]
pub(in super::super) struct Expected {
    weekdays: [bool; 7],
    hours: (i64, i64),
    holidays: Vec<i64>,
    pub(in super::super) ahead_s: i64,
    from: Option<i64>,
    to: Option<i64>,
    unit: Unit,
}

impl Expected {
    pub(in super::super) fn new(calendar: &Calendar) -> Self {
        let day = |text: &String| time::parse(text.as_bytes()).map(|moment| moment.div_euclid(DAY_S));
        Self {
            weekdays: WEEKDAYS.map(|name| calendar.weekdays.iter().any(|day| day == name)),
            hours: (calendar.hours.0.into(), calendar.hours.1.into()),
            holidays: calendar.holidays.iter().filter_map(day).collect(),
            ahead_s: i64::from(calendar.ahead_of_utc_min) * 60,
            from: calendar.from.as_ref().and_then(day),
            to: calendar.to.as_ref().and_then(day),
            unit: calendar.unit,
        }
    }

    /// Whether somebody works on this day.
    pub(in super::super) fn is_working_day(&self, day: i64) -> bool {
        // 1970-01-01 was a Thursday
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
        self.weekdays[weekday] && !self.holidays.contains(&day)
    }

    fn is_expected(&self, unit: i64) -> bool {
        match self.unit {
            Unit::Day => self.is_working_day(unit),
            Unit::Hour => self.is_working_day(unit.div_euclid(24)) && (self.hours.0..self.hours.1).contains(&unit.rem_euclid(24)),
        }
    }

    fn show(&self, unit: i64) -> String {
        match self.unit {
            Unit::Day => time::show_day(unit),
            Unit::Hour => format!("{} {:02}:00", time::show_day(unit.div_euclid(24)), unit.rem_euclid(24)),
        }
    }
}

/// G1: units of the calendar without an entry.
pub(in super::super) fn missing(hours: &mut Hours, expected: &Expected, settings: &Settings, units_max: i64) -> Checked {
    let per_day = DAY_S / expected.unit.seconds();
    let name = expected.unit.name();
    let threshold = format!("at most {} {name}s without an entry", settings.g1_missing);
    let counts = match expected.unit {
        Unit::Day => hours.days(),
        Unit::Hour => hours.settled().clone(),
    };
    let first = expected.from.map(|day| day * per_day).or_else(|| counts.keys().next().copied());
    let last = expected.to.map(|day| (day + 1) * per_day - 1).or_else(|| counts.keys().next_back().copied());
    let (Some(first), Some(last)) = (first, last) else {
        return Checked::not(Check::G1, threshold, "no row has a time");
    };
    let mut findings = Vec::new();
    let mut beyond = Tally::new(1);
    if last - first >= units_max || hours.beyond() > 0 {
        beyond.note_absence(|| format!("from {} to {}", expected.show(first), expected.show(last)));
        findings.extend(
            beyond.beyond(0, Severity::High, |_| {
                format!("the times span more than {units_max} {name}s: a clock was wrong, or from and to are")
            }),
        );
    }
    let last = last.min(first + units_max - 1);
    let (mut gaps, mut missing, mut open) = (Tally::new(settings.evidence), 0, None);
    for unit in first..=last + 1 {
        let gap = unit <= last && expected.is_expected(unit) && !counts.contains_key(&unit);
        let idle = unit <= last && !expected.is_expected(unit);
        match (gap, open) {
            (true, None) => open = Some((unit, unit, 1)),
            (true, Some((from, _, length))) => open = Some((from, unit, length + 1)),
            (false, Some((from, to, length))) if !idle => {
                missing += length;
                gaps.note_absence(|| {
                    let to = if from == to { String::new() } else { format!(" to {}: {length} {name}s", expected.show(to)) };
                    expected.show(from) + &to
                });
                open = None;
            }
            (false, _) => {}
        }
    }
    if missing > settings.g1_missing {
        findings.extend(gaps.beyond(0, Severity::High, |count| format!("{missing} {name}s in {count} gaps have no entry")));
    }
    let looked_at = format!("{} {name}s from {} to {}", last - first + 1, expected.show(first), expected.show(last));
    Checked::of(Check::G1, threshold, findings, looked_at)
}

/// G13: hours with traffic and without a flag.
pub(in super::super) fn silent(flags: &mut Hours, traffic: &mut Hours, settings: &Settings) -> Checked {
    let threshold = format!("at most {} hours with traffic of {} or more and no flag", settings.g13_hours, settings.g13_traffic);
    if traffic.settled().is_empty() {
        return Checked::not(Check::G13, threshold, "nothing says how much traffic there was: give --traffic, or entries of kind traffic");
    }
    let flags = flags.settled().clone();
    let mut silent = Tally::new(settings.evidence);
    let mut looked_at = 0;
    for (hour, amount) in traffic.settled().iter().filter(|(_, amount)| **amount >= settings.g13_traffic) {
        looked_at += 1;
        if !flags.contains_key(hour) {
            silent.note_absence(|| {
                format!("{} {:02}:00: traffic of {amount}, no flag", time::show_day(hour.div_euclid(24)), hour.rem_euclid(24))
            });
        }
    }
    let finding = silent.beyond(settings.g13_hours, Severity::High, |count| format!("in {count} hours there was traffic and no flag"));
    Checked::of(Check::G13, threshold, finding.into_iter().collect(), format!("{looked_at} hours with traffic"))
}
