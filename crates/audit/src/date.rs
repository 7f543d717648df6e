//! Days of evidence: whole days, and months where no day is known.

use std::fmt;

use jiff::civil;
pub use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A day, or a month of which the day is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageDate {
    first: Date,
    day_known: bool,
}

impl PageDate {
    /// Reads `2026-03-04` or `2026-03`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_form = bytes.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
        let full = match (is_form, bytes.len()) {
            (true, 10) => text.to_owned(),
            (true, 7) => format!("{text}-01"),
            _ => return None,
        };
        full.parse::<Date>().ok().map(|first| Self { first, day_known: bytes.len() == 10 })
    }

    /// The day, or the first of the month: evidence is never made younger than it is known to be.
    pub const fn day(self) -> Date {
        self.first
    }
}

impl From<Date> for PageDate {
    fn from(first: Date) -> Self {
        Self { first, day_known: true }
    }
}

impl fmt::Display for PageDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.day_known { write!(f, "{}", self.first) } else { write!(f, "{:04}-{:02}", self.first.year(), self.first.month()) }
    }
}

impl<'de> Deserialize<'de> for PageDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text} is no date: write 2026-03-04, or 2026-03")))
    }
}

impl Serialize for PageDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Days from one day to a later one; negative when it is earlier.
pub fn days_between(from: Date, to: Date) -> i64 {
    i64::from(from.until((jiff::Unit::Day, to)).map_or(0, |span: jiff::Span| span.get_days()))
}

/// The day so many days after another, or the last day there is.
pub fn days_after(day: Date, days: i64) -> Date {
    day.checked_add(jiff::SignedDuration::from_hours(days.saturating_mul(24))).unwrap_or(civil::Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_counts_from_its_first_day_and_shows_as_a_month() {
        let month = PageDate::parse("2026-03").unwrap();
        assert_eq!(month.day(), civil::date(2026, 3, 1));
        assert_eq!(month.to_string(), "2026-03");
        assert_eq!(PageDate::parse("2026-03-04").unwrap().to_string(), "2026-03-04");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["2026", "2026-13", "2026-02-30", "26-03-04", "2026-3-4", "2026/03/04", "yesterday", "2026-03-04T10:00", ""] {
            assert_eq!(PageDate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_across_years() {
        assert_eq!(days_between(civil::date(2025, 12, 31), civil::date(2026, 3, 1)), 60);
        assert_eq!(days_between(civil::date(2026, 3, 1), civil::date(2026, 2, 28)), -1);
        assert_eq!(days_after(civil::date(2024, 2, 28), 2), civil::date(2024, 3, 1));
    }
}
