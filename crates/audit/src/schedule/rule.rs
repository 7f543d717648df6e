//! Recurrence rules of iCalendar (RFC 5545, RRULE), as far as reviews need them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use model::limits;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Day,
    Week,
    Month,
    Year,
}

/// When a rule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Never,
    After(u32),
    At(Timestamp),
}

/// A weekday, and which one of the month it is; 0 for every one.
type NthDay = (i8, Weekday);

/// A recurrence rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    text: String,
    every: Every,
    interval: i32,
    days: Vec<NthDay>,
    month_days: Vec<i8>,
    months: Vec<i8>,
    ends: Ends,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A part that is not `NAME=VALUE`, or is there twice.
    #[error("“{0}” is not NAME=VALUE, or stands there twice")]
    Part(String),
    /// A part that is not understood.
    #[error("{0} is not understood; there are FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, COUNT, UNTIL and WKST=MO")]
    Unknown(String),
    /// A value that is none.
    #[error("{0}={1} is not understood")]
    Value(&'static str, String),
    /// Parts that do not go together.
    #[error("{0}")]
    Together(&'static str),
    /// The first day is not one of the rule.
    #[error("the rule does not fall on {0}; it first falls on {1}")]
    Start(Date, String),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_prefix("RRULE:").unwrap_or(&text).to_owned();
        let mut rule = Self {
            text: text.clone(),
            every: Every::Day,
            interval: 1,
            days: vec![],
            month_days: vec![],
            months: vec![],
            ends: Ends::Never,
        };
        let mut seen: Vec<&str> = Vec::new();
        for part in text.split(';') {
            let (name, value) =
                part.split_once('=').filter(|(name, _)| !seen.contains(name)).ok_or_else(|| RuleError::Part(part.to_owned()))?;
            seen.push(name);
            rule.take(name, value)?;
        }
        if !seen.contains(&"FREQ") {
            return Err(RuleError::Together("FREQ is missing: say DAILY, WEEKLY, MONTHLY or YEARLY"));
        }
        if seen.contains(&"COUNT") && seen.contains(&"UNTIL") {
            return Err(RuleError::Together("COUNT and UNTIL do not go together"));
        }
        rule.check()?;
        Ok(rule)
    }
}

impl Rule {
    fn take(&mut self, name: &str, value: &str) -> Result<(), RuleError> {
        let no = |name| RuleError::Value(name, value.to_owned());
        match name {
            "FREQ" => {
                self.every = match value {
                    "DAILY" => Every::Day,
                    "WEEKLY" => Every::Week,
                    "MONTHLY" => Every::Month,
                    "YEARLY" => Every::Year,
                    _ => return Err(no("FREQ")),
                }
            }
            "INTERVAL" => {
                self.interval = value.parse().ok().filter(|interval| (1..=1_000).contains(interval)).ok_or_else(|| no("INTERVAL"))?;
            }
            "COUNT" => self.ends = Ends::After(value.parse().ok().filter(|count| *count > 0).ok_or_else(|| no("COUNT"))?),
            "UNTIL" => {
                let until = DateTime::strptime("%Y%m%dT%H%M%SZ", value).ok().and_then(|until| until.to_zoned(TimeZone::UTC).ok());
                self.ends = Ends::At(until.ok_or_else(|| no("UNTIL"))?.timestamp());
            }
            "BYDAY" => self.days = list(value, nth_day).ok_or_else(|| no("BYDAY"))?,
            "BYMONTHDAY" => {
                self.month_days = list(value, |text| number(text, 31).filter(|day| *day != 0)).ok_or_else(|| no("BYMONTHDAY"))?;
            }
            "BYMONTH" => self.months = list(value, |text| number(text, 12).filter(|month| *month > 0)).ok_or_else(|| no("BYMONTH"))?,
            "WKST" if value == "MO" => {}
            other => return Err(RuleError::Unknown(other.to_owned())),
        }
        Ok(())
    }

    fn check(&self) -> Result<(), RuleError> {
        let nth = self.days.iter().any(|(nth, _)| *nth != 0);
        let in_a_month = self.every == Every::Month || (self.every == Every::Year && !self.months.is_empty());
        if nth && !in_a_month {
            return Err(RuleError::Together("a numbered BYDAY such as 1MO needs FREQ=MONTHLY, or BYMONTH"));
        }
        if nth && !self.month_days.is_empty() {
            return Err(RuleError::Together("a numbered BYDAY and BYMONTHDAY do not go together"));
        }
        if self.every == Every::Week && !self.month_days.is_empty() {
            return Err(RuleError::Together("BYMONTHDAY does not go with FREQ=WEEKLY"));
        }
        if self.every == Every::Year && self.months.is_empty() && !(self.days.is_empty() && self.month_days.is_empty()) {
            return Err(RuleError::Together("FREQ=YEARLY with BYDAY or BYMONTHDAY needs BYMONTH"));
        }
        Ok(())
    }

