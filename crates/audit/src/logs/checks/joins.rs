//! What is seen when rows that belong together are brought together: G2, G3, G5 and G9.

use super::super::finding::{Check, Checked, Finding, Severity, Tally};
use super::super::histogram::{Histogram, real};
use super::super::names::{Counts, Names};
use super::super::row::shown;
use super::super::settings::Settings;
use super::super::sorter::{Entry, Purpose};
use super::super::time::show_length;

/// The tag of a decision among reports and decisions of a case; a report has the number of its category.
pub(in super::super) const DECISION: u16 = u16::MAX;

/// Reads sorted entries.
pub(in super::super) struct Joined {
    last_at: i64,
    sla_s: i64,
    keep: usize,
    group: Option<(Purpose, u128)>,
    previous_line: u64,
    previous_number: Option<u128>,
    report: Option<Entry>,
    decided: bool,
    reviewer: Option<u16>,
    reversed: bool,
    grounded: bool,
    duplicates: Tally,
    numbers_twice: Tally,
    holes: Tally,
    numbers_missing: u128,
    undecided: Tally,
    late: Tally,
    reports: u64,
    /// From report to decision, by category.
    pub(in super::super) until_decision: Vec<Histogram>,
    reversed_by: Counts,
    nothing_reversed: Tally,
    groundless: Tally,
}

impl Joined {
    pub(in super::super) fn new(settings: &Settings, last_at: i64) -> Self {
        let tally = || Tally::new(settings.evidence);
        Self {
            last_at,
            sla_s: seconds(settings.g3_hours),
            keep: settings.evidence,
            group: None,
            previous_line: 0,
            previous_number: None,
            report: None,
            decided: false,
            reviewer: None,
            reversed: false,
            grounded: false,
            duplicates: tally(),
            numbers_twice: tally(),
            holes: tally(),
            numbers_missing: 0,
            undecided: tally(),
            late: tally(),
            reports: 0,
            until_decision: Vec::new(),
            reversed_by: Counts::default(),
            nothing_reversed: tally(),
            groundless: tally(),
        }
    }

    pub(in super::super) fn entry(&mut self, entry: Entry) {
        let begins = self.group != Some((entry.purpose, entry.key));
        if begins {
            self.end_group();
            self.group = Some((entry.purpose, entry.key));
        }
        match entry.purpose {
            Purpose::Id if !begins => self.duplicates.note(entry.line, || format!("the same identifier as line {}", self.previous_line)),
            Purpose::Id => {}
            Purpose::Sequence => self.number(entry, begins),
            Purpose::Case => self.case(entry),
            Purpose::Reversal if entry.value == 0 => self.reviewer = Some(entry.tag),
            Purpose::Reversal => self.reversal(entry),
            Purpose::Basis if entry.value == 0 => self.grounded = true,
            Purpose::Basis if self.grounded => {}
            Purpose::Basis => self.groundless.note(entry.line, || "its ground is not in the log".to_owned()),
        }
        self.previous_line = entry.line;
    }

    fn number(&mut self, entry: Entry, begins: bool) {
        if !begins {
            self.numbers_twice.note(entry.line, || format!("number {} again, after line {}", entry.key, self.previous_line));
            return;
        }
        if let Some(previous) = self.previous_number.filter(|previous| entry.key > previous + 1) {
            let (from, to) = (previous + 1, entry.key - 1);
            self.numbers_missing += to - from + 1;
            self.holes.note(entry.line, || {
                let to = if from == to { String::new() } else { format!(" to {to}") };
                format!("missing before {}: {from}{to}", entry.key)
            });
        }
        self.previous_number = Some(entry.key);
    }

    /// Entries of a case come in the order of their times.
    fn case(&mut self, entry: Entry) {
        if entry.tag != DECISION {
            self.reports += 1;
            self.report.get_or_insert(entry);
            return;
        }
        let Some(report) = self.report.filter(|_| !self.decided) else { return };
        self.decided = true;
        let took = entry.value - report.value;
        let category = usize::from(report.tag);
        if self.until_decision.len() <= category {
            self.until_decision.resize_with(category + 1, Histogram::default);
        }
        self.until_decision[category].add(took.unsigned_abs(), report.line, self.keep);
        if took > self.sla_s {
            self.late.note(report.line, || format!("decided on line {} after {}", entry.line, length(took)));
        }
    }

    fn reversal(&mut self, entry: Entry) {
        match self.reviewer {
            None => self.nothing_reversed.note(entry.line, || "the decision it takes back is not in the log".to_owned()),
            Some(reviewer) if !self.reversed => self.reversed_by.add(reviewer),
            Some(_) => {}
        }
        self.reversed = true;
    }

    fn end_group(&mut self) {
        if let Some(report) = self.report.take().filter(|_| !self.decided) {
            let waits = self.last_at - report.value;
            if waits > self.sla_s {
                self.undecided.note(report.line, || format!("no decision for {} until the log ends", length(waits)));
            }
        }
        self.decided = false;
        self.reviewer = None;
        self.reversed = false;
        self.grounded = false;
    }

