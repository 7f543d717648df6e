//! A conversation and its mode, fixed for ever by the room's create event.

use ruma::CanonicalJsonObject;
use serde::{Deserialize, Serialize};

use crate::body::{self, PlainBody, TooManyParts};
use crate::sealed::{self, SealedBody, SealedRefusal};

/// The key of the create content under which the server states the conversation's terms.
/// Room version 12 makes the room ID the hash of that event, so the ID commits to it (MSC4291).
pub const CREATE_KEY: &str = "org.frankly.conversation";

/// The key of a client's creation content by which it asks for a mode by name, as in `"sealed"`. It is answered and
/// left out of the create event.
pub const ASK_KEY: &str = "org.frankly.mode";

/// Who can read a conversation besides its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Scanned before delivery; staff may read for a recorded reason.
    Readable,
    /// End-to-end encrypted by the members' clients; nobody else can read.
    Sealed,
}

impl Mode {
    /// The name in the create content and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::Sealed => "sealed",
        }
    }

    /// Who can read such a conversation, in words for members.
    pub fn readers(self) -> &'static [&'static str] {
        match self {
            Self::Readable => &[
                "its members",
                "software of the server, which checks each message before it is delivered",
                "the safety team, when a message was flagged or reported, or when the law requires it; each such read is recorded first",
            ],
            Self::Sealed => &["its members, on their own devices"],
        }
    }

    /// The mode with this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "readable" => Some(Self::Readable),
            "sealed" => Some(Self::Sealed),
            _ => None,
        }
    }
}

/// The terms of a conversation as written into its create content under [`CREATE_KEY`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Who can read.
    pub mode: Mode,
    /// The policy that chose the mode, with its version, as in `choice@1`.
    pub policy: String,
    /// The tenant it belongs to.
    pub tenant: String,
    /// Retention class, as in `standard`.
    pub retention: String,
}

/// A conversation of either mode. The one `match` on it decides whether text can be seen at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversation {
    /// Scanned, reviewable.
    Readable(Readable),
    /// Ciphertext only.
    Sealed(Sealed),
}

impl Conversation {
    /// The conversation with these terms.
    pub fn from_terms(terms: Terms) -> Self {
        match terms.mode {
            Mode::Readable => Self::Readable(Readable { terms }),
            Mode::Sealed => Self::Sealed(Sealed { terms }),
        }
    }

    /// The terms its create event states.
    pub fn terms(&self) -> &Terms {
        match self {
            Self::Readable(readable) => &readable.terms,
            Self::Sealed(sealed) => &sealed.terms,
        }
    }
}

/// A readable conversation; the only source of [`PlainBody`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable {
    terms: Terms,
}

impl Readable {
    /// The text of an event of this conversation, part by part, ready to be scanned.
    ///
    /// # Errors
    /// When there is more of it than is looked at; such an event must not be taken.
    pub fn admit(&self, event_type: &str, content: &CanonicalJsonObject) -> Result<PlainBody, TooManyParts> {
        body::extract(event_type, content)
    }
}

/// A sealed conversation. It has no way to a [`PlainBody`].
///
/// ```compile_fail
/// use model::conversation::Sealed;
/// fn leak(sealed: &Sealed, content: &ruma::CanonicalJsonObject) -> model::body::PlainBody {
///     sealed.admit("m.room.message", content)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    terms: Terms,
}

impl Sealed {
    /// What may be sent in this conversation: ciphertext, and the little that is never encrypted.
    ///
    /// # Errors
    /// For what would be plain text, and for ciphertext of another form.
    pub fn admit(&self, event_type: &str, content: &CanonicalJsonObject) -> Result<SealedBody, SealedRefusal> {
        sealed::admit(event_type, content)
    }
}
