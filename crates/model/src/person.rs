//! People: age bands, account states, staff roles.

use serde::{Deserialize, Serialize};

/// How old a member is, as far as the operator knows. `Unknown` counts as 13-15 for contact rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub enum AgeBand {
    /// Under 13 years.
    #[serde(rename = "u13")]
    Under13,
    /// 13 to 15 years.
    #[serde(rename = "13-15")]
    From13To15,
    /// 16 or 17 years.
    #[serde(rename = "16-17")]
    From16To17,
    /// 18 years or more.
    #[serde(rename = "adult")]
    Adult,
    /// Not told.
    #[default]
    #[serde(rename = "unknown")]
    Unknown,
}

impl AgeBand {
    /// Every band, youngest first.
    pub const ALL: [Self; 5] = [Self::Under13, Self::From13To15, Self::From16To17, Self::Adult, Self::Unknown];

    /// The name used in packs, the host API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Under13 => "u13",
            Self::From13To15 => "13-15",
            Self::From16To17 => "16-17",
            Self::Adult => "adult",
            Self::Unknown => "unknown",
        }
    }

    /// The band with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|band| band.as_str() == name)
    }

    /// The band that contact rules go by: whoever's age nobody told counts as 13 to 15 years old.
    #[must_use]
    pub fn for_contact(self) -> Self {
        if self == Self::Unknown { Self::From13To15 } else { self }
    }

    /// Whether this person is known to be under 18.
    pub fn is_minor(self) -> bool {
        matches!(self, Self::Under13 | Self::From13To15 | Self::From16To17)
    }

    /// Whether contact rules protect this person: everybody who is not known to be an adult.
    pub fn is_protected(self) -> bool {
        self != Self::Adult
    }
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Everything.
    #[default]
    Active,
    /// May read, leave and log out, not send (`M_USER_SUSPENDED`, Matrix v1.13).
    Suspended,
    /// May only log out (`M_USER_LOCKED`, Matrix v1.12); tokens are kept.
    Locked,
    /// Closed for good by its owner or the operator.
    Deactivated,
}

impl AccountState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Suspended, Self::Locked, Self::Deactivated];

    /// The name used in the database and the console.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Locked => "locked",
            Self::Deactivated => "deactivated",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// What a member of staff is for. Administration and reading are different roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works the queue; may reveal the messages of a case claimed by themselves.
    Reviewer,
    /// As a reviewer; may also suspend and lock accounts and widen a window.
    SeniorReviewer,
    /// As a senior reviewer, and for child-safety cases too.
    ChildSafety,
    /// Handles lawful orders.
    LegalOfficer,
    /// Answers members' requests about their data.
    PrivacyOfficer,
    /// Reads the access records, never content.
    Auditor,
    /// Manages people and configuration, never content.
    TenantAdmin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Reviewer,
        Self::SeniorReviewer,
        Self::ChildSafety,
        Self::LegalOfficer,
        Self::PrivacyOfficer,
        Self::Auditor,
        Self::TenantAdmin,
    ];

    /// The name used on the command line, in the database and in the rights.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::SeniorReviewer => "senior_reviewer",
            Self::ChildSafety => "child_safety",
            Self::LegalOfficer => "legal_officer",
            Self::PrivacyOfficer => "privacy_officer",
            Self::Auditor => "auditor",
            Self::TenantAdmin => "tenant_admin",
        }
    }

    /// The role with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}
