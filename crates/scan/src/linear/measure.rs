//! How good shares are, measured on texts that the model has not seen.

use serde::Serialize;

/// A text that was judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The share, or any number that grows with it.
    pub share: f32,
    /// Whether the text has the label.
    pub yes: bool,
    /// Which part of a split it belongs to.
    pub part: usize,
    /// Which source it is from.
    pub source: usize,
}

/// Figures of one label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Texts.
    pub rows: usize,
    /// Of these with the label.
    pub yes: usize,
    /// Chance that a text with the label gets a greater share than one without.
    pub auc: f64,
    /// Part of the texts with the label found when one in a hundred without it is taken for one.
    pub recall_at_1_percent: f64,
    /// At thresholds chosen on the other parts of the split: harmonic mean of precision and recall.
    pub f1: f64,
    /// The same: part of the texts with the label that is found.
    pub recall: f64,
    /// The same: part of the texts without it that is taken for one.
    pub false_positive_rate: f64,
    /// Mean distance between a share and how often it comes true, over ten steps of the scale.
    pub calibration_error: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of texts")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Figures {
    /// Measures; `most` bounds the rate of false positives at which thresholds are chosen. Nothing when there are no
    /// texts of one kind.
    pub fn of(measured: &[Measured], most: f64) -> Option<Self> {
        let yes = measured.iter().filter(|one| one.yes).count();
        if yes == 0 || yes == measured.len() {
            return None;
        }
        let (mut found, mut wrong) = (0, 0);
        let mut parts: Vec<usize> = measured.iter().map(|one| one.part).collect();
        parts.sort_unstable();
        parts.dedup();
        for part in &parts {
            let others: Vec<Measured> = measured.iter().filter(|one| one.part != *part).copied().collect();
            let limit = threshold(if parts.len() == 1 { measured } else { &others }, most);
            for one in measured.iter().filter(|one| one.part == *part && one.share >= limit) {
                *(if one.yes { &mut found } else { &mut wrong }) += 1;
            }
        }
        let no = measured.len() - yes;
        Some(Self {
            rows: measured.len(),
            yes,
            auc: auc(measured),
            recall_at_1_percent: recall_at(measured, 0.01),
            f1: ratio(2 * found, found + wrong + yes),
            recall: ratio(found, yes),
            false_positive_rate: ratio(wrong, no),
            calibration_error: calibration_error(measured),
        })
    }
}

fn descending(measured: &[Measured]) -> Vec<Measured> {
    let mut sorted = measured.to_vec();
    sorted.sort_by(|one, other| other.share.total_cmp(&one.share));
    sorted
}

/// Calls `each` at every share, from the greatest, with how many were found and how many wrongly by then.
fn sweep(measured: &[Measured], mut each: impl FnMut(f32, usize, usize)) {
    let sorted = descending(measured);
    let (mut found, mut wrong) = (0, 0);
    for (index, one) in sorted.iter().enumerate() {
        *(if one.yes { &mut found } else { &mut wrong }) += 1;
        // all of one share are taken together
        if sorted.get(index + 1).is_none_or(|next| next.share < one.share) {
            each(one.share, found, wrong);
        }
    }
}

/// The share from which to say yes: best F1 among those with few enough false positives.
pub(crate) fn threshold(measured: &[Measured], most: f64) -> f32 {
    let yes = measured.iter().filter(|one| one.yes).count();
    let no = measured.len() - yes;
    let (mut best, mut at) = (-1.0, f32::INFINITY);
    sweep(measured, |share, found, wrong| {
        let f1 = ratio(2 * found, found + wrong + yes);
        if ratio(wrong, no) <= most && f1 > best {
            (best, at) = (f1, share);
        }
    });
    at
}

fn recall_at(measured: &[Measured], most: f64) -> f64 {
    let yes = measured.iter().filter(|one| one.yes).count();
    let no = measured.len() - yes;
    let mut best = 0.0;
    sweep(measured, |_, found, wrong| {
        if ratio(wrong, no) <= most {
            best = ratio(found, yes);
        }
    });
    best
}

