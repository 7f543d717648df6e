//! Control charts: shares and rates over time, their limits, and the rules by which a shift is seen.

mod svg;
mod terminal;

use serde::Serialize;

use super::histogram::real;

pub use svg::svg;
pub use terminal::terminal;

/// What is charted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// The share of cases that are so (binomial).
    P,
    /// How many there are for each unit of opportunity (Poisson); with units of one, the c-chart.
    U,
}

/// What happened in one unit of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Such as the day.
    pub label: String,
    /// How many there are.
    pub count: f64,
    /// Out of how many, or for how many units of opportunity.
    pub size: f64,
}

/// One point of a chart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plotted {
    /// Such as the day.
    pub label: String,
    /// The share or rate.
    pub value: f64,
    /// One standard deviation of it.
    pub sigma: f64,
    /// The lower limit, three deviations below the center, not below 0.
    pub lower: f64,
    /// The upper limit, three deviations above the center; of a share, not above 1.
    pub upper: f64,
    /// How many deviations it lies above the center.
    pub deviations: f64,
    /// The moving average of the deviations, the newest weighing [`EWMA_WEIGHT`].
    pub ewma: f64,
    /// How far the moving average may be from 0.
    pub ewma_limit: f64,
    /// The rules of Western Electric that it completes, from 1 to 4.
    pub rules: Vec<u8>,
}

impl Plotted {
    /// Whether the moving average is out of its limits.
    pub fn ewma_signals(&self) -> bool {
        self.ewma.abs() > self.ewma_limit
    }
}

/// A control chart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chart {
    /// What is charted.
    pub kind: ChartKind,
    /// The share or rate of all.
    pub center: f64,
    /// How many times wider than chance the days vary, where limits allow for it (Laney's chart).
    pub overdispersion: Option<f64>,
    /// In the order of time.
    pub points: Vec<Plotted>,
}

/// The weight of the newest point in the moving average.
pub const EWMA_WEIGHT: f64 = 0.2;
/// Deviations within which the moving average should stay.
pub const EWMA_WIDTH: f64 = 3.0;
/// The range of two values of a normal distribution, in its standard deviations: 2/√π.
const RANGE_OF_TWO: f64 = std::f64::consts::FRAC_2_SQRT_PI;

/// Why there is no chart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// A chart needs two points at least.
    #[error("there are fewer than two points")]
    TooFew,
    /// A point of nothing, or of less.
    #[error("{0}: a size is more than 0 and a count is not less")]
    Size(String),
    /// More cases than there were.
    #[error("{0}: a count of a share is not more than its size")]
    Share(String),
    /// All are so, or none: there is nothing to vary.
    #[error("the share or rate is {0} throughout, so that there are no limits")]
    Constant(&'static str),
}

impl Chart {
    /// Charts points; `overdispersed` widens the limits by what neighbouring points differ more than by chance.
    pub fn new(kind: ChartKind, points: Vec<Point>, overdispersed: bool) -> Result<Self, ChartError> {
        if points.len() < 2 {
            return Err(ChartError::TooFew);
        }
        for point in &points {
            if point.size <= 0.0 || point.count < 0.0 || !point.size.is_finite() || !point.count.is_finite() {
                return Err(ChartError::Size(point.label.clone()));
            }
            if kind == ChartKind::P && point.count > point.size {
                return Err(ChartError::Share(point.label.clone()));
            }
        }
        let center = points.iter().map(|point| point.count).sum::<f64>() / points.iter().map(|point| point.size).sum::<f64>();
        let variance = match kind {
            ChartKind::P => center * (1.0 - center),
            ChartKind::U => center,
        };
        if variance <= 0.0 {
            return Err(ChartError::Constant(if center > 0.0 { "1" } else { "0" }));
        }
        let mut plotted: Vec<Plotted> = points
            .into_iter()
            .map(|point| {
                let (value, sigma) = (point.count / point.size, (variance / point.size).sqrt());
                Plotted {
                    label: point.label,
                    value,
                    sigma,
                    lower: 0.0,
                    upper: 0.0,
                    deviations: (value - center) / sigma,
                    ewma: 0.0,
                    ewma_limit: 0.0,
                    rules: Vec::new(),
                }
            })
            .collect();
        let overdispersion = overdispersed.then(|| moving_range(&plotted) / RANGE_OF_TWO).filter(|width| *width > 0.0);
        let widen = overdispersion.unwrap_or(1.0);
        let most = if kind == ChartKind::P { 1.0 } else { f64::INFINITY };
        let (mut average, mut forgotten) = (0.0, 1.0_f64);
        for point in &mut plotted {
            point.sigma *= widen;
            point.deviations /= widen;
            point.lower = (center - 3.0 * point.sigma).max(0.0);
            point.upper = (center + 3.0 * point.sigma).min(most);
            average = EWMA_WEIGHT * point.deviations + (1.0 - EWMA_WEIGHT) * average;
            forgotten *= (1.0 - EWMA_WEIGHT) * (1.0 - EWMA_WEIGHT);
            point.ewma = average;
            point.ewma_limit = EWMA_WIDTH * (EWMA_WEIGHT / (2.0 - EWMA_WEIGHT) * (1.0 - forgotten)).sqrt();
        }
        let deviations: Vec<f64> = plotted.iter().map(|point| point.deviations).collect();
        for (at, point) in plotted.iter_mut().enumerate() {
            point.rules = rules(&deviations[..=at]);
        }
        Ok(Self { kind, center, overdispersion, points: plotted })
    }

