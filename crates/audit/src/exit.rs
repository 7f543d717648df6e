//! How `frankly audit` ends: one code for each kind of bad news, so that a pipeline can tell them apart.

/// The outcome of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing to complain about.
    Pass,
    /// The policy is violated, or there is a finding at or above the threshold.
    Violation,
    /// The command line, or a file named on it, is not usable.
    Usage,
    /// Evidence is older than it may be.
    Stale,
    /// The registry is not valid, or a quote is not in its source.
    Registry,
    /// What should be probed cannot be reached; never a pass.
    Unreachable,
    /// A review on the schedule is overdue.
    Overdue,
}

impl Exit {
    /// The code of the process.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Violation => 1,
            Self::Usage => 2,
            Self::Stale => 3,
            Self::Registry => 4,
            Self::Unreachable => 5,
            Self::Overdue => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_documented() {
        let all = [Exit::Pass, Exit::Violation, Exit::Usage, Exit::Stale, Exit::Registry, Exit::Unreachable, Exit::Overdue];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 5, 6]);
    }
}