/// Area under the curve, by counting pairs; equal shares count half.
fn auc(measured: &[Measured]) -> f64 {
    let yes = measured.iter().filter(|one| one.yes).count();
    let no = measured.len() - yes;
    let (mut pairs, mut found_before, mut wrong_before) = (0.0, 0, 0);
    sweep(measured, |_, found, wrong| {
        let (new_yes, new_no) = (found - found_before, wrong - wrong_before);
        // a new no is beaten by every yes before it, and half by those of its own share
        pairs += ratio(new_no, 1) * (ratio(found_before, 1) + ratio(new_yes, 2));
        (found_before, wrong_before) = (found, wrong);
    });
    pairs / (ratio(yes, 1) * ratio(no, 1))
}

fn calibration_error(measured: &[Measured]) -> f64 {
    let mut steps = [(0_usize, 0.0_f64, 0_usize); 10];
    for one in measured {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share from 0 to 1, times ten")]
        let step = ((one.share.clamp(0.0, 1.0) * 10.0) as usize).min(9);
        steps[step].0 += 1;
        steps[step].1 += f64::from(one.share);
        steps[step].2 += usize::from(one.yes);
    }
    steps.iter().filter(|step| step.0 > 0).map(|(_, sum, yes)| (sum - ratio(*yes, 1)).abs()).sum::<f64>() / ratio(measured.len(), 1)
}

/// Slope and offset that make the logistic function of sums the most likely shares; by Newton's method.
pub(crate) fn calibrate(sums: &[(f32, bool)]) -> (f32, f32) {
    let (mut a, mut b) = (1.0_f64, 0.0_f64);
    for _ in 0..50 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-6, 0.0, 1e-6);
        for (sum, yes) in sums {
            let x = f64::from(*sum);
            let p = 1.0 / (1.0 + (-(a * x + b)).exp());
            let (wrong, weight) = (p - f64::from(u8::from(*yes)), p * (1.0 - p));
            ga += wrong * x;
            gb += wrong;
            haa += weight * x * x;
            hab += weight * x;
            hbb += weight;
        }
        let det = haa * hbb - hab * hab;
        if det.abs() < 1e-12 {
            break;
        }
        let (da, db) = ((hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det);
        (a, b) = ((a - da).clamp(1e-3, 100.0), (b - db).clamp(-100.0, 100.0));
        if da.abs() + db.abs() < 1e-9 {
            break;
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "single precision is enough for a share")]
    let pair = (a as f32, b as f32);
    pair
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(shares: &[(f32, bool)]) -> Vec<Measured> {
        shares.iter().enumerate().map(|(index, (share, yes))| Measured { share: *share, yes: *yes, part: index % 2, source: 0 }).collect()
    }

    #[test]
    fn the_figures_are_what_they_say() {
        let perfect = Figures::of(&all(&[(0.9, true), (0.8, true), (0.2, false), (0.1, false)]), 1.0).unwrap();
        assert!((perfect.auc - 1.0).abs() < 1e-9 && (perfect.recall_at_1_percent - 1.0).abs() < 1e-9);
        let chance = Figures::of(&all(&[(0.5, true), (0.5, false), (0.5, true), (0.5, false)]), 1.0).unwrap();
        assert!((chance.auc - 0.5).abs() < 1e-9 && chance.calibration_error < 1e-6);
        let mixed = all(&[(0.9, false), (0.8, true), (0.7, true), (0.1, false)]);
        assert!((auc(&mixed) - 0.5).abs() < 1e-9);
        assert!(recall_at(&mixed, 0.01) < 1e-9 && (recall_at(&mixed, 0.5) - 1.0).abs() < 1e-9);
        assert!((threshold(&mixed, 1.0) - 0.7).abs() < 1e-6);
        assert!(Figures::of(&all(&[(0.5, true)]), 1.0).is_none());
    }

    #[test]
    fn sums_become_shares_that_come_true() {
        let sums: Vec<(f32, bool)> = (0..2_000)
            .map(|n: u16| {
                let sum = f32::from(n % 100) / 10.0 - 5.0;
                let share = 1.0 / (1.0 + (-(2.0 * sum - 1.0)).exp());
                (sum, (f32::from(n / 100) + 0.5) / 20.0 < share)
            })
            .collect();
        let (slope, offset) = calibrate(&sums);
        assert!((slope - 2.0).abs() < 0.3 && (offset + 1.0).abs() < 0.5, "{slope} {offset}");
    }
}