    /// Points that complete a rule.
    pub fn signals(&self) -> impl Iterator<Item = &Plotted> {
        self.points.iter().filter(|point| !point.rules.is_empty())
    }
}

fn moving_range(points: &[Plotted]) -> f64 {
    let ranges = points.windows(2).map(|two| (two[1].deviations - two[0].deviations).abs());
    ranges.sum::<f64>() / real(points.len() as u64 - 1)
}

/// The rules that the last of some deviations completes.
///
/// 1: it is beyond 3. 2: it and another of the last three are beyond 2, on one side. 3: it and three others of the last
/// five are beyond 1, on one side. 4: the last eight are on one side.
pub fn rules(deviations: &[f64]) -> Vec<u8> {
    let Some(last) = deviations.last() else { return Vec::new() };
    let side = last.signum();
    let beyond = |of: usize, distance: f64| {
        let recent = &deviations[deviations.len().saturating_sub(of)..];
        if last.abs() > distance { recent.iter().filter(|deviation| **deviation * side > distance).count() } else { 0 }
    };
    let completed = [beyond(1, 3.0) >= 1, beyond(3, 2.0) >= 2, beyond(5, 1.0) >= 4, beyond(8, 0.0) >= 8];
    (1..).zip(completed).filter(|(_, completed)| *completed).map(|(rule, _)| rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(counts: &[f64], size: f64) -> Vec<Point> {
        counts.iter().enumerate().map(|(at, count)| Point { label: at.to_string(), count: *count, size }).collect()
    }

    #[test]
    fn rules_of_western_electric() {
        assert_eq!(rules(&[0.0, 3.1]), [1]);
        assert_eq!(rules(&[2.1, 0.0, -2.5]), [0; 0]);
        assert_eq!(rules(&[-2.1, 0.0, -2.5]), [2]);
        assert_eq!(rules(&[2.5, 2.5, 0.1]), [0; 0], "the last point completes a rule or there is none");
        assert_eq!(rules(&[1.1, 1.2, 0.0, 1.3, 1.4]), [3]);
        assert_eq!(rules(&[0.1; 8]), [4]);
        assert_eq!(rules(&[0.1; 7]), [0; 0]);
        assert_eq!(rules(&[-4.0, -4.0, -4.0, -4.0, -4.0, -4.0, -4.0, -4.0]), [1, 2, 3, 4]);
    }

    #[test]
    fn limits_are_those_of_the_textbook() {
        // 20 samples of 50 with 231 of 1,500 in all would be 0.231; here the arithmetic is plain: 0.1 of 100
        let chart = Chart::new(ChartKind::P, points(&[10.0, 12.0, 8.0, 10.0], 100.0), false).unwrap();
        assert!((chart.center - 0.1).abs() < 1e-12 && (chart.points[0].upper - 0.19).abs() < 1e-12);
        assert!((chart.points[0].lower - 0.01).abs() < 1e-12);
        let chart = Chart::new(ChartKind::U, points(&[4.0, 6.0, 2.0], 1.0), false).unwrap();
        assert_eq!((chart.center, chart.points[0].upper, chart.points[0].lower), (4.0, 10.0, 0.0), "a c-chart; no limit lies below 0");
    }

    #[test]
    fn what_cannot_be_charted_says_why() {
        let no = |kind, points: Vec<Point>| Chart::new(kind, points, false).unwrap_err();
        assert_eq!(no(ChartKind::P, points(&[1.0], 2.0)), ChartError::TooFew);
        assert_eq!(no(ChartKind::P, points(&[1.0, 3.0], 2.0)), ChartError::Share("1".to_owned()));
        assert_eq!(no(ChartKind::U, points(&[1.0, 3.0], 0.0)), ChartError::Size("0".to_owned()));
        assert_eq!(no(ChartKind::U, points(&[0.0, 0.0], 1.0)), ChartError::Constant("0"));
        assert_eq!(no(ChartKind::P, points(&[2.0, 2.0], 2.0)), ChartError::Constant("1"));
    }
}
