//! Moments of a log, read quickly.

const DAY_S: i64 = 86_400;

/// The moments of the years 0 to 9999, which are written with four digits.
pub(super) const WRITABLE: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// Reads a moment as seconds since 1970 in UTC.
///
/// Understood are a date, a date and a time with a blank or a `T` between them, with or without seconds and parts of
/// them, and with `Z` or an offset; a moment without an offset is UTC.
pub fn parse(text: &[u8]) -> Option<i64> {
    let day = days(number(text.get(..4)?)?, part(text, 4, b'-')?, part(text, 7, b'-')?)?;
    let rest = &text[10..];
    if rest.is_empty() {
        return Some(day * DAY_S);
    }
    if !matches!(rest[0], b' ' | b'T' | b't') {
        return None;
    }
    let (hour, minute) = (number(rest.get(1..3)?)?, part(rest, 3, b':')?);
    let mut tail = &rest[6..];
    let mut second = 0;
    if tail.first() == Some(&b':') {
        second = part(tail, 0, b':')?;
        tail = &tail[3..];
        if let Some(parts) = tail.strip_prefix(b".") {
            let digits = parts.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            tail = &parts[digits..];
        }
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(day * DAY_S + hour * 3_600 + minute * 60 + second - offset(tail)?).filter(|moment| WRITABLE.contains(moment))
}

/// Two digits behind a certain byte.
fn part(text: &[u8], at: usize, mark: u8) -> Option<i64> {
    (*text.get(at)? == mark).then_some(())?;
    number(text.get(at + 1..at + 3)?)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

/// Seconds that a place is ahead of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [] | [b'Z' | b'z'] | [b' ', b'U', b'T', b'C'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.len() {
        2 => (number(rest)?, 0),
        4 => (number(&rest[..2])?, number(&rest[2..])?),
        5 => (number(&rest[..2])?, part(rest, 2, b':')?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let years = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (years.div_euclid(400), years.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Year, month and day of so many days since 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let month_of_year = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month_of_year <= 2), month_of_year, of_year - (153 * month + 2) / 5 + 1)
}

/// A day as `2026-11-28`.
pub(super) fn show_day(days: i64) -> String {
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A moment as `2026-11-28T07:20:00Z`.
pub fn show(moment_s: i64) -> String {
    let second = moment_s.rem_euclid(DAY_S);
    format!("{}T{:02}:{:02}:{:02}Z", show_day(moment_s.div_euclid(DAY_S)), second / 3_600, second / 60 % 60, second % 60)
}

/// A length of time in the unit in which a person would say it.
pub(super) fn show_length(seconds: f64) -> String {
    match seconds.abs() {
        short if short < 120.0 => format!("{seconds:.0} s"),
        short if short < 7_200.0 => format!("{:.0} min", seconds / 60.0),
        short if short < 172_800.0 => format!("{:.1} h", seconds / 3_600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms_that_logs_use() {
        let moment = 1_795_850_405; // 2026-11-28T07:20:05Z
        for text in [
            "2026-11-28 07:20:05",
            "2026-11-28T07:20:05Z",
            "2026-11-28T07:20:05.123456Z",
            "2026-11-28T08:20:05+01:00",
            "2026-11-28T02:20:05-0500",
            "2026-11-28 07:20:05 UTC",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(moment), "{text}");
        }
        assert_eq!(parse(b"2026-11-28"), Some(moment - moment % DAY_S));
        assert_eq!(parse(b"2026-11-28 07:20"), Some(moment - 5));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2026-11-28x",
            "28/11/2026",
            "2026-11-28 24:00:00",
            "2026-11-28 07:20:05 CET",
            "9999-12-31T23:59:60Z",
            "0000-01-01T00:00+01:00",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert!(parse(b"2024-02-29").is_some());
    }

    proptest! {
        #[test]
        fn a_moment_is_shown_as_it_is_read(moment in -62_167_219_200_i64..253_402_300_799) {
            prop_assert_eq!(parse(show(moment).as_bytes()), Some(moment));
            let peer = jiff::Timestamp::from_second(moment).unwrap();
            prop_assert_eq!(show(moment), peer.to_string());
        }

        #[test]
        fn any_bytes_are_a_moment_or_refused(bytes: Vec<u8>) {
            parse(&bytes);
        }
    }
}
