//! Training: logistic regression by gradient steps, one example after the other, the same on every run of a seed.

use std::collections::BTreeMap;

use super::features::{BUCKET_BITS, Features};
use crate::fold::Folded;
use crate::links;

/// A text with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The text.
    pub text: String,
    /// Label and whether the text has it; what is not said is not learnt from.
    pub labels: BTreeMap<String, bool>,
    /// Examples of one group are never on both sides of a split.
    pub group: u64,
    /// Where it is from, for figures by source.
    pub source: usize,
}

/// How to train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Decides the order of the examples.
    pub seed: u64,
    /// How often each example is seen.
    pub epochs: usize,
    /// Length of the first steps.
    pub rate: f32,
    /// How strongly weights are drawn to zero.
    pub decay: f32,
    /// Whether texts are folded first; without it only case is.
    pub fold: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, epochs: 4, rate: 0.15, decay: 1e-6, fold: true }
    }
}

/// The numbers of an example's pieces.
pub(crate) type Pieces = Vec<u32>;

/// Cuts every text.
pub(crate) fn cut(examples: &[Example], fold: bool) -> Vec<Pieces> {
    let (mut folded, mut features) = (Folded::default(), Features::default());
    let mut cut = |text: &str| {
        features.clear();
        folded.set(&if fold { text.to_owned() } else { plain(text) });
        features.add(&folded, links::count(&folded.bytes));
        let mut pieces = Pieces::new();
        features.each(|bucket| pieces.push(bucket));
        pieces
    };
    examples.iter().map(|example| cut(&example.text)).collect()
}

/// What is not ASCII as a question mark, and digits out of words, so that nothing is left to fold.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_ascii() { character } else { '?' }).collect()
}

/// Weights of one label.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: f32,
}

impl Weights {
    /// The weighted sum of an example.
    pub(crate) fn logit(&self, pieces: &[u32]) -> f32 {
        let sum: f32 = pieces.iter().map(|piece| self.weights[*piece as usize]).sum();
        self.bias + sum * shrink(pieces.len())
    }
}

/// Long texts have many pieces; this keeps their sums comparable.
#[expect(clippy::cast_precision_loss, reason = "a count of pieces")]
pub(crate) fn shrink(pieces: usize) -> f32 {
    1.0 / (pieces.max(1) as f32).sqrt()
}

/// Trains one label on the examples at these places.
pub(crate) fn fit(pieces: &[Pieces], wanted: &[(usize, bool)], settings: &Settings) -> Weights {
    let mut trained = Weights { weights: vec![0.0; 1 << BUCKET_BITS], bias: 0.0 };
    let mut squares = vec![1e-4_f32; 1 << BUCKET_BITS];
    let mut bias_square = 1e-4_f32;
    let mut order: Vec<(usize, bool)> = wanted.to_vec();
    let mut chance = Chance(settings.seed);
    for _ in 0..settings.epochs {
        chance.shuffle(&mut order);
        for (place, yes) in &order {
            let pieces = &pieces[*place];
            let share = shrink(pieces.len());
            let wrong = sigmoid(trained.logit(pieces)) - if *yes { 1.0 } else { 0.0 };
            if wrong.abs() < 1e-3 {
                continue;
            }
            let gradient = wrong * share;
            for piece in pieces {
                let piece = *piece as usize;
                let weight = &mut trained.weights[piece];
                let slope = gradient + settings.decay * *weight;
                squares[piece] += slope * slope;
                *weight -= settings.rate * slope / squares[piece].sqrt();
            }
            bias_square += wrong * wrong;
            trained.bias -= settings.rate * wrong / bias_square.sqrt();
        }
    }
    trained
}

pub(crate) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// A small generator of numbers, the same for the same seed.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = usize::try_from(self.next() % (last as u64 + 1)).unwrap_or(0);
            list.swap(last, other);
        }
    }
}

/// Spreads a number over all bits.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
