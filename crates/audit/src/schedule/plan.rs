//! Reviews, their sign-offs, and what stands open.

use std::fmt::Write;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::rule::{Rule, RuleError};
use crate::controls::SHIPPED;

/// A review as it stands in a schedule: one item of a YAML list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// What it is called in commands: small letters, digits and `-`.
    pub id: String,
    /// What is reviewed.
    pub title: String,
    /// The platform that is reviewed, where it is one.
    #[serde(default)]
    pub platform: Option<String>,
    /// The control that is reviewed, such as `ORG-3`.
    #[serde(default)]
    pub control: Option<String>,
    /// The first time, on the clock of the zone: `2026-03-02T09:00`.
    pub starts: DateTime,
    /// The zone of that clock, such as `Europe/Berlin`.
    pub zone: String,
    /// When it comes again: a rule of iCalendar such as `FREQ=MONTHLY;BYDAY=1MO`.
    pub rule: String,
    /// Days in which it is to be done.
    #[serde(default = "a_week")]
    pub days: u16,
    /// Days before it at which a calendar reminds of it.
    #[serde(default = "three_days")]
    pub remind_days: u16,
    /// The two roles that sign it off.
    pub roles: [String; 2],
}

fn a_week() -> u16 {
    7
}

fn three_days() -> u16 {
    3
}

/// What is wrong with a schedule or a sign-off.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The file is no YAML list of reviews.
    #[error("{0}")]
    Form(String),
    /// A review with an error, by its id.
    #[error("review {0}: {1}")]
    Review(String, String),
    /// A rule that is not understood.
    #[error("review {0}: {1}")]
    Rule(String, RuleError),
    /// A line of the sign-offs that is none.
    #[error("line {0}: {1}")]
    Line(usize, String),
    /// Somebody signs what they may not.
    #[error("{0}")]
    Signing(String),
}

/// A review whose rule and zone were understood.
#[derive(Clone, Debug)]
pub struct Planned {
    /// As it stands in the schedule.
    pub review: Review,
    pub(super) rule: Rule,
    pub(super) zone: TimeZone,
}

/// One time that a review is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When it begins.
    pub begins: Zoned,
    /// When it is overdue.
    pub deadline: Timestamp,
}

/// A role that signed off a review of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOff {
    /// Which review.
    pub review: String,
    /// The day it began.
    pub of: Date,
    /// As which role.
    pub role: String,
    /// Who, by a pseudonym.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How a review stands.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// Which review.
    pub planned: &'a Planned,
    /// What is past its deadline without both signatures, and the roles that are missing.
    pub overdue: Vec<(Occurrence, Vec<&'a str>)>,
    /// What has begun and is not past its deadline.
    pub open: Vec<(Occurrence, Vec<&'a str>)>,
    /// When it comes next.
    pub next: Option<Occurrence>,
}

/// Reads a schedule. `zone` looks up a time zone by its name.
pub fn read_reviews(text: &str, zone: impl Fn(&str) -> Option<TimeZone>) -> Result<Vec<Planned>, ScheduleError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let first_line = |error: serde_saphyr::Error| ScheduleError::Form(error.to_string().lines().next().unwrap_or_default().to_owned());
    let reviews: Vec<Review> = serde_saphyr::from_str(text).map_err(first_line)?;
    let mut planned: Vec<Planned> = Vec::new();
    for review in reviews {
        let one = Planned::new(review, &zone)?;
        if planned.iter().any(|other| other.review.id == one.review.id) {
            return Err(ScheduleError::Review(one.review.id, "there are two of this name".to_owned()));
        }
        planned.push(one);
    }
    Ok(planned)
}

impl Planned {
    /// Checks a review and looks up its zone.
    pub fn new(review: Review, zone: impl Fn(&str) -> Option<TimeZone>) -> Result<Self, ScheduleError> {
        let no = |why: String| Err(ScheduleError::Review(review.id.clone(), why));
        let plain = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !plain(&review.id) {
            return no("an id has small letters, digits and - alone".to_owned());
        }
        if review.roles[0].trim().is_empty() || review.roles[1].trim().is_empty() || review.roles[0] == review.roles[1] {
            return no("two different roles sign it off".to_owned());
        }
        if let Some(control) = review.control.as_ref().filter(|id| SHIPPED.all().all(|(_, control)| control.id != **id)) {
            return no(format!("there is no control {control}"));
        }
        let Some(found) = zone(&review.zone) else { return no(format!("there is no time zone {}", review.zone)) };
        let rule: Rule = review.rule.parse().map_err(|error| ScheduleError::Rule(review.id.clone(), error))?;
        rule.check_start(review.starts).map_err(|error| ScheduleError::Rule(review.id.clone(), error))?;
        Ok(Self { review, rule, zone: found })
    }

