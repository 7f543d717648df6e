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
    #[error("{}: more than {most} {what}", place(file, *line))]
    TooMany {
        /// The file.
        file: String,
        /// Line, from 1; 0 when it is about the whole.
        line: u64,
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
    /// Something is wrong with the pack as a whole, or with what it includes.
    #[error("{}: {reason}", place(file, *line))]
    Pack {
        /// The file.
        file: String,
        /// Line, from 1; 0 when it is about the whole.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// Something is wrong with a rule.
    #[error("{}: rule {rule}: {reason}", place(file, *line))]
    Rule {
        /// The file.
        file: String,
        /// Line, from 1; 0 when not known.
        line: u64,
        /// Id of the rule.
        rule: String,
        /// What is wrong.
        reason: String,
    },
}

fn place(file: &str, line: u64) -> String {
    if line == 0 { file.to_owned() } else { format!("{file}:{line}") }
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
        Self::Pack { file: file.to_owned(), line: 0, reason: reason.to_owned() }
    }

    pub(crate) fn rule(file: &str, rule: &str, reason: &str) -> Self {
        Self::Rule { file: file.to_owned(), line: 0, rule: rule.to_owned(), reason: reason.to_owned() }
    }

    pub(crate) fn too_many(file: &str, what: &'static str, most: usize) -> Self {
        Self::TooMany { file: file.to_owned(), line: 0, what, most }
    }

    /// The same, at this line.
    pub(crate) fn at(mut self, at: u64) -> Self {
        match &mut self {
            Self::TooLarge { .. } => {}
            Self::TooMany { line, .. } | Self::Syntax { line, .. } | Self::Pack { line, .. } | Self::Rule { line, .. } => *line = at,
        }
        self
    }
}
