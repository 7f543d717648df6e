//! G11: whether the volume shifted.

use std::collections::BTreeMap;

use super::super::charts::{Chart, ChartKind, Point};
use super::super::finding::{Check, Checked, Severity, Tally};
use super::super::histogram::real;
use super::super::settings::Settings;
use super::super::time::show_day;
use super::calendar::Expected;

/// Charts the entries of each working day; the first and the last day may be parts of days and are left out.
pub(in super::super) fn shifted(days: &BTreeMap<i64, u64>, expected: &Expected, settings: &Settings) -> Checked {
    let form = if settings.g11_overdispersed { "Laney's u'-chart" } else { "u-chart" };
    let rules: Vec<String> = settings.g11_rules.iter().map(u8::to_string).collect();
    let threshold = format!("{form}, rules {} of Western Electric", rules.join(", "));
    let edges = [days.keys().next(), days.keys().next_back()];
    let points: Vec<Point> = days
        .iter()
        .filter(|(day, _)| expected.is_working_day(**day) && !edges.contains(&Some(day)))
        .map(|(day, count)| Point { label: show_day(*day), count: real(*count), size: 1.0 })
        .collect();
    if points.len() < settings.g11_least {
        let because = format!("{} whole days have entries; {} are needed", points.len(), settings.g11_least);
        return Checked::not(Check::G11, threshold, because);
    }
    let looked_at = format!("{} days", points.len());
    let chart = match Chart::new(ChartKind::U, points, settings.g11_overdispersed) {
        Ok(chart) => chart,
        Err(error) => return Checked::not(Check::G11, threshold, error.to_string()),
    };
    let mut tally = Tally::new(settings.evidence);
    for plotted in &chart.points {
        let rules: Vec<String> = plotted.rules.iter().filter(|rule| settings.g11_rules.contains(rule)).map(u8::to_string).collect();
        if !rules.is_empty() {
            let limits = format!("center {:.1}, limits {:.1} to {:.1}", chart.center, plotted.lower, plotted.upper);
            tally.note_absence(|| format!("{}: {} entries ({limits}), rule {}", plotted.label, plotted.value, rules.join(", ")));
        }
    }
    let finding = tally.beyond(0, Severity::Medium, |count| format!("the volume shifted on {count} days"));
    Checked::of(Check::G11, threshold, finding.into_iter().collect(), looked_at)
}
