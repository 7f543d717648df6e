//! From examples to a model: split, train, calibrate on what was not seen, and then train on all.

use super::drift::histogram;
use super::features::BUCKET_BITS;
use super::file::{Source, is_name};
use super::measure::{Figures, Measured, calibrate, threshold};
use super::train::{Example, Pieces, Settings, Weights, cut, fit, mix, shrink, sigmoid};
use super::{Head, LABELS, Model, worth};

/// A model with what came out of judging each training text by a model that had not seen it.
#[derive(Debug, Clone)]
pub struct Trained {
    /// Trained on all examples.
    pub model: Model,
    /// For each label the texts that say something about it.
    pub measured: Vec<(String, Vec<Measured>)>,
}

/// Bound of false positives at which a threshold is chosen, by the name of the label: what is only annotated may be
/// wrong more often than what is spam.
fn most_wrong(label: &str) -> f64 {
    if label == "spam" { 0.004 } else { 0.078 }
}

/// Trains a model.
///
/// `parts` is how many times the examples are split, `told` is called before each training with a line for people.
///
/// # Errors
/// When there is nothing to learn from, with the reason.
pub fn train(
    examples: &[Example],
    sources: Vec<Source>,
    parts: usize,
    settings: &Settings,
    mut told: impl FnMut(&str),
) -> Result<Trained, String> {
    let names = names(examples)?;
    let pieces = cut(examples, settings.fold);
    let mut heads = Vec::new();
    let mut columns: Vec<Vec<i8>> = Vec::new();
    let mut measured = Vec::new();
    for name in names {
        let wanted = wanted(examples, &name);
        let unseen = unseen(examples, &pieces, &wanted, parts, settings, &mut |part| told(&format!("{name}: part {part} of {parts}")));
        let sums: Vec<(f32, bool)> = unseen.iter().map(|one| (one.share, one.yes)).collect();
        let (slope, offset) = calibrate(&sums);
        let shares: Vec<Measured> = unseen.iter().map(|one| Measured { share: sigmoid(slope * one.share + offset), ..*one }).collect();
        told(&format!("{name}: all"));
        let column = Column::of(&fit(&pieces, &wanted, settings));
        let limit = threshold(&shares, most_wrong(&name)).clamp(0.0, 1.0);
        let reference = histogram(shares.iter().map(|one| one.share));
        heads.push(Head { name: name.clone(), scale: column.scale, bias: column.bias, slope, offset, threshold: limit, reference });
        columns.push(column.weights);
        measured.push((name, shares));
    }
    let mut weights = Vec::with_capacity(columns.len() << BUCKET_BITS);
    for piece in 0..1_usize << BUCKET_BITS {
        weights.extend(columns.iter().map(|column| column[piece]));
    }
    Ok(Trained { model: Model { heads, weights, sources, settings: *settings }, measured })
}

/// As [`train`], without a model in the end: only what came out of judging each text by a model that had not seen it.
///
/// # Errors
/// As there.
pub fn cross_validate(
    examples: &[Example],
    parts: usize,
    settings: &Settings,
    mut told: impl FnMut(&str),
) -> Result<Vec<(String, Vec<Measured>)>, String> {
    let pieces = cut(examples, settings.fold);
    let mut all = Vec::new();
    for name in names(examples)? {
        let wanted = wanted(examples, &name);
        let unseen = unseen(examples, &pieces, &wanted, parts, settings, &mut |part| told(&format!("{name}: part {part} of {parts}")));
        let sums: Vec<(f32, bool)> = unseen.iter().map(|one| (one.share, one.yes)).collect();
        let (slope, offset) = calibrate(&sums);
        all.push((name, unseen.iter().map(|one| Measured { share: sigmoid(slope * one.share + offset), ..*one }).collect()));
    }
    Ok(all)
}

/// What a model makes of examples that say something about its labels.
pub fn measure(model: &Model, examples: &[Example]) -> Vec<(String, Vec<Measured>)> {
    let of = |head: &Head, place: usize| {
        let judged = examples.iter().filter_map(|example| {
            let yes = *example.labels.get(&head.name)?;
            let share = model.shares([example.text.as_str()].into_iter()).nth(place)?;
            Some(Measured { share, yes, part: 0, source: example.source })
        });
        (head.name.clone(), judged.collect())
    };
    model.heads.iter().enumerate().map(|(place, head)| of(head, place)).collect()
}

impl Figures {
    /// As [`Figures::of`], with the bound that belongs to the label.
    pub fn of_label(label: &str, measured: &[Measured]) -> Option<Self> {
        Self::of(measured, most_wrong(label))
    }
}

fn names(examples: &[Example]) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = examples.iter().flat_map(|example| example.labels.keys().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() || names.len() > LABELS {
        return Err(format!("{} labels; at least one, at most {LABELS}", names.len()));
    }
    for name in &names {
        if !is_name(name) {
            return Err(format!("{name} is no label; write small letters and _"));
        }
        let yes = examples.iter().filter(|example| example.labels.get(name) == Some(&true)).count();
        let no = examples.iter().filter(|example| example.labels.get(name) == Some(&false)).count();
        if yes < 10 || no < 10 {
            return Err(format!("{name} has {yes} texts with it and {no} without; ten of each are needed"));
        }
    }
    Ok(names)
}

fn wanted(examples: &[Example], name: &str) -> Vec<(usize, bool)> {
    examples.iter().enumerate().filter_map(|(place, example)| Some((place, *example.labels.get(name)?))).collect()
}

/// The sum of every text under a model trained without its part.
fn unseen(
    examples: &[Example],
    pieces: &[Pieces],
    wanted: &[(usize, bool)],
    parts: usize,
    settings: &Settings,
    told: &mut impl FnMut(usize),
) -> Vec<Measured> {
    let part_of = |place: usize| usize::try_from(mix(examples[place].group ^ settings.seed) % parts.max(2) as u64).unwrap_or(0);
    let mut measured = Vec::with_capacity(wanted.len());
    for part in 0..parts.max(2) {
        told(part + 1);
        let (held, seen): (Vec<_>, Vec<_>) = wanted.iter().partition(|(place, _)| part_of(*place) == part);
        let column = Column::of(&fit(pieces, &seen, settings));
        for (place, yes) in held {
            measured.push(Measured { share: column.sum(&pieces[place]), yes, part, source: examples[place].source });
        }
    }
    measured
}

/// Weights of one byte each: the square of the byte, with its sign, times the scale. Most weights are small, and squares
/// are finest there.
struct Column {
    weights: Vec<i8>,
    scale: f32,
    bias: f32,
}

impl Column {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of a byte")]
    fn of(trained: &Weights) -> Self {
        let mut sizes: Vec<f32> = trained.weights.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
        sizes.sort_by(f32::total_cmp);
        // one weight in two thousand is cut short, so that the rest has finer steps
        let most = sizes.get(sizes.len().saturating_sub(1 + sizes.len() / 2_000)).copied().unwrap_or(0.0);
        let scale = most.max(1e-9) / (127.0 * 127.0);
        let byte = |weight: &f32| ((weight.abs() / scale).sqrt().round().min(127.0) * weight.signum()) as i8;
        Self { weights: trained.weights.iter().map(byte).collect(), scale, bias: trained.bias }
    }

    #[expect(clippy::cast_precision_loss, reason = "a sum that single precision holds well enough")]
    fn sum(&self, pieces: &[u32]) -> f32 {
        let sum: i64 = pieces.iter().map(|piece| worth(self.weights[*piece as usize])).sum();
        self.bias + self.scale * sum as f32 * shrink(pieces.len())
    }
}
