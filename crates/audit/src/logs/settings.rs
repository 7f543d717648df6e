//! The thresholds of a review. Each has a default and can be set in a file or on the command line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::finding::Check;

/// How finely a calendar looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Every day should have an entry.
    #[default]
    Day,
    /// Every hour should have an entry.
    Hour,
}

impl Unit {
    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Day => 86_400,
            Self::Hour => 3_600,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }
}

/// When entries are to be expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    /// Whether every day or every hour should have an entry.
    pub unit: Unit,
    /// Weekdays on which somebody works, from `mon` to `sun`.
    pub weekdays: Vec<String>,
    /// The first hour at which somebody works, and the hour at which nobody does any more.
    pub hours: (u8, u8),
    /// Days on which nobody works, as `2026-12-25`.
    pub holidays: Vec<String>,
    /// Minutes by which the place is ahead of UTC.
    pub ahead_of_utc_min: i32,
    /// The first day that should be there; by default that of the first entry.
    pub from: Option<String>,
    /// The last day that should be there; by default that of the last entry.
    pub to: Option<String>,
}

/// The weekdays by their names, Monday first.
pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Default for Calendar {
    fn default() -> Self {
        Self {
            unit: Unit::Day,
            weekdays: WEEKDAYS.map(str::to_owned).to_vec(),
            hours: (0, 24),
            holidays: Vec::new(),
            ahead_of_utc_min: 0,
            from: None,
            to: None,
        }
    }
}

/// Every threshold of a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Checks that are left out.
    pub without: Vec<Check>,
    /// Lines that are shown for each finding.
    pub evidence: usize,
    /// Seconds by which a clock may be ahead.
    pub future_s: i64,
    /// When entries are to be expected.
    pub calendar: Calendar,
    /// G1: units that may be without an entry.
    pub g1_missing: u64,
    /// G2: identifiers that may come again.
    pub g2_duplicates: u64,
    /// G2: numbers of the sequence that may be missing.
    pub g2_holes: u64,
    /// G3: hours in which a report is decided.
    pub g3_hours: f64,
    /// G3: reports that may be late.
    pub g3_late: u64,
    /// G4: how many deviations above the median of its category a decision may take.
    pub g4_deviations: f64,
    /// G4: decisions that a category needs before its median says something.
    pub g4_least: u64,
    /// G4: the share of decisions of a category that may be outliers.
    pub g4_share: f64,
    /// G4: seconds by which a decision may lie before its cause; days of two time zones differ by up to 14 hours.
    pub g4_backwards_s: i64,
    /// G5: reversals that may be without a reason.
    pub g5_without_reason: u64,
    /// G5: how many standard deviations above the rate of all the reversals of one reviewer may lie.
    pub g5_sigmas: f64,
    /// G5: decisions that a reviewer needs before the rate says something.
    pub g5_least: u64,
    /// G6: decisions that may contradict their text.
    pub g6_rows: u64,
    /// G6: words that speak of people.
    pub g6_people: Vec<String>,
    /// G6: words that speak of programs alone.
    pub g6_programs: Vec<String>,
    /// G7: decisions that may have another category.
    pub g7_rows: u64,
    /// G7: the categories that exist; by default those of the Digital Services Act for its files, else none.
    pub g7_categories: Vec<String>,
    /// G8: the share of all decisions that may have one explanation.
    pub g8_share: f64,
    /// G8: decisions with an explanation that there need to be.
    pub g8_least: u64,
    /// G9: readings that may be without a ground.
    pub g9_rows: u64,
    /// G10: the share by which two disclosures may differ.
    pub g10_share: f64,
    /// G11: days that a chart needs.
    pub g11_least: usize,
    /// G11: which rules of Western Electric are looked for.
    pub g11_rules: Vec<u8>,
    /// G11: whether limits allow for days that vary more than chance (Laney's chart).
    pub g11_overdispersed: bool,
    /// G12: how many times the median of others that of minors may be.
    pub g12_ratio: f64,
    /// G12: how improbable the difference must be if it were chance.
    pub g12_probability: f64,
    /// G13: hours without a flag that there may be while there was traffic.
    pub g13_hours: u64,
    /// G13: the least traffic of an hour that counts.
    pub g13_traffic: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            without: Vec::new(),
            evidence: 10,
            future_s: 300,
            calendar: Calendar::default(),
            g1_missing: 0,
            g2_duplicates: 0,
            g2_holes: 0,
            g3_hours: 24.0,
            g3_late: 0,
            g4_deviations: 10.0,
            g4_least: 30,
            g4_share: 0.01,
            g4_backwards_s: 14 * 3_600,
            g5_without_reason: 0,
            g5_sigmas: 3.0,
            g5_least: 20,
            g6_rows: 0,
            g6_people: words(&[
                "human review",
                "manual review",
                "manually review",
                "reviewed by a person",
                "reviewed by a human",
                "human moderator",
                "by our moderators",
            ]),
            g6_programs: words(&["fully automated", "automated means only", "solely automated", "solely by automated", "without human"]),
            g7_rows: 0,
            g7_categories: Vec::new(),
            g8_share: 0.2,
            g8_least: 50,
            g9_rows: 0,
            g10_share: 0.01,
            g11_least: 12,
            g11_rules: vec![1, 2, 3, 4],
            g11_overdispersed: true,
            g12_ratio: 1.1,
            g12_probability: 0.001,
            g13_hours: 0,
            g13_traffic: 1,
        }
    }
}

