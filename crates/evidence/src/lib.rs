//! What can be checked about a sealed message without reading it.
//!
//! The server holds no key to a sealed conversation. It can still tell that a ciphertext has the form of a Megolm
//! message and was made by whoever made its session: a session is named by the public half of the key that signs it.
//! Nothing here can decrypt, and nothing here does input or output.

mod megolm;

pub use megolm::{MegolmError, MegolmMessage, SessionId};
