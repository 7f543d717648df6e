//! How long decisions take: G4 and G12.

use super::super::finding::{Check, Checked, Severity, Tally};
use super::super::histogram::{Histogram, later, real};
use super::super::names::Names;
use super::super::row::{Kind, Row, shown};
use super::super::settings::Settings;
use super::super::stats::normal;
use super::super::time::show_length;

/// The factor by which the median distance of a normal distribution is smaller than its standard deviation.
const NORMAL: f64 = 1.482_602_218_505_602;

/// Lengths of time by category, and of minors and others.
#[derive(Debug)]
pub(in super::super) struct Latency {
    by_category: Vec<Histogram>,
    minors: Histogram,
    others: Histogram,
    backwards: Tally,
    ahead_s: i64,
    keep: usize,
}

impl Latency {
    pub(in super::super) fn new(settings: &Settings) -> Self {
        Self {
            by_category: Vec::new(),
            minors: Histogram::default(),
            others: Histogram::default(),
            backwards: Tally::new(settings.evidence),
            ahead_s: settings.g4_backwards_s,
            keep: settings.evidence,
        }
    }

    /// Measures a decision from its cause to its effect.
    pub(in super::super) fn row(&mut self, row: &Row<'_>, category: u16) {
        if row.kind != Kind::Decision {
            return;
        }
        let effect = row.applied.or(row.at);
        if let (Some(applied), Some(at)) = (row.applied, row.at)
            && applied > at.saturating_add(self.ahead_s)
        {
            self.backwards.note(row.line, || "in effect before it was written, by days to come".to_owned());
        }
        let (Some(began), Some(effect)) = (row.began, effect) else { return };
        let took = effect - began;
        if took < -self.ahead_s {
            let early = show_length(real(took.unsigned_abs()));
            self.backwards.note(row.line, || format!("in effect {early} before its cause"));
        }
        let took = took.max(0).unsigned_abs();
        let category = usize::from(category);
        if category >= self.by_category.len() {
            self.by_category.resize_with(category + 1, Histogram::default);
        }
        self.by_category[category].add(took, row.line, self.keep);
        let group = if row.minor { &mut self.minors } else { &mut self.others };
        group.add(took, row.line, 0);
    }

    /// Ends; `until_decision` are the times from report to decision, by category.
    pub(in super::super) fn finish(self, until_decision: &[Histogram], categories: &Names, settings: &Settings) -> [Checked; 2] {
        let threshold = format!(
            "at most {} % beyond the median and {} deviations; not more than {} backwards",
            settings.g4_share * 100.0,
            settings.g4_deviations,
            show_length(real(settings.g4_backwards_s.unsigned_abs())),
        );
        let mut findings = Vec::new();
        let mut measured = 0;
        for (what, histograms) in [("from cause to effect", self.by_category.as_slice()), ("from report to decision", until_decision)] {
            for (number, histogram) in histograms.iter().enumerate().filter(|(_, histogram)| histogram.count() >= settings.g4_least) {
                measured += histogram.count();
                findings.extend(outliers(what, &shown(categories.name(number)), histogram, settings));
            }
        }
        findings.extend(self.backwards.beyond(0, Severity::Medium, |count| format!("{count} decisions happened before their cause")));
        let g4 = if measured == 0 && findings.is_empty() {
            let because = format!("no category has {} decisions with a beginning and an end", settings.g4_least);
            Checked::not(Check::G4, threshold, because)
        } else {
            Checked::of(Check::G4, threshold, findings, format!("{measured} lengths of time"))
        };
        [g4, minors(&self.minors, &self.others, settings)]
    }
}

fn outliers(what: &str, category: &str, histogram: &Histogram, settings: &Settings) -> Option<super::super::finding::Finding> {
    let median = histogram.median()?;
    // where most take equally long, an hour stands for the deviation
    let deviation = (histogram.median_distance(median)? * NORMAL).max(3_600.0);
    let limit = median + settings.g4_deviations * deviation;
    let beyond = histogram.beyond(limit);
    if real(beyond) <= settings.g4_share * real(histogram.count()) {
        return None;
    }
    let mut tally = Tally::new(settings.evidence);
    for (took, line) in histogram.longest().into_iter().filter(|(took, _)| real(*took) > limit) {
        tally.note(line, || show_length(real(took)));
    }
    let (median, limit, share) = (show_length(median), show_length(limit), real(beyond) / real(histogram.count()) * 100.0);
    let says =
        format!("{category}: {beyond} of {} took longer than {limit} {what} ({share:.1} %; the median is {median})", histogram.count());
    tally.beyond(0, Severity::Low, |_| says).map(|finding| super::super::finding::Finding { count: beyond, ..finding })
}

/// G12: whether minors wait longer than others.
fn minors(minors: &Histogram, others: &Histogram, settings: &Settings) -> Checked {
    let threshold =
        format!("median at most {} times that of others, unless by chance (p above {})", settings.g12_ratio, settings.g12_probability);
    let least = settings.g4_least;
    if minors.count() < least || others.count() < least {
        let because = format!(
            "{} decisions about minors and {} about others have a beginning and an end; {least} of each are needed",
            minors.count(),
            others.count()
        );
        return Checked::not(Check::G12, threshold, because);
    }
    let (Some(theirs), Some(of_others)) = (minors.median(), others.median()) else {
        return Checked::not(Check::G12, threshold, "no lengths of time");
    };
    let sigmas = later(minors, others).unwrap_or(0.0);
    let probability = normal::above(sigmas);
    let mut findings = Vec::new();
    if theirs > of_others * settings.g12_ratio && probability < settings.g12_probability {
        let mut tally = Tally::new(settings.evidence);
        tally.note_absence(|| format!("ranks lie {sigmas:.1} standard deviations above chance, p = {probability:.1e}"));
        let says = format!("minors' cases take {} in the median, others {}", show_length(theirs), show_length(of_others));
        findings.extend(tally.beyond(0, Severity::High, |_| says));
    }
    let looked_at = format!("{} decisions about minors, {} about others", minors.count(), others.count());
    Checked::of(Check::G12, threshold, findings, looked_at)
}
