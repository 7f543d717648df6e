//! Positions. Order comes from counters locked in the writer's transaction, never from time.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! position {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Before the first position.
            pub const ZERO: Self = Self(0);

            /// After every position.
            pub const LAST: Self = Self(i64::MAX);

            /// The position `value`; `None` when it is negative.
            pub fn new(value: i64) -> Option<Self> {
                (value >= 0).then_some(Self(value))
            }

            /// The number itself, never negative.
            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

position!(/// A place in one room's log; the create event has 1.
    RoomPos);
position!(/// A place in one person's inbox.
    InboxPos);
