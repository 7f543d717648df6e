//! What can go wrong in the store.

use model::event::EventError;

use crate::value::Value;

/// Why a command or query gave no answer. None of these carries a message body or a key.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The room, case or account moved since the caller looked; look again and retry.
    #[error("the state moved under the writer")]
    Stale,
    /// The event is too large or malformed; nothing of the command was written.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The database refused or failed; the transaction left no trace.
    #[error("database: {0}")]
    Database(String),
    /// The database lost a race with another transaction; a retry may succeed.
    #[error("lost a race with another transaction: {0}")]
    Race(String),
    /// No connection could be had.
    #[error("no database connection: {0}")]
    Unavailable(String),
    /// A statement and its reader disagree about a column.
    #[error("column {index} is not {wanted}: {found}")]
    Column {
        /// Place in the row.
        index: usize,
        /// What the reader expects.
        wanted: &'static str,
        /// The type found there (never the value).
        found: &'static str,
    },
    /// A text has the character U+0000, which PostgreSQL cannot keep; it is refused on both databases.
    #[error("a text has the character U+0000")]
    Nul,
    /// The schema of the database is newer than this program, or cannot be brought up to date.
    #[error("schema: {0}")]
    Schema(String),
    /// The store has been shut down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn column(index: usize, wanted: &'static str, found: Option<&Value>) -> Self {
        let found = match found {
            None => "missing",
            Some(Value::Null) => "null",
            Some(Value::Int(_)) => "an integer",
            Some(Value::Text(_)) => "text of another form",
            Some(Value::Bytes(_)) => "bytes",
        };
        Self::Column { index, wanted, found }
    }
}