    /// The moments on which the rule falls from a start on, up to and with a moment, at most [`limits::AUDIT_OCCURRENCES`].
    ///
    /// A time that a clock leaves out when summer begins is that many minutes later; of one that comes twice the first
    /// counts.
    pub fn occurrences(&self, start: DateTime, zone: &TimeZone, to: Timestamp) -> Vec<Zoned> {
        let most = match self.ends {
            Ends::After(count) => usize::try_from(count).unwrap_or(usize::MAX).min(limits::AUDIT_OCCURRENCES),
            Ends::Never | Ends::At(_) => limits::AUDIT_OCCURRENCES,
        };
        let to = if let Ends::At(until) = self.ends { to.min(until) } else { to };
        let mut found = Vec::new();
        for period in 0..limits::AUDIT_PERIODS {
            let Some((first, days)) = self.period(start.date(), period) else { break };
            if first.to_datetime(jiff::civil::Time::midnight()).to_zoned(zone.clone()).is_ok_and(|first| first.timestamp() > to) {
                break;
            }
            for date in days.into_iter().filter(|date| *date >= start.date()) {
                let Ok(moment) = date.to_datetime(start.time()).to_zoned(zone.clone()) else { return found };
                if moment.timestamp() > to || found.len() >= most {
                    return found;
                }
                found.push(moment);
            }
        }
        found
    }

    /// The first day of a period, and the days of it on which the rule falls, in order.
    fn period(&self, start: Date, number: i32) -> Option<(Date, Vec<Date>)> {
        let steps = number.checked_mul(self.interval)?;
        let first = match self.every {
            Every::Day => start.checked_add(steps.days()).ok()?,
            Every::Week => {
                start.checked_sub(i32::from(start.weekday().to_monday_zero_offset()).days()).ok()?.checked_add(steps.weeks()).ok()?
            }
            Every::Month => start.first_of_month().checked_add(steps.months()).ok()?,
            Every::Year => start.first_of_year().checked_add(steps.years()).ok()?,
        };
        let days = match self.every {
            Every::Day => vec![first],
            Every::Week => (0..7).filter_map(|day| first.checked_add(day.days()).ok()).filter(|day| self.is_of_week(*day, start)).collect(),
            Every::Month => self.of_month(first, start),
            Every::Year if self.months.is_empty() => Date::new(first.year(), start.month(), start.day()).into_iter().collect(),
            Every::Year => {
                let mut months = self.months.clone();
                months.sort_unstable();
                months.dedup();
                months
                    .into_iter()
                    .filter_map(|month| Date::new(first.year(), month, 1).ok())
                    .flat_map(|month| self.of_month(month, start))
                    .collect()
            }
        };
        let in_month = |day: &Date| self.months.is_empty() || self.months.contains(&day.month());
        let of_day = |day: &Date| self.every != Every::Day || (self.is_named_weekday(*day) && self.is_named_month_day(*day));
        Some((first, days.into_iter().filter(|day| in_month(day) && of_day(day)).collect()))
    }

    fn is_of_week(&self, day: Date, start: Date) -> bool {
        if self.days.is_empty() { day.weekday() == start.weekday() } else { self.is_named_weekday(day) }
    }

    fn is_named_weekday(&self, day: Date) -> bool {
        self.days.is_empty() || self.days.iter().any(|(_, weekday)| *weekday == day.weekday())
    }

    fn is_named_month_day(&self, day: Date) -> bool {
        let from_end = day.day() - day.days_in_month() - 1;
        self.month_days.is_empty() || self.month_days.contains(&day.day()) || self.month_days.contains(&from_end)
    }

    fn of_month(&self, first: Date, start: Date) -> Vec<Date> {
        let all = (0..first.days_in_month()).filter_map(|day| first.checked_add(i32::from(day).days()).ok());
        all.filter(|day| match (self.days.is_empty(), self.month_days.is_empty()) {
            (true, true) => day.day() == start.day(),
            (_, false) => self.is_named_month_day(*day) && self.is_named_weekday(*day),
            (false, true) => self.days.iter().any(|(nth, weekday)| {
                let from_start = (day.day() - 1) / 7 + 1;
                let from_end = -((day.days_in_month() - day.day()) / 7 + 1);
                *weekday == day.weekday() && (*nth == 0 || *nth == from_start || *nth == from_end)
            }),
        })
        .collect()
    }