/// What is wrong with settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is no YAML of the right form.
    #[error("{0}")]
    Form(String),
    /// A setting on the command line is not `NAME=VALUE`.
    #[error("“{0}” is not NAME=VALUE")]
    NoPair(String),
    /// A value that makes no sense.
    #[error("{0}")]
    Value(String),
}

impl Settings {
    /// The defaults, changed by a YAML file and then by `NAME=VALUE` of the command line (`calendar.unit=hour`).
    pub fn read(file: Option<&str>, changes: &[String]) -> Result<Self, SettingsError> {
        let form = |error: String| SettingsError::Form(error);
        let read: Self = match file {
            Some(text) => {
                serde_saphyr::from_str(text).map_err(|error| form(error.to_string().lines().next().unwrap_or_default().to_owned()))?
            }
            None => Self::default(),
        };
        let mut tree = serde_json::to_value(read).map_err(|error| form(error.to_string()))?;
        for change in changes {
            let (name, text) = change.split_once('=').ok_or_else(|| SettingsError::NoPair(change.clone()))?;
            let mut place = &mut tree;
            for part in name.split('.') {
                place = place.get_mut(part).ok_or_else(|| SettingsError::Value(format!("there is no setting {name}")))?;
            }
            *place = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        }
        let settings: Self = serde_json::from_value(tree).map_err(|error| form(error.to_string()))?;
        settings.check()?;
        Ok(settings)
    }

    /// All of them as the YAML that [`Settings::read`] takes; JSON is YAML too.
    pub fn to_yaml(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), SettingsError> {
        let no = |what: String| Err(SettingsError::Value(what));
        let calendar = &self.calendar;
        if let Some(day) = calendar.weekdays.iter().find(|day| !WEEKDAYS.contains(&day.as_str())) {
            return no(format!("calendar.weekdays: “{day}” is none of {}", WEEKDAYS.join(", ")));
        }
        if calendar.weekdays.is_empty() || calendar.hours.0 >= calendar.hours.1 || calendar.hours.1 > 24 {
            return no("calendar: somebody has to work at some time; hours go from 0 to 24".to_owned());
        }
        let days = calendar.holidays.iter().chain(&calendar.from).chain(&calendar.to);
        if let Some(day) = days.into_iter().find(|day| day.len() != 10 || super::time::parse(day.as_bytes()).is_none()) {
            return no(format!("calendar: “{day}” is no day; write 2026-12-25"));
        }
        if calendar.ahead_of_utc_min.abs() > 24 * 60 {
            return no("calendar.ahead_of_utc_min: no place is more than a day ahead".to_owned());
        }
        if let Some(rule) = self.g11_rules.iter().find(|rule| !(1..=4).contains(*rule)) {
            return no(format!("g11_rules: there is no rule {rule}"));
        }
        let shares = [self.g4_share, self.g8_share, self.g10_share, self.g12_probability];
        let sizes = [self.g3_hours, self.g4_deviations, self.g5_sigmas, self.g12_ratio];
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) || sizes.iter().any(|size| !size.is_finite() || *size < 0.0) {
            return no("a share lies between 0 and 1, and a threshold is not negative".to_owned());
        }
        Ok(())
    }

    /// Whether a check is made.
    pub(super) fn makes(&self, check: Check) -> bool {
        !self.without.contains(&check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_the_defaults() {
        let file = "g3_hours: 48\ncalendar:\n  unit: hour\n  weekdays: [mon, tue]\n";
        let settings =
            Settings::read(Some(file), &["g3_hours=12".to_owned(), "calendar.hours=[8,17]".to_owned(), "without=[\"G8\"]".to_owned()])
                .unwrap();
        assert_eq!((settings.g3_hours, settings.calendar.unit, settings.calendar.hours), (12.0, Unit::Hour, (8, 17)));
        assert_eq!((settings.calendar.weekdays.len(), settings.g8_share), (2, 0.2));
        assert!(!settings.makes(Check::G8) && settings.makes(Check::G7));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_name() {
        for (file, change, says) in [
            (Some("g3_hour: 1"), None, "g3_hour"),
            (None, Some("g3_hours"), "NAME=VALUE"),
            (None, Some("g3=1"), "there is no setting g3"),
            (None, Some("g8_share=2"), "between 0 and 1"),
            (None, Some("calendar.weekdays=[\"montag\"]"), "montag"),
            (None, Some("calendar.holidays=[\"25.12.\"]"), "25.12."),
            (None, Some("g11_rules=[5]"), "no rule 5"),
            (None, Some("calendar.hours=[9,9]"), "somebody has to work"),
        ] {
            let error = Settings::read(file, &change.map(str::to_owned).into_iter().collect::<Vec<_>>()).unwrap_err();
            assert!(error.to_string().contains(says), "{file:?} {change:?}: {error}");
        }
    }
}