    /// Every time that it is due, up to and with a moment.
    pub fn occurrences(&self, to: Timestamp) -> Vec<Occurrence> {
        let days = SignedDuration::from_hours(24 * i64::from(self.review.days));
        let begins = self.rule.occurrences(self.review.starts, &self.zone, to);
        begins
            .into_iter()
            .map(|begins| Occurrence { deadline: begins.timestamp().saturating_add(days).unwrap_or(Timestamp::MAX), begins })
            .collect()
    }

    fn missing<'a>(&'a self, occurrence: &Occurrence, sign_offs: &[SignOff]) -> Vec<&'a str> {
        let signed = |role: &str| sign_offs.iter().any(|sign_off| self.is_of(sign_off, occurrence) && sign_off.role == role);
        self.review.roles.iter().map(String::as_str).filter(|role| !signed(role)).collect()
    }

    fn is_of(&self, sign_off: &SignOff, occurrence: &Occurrence) -> bool {
        sign_off.review == self.review.id && sign_off.of == occurrence.begins.date()
    }

    /// The review as an item of a YAML list.
    pub fn to_yaml(&self) -> String {
        let review = &self.review;
        let mut yaml = String::new();
        // JSON strings are YAML strings, whatever is in them
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let _ = writeln!(yaml, "- id: {}\n  title: {}", quoted(&review.id), quoted(&review.title));
        for (name, value) in [("platform", &review.platform), ("control", &review.control)] {
            if let Some(value) = value {
                let _ = writeln!(yaml, "  {name}: {}", quoted(value));
            }
        }
        let starts = review.starts.strftime("%Y-%m-%dT%H:%M");
        let _ = writeln!(yaml, "  starts: \"{starts}\"\n  zone: {}\n  rule: {}", quoted(&review.zone), quoted(&review.rule));
        let _ = writeln!(yaml, "  days: {}\n  remind_days: {}", review.days, review.remind_days);
        let _ = writeln!(yaml, "  roles: [{}, {}]", quoted(&review.roles[0]), quoted(&review.roles[1]));
        yaml
    }
}

/// Reads sign-offs, one JSON object a line.
pub fn read_sign_offs(text: &str) -> Result<Vec<SignOff>, ScheduleError> {
    let line =
        |(number, line): (usize, &str)| serde_json::from_str(line).map_err(|error| ScheduleError::Line(number + 1, error.to_string()));
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(line).collect()
}

/// How reviews stand at a moment; `ahead` is how far to look for what comes next.
pub fn standing<'a>(planned: &'a [Planned], sign_offs: &[SignOff], now: Timestamp, ahead: SignedDuration) -> Vec<Standing<'a>> {
    let to = now.saturating_add(ahead).unwrap_or(Timestamp::MAX);
    let one = |planned: &'a Planned| {
        let mut standing = Standing { planned, overdue: Vec::new(), open: Vec::new(), next: None };
        for occurrence in planned.occurrences(to) {
            if occurrence.begins.timestamp() > now {
                standing.next = Some(occurrence);
                break;
            }
            let missing = planned.missing(&occurrence, sign_offs);
            if missing.is_empty() {
                continue;
            }
            let list = if occurrence.deadline < now { &mut standing.overdue } else { &mut standing.open };
            list.push((occurrence, missing));
        }
        standing
    };
    planned.iter().map(one).collect()
}

/// Somebody who wants to sign off a review.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// Which review.
    pub review: &'a str,
    /// The day it began.
    pub of: Date,
    /// As which role.
    pub role: &'a str,
    /// Who.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
}

