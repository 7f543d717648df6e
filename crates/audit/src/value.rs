//! The words of a claim: what is claimed, how sure it is, and what kind of source says so.

/// Makes an enum of words that are written alike in YAML, JSON and reports.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$of])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is written in files.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one that is written so.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }
    };
}

pub(crate) use words;

words! {
    /// What is claimed.
    Value {
        /// It holds.
        Yes = "yes",
        /// It does not hold, by evidence.
        No = "no",
        /// It holds for some people, places or kinds of conversation.
        Partial = "partial",
        /// It holds for who switches it on.
        OptIn = "opt_in",
        /// The question does not arise.
        NotApplicable = "not_applicable",
        /// There is no evidence.
        Unknown = "unknown",
        /// Moderation looks at messages on its own.
        Proactive = "proactive",
        /// Moderation acts on reports.
        Reactive = "reactive",
        /// There is no moderation of messages.
        None = "none",
    }
}

words! {
    /// How sure a claim is, from least to most.
    Confidence {
        /// No source good enough was found.
        Unconfirmed = "unconfirmed",
        /// Sources contradict one another, or a court is asked.
        Disputed = "disputed",
        /// The press or third parties alone say so.
        Reported = "reported",
        /// The vendor says so, and nothing independent does.
        VendorClaim = "vendor_claim",
        /// A vendor's own dated document, an audit, an authority or a probe shows it.
        Confirmed = "confirmed",
    }
}

words! {
    /// What kind of source it is; it bounds the confidence of what rests on it.
    SourceKind {
        /// A policy in an archive of versions, with its commit.
        ArchivedPolicy = "archived_policy",
        /// A page of the vendor.
        VendorPage = "vendor_page",
        /// A post or statement of the vendor.
        VendorBlog = "vendor_blog",
        /// What a vendor declares in a form, such as a label in a store of applications.
        SelfDeclared = "self_declared",
        /// An authority.
        Regulator = "regulator",
        /// A court, or a document filed with one.
        Court = "court",
        /// An independent audit.
        Audit = "audit",
        /// A test of a running deployment, with its transcript.
        Probe = "probe",
        /// A paper.
        Academic = "academic",
        /// The press.
        Press = "press",
        /// A page that repeats what others say.
        Aggregator = "aggregator",
        /// The article this tool answers.
        Article = "article",
    }
}

words! {
    /// How evidence for a control is got.
    Method {
        /// Documents are read.
        Examine = "examine",
        /// People are asked.
        Interview = "interview",
        /// A deployment is tried.
        Test = "test",
    }
}

words! {
    /// How much a control weighs, from least to most.
    Weight {
        /// Good to have.
        Low = "low",
        /// Matters.
        Medium = "medium",
        /// Matters much.
        High = "high",
        /// Without it the rest helps little.
        Critical = "critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_reads_as_it_is_written() {
        for value in Value::ALL {
            assert_eq!(Value::from_word(value.word()), Some(*value));
            assert_eq!(serde_json::to_string(value).unwrap(), format!("\"{value}\""));
        }
        assert_eq!(Value::from_word("true"), Option::None);
    }

    #[test]
    fn confidence_is_ordered() {
        assert!(Confidence::Confirmed > Confidence::VendorClaim && Confidence::Reported > Confidence::Disputed);
        assert!(Weight::Critical > Weight::High);
    }
}
