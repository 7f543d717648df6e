//! End-to-end encryption as any client does it: device keys, one-time keys, room keys in to-device messages, Megolm.
//!
//! What a sealed load asks of a server beside the messages: each speaker starts a new session every
//! [`crate::limits::SESSION_MESSAGES`] messages, looks the recipient's device up, claims a one-time key and sends the
//! room key to the device; recipients upload fresh keys when few are left. Real clients claim once for a pair of
//! devices, so a sealed load asks for more claims than they do.

mod device;
mod keyring;
mod sealer;

pub(crate) use self::device::Device;
pub use self::keyring::Keyring;
pub use self::sealer::Sealer;

use crate::error::SimError;

/// How the conversations of a run are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Privacy {
    /// In the clear.
    Readable,
    /// End-to-end encrypted; the server hands out keys and carries room keys.
    Sealed,
    /// End-to-end encrypted; room keys are handed over within this process, because the server carries none.
    SealedByHand,
}

impl Privacy {
    /// Whether messages are encrypted.
    pub fn is_sealed(self) -> bool {
        self != Self::Readable
    }
}

fn broken(request: &str, detail: &str) -> SimError {
    SimError::Answer { request: request.to_owned(), detail: detail.to_owned() }
}
