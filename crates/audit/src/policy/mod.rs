//! An organisation's policy: which data may go over which platform, and what has to be shown for that.

mod baseline;
mod check;
mod file;
mod read;

pub use baseline::Baseline;
pub use check::{Checked, FINDING_RULES, Finding, Standing, check};
pub use read::{Policy, Requirement, Use, Waiver, read};

use crate::value::words;

/// The form of a policy.
pub const SCHEMA: &str = "frankly.audit.policy/1";

words! {
    /// What kind of data is sent.
    DataClass {
        /// Known to everybody.
        Public = "public",
        /// For the organisation.
        Internal = "internal",
        /// About people.
        Personal = "personal",
        /// About minors, or between them.
        Minors = "minors",
        /// About health.
        Health = "health",
        /// Under rules of a regulator.
        Regulated = "regulated",
        /// Secret.
        Secret = "secret",
    }
}

impl DataClass {
    /// Whether it must not be read by a provider (pitfall P1).
    pub const fn is_sensitive(self) -> bool {
        !matches!(self, Self::Public | Self::Internal)
    }
}

words! {
    /// Why a requirement is waived.
    WaiverReason {
        /// Something else protects as well.
        CompensatingControl = "compensating_control",
        /// Somebody answers for the risk.
        AcceptedRisk = "accepted_risk",
        /// The vendor promised a day.
        VendorFixPending = "vendor_fix_pending",
        /// People are moving to something else.
        MigrationUnderWay = "migration_under_way",
        /// The finding is wrong.
        FalsePositive = "false_positive",
    }
}
