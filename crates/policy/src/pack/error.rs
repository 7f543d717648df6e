//! Why a pack is refused.

/// A pack that is not taken, with the place of the fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Larger than a pack may be.
    #[error("{file}: more than {most} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// The bound.
        most: usize,
    },
    /// More of something than there may be.
    #[error("more than {most} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        most: usize,
    },
    /// Not the YAML of a pack: bad syntax, unknown or missing field, wrong type.
    #[error("{file}:{line}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// Line, from 1; 0 when not known.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// Something is wrong with the pack as a whole.
    #[error("{file}: {reason}")]
    Pack {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// Something is wrong with a rule.
    #[error("{file}: rule {rule}: {reason}")]
    Rule {
        /// The file.
        file: String,
        /// Id of the rule.
        rule: String,
        /// What is wrong.
        reason: String,
    },
}

impl PackError {
    pub(crate) fn syntax(file: &str, error: &serde_saphyr::Error) -> Self {
        Self::Syntax {
            file: file.to_owned(),
            line: error.location().map_or(0, |location| location.line()),
            reason: error.to_string().lines().next().unwrap_or_default().to_owned(),
        }
    }

    pub(crate) fn pack(file: &str, reason: &str) -> Self {
        Self::Pack { file: file.to_owned(), reason: reason.to_owned() }
    }

    pub(crate) fn rule(file: &str, rule: &str, reason: &str) -> Self {
        Self::Rule { file: file.to_owned(), rule: rule.to_owned(), reason: reason.to_owned() }
    }
}
