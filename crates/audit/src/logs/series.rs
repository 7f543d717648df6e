//! Counts of a log by day or hour, for a chart.

use std::collections::BTreeMap;
use std::io::Read;

use model::limits;

use super::charts::Point;
use super::histogram::real;
use super::row::{Field, Kind};
use super::settings::Unit;
use super::source::{Fault, Format, LogError, Source};
use super::time;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Days or hours.
    pub unit: Unit,
    /// Only rows of this kind; all but traffic where there is none.
    pub kind: Option<Kind>,
    /// Of these rows the share whose field says this; their number where there is none.
    pub share: Option<(Field, String)>,
}

/// Counts a log by units. Units between the first and the last without a row are points of nothing in a rate, and are
/// left out of a share. What is wrong is told as it comes.
pub fn series<R: Read>(
    input: R,
    format: &Format,
    counted: &Counted,
    mut told: impl FnMut(&Fault),
    mut progress: impl FnMut(u64),
) -> Result<Vec<Point>, LogError> {
    let mut source = Source::open(input, format)?;
    let mut units: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut rows = 0_u64;
    loop {
        let row = source.read_next(&mut faults)?;
        faults.drain(..).for_each(|fault| told(&fault));
        let Some(row) = row else { break };
        let wanted = counted.kind.map_or(row.kind != Kind::Traffic, |kind| row.kind == kind);
        if let Some(at) = row.at.filter(|_| wanted) {
            let unit = at.div_euclid(counted.unit.seconds());
            if units.len() >= limits::AUDIT_LOG_HOURS && !units.contains_key(&unit) {
                return Err(LogError::TooManyUnits(limits::AUDIT_LOG_HOURS));
            }
            let (count, size) = units.entry(unit).or_default();
            let is = |(field, value): &(Field, String)| row.text_of(*field).is_some_and(|text| text == value.as_bytes());
            *count += u64::from(counted.share.as_ref().is_none_or(is));
            *size += 1;
        }
        rows += 1;
        if rows.is_multiple_of(65_536) {
            progress(source.bytes());
        }
    }
    if counted.share.is_some() {
        return Ok(units.into_iter().map(|(unit, (count, size))| point(counted.unit, unit, count, real(size))).collect());
    }
    let (Some(first), Some(last)) = (units.keys().next().copied(), units.keys().next_back().copied()) else { return Ok(Vec::new()) };
    if usize::try_from(last - first).is_ok_and(|units| units >= limits::AUDIT_LOG_HOURS) {
        return Err(LogError::TooManyUnits(limits::AUDIT_LOG_HOURS));
    }
    let count = |unit: i64| units.get(&unit).map_or(0, |(count, _)| *count);
    Ok((first..=last).map(|unit| point(counted.unit, unit, count(unit), 1.0)).collect())
}

fn point(unit: Unit, number: i64, count: u64, size: f64) -> Point {
    let label = match unit {
        Unit::Day => time::show_day(number),
        Unit::Hour => format!("{} {:02}:00", time::show_day(number.div_euclid(24)), number.rem_euclid(24)),
    };
    Point { label, count: real(count), size }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"kind":"decision","id":"1","at":"2026-03-02T08:00:00Z","outcome":"kept"}
{"kind":"decision","id":"2","at":"2026-03-02T09:00:00Z","outcome":"removed"}
{"kind":"flag","id":"3","at":"2026-03-02T09:00:00Z"}
{"kind":"decision","id":"4","at":"2026-03-04T09:00:00Z","outcome":"removed"}
{"kind":"traffic","at":"2026-03-05T09:00:00Z","amount":7}
"#;

    fn points(kind: Option<Kind>, share: Option<(Field, String)>) -> Vec<(String, f64, f64)> {
        let counted = Counted { unit: Unit::Day, kind, share };
        let points = series(LOG.as_bytes(), &Format::Own, &counted, |fault| panic!("{fault:?}"), |_| ()).unwrap();
        points.into_iter().map(|point| (point.label, point.count, point.size)).collect()
    }

    #[test]
    fn rates_have_empty_days_and_shares_have_not() {
        let day = |day: &str, count, size| (format!("2026-03-0{day}"), count, size);
        assert_eq!(points(None, None), [day("2", 3.0, 1.0), day("3", 0.0, 1.0), day("4", 1.0, 1.0)]);
        let removed = Some((Field::Outcome, "removed".to_owned()));
        assert_eq!(points(Some(Kind::Decision), removed), [day("2", 1.0, 2.0), day("4", 1.0, 1.0)]);
    }
}
