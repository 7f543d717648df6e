//! Lengths of time, counted so finely that medians and ranks of them can be told.

use std::collections::BinaryHeap;

/// Below this, a bin for every second; above it, 1,024 bins for each doubling: within a thousandth.
const EXACT: u64 = 2_048;

/// How often each length of time occurred, and the longest ones with their lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    bins: Vec<u64>,
    count: u64,
    longest: BinaryHeap<std::cmp::Reverse<(u64, u64)>>,
}

fn bin(seconds: u64) -> usize {
    if seconds < EXACT {
        return usize::try_from(seconds).unwrap_or(0);
    }
    let doubling = u64::from(seconds.ilog2()) - 10;
    usize::try_from(EXACT + (doubling - 1) * 1_024 + (seconds >> doubling) - 1_024).unwrap_or(0)
}

/// The length in the middle of a bin.
fn value(bin: usize) -> f64 {
    let bin = bin as u64;
    if bin < EXACT {
        return real(bin);
    }
    let (doubling, step) = ((bin - EXACT) / 1_024 + 1, (bin - EXACT) % 1_024 + 1_024);
    real(step << doubling) + real((1_u64 << doubling) - 1) / 2.0
}

/// A count as a number to reckon with; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no log has 2^53 rows")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

impl Histogram {
    /// Counts a length; the `keep` longest are remembered with their lines.
    pub(super) fn add(&mut self, seconds: u64, line: u64, keep: usize) {
        let bin = bin(seconds);
        if bin >= self.bins.len() {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] += 1;
        self.count += 1;
        if self.longest.len() < keep {
            self.longest.push(std::cmp::Reverse((seconds, line)));
        } else if self.longest.peek().is_some_and(|shortest| shortest.0.0 < seconds) {
            self.longest.pop();
            self.longest.push(std::cmp::Reverse((seconds, line)));
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The length that half of all do not exceed.
    pub(super) fn median(&self) -> Option<f64> {
        median_of(self.filled().map(|(bin, count)| (value(bin), count)), self.count)
    }

    /// The median of the distances from a length.
    pub(super) fn median_distance(&self, from: f64) -> Option<f64> {
        let mut distances: Vec<(f64, u64)> = self.filled().map(|(bin, count)| ((value(bin) - from).abs(), count)).collect();
        distances.sort_by(|a, b| a.0.total_cmp(&b.0));
        median_of(distances.into_iter(), self.count)
    }

    /// How many lengths are beyond one.
    pub(super) fn beyond(&self, seconds: f64) -> u64 {
        self.filled().filter(|(bin, _)| value(*bin) > seconds).map(|(_, count)| count).sum()
    }

    /// The longest lengths and their lines, the longest first.
    pub(super) fn longest(&self) -> Vec<(u64, u64)> {
        let mut longest: Vec<_> = self.longest.iter().map(|entry| entry.0).collect();
        longest.sort_unstable_by(|a, b| b.cmp(a));
        longest
    }

    fn filled(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.bins.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// How many of both there are at each length, in order.
    fn beside<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (u64, u64)> + 'a {
        let at = |bins: &[u64], bin: usize| bins.get(bin).copied().unwrap_or(0);
        (0..self.bins.len().max(other.bins.len())).map(move |bin| (at(&self.bins, bin), at(&other.bins, bin)))
    }
}

/// The middle of values in order; between the two middle ones of an even number.
fn median_of(values: impl Iterator<Item = (f64, u64)>, count: u64) -> Option<f64> {
    let (low, high) = (count.checked_sub(1)? / 2, count / 2);
    let (mut seen, mut at_low) = (0, None);
    for (value, count) in values {
        seen += count;
        if at_low.is_none() && seen > low {
            at_low = Some(value);
        }
        if seen > high {
            return at_low.map(|low| f64::midpoint(low, value));
        }
    }
    None
}

/// How many standard deviations the ranks of the first lengths lie above chance (Mann and Whitney, with ties).
pub(super) fn later(first: &Histogram, second: &Histogram) -> Option<f64> {
    let (n1, n2) = (real(first.count), real(second.count));
    let n = n1 + n2;
    let (mut below, mut rank_sum, mut ties) = (0.0, 0.0, 0.0);
    for (one, two) in first.beside(second) {
        let here = real(one + two);
        rank_sum += real(one) * (below + f64::midpoint(here, 1.0));
        ties += here * here * here - here;
        below += here;
    }
    let u = rank_sum - n1 * (n1 + 1.0) / 2.0;
    let variance = n1 * n2 / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
    (variance > 0.0).then(|| (u - n1 * n2 / 2.0) / variance.sqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for (line, value) in (1..).zip(values) {
            histogram.add(*value, line, 3);
        }
        histogram
    }

    #[test]
    fn medians_and_the_longest() {
        let histogram = of(&[5, 1, 9, 1, 7]);
        assert_eq!((histogram.median(), histogram.median_distance(5.0)), (Some(5.0), Some(4.0)));
        assert_eq!(histogram.longest(), [(9, 3), (7, 5), (5, 1)]);
        assert_eq!(of(&[1, 2]).median(), Some(1.5));
        assert_eq!((histogram.beyond(5.0), Histogram::default().median()), (2, None));
    }

    proptest! {
        #[test]
        fn a_bin_holds_what_is_put_into_it_within_a_thousandth(seconds in 0_u64..1 << 40, more in 0_u64..1 << 40) {
            let middle = value(bin(seconds));
            prop_assert!((middle - real(seconds)).abs() <= real(seconds) / 1_000.0);
            prop_assert_eq!(bin(seconds) <= bin(seconds + more), true, "bins keep the order");
        }

        #[test]
        fn ranks_are_those_of_the_definition(first in proptest::collection::vec(0_u64..6, 2..20), second in proptest::collection::vec(0_u64..6, 2..20)) {
            let wins: f64 = first.iter().flat_map(|a| second.iter().map(move |b| f64::midpoint(f64::from(a.cmp(b) as i8), 1.0))).sum();
            let half = real(first.len() as u64) * real(second.len() as u64) / 2.0;
            if let Some(z) = later(&of(&first), &of(&second)) {
                prop_assert!((wins - half).abs() < 1e-9 || (z > 0.0) == (wins > half));
            }
        }
    }
}
