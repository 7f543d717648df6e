//! Small conversions between counts and printed figures.

use std::time::Duration;

/// A count as a floating-point number, for ratios that are printed with few digits.
#[expect(clippy::cast_precision_loss, reason = "figures are printed with at most six digits")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// Nanoseconds of a duration, saturating after 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// `part / whole`, or nothing when there is no whole.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// A figure with about three significant digits, or a dash.
pub(crate) fn show(figure: Option<f64>) -> String {
    match figure {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 100.0 => group(&format!("{value:.0}")),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// A count with thousands separated.
pub(crate) fn count(value: u64) -> String {
    group(&value.to_string())
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(show(Some(1_234_567.8)), "1,234,568");
        assert_eq!(show(Some(-123.4)), "-123");
        assert_eq!(show(Some(12.34)), "12.3");
        assert_eq!(show(Some(0.512)), "0.51");
        assert_eq!(show(None), "-");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
    }

    #[test]
    fn a_ratio_needs_a_whole() {
        assert_eq!(ratio(1.0, 0.0), None);
        assert_eq!(ratio(1.0, 4.0), Some(0.25));
    }
}
