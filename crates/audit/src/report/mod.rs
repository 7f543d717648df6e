//! What was found, for people and for other tools.

mod chart;
mod content;
mod csv;
mod document;
mod html;
mod junit;
mod letter;
mod markdown;
mod sarif;
mod snapshot;
mod tables;
mod words;

pub use chart::chart;
pub use content::{Report, report};
pub use csv::to_csv;
pub use document::{Block, Inline, Table};
pub use html::to_html;
pub use junit::{Case, Outcome, Suite, suites, to_junit};
pub use letter::letter;
pub use markdown::to_markdown;
pub use sarif::{Note, notes, to_sarif};
pub use snapshot::{Change, ChangeKind, Entry, ResultFile, changes};
pub use tables::{EmptyCell, first_table, second_table};
