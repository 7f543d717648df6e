//! A schedule as a calendar file (iCalendar, RFC 5545).
//!
//! Local times are written with their zone, and the zone with every change of its clock for ten years, so that a
//! program that does not know the zone keeps the clock on the wall too.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::plan::Planned;

/// Years for which changes of a clock are written.
const YEARS: i32 = 10;
/// Bytes of a line; a longer one goes on in the next.
const LINE_BYTES: usize = 75;

/// Writes reviews as a calendar. `now` is the moment at which it is written.
pub fn calendar(planned: &[Planned], now: Timestamp) -> String {
    let mut file = File::default();
    file.line("BEGIN:VCALENDAR");
    file.line("VERSION:2.0");
    file.line("PRODID:-//Frankly//frankly audit//EN");
    file.line("CALSCALE:GREGORIAN");
    file.line("METHOD:PUBLISH");
    file.line("X-WR-CALNAME:Reviews");
    let mut zones: BTreeMap<&str, (&TimeZone, Timestamp)> = BTreeMap::new();
    for one in planned {
        if let Ok(starts) = one.review.starts.to_zoned(one.zone.clone()) {
            let (_, first) = zones.entry(&one.review.zone).or_insert((&one.zone, starts.timestamp()));
            *first = (*first).min(starts.timestamp());
        }
    }
    for (name, (zone, first)) in zones {
        file.zone(name, zone, first);
    }
    for one in planned {
        file.event(one, now);
    }
    file.line("END:VCALENDAR");
    file.0
}

#[derive(Default)]
struct File(String);

impl File {
    /// Writes a line, folded.
    fn line(&mut self, line: &str) {
        let (mut rest, mut room) = (line, LINE_BYTES);
        while rest.len() > room {
            let mut at = room;
            while !rest.is_char_boundary(at) {
                at -= 1;
            }
            self.0.push_str(&rest[..at]);
            self.0.push_str("\r\n ");
            rest = &rest[at..];
            room = LINE_BYTES - 1;
        }
        self.0.push_str(rest);
        self.0.push_str("\r\n");
    }

    fn zone(&mut self, name: &str, zone: &TimeZone, first: Timestamp) {
        self.line("BEGIN:VTIMEZONE");
        self.line(&format!("TZID:{name}"));
        let last = first.to_zoned(zone.clone()).checked_add(YEARS.years()).map_or(Timestamp::MAX, |last| last.timestamp());
        // what holds at the beginning began with the change before it
        let before = first.to_zoned(zone.clone()).checked_sub(1.year()).map_or(Timestamp::MIN, |before| before.timestamp());
        let info = zone.to_offset_info(before);
        let mut offset = info.offset();
        self.clock("STANDARD", before, offset, offset, info.abbreviation());
        for change in zone.following(before).take_while(|change| change.timestamp() <= last) {
            let kind = if change.dst().is_dst() { "DAYLIGHT" } else { "STANDARD" };
            self.clock(kind, change.timestamp(), offset, change.offset(), change.abbreviation());
            offset = change.offset();
        }
        self.line("END:VTIMEZONE");
    }

    /// A clock that runs from a moment on.
    fn clock(&mut self, kind: &str, from: Timestamp, old: Offset, new: Offset, name: &str) {
        self.line(&format!("BEGIN:{kind}"));
        self.line(&format!("DTSTART:{}", old.to_datetime(from).strftime("%Y%m%dT%H%M%S")));
        self.line(&format!("TZOFFSETFROM:{}", shown(old)));
        self.line(&format!("TZOFFSETTO:{}", shown(new)));
        self.line(&format!("TZNAME:{}", escaped(name)));
        self.line(&format!("END:{kind}"));
    }

    fn event(&mut self, planned: &Planned, now: Timestamp) {
        let review = &planned.review;
        let mut about = format!("To be done within {} days and signed off by {} and {}.", review.days, review.roles[0], review.roles[1]);
        for (what, value) in [("Platform", &review.platform), ("Control", &review.control)] {
            if let Some(value) = value {
                let _ = write!(about, "\n{what}: {value}");
            }
        }
        let _ = write!(about, "\nfrankly audit schedule sign {} --of DAY --role ROLE --by NAME", review.id);
        self.line("BEGIN:VEVENT");
        self.line(&format!("UID:{}@reviews.frankly", review.id));
        self.line(&format!("DTSTAMP:{}", now.strftime("%Y%m%dT%H%M%SZ")));
        self.line(&format!("DTSTART;TZID={}:{}", review.zone, review.starts.strftime("%Y%m%dT%H%M%S")));
        self.line("DURATION:PT1H");
        self.line(&format!("RRULE:{}", planned.rule));
        self.line(&format!("SUMMARY:{}", escaped(&review.title)));
        self.line(&format!("DESCRIPTION:{}", escaped(&about)));
        self.line("TRANSP:TRANSPARENT");
        self.line("BEGIN:VALARM");
        self.line("ACTION:DISPLAY");
        self.line(&format!("TRIGGER:-P{}D", review.remind_days));
        self.line(&format!("DESCRIPTION:{}", escaped(&review.title)));
        self.line("END:VALARM");
        self.line("END:VEVENT");
    }
}

/// An offset as `+0130`, with seconds where it has some.
fn shown(offset: Offset) -> String {
    let seconds = offset.seconds();
    let (sign, size) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    let mut text = format!("{sign}{:02}{:02}", size / 3_600, size / 60 % 60);
    if size % 60 != 0 {
        let _ = write!(text, "{:02}", size % 60);
    }
    text
}

/// A text as iCalendar takes it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => safe.extend(['\\', c]),
            '\n' => safe.push_str("\\n"),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::plan::read_reviews;
    use super::*;

    #[test]
    fn lines_are_folded_and_texts_escaped() {
        let text = "- id: a\n  title: \"Überprüfung; der, Meldungen \\\\ und so weiter und so fort, damit die Zeile länger wird als erlaubt\"\n  starts: 2026-03-02T09:00\n  zone: Europe/Berlin\n  rule: FREQ=MONTHLY;BYDAY=1MO\n  roles: [a, b]\n";
        let planned = read_reviews(text, |name| TimeZone::get(name).ok()).unwrap();
        let file = calendar(&planned, "2026-01-01T00:00:00Z".parse().unwrap());
        assert!(file.split("\r\n").all(|line| line.len() <= 75), "{file}");
        let unfolded = file.replace("\r\n ", "");
        assert!(unfolded.contains("SUMMARY:Überprüfung\\; der\\, Meldungen \\\\ und so weiter"), "{unfolded}");
        assert!(unfolded.contains("DTSTART;TZID=Europe/Berlin:20260302T090000\r\n"));
        assert!(
            unfolded.contains("BEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n"),
            "{unfolded}"
        );
        assert!(unfolded.contains("BEGIN:STANDARD\r\nDTSTART:20261025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\n"));
        assert!(unfolded.contains("TRIGGER:-P3D") && unfolded.contains("RRULE:FREQ=MONTHLY;BYDAY=1MO\r\n"));
    }
}
