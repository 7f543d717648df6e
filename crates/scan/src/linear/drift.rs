//! Whether texts have changed since a model was trained: how its shares are spread, compared with how they were.

use std::sync::atomic::{AtomicU32, Ordering};

use model::finding::Label;

use super::{LABELS, Model};

/// Steps into which the scale of a share is cut.
pub const DRIFT_STEPS: usize = 20;
/// Messages below which nothing is said.
const ENOUGH: u64 = 500;

/// Counts of shares, label by label, counted by many threads at once.
#[derive(Debug, Default)]
pub struct Drift {
    counts: [[AtomicU32; DRIFT_STEPS]; LABELS],
}

fn step(millionths: u32) -> usize {
    (millionths as usize * DRIFT_STEPS / 1_000_000).min(DRIFT_STEPS - 1)
}

impl Drift {
    /// Counts what a model made of one message, in the order of its labels.
    pub fn count(&self, labels: &[Label]) {
        for (counts, label) in self.counts.iter().zip(labels) {
            counts[step(label.millionths)].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// For each label of the model how far the counts are from its reference; nothing while there are too few.
    pub fn against<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = (&'a str, Option<f64>)> {
        model.heads().iter().zip(&self.counts).map(|(head, counts)| {
            let counts: Vec<u32> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
            (head.name.as_str(), psi(&head.reference, &counts))
        })
    }
}

/// Population stability index of two histograms: below 0.1 nothing has changed to speak of, above 0.25 much has.
/// Nothing for fewer than 500 counts on a side.
pub fn psi(reference: &[u32], counts: &[u32]) -> Option<f64> {
    let sum = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
    let (all, now) = (sum(reference), sum(counts));
    if all < ENOUGH || now < ENOUGH || reference.len() != counts.len() {
        return None;
    }
    // half a text in each step, so that an empty one is no infinity
    #[expect(clippy::cast_precision_loss, reason = "counts of messages")]
    let share = |count: u32, of: u64| (f64::from(count) + 0.5) / (of as f64 + 0.5 * reference.len() as f64);
    let term = |(before, after): (&u32, &u32)| {
        let (before, after) = (share(*before, all), share(*after, now));
        (after - before) * (after / before).ln()
    };
    Some(reference.iter().zip(counts).map(term).sum())
}

/// The histogram of shares.
pub(crate) fn histogram(shares: impl Iterator<Item = f32>) -> Vec<u32> {
    let mut counts = vec![0; DRIFT_STEPS];
    for share in shares {
        counts[step(super::millionths(share))] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_is_seen_and_chance_is_not() {
        let mut before = vec![50_u32; DRIFT_STEPS];
        before[0] = 2_000;
        let same: Vec<u32> = before.iter().map(|count| count * 3 + count % 7).collect();
        assert!(psi(&before, &same).unwrap() < 0.01);
        let mut after = before.clone();
        after.reverse();
        assert!(psi(&before, &after).unwrap() > 0.25);
        assert_eq!(psi(&before, &[1; DRIFT_STEPS]), None, "too few to say");
        assert_eq!(psi(&before, &[]), None);
    }
}
