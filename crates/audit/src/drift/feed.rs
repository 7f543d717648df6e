//! Feeds: entries that are new are told once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::bounds;
use super::declaration::PageKind;
use super::finding::{About, Finding, Kind, News, Quote, id_of};
use super::lexicon::{Severity, touched};
use super::text::Key;

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is known by.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it says, or the beginning of it.
    pub summary: String,
    /// Where it is.
    pub link: String,
    /// When it says that it was written.
    pub at: Option<Timestamp>,
}

/// A feed and what is remembered of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WatchedFeed {
    /// Entries that have been seen.
    seen: BTreeMap<Key, Timestamp>,
    /// Whether it was ever read.
    begun: bool,
}

impl WatchedFeed {
    /// Takes what a feed shows. The first time nothing is told; later every new advisory is, and of another feed every new
    /// entry with words of the lexicon.
    pub fn observe(&mut self, about: &About, kind: PageKind, at: Timestamp, entries: &[Entry]) -> Vec<News> {
        let begun = std::mem::replace(&mut self.begun, true);
        let mut news = Vec::new();
        for entry in entries {
            // an entry that is rewritten is new, one that is told again is not
            let key = Key::of(&format!("{}\n{}", entry.id, entry.title));
            let known = self.seen.insert(key, at).is_some();
            if known || !begun {
                continue;
            }
            let found = touched([entry.title.as_str(), entry.summary.as_str()].into_iter());
            let severity = if kind == PageKind::Advisory { found.severity.max(Severity::Medium) } else { found.severity };
            if severity == Severity::Low {
                continue;
            }
            let mut touches: Vec<String> = found.controls.into_iter().map(str::to_owned).chain(about.controls.iter().cloned()).collect();
            touches.sort_unstable();
            touches.dedup();
            let after = [entry.title.as_str(), entry.summary.as_str()].join(": ");
            let finding = Finding {
                id: id_of(about, Kind::Advisory, &key.to_string()),
                touches,
                quotes: vec![Quote { before: None, after: Some(after.chars().take(bounds::QUOTE_CHARS).collect()) }],
                ..Finding::plain(about, Kind::Advisory, severity, entry.at.map_or(at, |said| said.min(at)), at, entry.link.clone())
            };
            news.push(News::Raised(Box::new(finding)));
        }
        while self.seen.len() > bounds::TOLD_REMEMBERED {
            let oldest = self.seen.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key);
            oldest.map(|key| self.seen.remove(&key));
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, title: &str) -> Entry {
        Entry { id: id.to_owned(), title: title.to_owned(), summary: String::new(), link: String::new(), at: None }
    }

    #[test]
    fn new_entries_are_told_once() {
        let about = About { service: "S".into(), document: "Feed".into(), platform: None, controls: vec!["ASR-5".into()] };
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let mut feed = WatchedFeed::default();
        let look = |feed: &mut WatchedFeed, kind, entries: &[Entry]| feed.observe(&about, kind, at, entries).len();
        assert_eq!(look(&mut feed, PageKind::Feed, &[entry("1", "Encryption ends")]), 0, "what was there before");
        assert_eq!(look(&mut feed, PageKind::Feed, &[entry("2", "A party"), entry("1", "Encryption ends")]), 0);
        assert_eq!(look(&mut feed, PageKind::Feed, &[entry("3", "Encryption is back"), entry("2", "A party")]), 1);
        assert_eq!(look(&mut feed, PageKind::Advisory, &[entry("4", "A fix")]), 1);
        assert_eq!(look(&mut feed, PageKind::Advisory, &[entry("4", "A fix"), entry("3", "Encryption is back")]), 0);
        // a clock of the feed that is ahead does not count
        let late = Entry { at: Some(at.checked_add(jiff::SignedDuration::from_hours(99)).unwrap()), ..entry("5", "Warrants") };
        let news = feed.observe(&about, PageKind::Feed, at, &[late]);
        assert!(matches!(&news[0], News::Raised(finding) if finding.first_seen == at && finding.touches == ["ACC-3", "ASR-5"]));
    }
}
