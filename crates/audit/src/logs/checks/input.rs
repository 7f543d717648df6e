//! What cannot be read, and clocks in the future.

use super::super::finding::{Check, Checked, Severity, Tally};
use super::super::row::{Kind, Row};
use super::super::source::{Fault, What};
use super::super::time;

#[derive(Debug)]
pub(in super::super) struct Input {
    now: i64,
    future_s: i64,
    rows: Tally,
    encoding: Tally,
    values: Tally,
    future: Tally,
    timeless: Tally,
    nameless: Tally,
}

impl Input {
    pub(in super::super) fn new(now: i64, future_s: i64, keep: usize) -> Self {
        let tally = || Tally::new(keep);
        Self { now, future_s, rows: tally(), encoding: tally(), values: tally(), future: tally(), timeless: tally(), nameless: tally() }
    }

    pub(in super::super) fn fault(&mut self, fault: &Fault) {
        let tally = match fault.what {
            What::Broken(_) | What::Columns { .. } | What::Json(_) => &mut self.rows,
            What::Encoding(_) => &mut self.encoding,
            What::Value { .. } => &mut self.values,
        };
        tally.note(fault.line, || fault.what.to_string());
    }

    pub(in super::super) fn row(&mut self, row: &Row<'_>) {
        let moments = [("at", row.at), ("began", row.began), ("applied", row.applied)];
        for (name, moment) in moments.into_iter().filter_map(|(name, moment)| Some((name, moment?))) {
            if moment > self.now.saturating_add(self.future_s) {
                self.future.note(row.line, || format!("{name} is {}", time::show(moment)));
            }
        }
        if row.at.is_none() {
            self.timeless.note(row.line, || "no time".to_owned());
        }
        if row.id.is_empty() && row.kind != Kind::Traffic {
            self.nameless.note(row.line, || "no identifier".to_owned());
        }
    }

    pub(in super::super) fn finish(self) -> Checked {
        let now = time::show(self.now);
        let findings = [
            self.rows.beyond(0, Severity::High, |count| format!("{count} rows could not be read and were left out")),
            self.future.beyond(0, Severity::High, |count| format!("{count} moments lie in the future; it is {now}")),
            self.timeless.beyond(0, Severity::Medium, |count| format!("{count} rows have no time at which they were written")),
            self.nameless
                .beyond(0, Severity::Medium, |count| format!("{count} rows have no identifier, so that duplicates of them are not seen")),
            self.encoding.beyond(0, Severity::Medium, |count| format!("{count} rows are not UTF-8")),
            self.values.beyond(0, Severity::Medium, |count| format!("{count} texts are no values of their column")),
        ];
        let threshold = format!("none; a clock may be {} s ahead", self.future_s);
        Checked::of(Check::Input, threshold, findings.into_iter().flatten().collect(), "every row was read")
    }
}
