//! Which part of a file a client wants (RFC 9110, 13 and 14): one range of bytes; whoever asks for several gets all.

use std::ops::RangeInclusive;

use http::{HeaderMap, HeaderValue, header};

/// What a request says of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    has_already: Option<HeaderValue>,
    range: Option<HeaderValue>,
    if_range: Option<HeaderValue>,
}

/// What is to be given of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Nothing: the client has it.
    Nothing,
    /// All of it.
    All,
    /// These bytes, from the first to the last.
    Bytes(RangeInclusive<u64>),
    /// There are no such bytes.
    Outside,
}

impl Asked {
    pub(crate) fn in_headers(headers: &HeaderMap) -> Self {
        let one = |name| headers.get(name).cloned();
        Self { has_already: one(header::IF_NONE_MATCH), range: one(header::RANGE), if_range: one(header::IF_RANGE) }
    }

    /// What is to be given of a file of this tag and size.
    pub(crate) fn part(&self, tag: &HeaderValue, bytes: u64) -> Part {
        if self.has(tag) {
            return Part::Nothing;
        }
        // the rest of another file would be put behind the beginning of this one
        let same = self.if_range.as_ref().is_none_or(|wanted| wanted == tag);
        let range = self.range.as_ref().filter(|_| same).and_then(|range| range.to_str().ok());
        range.and_then(|range| one_range(range, bytes)).unwrap_or(Part::All)
    }

    /// Whether the client has what has this tag.
    pub(crate) fn has(&self, tag: &HeaderValue) -> bool {
        let tags = self.has_already.as_ref().and_then(|list| list.to_str().ok()).unwrap_or_default().split(',');
        tags.map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag)
    }
}

/// `None` for what is no single range of bytes, and so is not looked at.
fn one_range(text: &str, bytes: u64) -> Option<Part> {
    let (first, last) = text.trim().strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().unwrap_or(u64::MAX));
    let (first, last) = match (first, last) {
        ("", "") => return None,
        // so many from the end
        ("", count) => (bytes.saturating_sub(number(count)?), bytes.saturating_sub(1)),
        (first, "") => (number(first)?, bytes.saturating_sub(1)),
        (first, last) => (number(first)?, number(last)?),
    };
    let empty_end = text.trim_end().ends_with("=-0");
    match first {
        _ if first >= bytes || empty_end => Some(Part::Outside),
        _ if first > last => None,
        _ => Some(Part::Bytes(first..=last.min(bytes.saturating_sub(1)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(range: &str, bytes: u64) -> Part {
        let asked = Asked { range: Some(HeaderValue::from_str(range).unwrap()), ..Asked::default() };
        asked.part(&HeaderValue::from_static("\"a\""), bytes)
    }

    #[test]
    fn one_range_is_understood_and_anything_else_is_not_looked_at() {
        for (range, wanted) in [
            ("bytes=0-0", Part::Bytes(0..=0)),
            ("bytes=0-99", Part::Bytes(0..=99)),
            ("bytes=10-", Part::Bytes(10..=99)),
            ("bytes=-5", Part::Bytes(95..=99)),
            ("bytes=-1000", Part::Bytes(0..=99)),
            ("bytes=90-1000", Part::Bytes(90..=99)),
            ("bytes=0-99999999999999999999999", Part::Bytes(0..=99)),
            ("bytes=100-", Part::Outside),
            ("bytes=99999999999999999999999-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=5-4", Part::All),
            ("bytes=0-1,5-6", Part::All),
            ("bytes=-", Part::All),
            ("bytes=a-b", Part::All),
            ("bytes=+1-2", Part::All),
            ("lines=1-2", Part::All),
            ("", Part::All),
        ] {
            assert_eq!(part(range, 100), wanted, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Outside);
    }

    #[test]
    fn a_part_of_another_file_is_not_given() {
        let tag = HeaderValue::from_static("\"a\"");
        let asked = |if_range: &'static str| Asked {
            range: Some(HeaderValue::from_static("bytes=1-2")),
            if_range: Some(HeaderValue::from_static(if_range)),
            ..Asked::default()
        };
        assert_eq!(asked("\"a\"").part(&tag, 9), Part::Bytes(1..=2));
        for other in ["\"b\"", "W/\"a\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(asked(other).part(&tag, 9), Part::All, "{other}");
        }
        let has = Asked { has_already: Some(HeaderValue::from_static("\"x\", W/\"a\"")), ..asked("\"a\"") };
        assert_eq!(has.part(&tag, 9), Part::Nothing);
    }
}
