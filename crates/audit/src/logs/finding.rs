//! What a review of a log finds, with the lines that show it.

use serde::Serialize;

/// The checks of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "title() says what each is")]
pub enum Check {
    Input,
    G1,
    G2,
    G3,
    G4,
    G5,
    G6,
    G7,
    G8,
    G9,
    G10,
    G11,
    G12,
    G13,
}

impl Check {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
        Self::Input,
        Self::G1,
        Self::G2,
        Self::G3,
        Self::G4,
        Self::G5,
        Self::G6,
        Self::G7,
        Self::G8,
        Self::G9,
        Self::G10,
        Self::G11,
        Self::G12,
        Self::G13,
    ];

    /// What it is about.
    pub fn title(self) -> &'static str {
        match self {
            Self::Input => "lines that cannot be read, texts that are no values, clocks in the future",
            Self::G1 => "days or hours without an entry",
            Self::G2 => "holes in the sequence, identifiers used twice",
            Self::G3 => "reports without a decision in time",
            Self::G4 => "decisions that took much longer than others of their category, or happened before their cause",
            Self::G5 => "reversals without a reason, reviewers reversed more often than others",
            Self::G6 => "decisions said to be automated whose text speaks of people, and the reverse",
            Self::G7 => "categories that do not exist",
            Self::G8 => "one explanation for very many decisions",
            Self::G9 => "conversations read without a report, flag or order",
            Self::G10 => "figures disclosed elsewhere that disagree with the log",
            Self::G11 => "a volume that shifted",
            Self::G12 => "minors' cases decided later than others",
            Self::G13 => "hours without a flag while there was traffic",
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Look at it when there is time.
    Low,
    /// Look at it.
    Medium,
    /// Look at it first.
    High,
}

/// A line that shows a finding. Never the text of a message or an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The line of the log; absent where the finding is about lines that are not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What is to be seen there.
    pub shows: String,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one sentence.
    pub says: String,
    /// How many lines or gaps show it.
    pub count: u64,
    /// The first of them.
    pub evidence: Vec<Evidence>,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// It looked at this and found nothing.
    Passed {
        /// What it looked at.
        looked_at: String,
    },
    /// It found something.
    Found {
        /// What it found, the worst first.
        findings: Vec<Finding>,
    },
    /// It could not look. Not a pass.
    NotChecked {
        /// What it would need.
        because: String,
    },
}

/// One check of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// The threshold it was held against.
    pub threshold: String,
    /// How it ended.
    #[serde(flatten)]
    pub state: State,
}

impl Checked {
    pub(super) fn of(check: Check, threshold: impl Into<String>, mut findings: Vec<Finding>, looked_at: impl Into<String>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let state = if findings.is_empty() { State::Passed { looked_at: looked_at.into() } } else { State::Found { findings } };
        Self { check, threshold: threshold.into(), state }
    }

    pub(super) fn not(check: Check, threshold: impl Into<String>, because: impl Into<String>) -> Self {
        Self { check, threshold: threshold.into(), state: State::NotChecked { because: because.into() } }
    }

    /// What it found.
    pub fn findings(&self) -> &[Finding] {
        match &self.state {
            State::Found { findings } => findings,
            State::Passed { .. } | State::NotChecked { .. } => &[],
        }
    }

    /// How bad the worst of it is.
    pub fn worst(&self) -> Option<Severity> {
        self.findings().iter().map(|finding| finding.severity).max()
    }
}

/// Counts what shows a finding and keeps the first lines of it.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    kept: Vec<Evidence>,
    count: u64,
    keep: usize,
}

impl Tally {
    pub(super) fn new(keep: usize) -> Self {
        Self { kept: Vec::new(), count: 0, keep }
    }

    /// Notes a line; what it shows is only asked for when the line is kept.
    pub(super) fn note(&mut self, line: u64, shows: impl FnOnce() -> String) {
        self.count += 1;
        let place = self.kept.partition_point(|kept| kept.line <= Some(line));
        if place < self.keep {
            self.kept.insert(place, Evidence { line: Some(line), shows: shows() });
            self.kept.truncate(self.keep);
        }
    }

    /// Notes something that has no line.
    pub(super) fn note_absence(&mut self, shows: impl FnOnce() -> String) {
        self.count += 1;
        if self.kept.len() < self.keep {
            self.kept.push(Evidence { line: None, shows: shows() });
        }
    }

    /// A finding, when there is more of it than may be.
    pub(super) fn beyond(self, most: u64, severity: Severity, says: impl FnOnce(u64) -> String) -> Option<Finding> {
        (self.count > most).then(|| Finding { severity, says: says(self.count), count: self.count, evidence: self.kept })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_keeps_the_first_lines_in_whatever_order_they_come() {
        let mut tally = Tally::new(2);
        for line in [9, 3, 7, 1] {
            tally.note(line, || format!("line {line}"));
        }
        let finding = tally.beyond(3, Severity::Low, |count| format!("{count} lines")).unwrap();
        assert_eq!(finding.evidence.iter().map(|evidence| evidence.line.unwrap()).collect::<Vec<_>>(), [1, 3]);
        assert_eq!((finding.count, finding.says.as_str()), (4, "4 lines"));
        assert!(Tally::new(2).beyond(0, Severity::Low, |_| String::new()).is_none());
    }
}
