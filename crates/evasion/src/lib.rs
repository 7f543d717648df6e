//! Phrases dressed up to evade a scanner, from a seed: what the scanner's tests, its benchmarks and the comparison with
//! other filters are made of. Nothing of it is part of the server.
//!
//! The scanner knows nothing of this crate, and this crate nothing of the scanner's tables.

mod chance;
mod dress;
mod glyphs;
mod sets;

pub use chance::Chance;
pub use dress::{CLASSES, EXTRA, dress, split_edits, split_messages};
pub use sets::{GROOMING, ORDINARY, Phrase, benign, phrases, profanity};