    /// Refuses a start on which the rule does not fall: programs do not agree on what that would mean.
    pub fn check_start(&self, start: DateTime) -> Result<(), RuleError> {
        let first = (0..limits::AUDIT_PERIODS)
            .map_while(|number| self.period(start.date(), number))
            .flat_map(|(_, days)| days)
            .find(|day| *day >= start.date());
        match first {
            Some(first) if first == start.date() => Ok(()),
            Some(first) => Err(RuleError::Start(start.date(), first.to_string())),
            None => Err(RuleError::Start(start.date(), "no day".to_owned())),
        }
    }
}

fn list<T>(text: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(one).collect()
}

fn number(text: &str, most: i8) -> Option<i8> {
    text.parse().ok().filter(|number: &i8| (-most..=most).contains(number))
}

fn nth_day(text: &str) -> Option<NthDay> {
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let nth = if nth.is_empty() { 0 } else { number(nth, 5).filter(|nth| *nth != 0)? };
    Some((nth, weekday))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(rule: &str, start: &str, to: &str) -> Vec<String> {
        let rule: Rule = rule.parse().unwrap();
        let found = rule.occurrences(start.parse().unwrap(), &TimeZone::UTC, to.parse().unwrap());
        found.into_iter().map(|moment| moment.date().to_string()).collect()
    }

    #[test]
    fn rules_fall_on_their_days() {
        let to = "2026-06-30T00:00:00Z";
        assert_eq!(
            days("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,MO;COUNT=4", "2026-03-03T09:00", to),
            ["2026-03-03", "2026-03-16", "2026-03-17", "2026-03-30"]
        );
        assert_eq!(
            days("FREQ=MONTHLY;BYDAY=1MO,-1FR", "2026-04-06T09:00", to),
            ["2026-04-06", "2026-04-24", "2026-05-04", "2026-05-29", "2026-06-01", "2026-06-26"]
        );
        assert_eq!(days("FREQ=MONTHLY", "2026-01-31T09:00", to), ["2026-01-31", "2026-03-31", "2026-05-31"]);
        assert_eq!(
            days("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31T09:00", "2026-03-31T23:00:00Z"),
            ["2026-01-31", "2026-02-28", "2026-03-31"]
        );
        assert_eq!(days("FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=15", "2026-03-15T09:00", to), ["2026-03-15", "2026-06-15"]);
        assert_eq!(days("FREQ=DAILY;INTERVAL=10;UNTIL=20260320T120000Z", "2026-03-01T09:00", to), ["2026-03-01", "2026-03-11"]);
        assert_eq!(days("FREQ=YEARLY", "2024-02-29T09:00", "2032-12-31T00:00:00Z"), ["2024-02-29", "2028-02-29", "2032-02-29"]);
    }

    #[test]
    fn summer_time_keeps_the_clock_on_the_wall() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let rule: Rule = "FREQ=WEEKLY".parse().unwrap();
        let found = rule.occurrences("2026-03-22T02:30".parse().unwrap(), &zone, "2026-04-06T00:00:00Z".parse().unwrap());
        let moments: Vec<String> = found.iter().map(|moment| moment.timestamp().to_string()).collect();
        assert_eq!(moments, ["2026-03-22T01:30:00Z", "2026-03-29T01:30:00Z", "2026-04-05T00:30:00Z"], "02:30 does not exist on 29 March");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (rule, says) in [
            ("", "“” is not NAME=VALUE"),
            ("FREQ=HOURLY", "FREQ=HOURLY"),
            ("INTERVAL=2", "FREQ is missing"),
            ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
            ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS is not understood"),
            ("FREQ=DAILY;COUNT=2;UNTIL=20260101T000000Z", "do not go together"),
            ("FREQ=DAILY;UNTIL=20260101", "UNTIL=20260101"),
            ("FREQ=WEEKLY;BYDAY=1MO", "needs FREQ=MONTHLY"),
            ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go"),
            ("FREQ=YEARLY;BYDAY=MO", "needs BYMONTH"),
            ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY=6MO"),
            ("FREQ=DAILY;FREQ=DAILY", "twice"),
            ("FREQ=WEEKLY;BYDAY=é", "BYDAY=é"),
        ] {
            let error = rule.parse::<Rule>().unwrap_err().to_string();
            assert!(error.contains(says), "{rule}: {error}");
        }
    }

    #[test]
    fn a_start_off_the_rule_is_refused() {
        let rule: Rule = "FREQ=WEEKLY;BYDAY=MO".parse().unwrap();
        let error = rule.check_start("2026-03-03T09:00".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the rule does not fall on 2026-03-03; it first falls on 2026-03-09");
        assert!(rule.check_start("2026-03-09T09:00".parse().unwrap()).is_ok());
        let never: Rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31".parse().unwrap();
        assert!(never.check_start("2026-03-03T09:00".parse().unwrap()).unwrap_err().to_string().ends_with("no day"));
    }
}
