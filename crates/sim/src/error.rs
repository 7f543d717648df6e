//! What can go wrong while measuring.

use std::io;

/// Why a measurement could not be made. A measurement that was made and shows faults is not an error.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// An option is out of its bounds or does not go with another.
    #[error("{0}")]
    Usage(String),
    /// The server's address does not accept connections.
    #[error("cannot connect to {address}: {source}; is the server running?")]
    Connect {
        /// Host and port.
        address: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The connection broke while a request was under way.
    #[error("{request} failed: {source}")]
    Http {
        /// Method and path.
        request: String,
        /// What the HTTP library saw.
        source: hyper::Error,
    },
    /// The answer is larger than [`crate::limits::RESPONSE_BYTES_MAX`] or broke off.
    #[error("{request}: the answer could not be read: {detail}")]
    Body {
        /// Method and path.
        request: String,
        /// What was seen.
        detail: String,
    },
    /// No answer in time.
    #[error("{request} was not answered within {limit_ms} ms")]
    Timeout {
        /// Method and path.
        request: String,
        /// The limit that passed.
        limit_ms: u64,
    },
    /// The server answered with an error status.
    #[error("{request} answered {status}: {detail}")]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP status code.
        status: u16,
        /// Start of the answer's body.
        detail: String,
    },
    /// The answer is not what the Matrix specification describes.
    #[error("{request}: unexpected answer: {detail}")]
    Answer {
        /// Method and path.
        request: String,
        /// What is missing.
        detail: String,
    },
    /// The server under test could not be started, or ended at once.
    #[error("cannot start the server: {0}")]
    Start(String),
    /// A file or a process entry could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl SimError {
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    /// True if the same request may succeed later: the connection broke, timed out, or a 5xx came.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Http { .. } | Self::Body { .. } | Self::Timeout { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::Usage(_) | Self::Answer { .. } | Self::Start(_) | Self::Io { .. } => false,
        }
    }
}
