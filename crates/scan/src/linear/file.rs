//! A model as bytes: a mark, a head in JSON, the weights, a checksum. Read with suspicion.

use serde::{Deserialize, Serialize};

use super::drift::DRIFT_STEPS;
use super::features::BUCKET_BITS;
use super::{Head, LABELS, Model, Settings};

const MARK: &[u8; 8] = b"FRKLIN01";
/// Bytes of the head.
const HEAD_BYTES: usize = 64 * 1024;
/// Bytes of a label's name.
const NAME_BYTES: usize = 32;
/// Files that a model may be trained on.
const SOURCES: usize = 64;

/// Why bytes are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// They begin otherwise.
    #[error("this is no model: it does not begin with {}", String::from_utf8_lossy(MARK))]
    Mark,
    /// They end before they should, or go on after it.
    #[error("a model of {labels} labels has {expected} bytes, this has {found}")]
    Length {
        /// Labels of the head.
        labels: usize,
        /// What that makes.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// The head cannot be read.
    #[error("the head of the model: {0}")]
    Head(String),
    /// The weights are not those that were written.
    #[error("the checksum of the model does not fit: the file is damaged")]
    Checksum,
}

/// A file that a model was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, without folders.
    pub name: String,
    /// Texts in it.
    pub rows: u32,
    /// Checksum of its bytes, so that it can be told whether a model has seen a file.
    pub print: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHead {
    bits: u32,
    seed: u64,
    epochs: usize,
    rate: f32,
    decay: f32,
    labels: Vec<Head>,
    sources: Vec<Source>,
}

/// FNV-1a over bytes, as hexadecimal digits.
pub(crate) fn print(bytes: &[u8]) -> String {
    format!("{:016x}", checksum(bytes))
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}

impl Source {
    /// The source with these bytes.
    pub fn of(name: &str, rows: usize, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), rows: u32::try_from(rows).unwrap_or(u32::MAX), print: print(bytes) }
    }
}

impl Model {
    /// The model as bytes; the same for the same model.
    pub fn write(&self) -> Vec<u8> {
        let Settings { seed, epochs, rate, decay, .. } = self.settings;
        let (labels, sources) = (self.heads.clone(), self.sources.clone());
        let head =
            serde_json::to_vec(&FileHead { bits: BUCKET_BITS, seed, epochs, rate, decay, labels, sources }).expect("plain data is JSON");
        let mut bytes = Vec::with_capacity(head.len() + self.weights.len() + 20);
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(&u32::try_from(head.len()).expect("a head is small").to_le_bytes());
        bytes.extend_from_slice(&head);
        bytes.extend(self.weights.iter().map(|weight| weight.to_le_bytes()[0]));
        bytes.extend_from_slice(&checksum(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a model.
    ///
    /// # Errors
    /// When the bytes are not those of a model, whole and undamaged.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        let rest = bytes.strip_prefix(MARK).ok_or(ModelError::Mark)?;
        let short = || ModelError::Length { labels: 0, expected: MARK.len() + 4, found: bytes.len() };
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > HEAD_BYTES || length > rest.len() {
            return Err(ModelError::Head(format!("says that it has {length} bytes")));
        }
        let (head, rest) = rest.split_at(length);
        let head: FileHead = serde_json::from_slice(head).map_err(|error| ModelError::Head(error.to_string()))?;
        check(&head).map_err(ModelError::Head)?;
        let weights = head.labels.len() << BUCKET_BITS;
        let (expected, found) = (MARK.len() + 4 + length + weights + 8, bytes.len());
        if expected != found {
            return Err(ModelError::Length { labels: head.labels.len(), expected, found });
        }
        let (weights, sum) = rest.split_at(weights);
        if sum != checksum(&bytes[..bytes.len() - 8]).to_le_bytes() {
            return Err(ModelError::Checksum);
        }
        let settings = Settings { seed: head.seed, epochs: head.epochs, rate: head.rate, decay: head.decay, fold: true };
        let weights = weights.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
        Ok(Self { heads: head.labels, weights, sources: head.sources, settings })
    }
}

fn check(head: &FileHead) -> Result<(), String> {
    if head.bits != BUCKET_BITS {
        return Err(format!("pieces of {} bits; this program knows {BUCKET_BITS}", head.bits));
    }
    if !(1..=LABELS).contains(&head.labels.len()) || head.sources.len() > SOURCES {
        return Err(format!(
            "{} labels and {} sources; at most {LABELS} and {SOURCES}, and one label at least",
            head.labels.len(),
            head.sources.len()
        ));
    }
    for (index, label) in head.labels.iter().enumerate() {
        let Head { name, scale, bias, slope, offset, threshold, reference } = label;
        if !is_name(name) || head.labels[..index].iter().any(|other| other.name == *name) {
            return Err(format!("label {index} has no name of its own, in small letters"));
        }
        let is_finite = [*scale, *bias, *slope, *offset, *threshold].iter().all(|number| number.is_finite() && number.abs() < 1e6);
        if !is_finite || *scale < 0.0 || *slope < 0.0 || !(0.0..=1.0).contains(threshold) {
            return Err(format!("label {name} is calibrated by numbers that are none"));
        }
        if reference.len() != DRIFT_STEPS {
            return Err(format!("label {name} has a reference of {} steps instead of {DRIFT_STEPS}", reference.len()));
        }
    }
    Ok(())
}

/// Whether a label may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
