//! A chart in characters.

use std::fmt::Write;

use super::{Chart, Plotted};
use crate::logs::histogram::real;

/// Rows between the highest and the lowest value.
const ROWS: usize = 15;

/// Draws a chart with at most so many points, the newest.
///
/// `o` is a point, `X` one that completes a rule, `-` a limit, `=` the center.
pub fn terminal(chart: &Chart, points_max: usize) -> String {
    let points = &chart.points[chart.points.len().saturating_sub(points_max)..];
    let values = points.iter().flat_map(|point| [point.value, point.lower, point.upper]).chain([chart.center]);
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let row_of = |value: f64| rows_below_top(value, low, high);
    let mut drawn = String::new();
    for row in 0..ROWS {
        let value = high - (high - low) * real(row as u64) / real(ROWS as u64 - 1);
        let _ = write!(drawn, "{value:>12.4} ");
        for point in points {
            drawn.push(mark(point, chart.center, row, &row_of));
        }
        drawn.push('\n');
    }
    let (first, last) = (points.first().map_or("", |point| &point.label), points.last().map_or("", |point| &point.label));
    let _ = writeln!(drawn, "{:13}{first} to {last}; center {:.4}", "", chart.center);
    for point in points.iter().filter(|point| !point.rules.is_empty() || point.ewma_signals()) {
        let _ = writeln!(drawn, "{:13}{}: {}", "", point.label, said(point));
    }
    drawn
}

fn mark(point: &Plotted, center: f64, row: usize, row_of: &dyn Fn(f64) -> usize) -> char {
    if row_of(point.value) == row {
        return if point.rules.is_empty() { 'o' } else { 'X' };
    }
    if row_of(point.upper) == row || row_of(point.lower) == row {
        return '-';
    }
    if row_of(center) == row { '=' } else { ' ' }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value lies between low and high, so the row lies within the rows"
)]
fn rows_below_top(value: f64, low: f64, high: f64) -> usize {
    let height = if high > low { (high - value) / (high - low) } else { 0.5 };
    (height.clamp(0.0, 1.0) * real(ROWS as u64 - 1)).round() as usize
}

/// What is to be said of a point that stands out.
pub(super) fn said(point: &Plotted) -> String {
    let rules: Vec<String> =
        point.rules.iter().map(|rule| format!("rule {rule}")).chain(point.ewma_signals().then(|| "moving average".to_owned())).collect();
    format!("{:.4}, {:+.1} sigma: {}", point.value, point.deviations, rules.join(", "))
}
