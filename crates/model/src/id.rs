//! Identifiers. Matrix identifiers are ruma's; the others are ours.

use std::fmt;

pub use ruma::{DeviceId, EventId, OwnedDeviceId, OwnedEventId, OwnedRoomId, OwnedServerName, OwnedUserId, RoomId, ServerName, UserId};
use serde::{Deserialize, Serialize};

use crate::clock::Entropy;

/// A tenant of this deployment; `default` when there is only one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub String);

impl Default for TenantId {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

row_id!(/// A case that a reviewer works on.
    CaseId);
row_id!(/// A finding that needs a person.
    FlagId);
row_id!(/// A member's complaint.
    ReportId);
row_id!(/// An immutable decision on a case.
    DecisionId);
row_id!(/// One record of a staff read: who read what, when and why.
    AccessId);

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// `len` random characters of `a-z2-7`, five bits each: device IDs, tokens, session names.
pub fn random_word(entropy: &dyn Entropy, len: usize) -> String {
    let mut bytes = vec![0_u8; len];
    entropy.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededEntropy;

    #[test]
    fn random_words_have_the_asked_length_and_differ() {
        let entropy = SeededEntropy::new(7);
        let (a, b) = (random_word(&entropy, 40), random_word(&entropy, 40));
        assert_eq!(a.len(), 40);
        assert_ne!(a, b);
    }
}
