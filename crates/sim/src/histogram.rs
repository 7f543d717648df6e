//! Latency histogram with fixed buckets: 64 to each power of two, so a figure is at most 1.6 % high.

use std::time::Duration;

use serde::Serialize;

use crate::figures::{float, nanos};

const SUB_BITS: u32 = 6;
const SUB_COUNT: usize = 1 << SUB_BITS;
const BUCKETS: usize = (64 - SUB_BITS as usize + 1) * SUB_COUNT;

/// Counts of durations, from one nanosecond to centuries, in 30 kB.
#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum_ns: u128,
    max_ns: u64,
}

/// The usual figures of a histogram, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LatencyMs {
    /// Arithmetic mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 95 of 100 are at most this long.
    pub p95: f64,
    /// 99 of 100 are at most this long.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, sum_ns: 0, max_ns: 0 }
    }
}

impl Histogram {
    /// Adds one duration.
    pub fn record(&mut self, duration: Duration) {
        let value_ns = nanos(duration);
        self.counts[bucket(value_ns)] += 1;
        self.total += 1;
        self.sum_ns += u128::from(value_ns);
        self.max_ns = self.max_ns.max(value_ns);
    }

    /// Adds everything that another histogram holds.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.sum_ns += other.sum_ns;
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// How many durations were added.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// True if nothing was added.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The duration that `per_mille` of 1,000 do not exceed; zero for an empty histogram.
    pub fn quantile(&self, per_mille: u64) -> Duration {
        let rank = (u128::from(self.total) * u128::from(per_mille)).div_ceil(1_000).max(1);
        let mut seen: u128 = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return Duration::from_nanos(upper_edge(index).min(self.max_ns));
            }
        }
        Duration::from_nanos(self.max_ns)
    }

    /// Mean, quantiles and maximum.
    pub fn latency(&self) -> LatencyMs {
        let ms = |duration: Duration| duration.as_secs_f64() * 1_000.0;
        let mean_ns = self.sum_ns.checked_div(u128::from(self.total)).unwrap_or(0);
        LatencyMs {
            mean: float(u64::try_from(mean_ns).unwrap_or(u64::MAX)) / 1e6,
            p50: ms(self.quantile(500)),
            p95: ms(self.quantile(950)),
            p99: ms(self.quantile(990)),
            max: ms(Duration::from_nanos(self.max_ns)),
        }
    }
}

fn bucket(value_ns: u64) -> usize {
    let highest = (value_ns | 1).ilog2();
    let shift = (highest + 1).saturating_sub(SUB_BITS + 1);
    let within = usize::try_from(value_ns >> shift).expect("at most 2^7 after the shift");
    shift as usize * SUB_COUNT + within
}

fn upper_edge(index: usize) -> u64 {
    if index < 2 * SUB_COUNT {
        return index as u64;
    }
    let shift = u32::try_from(index / SUB_COUNT - 1).expect("fewer than 64 shifts");
    let within = (index % SUB_COUNT + SUB_COUNT) as u64;
    ((within + 1) << shift).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_of_a_hundred() {
        let mut histogram = Histogram::default();
        for ms in 1..=100 {
            histogram.record(Duration::from_millis(ms));
        }
        let latency = histogram.latency();
        assert!((latency.p50 - 50.0).abs() < 1.0, "{latency:?}");
        assert!((latency.p99 - 99.0).abs() < 2.0, "{latency:?}");
        assert!((latency.max - 100.0).abs() < f64::EPSILON);
        assert!((latency.mean - 50.5).abs() < 0.001);
    }

    #[test]
    fn an_empty_one_is_zero() {
        assert_eq!(Histogram::default().latency(), LatencyMs::default());
    }

    proptest! {
        #[test]
        fn a_value_lies_in_its_bucket(value in 0u64..(1 << 62)) {
            let index = bucket(value);
            let upper = upper_edge(index);
            prop_assert!(upper >= value);
            prop_assert!(upper - value <= value / 64 + 1);
            prop_assert!(index == 0 || upper_edge(index - 1) < value);
        }

        #[test]
        fn merging_is_recording_both(left in prop::collection::vec(0u64..1_000_000_000, 0..50), right in prop::collection::vec(0u64..1_000_000_000, 1..50)) {
            let (mut one, mut two, mut both) = (Histogram::default(), Histogram::default(), Histogram::default());
            for value in &left { one.record(Duration::from_nanos(*value)); both.record(Duration::from_nanos(*value)); }
            for value in &right { two.record(Duration::from_nanos(*value)); both.record(Duration::from_nanos(*value)); }
            one.merge(&two);
            prop_assert_eq!(one.latency(), both.latency());
            prop_assert_eq!(one.len(), both.len());
        }
    }
}