    /// Ends after the last entry.
    pub(in super::super) fn finish(mut self, settings: &Settings, of: &Of<'_>) -> (Vec<Checked>, Vec<Histogram>) {
        self.end_group();
        let until_decision = std::mem::take(&mut self.until_decision);
        let reversed_by = std::mem::take(&mut self.reversed_by);
        let threshold = format!("at most {} duplicates and {} holes", settings.g2_duplicates, settings.g2_holes);
        let missing = self.numbers_missing;
        let mut findings: Vec<Finding> = [
            self.duplicates
                .beyond(settings.g2_duplicates, Severity::High, |count| format!("{count} rows have an identifier that another row has")),
            self.numbers_twice
                .beyond(settings.g2_duplicates, Severity::High, |count| format!("{count} rows have a number that another row has")),
        ]
        .into_iter()
        .flatten()
        .collect();
        if missing > u128::from(settings.g2_holes) {
            findings.extend(
                self.holes.beyond(0, Severity::High, |count| format!("{missing} numbers in {count} holes of the sequence are missing")),
            );
        }
        let numbered = if self.previous_number.is_some() { "and their numbers" } else { "which have no numbers" };
        let g2 = Checked::of(Check::G2, threshold, findings, format!("{} identifiers, {numbered}", of.identifiers));

        let threshold = format!("{} h, at most {} late", settings.g3_hours, settings.g3_late);
        let g3 = if self.reports == 0 {
            Checked::not(Check::G3, threshold, "no report with a case and a time is in the log")
        } else {
            let findings = [
                self.undecided.beyond(settings.g3_late, Severity::High, |count| {
                    format!("{count} reports have no decision within {} h", settings.g3_hours)
                }),
                self.late.beyond(settings.g3_late, Severity::Medium, |count| {
                    format!("{count} reports were decided later than after {} h", settings.g3_hours)
                }),
            ];
            Checked::of(Check::G3, threshold, findings.into_iter().flatten().collect(), format!("{} reports", self.reports))
        };
        let g5 = reversals(settings, of, &reversed_by, self.nothing_reversed);
        let threshold = format!("at most {}", settings.g9_rows);
        let g9 = if of.reads == 0 {
            Checked::not(Check::G9, threshold, "no reading by staff is in the log")
        } else {
            let findings = [
                of.without_ground
                    .clone()
                    .beyond(settings.g9_rows, Severity::High, |count| format!("{count} readings name no report, flag or order")),
                self.groundless
                    .beyond(settings.g9_rows, Severity::Medium, |count| format!("{count} readings name a ground that is not in the log")),
            ];
            Checked::of(Check::G9, threshold, findings.into_iter().flatten().collect(), format!("{} readings", of.reads))
        };
        (vec![g2, g3, g5, g9], until_decision)
    }
}

/// What was counted while the rows went by.
pub(in super::super) struct Of<'a> {
    pub(in super::super) identifiers: u64,
    pub(in super::super) reads: u64,
    pub(in super::super) without_ground: &'a Tally,
    pub(in super::super) reversals: u64,
    pub(in super::super) without_reason: &'a Tally,
    pub(in super::super) reviewers: &'a Names,
    pub(in super::super) decided_by: &'a Counts,
}

/// G5: reversals, and who is reversed more often than chance lets expect.
fn reversals(settings: &Settings, of: &Of<'_>, reversed_by: &Counts, nothing_reversed: Tally) -> Checked {
    let threshold =
        format!("at most {} without a reason; rate at most {} sigma above that of all", settings.g5_without_reason, settings.g5_sigmas);
    if of.reversals == 0 {
        return Checked::not(Check::G5, threshold, "no reversal is in the log");
    }
    let rate = real(reversed_by.sum()) / real(of.decided_by.sum().max(1));
    let mut often = Tally::new(settings.evidence);
    for (reviewer, reversed) in reversed_by.iter() {
        let decided = of.decided_by.get(reviewer);
        let limit = rate + settings.g5_sigmas * (rate * (1.0 - rate) / real(decided.max(1))).sqrt();
        let share = real(reversed) / real(decided.max(1));
        if decided >= settings.g5_least && share > limit {
            often.note_absence(|| {
                let name = shown(of.reviewers.name(reviewer));
                format!("{name}: {reversed} of {decided} decisions reversed, {:.1} %; the limit is {:.1} %", share * 100.0, limit * 100.0)
            });
        }
    }
    let findings = [
        of.without_reason.clone().beyond(settings.g5_without_reason, Severity::High, |count| format!("{count} reversals give no reason")),
        often.beyond(0, Severity::Medium, |count| {
            format!("{count} reviewers are reversed more often than others ({:.1} % of all)", rate * 100.0)
        }),
        nothing_reversed.beyond(0, Severity::Medium, |count| format!("{count} reversals are of decisions that are not in the log")),
    ];
    Checked::of(Check::G5, threshold, findings.into_iter().flatten().collect(), format!("{} reversals", of.reversals))
}

fn length(seconds: i64) -> String {
    show_length(real(seconds.unsigned_abs()))
}

/// Hours as whole seconds.
#[expect(clippy::cast_possible_truncation, reason = "a number of seconds beyond the largest integer is the largest integer")]
fn seconds(hours: f64) -> i64 {
    (hours * 3_600.0).round() as i64
}