impl Signing<'_> {
    /// Signs, if it is due, the role is one of the two, and nobody signs for both.
    pub fn sign(self, planned: &[Planned], sign_offs: &[SignOff]) -> Result<SignOff, ScheduleError> {
        let no = |why: String| Err(ScheduleError::Signing(why));
        let Some(review) = planned.iter().find(|planned| planned.review.id == self.review) else {
            return no(format!("there is no review {}", self.review));
        };
        if !review.review.roles.iter().any(|role| role == self.role) {
            return no(format!("{} is signed off by {}, not by {}", self.review, review.review.roles.join(" and "), self.role));
        }
        if self.by.trim().is_empty() {
            return no("somebody signs, by a name or a pseudonym".to_owned());
        }
        let Some(occurrence) = review.occurrences(self.at).into_iter().find(|occurrence| occurrence.begins.date() == self.of) else {
            return no(format!("{} did not begin on {}", self.review, self.of));
        };
        for other in sign_offs.iter().filter(|other| review.is_of(other, &occurrence)) {
            if other.role == self.role {
                return no(format!("{} of {} was signed off as {} on {}", self.review, self.of, self.role, other.at));
            }
            if other.by == self.by {
                return no(format!("{} signed it off as {} already; the second signature is another person's", self.by, other.role));
            }
        }
        Ok(SignOff { review: self.review.to_owned(), of: self.of, role: self.role.to_owned(), by: self.by.to_owned(), at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: &str = "- id: logs
  title: Moderation log of the week
  control: ORG-3
  starts: 2026-03-02T09:00
  zone: Europe/Berlin
  rule: FREQ=WEEKLY
  roles: [privacy officer, senior reviewer]
";

    fn zone(name: &str) -> Option<TimeZone> {
        TimeZone::get(name).ok()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn signing<'a>(role: &'a str, by: &'a str, of: &str) -> Signing<'a> {
        Signing { review: "logs", of: of.parse().unwrap(), role, by, at: at("2026-03-12T10:00:00Z") }
    }

    #[test]
    fn a_review_is_done_when_two_people_in_two_roles_signed() {
        let planned = read_reviews(SCHEDULE, zone).unwrap();
        let first = signing("privacy officer", "p-1", "2026-03-02").sign(&planned, &[]).unwrap();
        let refused = |signing: Signing<'_>| signing.sign(&planned, std::slice::from_ref(&first)).unwrap_err().to_string();
        assert!(refused(signing("senior reviewer", "p-1", "2026-03-02")).contains("another person's"));
        assert!(refused(signing("privacy officer", "p-2", "2026-03-02")).contains("was signed off as privacy officer"));
        assert!(refused(signing("auditor", "p-2", "2026-03-02")).contains("not by auditor"));
        assert!(refused(signing("senior reviewer", "p-2", "2026-03-03")).contains("did not begin"));
        assert!(refused(signing("senior reviewer", "p-2", "2026-03-16")).contains("did not begin"), "nobody signs what is to come");
        assert!(refused(signing("senior reviewer", " ", "2026-03-02")).contains("somebody signs"));
        let second = signing("senior reviewer", "p-2", "2026-03-02").sign(&planned, std::slice::from_ref(&first)).unwrap();

        let now = at("2026-03-12T10:00:00Z");
        let missing = |sign_offs: &[SignOff]| {
            let standing = standing(&planned, sign_offs, now, SignedDuration::from_hours(24 * 30));
            let days = |list: &[(Occurrence, Vec<&str>)]| {
                list.iter().map(|(occurrence, missing)| format!("{} {}", occurrence.begins.date(), missing.join(", "))).collect::<Vec<_>>()
            };
            (days(&standing[0].overdue), days(&standing[0].open), standing[0].next.as_ref().unwrap().begins.date().to_string())
        };
        let open = vec!["2026-03-09 privacy officer, senior reviewer".to_owned()];
        assert_eq!(
            missing(std::slice::from_ref(&first)),
            (vec!["2026-03-02 senior reviewer".to_owned()], open.clone(), "2026-03-16".to_owned())
        );
        assert_eq!(missing(&[first, second]).0, Vec::<String>::new());
    }

    #[test]
    fn a_schedule_is_read_as_it_is_written() {
        let planned = read_reviews(SCHEDULE, zone).unwrap();
        let again = read_reviews(&planned[0].to_yaml(), zone).unwrap();
        assert_eq!(again[0].review, planned[0].review);
        let odd = Review { title: "a: \"b\" # c\n- d".to_owned(), ..planned[0].review.clone() };
        let odd = Planned::new(odd, zone).unwrap();
        assert_eq!(read_reviews(&odd.to_yaml(), zone).unwrap()[0].review, odd.review);
    }

    #[test]
    fn a_wrong_schedule_says_why() {
        for (change, says) in [
            (("id: logs", "id: Logs!"), "small letters"),
            (("ORG-3", "ORG-9"), "no control ORG-9"),
            (("Europe/Berlin", "Europe/Nowhere"), "no time zone Europe/Nowhere"),
            (("senior reviewer", "privacy officer"), "two different roles"),
            (("FREQ=WEEKLY", "FREQ=OFTEN"), "FREQ=OFTEN"),
            (("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU"), "does not fall on 2026-03-02"),
            (("title:", "titel:"), "titel"),
        ] {
            let error = read_reviews(&SCHEDULE.replace(change.0, change.1), zone).unwrap_err().to_string();
            assert!(error.contains(says), "{change:?}: {error}");
        }
        let twice = format!("{SCHEDULE}{SCHEDULE}");
        assert!(read_reviews(&twice, zone).unwrap_err().to_string().contains("two of this name"));
        assert!(read_sign_offs("{}\n").unwrap_err().to_string().starts_with("line 1:"));
    }
}
