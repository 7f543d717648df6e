//! Which categories and outcomes there are: G7 and G10.

use super::super::dsa;
use super::super::finding::{Check, Checked, Severity, Tally};
use super::super::histogram::real;
use super::super::names::{Counts, Names};
use super::super::row::{Field, Kind, Row, shown};
use super::super::settings::Settings;

/// How often each category and outcome occurs.
#[derive(Debug)]
pub(in super::super) struct Categories {
    pub(in super::super) names: Names,
    known: Vec<Option<bool>>,
    exist: Vec<String>,
    unknown: Tally,
    missing: Tally,
    of_category: Counts,
    outcomes: Names,
    of_outcome: Counts,
    of_kind: [u64; Kind::NAMES.len()],
}

impl Categories {
    pub(in super::super) fn new(settings: &Settings, is_dsa: bool, most: usize) -> Self {
        let exist = if settings.g7_categories.is_empty() && is_dsa {
            dsa::CATEGORIES.iter().map(|name| (*name).to_owned()).collect()
        } else {
            settings.g7_categories.clone()
        };
        Self {
            names: Names::new(most),
            known: Vec::new(),
            exist,
            unknown: Tally::new(settings.evidence),
            missing: Tally::new(settings.evidence),
            of_category: Counts::default(),
            outcomes: Names::new(most),
            of_outcome: Counts::default(),
            of_kind: [0; Kind::NAMES.len()],
        }
    }

    /// Counts a row and gives the number of its category.
    pub(in super::super) fn row(&mut self, row: &Row<'_>) -> u16 {
        self.of_kind[row.kind as usize] += 1;
        let number = self.names.number(&row.category);
        if row.kind == Kind::Decision {
            self.of_category.add(number);
            self.of_outcome.add(self.outcomes.number(&row.outcome));
            if row.category.is_empty() {
                self.missing.note(row.line, || "no category".to_owned());
            }
        }
        if !row.category.is_empty() && !self.exist.is_empty() && !self.is_known(number, &row.category) {
            self.unknown.note(row.line, || {
                let name = shown(&row.category);
                let became = dsa::OLD_CATEGORIES.iter().find(|(old, _)| *old == name).map(|(_, became)| format!(" ({became})"));
                name + &became.unwrap_or_default()
            });
        }
        number
    }

    fn is_known(&mut self, number: u16, name: &[u8]) -> bool {
        let exists = || self.exist.iter().any(|known| known.as_bytes() == name);
        let at = usize::from(number);
        if at == 0 {
            return exists();
        }
        if let Some(Some(known)) = self.known.get(at) {
            return *known;
        }
        let known = exists();
        if at >= self.known.len() {
            self.known.resize(at + 1, None);
        }
        self.known[at] = Some(known);
        known
    }

    pub(in super::super) fn of_kind(&self, kind: Kind) -> u64 {
        self.of_kind[kind as usize]
    }

    /// Kinds and how many rows of each there are.
    pub(in super::super) fn kinds(&self) -> Vec<(&'static str, u64)> {
        Kind::NAMES.iter().map(|(name, kind)| (*name, self.of_kind(*kind))).filter(|(_, count)| *count > 0).collect()
    }

    pub(in super::super) fn finish(&self, settings: &Settings, disclosed: Option<&[Disclosed]>) -> [Checked; 2] {
        let threshold = format!("at most {}", settings.g7_rows);
        let g7 = if self.exist.is_empty() {
            Checked::not(Check::G7, threshold, "nothing says which categories exist: set g7_categories")
        } else {
            let findings = [
                self.unknown
                    .clone()
                    .beyond(settings.g7_rows, Severity::Medium, |count| format!("{count} rows have a category that does not exist")),
                self.missing.clone().beyond(settings.g7_rows, Severity::Medium, |count| format!("{count} decisions have no category")),
            ];
            let looked_at = format!("{} categories that exist", self.exist.len());
            Checked::of(Check::G7, threshold, findings.into_iter().flatten().collect(), looked_at)
        };
        let threshold = format!("at most {} % of the larger figure", settings.g10_share * 100.0);
        let Some(disclosed) = disclosed else {
            return [g7, Checked::not(Check::G10, threshold, "nothing was disclosed elsewhere: give --disclosed")];
        };
        let mut differ = Tally::new(settings.evidence.max(disclosed.len()));
        for figure in disclosed {
            let here = self.count(figure.of, &figure.value);
            let most = real(here.max(figure.count));
            if real(here.abs_diff(figure.count)) > settings.g10_share * most {
                let value = if figure.value.is_empty() { String::new() } else { format!(" {}", shown(figure.value.as_bytes())) };
                let (of, there) = (figure.of.name(), figure.count);
                differ.note_absence(|| format!("{of}{value}: {there} disclosed (line {}), {here} in the log", figure.line));
            }
        }
        let finding = differ.beyond(0, Severity::High, |count| format!("{count} disclosed figures disagree with the log"));
        [g7, Checked::of(Check::G10, threshold, finding.into_iter().collect(), format!("{} figures", disclosed.len()))]
    }

    fn count(&self, of: Counted, value: &str) -> u64 {
        match of {
            Counted::All => self.of_kind.iter().sum::<u64>() - self.of_kind(Kind::Traffic),
            Counted::Kind => Kind::named(value.as_bytes()).map_or(0, |kind| self.of_kind(kind)),
            Counted::Category => self.names.find(value.as_bytes()).map_or(0, |number| self.of_category.get(number)),
            Counted::Outcome => self.outcomes.find(value.as_bytes()).map_or(0, |number| self.of_outcome.get(number)),
        }
    }
}

/// What a disclosed figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// All rows but traffic.
    All,
    /// Rows of a kind.
    Kind,
    /// Decisions of a category.
    Category,
    /// Decisions with an outcome.
    Outcome,
}

impl Counted {
    /// The word of this in a file of figures.
    pub fn named(name: &str) -> Option<Self> {
        [Self::All, Self::Kind, Self::Category, Self::Outcome].into_iter().find(|counted| counted.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Kind => Field::Kind.name(),
            Self::Category => Field::Category.name(),
            Self::Outcome => Field::Outcome.name(),
        }
    }
}

/// A figure that was disclosed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosed {
    /// The line of the file that says so.
    pub line: u64,
    /// What it counts.
    pub of: Counted,
    /// The kind, category or outcome; empty for all.
    pub value: String,
    /// How many.
    pub count: u64,
}
