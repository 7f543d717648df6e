//! The history of documents replayed: what would have been told, and when.
//!
//! A history holds a text only when it changed. Between two changes the page was fetched and was the same, so a change
//! that is not followed by another within the hold has stayed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::finding::{About, Kind, Ledger, News, State};
use super::monitor::{Class, Watched};
use super::text::Text;
use super::track::Hold;

/// What a history says of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// The page changed.
    Page,
    /// It was extracted otherwise.
    Technical,
}

/// Numbers of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Documents.
    pub documents: usize,
    /// Changes that the history records, without the first record of each document.
    pub raw_changes: usize,
    /// Of them, by class.
    pub classes: BTreeMap<&'static str, usize>,
    /// How often somebody would have been told.
    pub alerts: usize,
    /// Of the findings that stand, by kind.
    pub findings: BTreeMap<&'static str, usize>,
    /// Provisional findings that did not stay.
    pub retracted: usize,
    /// Changes that wait at the end of the history.
    pub waiting: usize,
    /// Hours from the first sight of a change to the day it was told, at most.
    pub delay_hours_max: i64,
}

/// A history on its way.
#[derive(Debug, Default)]
pub struct Replay {
    hold: Hold,
    documents: BTreeMap<(String, String), (About, Watched)>,
    ledger: Ledger,
    tally: Tally,
}

impl Replay {
    /// A replay that waits so long before it tells.
    pub fn new(hold: Hold) -> Self {
        Self { hold, ..Self::default() }
    }

    /// Takes the next record of a document, which is not older than the one before.
    pub fn record(&mut self, about: &About, at: Timestamp, page: Text, kind: RecordKind) -> Class {
        let name = (about.service.clone(), about.document.clone());
        let (about, watched) = self.documents.entry(name).or_insert_with(|| (about.clone(), Watched::default()));
        for news in elapse(watched, about, &self.hold, at) {
            self.ledger.take(news);
        }
        let step = watched.observe(about, &self.hold, at, page, kind == RecordKind::Technical);
        for news in step.news {
            self.ledger.take(news);
        }
        // the history has a record because something was other: at least its looks
        let class = if step.class == Class::None { Class::Format } else { step.class };
        if class != Class::First {
            self.tally.raw_changes += 1;
            *self.tally.classes.entry(class.name()).or_default() += 1;
        }
        class
    }

    /// Ends the history at this time, until when every page stayed as it was.
    pub fn finish(mut self, end: Timestamp) -> (Ledger, Tally) {
        for (about, watched) in self.documents.values_mut() {
            for news in elapse(watched, about, &self.hold, end) {
                self.ledger.take(news);
            }
            self.tally.waiting += watched.waiting();
        }
        let mut tally = Tally { documents: self.documents.len(), alerts: self.ledger.alerts, ..self.tally };
        for finding in &self.ledger.findings {
            if finding.state == State::Retracted {
                tally.retracted += 1;
            } else {
                *tally.findings.entry(finding.kind.as_str()).or_default() += 1;
            }
            if matches!(finding.kind, Kind::Change | Kind::Reverted) {
                tally.delay_hours_max = tally.delay_hours_max.max(finding.told.duration_since(finding.first_seen).as_hours());
            }
        }
        let mut ledger = self.ledger;
        ledger.findings.sort_by(|one, other| (one.told, &one.about, &one.id).cmp(&(other.told, &other.about, &other.id)));
        (ledger, tally)
    }
}

/// The fetches between two changes, of which only those matter at which a hold ends.
fn elapse(watched: &mut Watched, about: &About, hold: &Hold, until: Timestamp) -> Vec<News> {
    let mut news = Vec::new();
    let mut before = None;
    while let Some(due) = watched.due(hold).filter(|due| *due < until && before != Some(*due)) {
        before = Some(due);
        news.extend(watched.still(about, hold, due));
    }
    news
}
