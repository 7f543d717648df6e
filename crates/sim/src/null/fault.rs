//! Faults that the built-in server can be told to have, to show that the checks find them.

/// One fault, at the `at`th text message that the server takes (from 1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Fault {
    /// Every promise is kept.
    #[default]
    None,
    /// Acknowledges a message and forgets it.
    Drop {
        /// Which message.
        at: u64,
    },
    /// Stores a message twice.
    Duplicate {
        /// Which message.
        at: u64,
    },
    /// Stores a message after the next one of its room.
    Swap {
        /// Which message.
        at: u64,
    },
    /// Changes the body.
    Alter {
        /// Which message.
        at: u64,
    },
}

impl Fault {
    pub(crate) fn strikes(self, text: u64) -> bool {
        match self {
            Self::None => false,
            Self::Drop { at } | Self::Duplicate { at } | Self::Swap { at } | Self::Alter { at } => at == text,
        }
    }
}

/// How hard the built-in server makes it for a client, without breaking a promise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Temper {
    /// Registration takes two steps, with a session.
    pub challenges: bool,
    /// Every so many sends are answered 429 first; 0 for never.
    pub limits_every: u64,
    /// Every so many sends are stored and then answered 503; 0 for never.
    pub stumbles_every: u64,
}
