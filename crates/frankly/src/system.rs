//! The machine's clock and source of randomness; everything else receives them as parameters.

use model::clock::{Clock, Entropy, Timestamp};
use rand::TryRng;
use rand::rngs::SysRng;

/// The clock of the machine.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// The operating system's random source.
#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        SysRng.try_fill_bytes(bytes).expect("a machine without randomness cannot serve");
    }
}

/// The date where the machine stands.
pub(crate) fn today() -> jiff::civil::Date {
    jiff::Zoned::now().date()
}
