//! The linear model: hashed pieces of the folded text, one weight for each piece and label, a calibrated share out.
//!
//! Like the scanner it takes a [`PlainBody`]: what nobody can read is not classified either.

mod drift;
mod features;
mod file;
mod measure;
mod train;
mod trainer;

use std::cell::RefCell;

use model::body::PlainBody;
use model::finding::Label;

pub use drift::{DRIFT_STEPS, Drift, psi};
use features::Features;
pub use file::{ModelError, Source};
pub use measure::{Figures, Measured};
pub use train::{Example, Settings};
use train::{shrink, sigmoid};
pub use trainer::{Trained, cross_validate, measure, train};

use crate::fold::Folded;
use crate::links;

/// Labels that one model may have.
pub(crate) const LABELS: usize = 8;

/// What a model is told about one of its labels.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The label, as in `spam`.
    pub name: String,
    /// What the square of a weight's byte is worth.
    scale: f32,
    /// Sum for a text of no pieces.
    bias: f32,
    /// Calibration: the share is the logistic function of `slope` times the sum, plus `offset`.
    slope: f32,
    offset: f32,
    /// The share from which the label was said to hold when the figures were taken.
    pub threshold: f32,
    /// How many training texts lay in each twentieth of the scale, each judged by a model that had not seen it.
    pub reference: Vec<u32>,
}

impl Head {
    /// The calibrated share of a sum.
    fn share(&self, sum: i64, pieces: usize) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a sum that single precision holds well enough")]
        let logit = self.bias + self.scale * sum as f32 * shrink(pieces);
        sigmoid(self.slope * logit + self.offset)
    }
}

/// A model ready to be asked.
#[derive(Clone, PartialEq)]
pub struct Model {
    heads: Vec<Head>,
    /// For each piece the weights of all labels, beside each other.
    weights: Vec<i8>,
    sources: Vec<Source>,
    settings: Settings,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("heads", &self.heads.len()).field("weights", &self.weights.len()).finish_non_exhaustive()
    }
}

/// Buffers that are kept from message to message.
#[derive(Default)]
struct Scratch {
    folded: Folded,
    features: Features,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Model {
    /// What the model makes of a message, label by label.
    pub fn labels(&self, body: &PlainBody) -> Vec<Label> {
        let texts = body.parts().iter().map(model::body::Part::text);
        self.shares(texts).zip(&self.heads).map(|(share, head)| Label { name: head.name.clone(), millionths: millionths(share) }).collect()
    }

    /// What is known of its labels.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// What it was trained on.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// How it was trained.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    fn shares<'a>(&self, texts: impl Iterator<Item = &'a str>) -> impl Iterator<Item = f32> {
        let (sums, count) = self.sums(texts);
        self.heads.iter().zip(sums).map(move |(head, sum)| head.share(sum, count))
    }

    /// The sum of each label, and how many pieces it is of.
    fn sums<'a>(&self, texts: impl Iterator<Item = &'a str>) -> ([i64; LABELS], usize) {
        let mut sums = [0_i64; LABELS];
        let mut count = 0;
        let width = self.heads.len();
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.features.clear();
            for text in texts {
                scratch.folded.set(text);
                scratch.features.add(&scratch.folded, links::count(&scratch.folded.bytes));
            }
            scratch.features.each(|piece| {
                count += 1;
                let at = piece as usize * width;
                for (sum, weight) in sums.iter_mut().zip(&self.weights[at..at + width]) {
                    *sum += worth(*weight);
                }
            });
        });
        (sums, count)
    }
}

/// What the byte of a weight is worth, in units of its label's scale.
fn worth(weight: i8) -> i64 {
    i64::from(i32::from(weight) * i32::from(weight).abs())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share from 0 to 1")]
fn millionths(share: f32) -> u32 {
    (f64::from(share).clamp(0.0, 1.0) * 1e6).round() as u32
}

#[cfg(test)]
mod tests;
