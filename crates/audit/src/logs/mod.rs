//! The review of moderation logs: reading them strictly, checking them for gaps, drawing samples from them, and saying
//! how far reviewers agree.
//!
//! A log is read once, in bounded memory. What a check could not look at is told as such and is no pass, and nothing
//! is left out silently: what cannot be read becomes a finding with its line.

pub mod charts;
mod checks;
pub mod csv;
pub mod dsa;
mod finding;
mod gaps;
mod histogram;
pub mod import;
mod lines;
mod names;
pub mod row;
pub mod series;
pub mod settings;
mod sorter;
pub mod source;
pub mod stats;
pub mod table;
pub mod time;
mod window;

use model::limits;

pub use checks::categories::{Counted, Disclosed};
pub use finding::{Check, Checked, Evidence, Finding, Severity, State};
pub use gaps::{Beside, Review, review};
pub use lines::{LineReader, NextLine};
pub use sorter::{InMemory, Runs};

/// Bytes of a row or line; a longer one is left out and named.
const LINE_BYTES: usize = limits::AUDIT_LOG_LINE_BYTES;
