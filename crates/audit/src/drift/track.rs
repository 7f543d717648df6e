//! One text followed through time: what is confirmed of it, what waits for the hold to end, what was told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::bounds;
use super::diff::{Delta, Hunk, compare};
use super::finding::{About, Change, Finding, Kind, News, State, Told};
use super::text::{Key, Text};

/// How long a change must stay before it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// From its first sight.
    pub hold: SignedDuration,
    /// Two fetches at least this far apart must see it.
    pub apart: SignedDuration,
}

impl Default for Hold {
    fn default() -> Self {
        Self { hold: SignedDuration::from_hours(72), apart: SignedDuration::from_hours(12) }
    }
}

impl Hold {
    /// Whether something that was seen at these times has stayed.
    pub(super) fn is_over(&self, wait: &Wait, at: Timestamp) -> bool {
        wait.fetches >= 2 && wait.last.duration_since(wait.since) >= self.apart && at.duration_since(wait.since) >= self.hold
    }
}

/// Since when something is seen, until when, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// When it was seen first.
    pub since: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
    /// By how many fetches.
    pub fetches: u32,
}

impl Wait {
    pub(super) fn begun(at: Timestamp) -> Self {
        Self { since: at, last: at, fetches: 1 }
    }

    pub(super) fn seen(&mut self, at: Timestamp) {
        self.fetches = self.fetches.saturating_add(1);
        self.last = self.last.max(at);
    }
}

/// Changes that were seen first at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Group {
    wait: Wait,
    changes: BTreeSet<Change>,
    /// The provisional finding about them.
    finding: Option<String>,
}

/// How the text of a fetch compares with what is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Same,
    Looks,
    Order,
    Technical,
    Words,
}

/// A text and its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Track {
    /// What is confirmed.
    pub(super) baseline: Text,
    /// Since when this track is there; told of when it is another language's.
    pub(super) wait: Wait,
    /// Whether its existence has been told, or needs not be.
    pub(super) announced: bool,
    groups: Vec<Group>,
    /// Texts that have been confirmed, by their fingerprints.
    confirmed: BTreeMap<Key, Timestamp>,
    /// Grave changes that have been told, whether they stayed or not.
    told: BTreeMap<Named, Timestamp>,
    /// Changes that stayed once: a page that goes to and fro between two texts is told of once.
    settled: BTreeMap<Named, Timestamp>,
}

/// A change as a key of JSON objects: its sign and its sentence.
type Named = String;

fn named(change: &Change) -> Named {
    format!("{}{}", if change.gone { '-' } else { '+' }, change.key)
}

impl Track {
    /// A text that is there from now on.
    pub(super) fn begun(page: Text, at: Timestamp, announced: bool) -> Self {
        let confirmed = BTreeMap::from([(page.fingerprint(), at)]);
        let (told, settled) = (BTreeMap::new(), BTreeMap::new());
        Self { baseline: page, wait: Wait::begun(at), announced, groups: Vec::new(), confirmed, told, settled }
    }

    /// Since when the oldest change waits.
    pub(super) fn waits_since(&self) -> Option<Timestamp> {
        self.groups.iter().map(|group| group.wait.since).min()
    }

    /// Changes that wait for the hold to end.
    pub(super) fn waiting(&self) -> usize {
        self.groups.iter().map(|group| group.changes.len()).sum()
    }

    /// How much of two texts is the same, from 0 to 1.
    pub(super) fn likeness(&self, delta: &Delta, page: &Text) -> f64 {
        let all = self.baseline.sentences.len() + page.sentences.len();
        #[expect(clippy::cast_precision_loss, reason = "numbers of sentences are small")]
        let differing = delta.sentences() as f64 / all.max(1) as f64;
        1.0 - differing
    }

    /// Takes the text of a fetch.
    pub(super) fn observe(
        &mut self,
        about: &About,
        hold: &Hold,
        at: Timestamp,
        page: &Text,
        technical: bool,
        news: &mut Vec<News>,
    ) -> Seen {
        self.wait.seen(at);
        let delta = compare(&self.baseline.sentences, &page.sentences);
        if delta.hunks.is_empty() {
            self.retract(|_| true, news);
            let same = self.baseline.sentences == page.sentences;
            self.baseline = page.clone();
            return match (delta.moved, same) {
                (true, _) => Seen::Order,
                (false, true) => Seen::Same,
                (false, false) => Seen::Looks,
            };
        }
        let changes = changes_of(&delta.hunks, &self.baseline, page);
        self.retract(|group| group.changes.is_disjoint(&changes), news);
        let mut fresh = changes.clone();
        for group in &mut self.groups {
            group.changes.retain(|change| fresh.remove(change));
            group.wait.seen(at);
        }
        if technical {
            self.adopt(page, &delta, &fresh, at);
            return Seen::Technical;
        }
        if !fresh.is_empty() {
            self.begin(about, at, page, &delta, fresh, news);
        }
        self.settle(about, hold, at, page, &delta, news);
        Seen::Words
    }

    /// Lets go of groups of which nothing is left.
    fn retract(&mut self, is_over: impl Fn(&Group) -> bool, news: &mut Vec<News>) {
        let (over, stay) = std::mem::take(&mut self.groups).into_iter().partition(is_over);
        self.groups = stay;
        news.extend(over.into_iter().filter_map(|group: Group| group.finding).map(News::Retracted));
    }

    /// New changes begin to wait; those whose words matter are told at once, each once.
    fn begin(&mut self, about: &About, at: Timestamp, page: &Text, delta: &Delta, changes: BTreeSet<Change>, news: &mut Vec<News>) {
        let told = Told { before: &self.baseline, after: page, hunks: &delta.hunks };
        let grave = told.grave(&changes);
        let is_news = grave.iter().any(|change| !self.told.contains_key(&named(change)));
        let mut finding = None;
        if is_news {
            let kind = if self.confirmed.contains_key(&page.fingerprint()) { Kind::Reverted } else { Kind::Change };
            let raised = Finding { state: State::Provisional, ..told.finding(about, kind, &changes, at, at) };
            finding = Some(raised.id.clone());
            news.push(News::Raised(Box::new(raised)));
            self.told.extend(grave.iter().map(|change| (named(change), at)));
            forget_oldest(&mut self.told, bounds::TOLD_REMEMBERED);
        }
        self.groups.push(Group { wait: Wait::begun(at), changes, finding });
    }

    /// Tells what has stayed for the whole hold.
    fn settle(&mut self, about: &About, hold: &Hold, at: Timestamp, page: &Text, delta: &Delta, news: &mut Vec<News>) {
        let (over, wait): (Vec<Group>, Vec<Group>) =
            std::mem::take(&mut self.groups).into_iter().partition(|group| hold.is_over(&group.wait, at));
        self.groups = wait;
        if over.is_empty() {
            return;
        }
        let settled: BTreeSet<Change> = over.iter().flat_map(|group| group.changes.iter().copied()).collect();
        let merged = merge(&self.baseline, page, &delta.hunks, &settled);
        let was_there = self.confirmed.contains_key(&merged.fingerprint());
        let told = Told { before: &self.baseline, after: page, hunks: &delta.hunks };
        for group in over {
            let known = was_there || group.changes.iter().all(|change| self.settled.contains_key(&named(change)));
            let kind = if known { Kind::Reverted } else { Kind::Change };
            let finding = told.finding(about, kind, &group.changes, group.wait.since, at);
            match group.finding {
                Some(id) => news.push(News::Confirmed(Box::new(Finding { id, ..finding }))),
                // a text that was confirmed before is no news
                None if known => {}
                None => news.push(News::Raised(Box::new(finding))),
            }
        }
        self.settled.extend(settled.iter().map(|change| (named(change), at)));
        forget_oldest(&mut self.settled, bounds::TOLD_REMEMBERED);
        self.put(merged, at);
    }

    /// Takes a text as it is but for what waits: another way to extract it is no change of it.
    fn adopt(&mut self, page: &Text, delta: &Delta, fresh: &BTreeSet<Change>, at: Timestamp) {
        let merged = merge(&self.baseline, page, &delta.hunks, fresh);
        self.put(merged, at);
    }

    fn put(&mut self, merged: Text, at: Timestamp) {
        self.confirmed.insert(merged.fingerprint(), at);
        forget_oldest(&mut self.confirmed, bounds::TEXTS_REMEMBERED);
        self.baseline = merged;
    }
}

fn forget_oldest<K: Ord + Clone>(memory: &mut BTreeMap<K, Timestamp>, most: usize) {
    while memory.len() > most {
        let Some(oldest) = memory.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone()) else { return };
        memory.remove(&oldest);
    }
}

fn changes_of(hunks: &[Hunk], before: &Text, after: &Text) -> BTreeSet<Change> {
    let gone = hunks.iter().flat_map(|hunk| &hunk.before).map(|at| Change { gone: true, key: before.sentences[*at].key });
    let come = hunks.iter().flat_map(|hunk| &hunk.after).map(|at| Change { gone: false, key: after.sentences[*at].key });
    gone.chain(come).collect()
}

/// The new text with those of its changes that are among `settled`, and without the others.
fn merge(before: &Text, after: &Text, hunks: &[Hunk], settled: &BTreeSet<Change>) -> Text {
    let come: BTreeSet<usize> = hunks.iter().flat_map(|hunk| hunk.after.iter().copied()).collect();
    let mut sentences = Vec::with_capacity(after.sentences.len());
    // sentences that went and did not settle stand where the hunk is: before the first that came, or after their neighbour
    let mut kept: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut next = 0;
    for hunk in hunks {
        let place = hunk.after.first().copied().unwrap_or(next);
        next = hunk.after.last().map_or(place, |last| last + 1);
        let waits = hunk.before.iter().filter(|at| !settled.contains(&Change { gone: true, key: before.sentences[**at].key }));
        kept.entry(place).or_default().extend(waits);
    }
    for (at, sentence) in after.sentences.iter().enumerate() {
        sentences.extend(kept.remove(&at).unwrap_or_default().into_iter().map(|place| before.sentences[place].clone()));
        if !come.contains(&at) || settled.contains(&Change { gone: false, key: sentence.key }) {
            sentences.push(sentence.clone());
        }
    }
    sentences.extend(kept.into_values().flatten().map(|place| before.sentences[place].clone()));
    Text::of_sentences(sentences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_settled_is_taken() {
        let before = Text::of_markdown("One. Two. Three. Four.");
        let after = Text::of_markdown("One. Deux. Three. Five. Four.");
        let delta = compare(&before.sentences, &after.sentences);
        let settled = |word: &str, gone: bool| Change { gone, key: Text::of_markdown(word).sentences[0].key };
        let merged = merge(&before, &after, &delta.hunks, &BTreeSet::from([settled("Five.", false)]));
        assert_eq!(merged.fingerprint(), Text::of_markdown("One. Two. Three. Five. Four.").fingerprint());
        let merged = merge(&before, &after, &delta.hunks, &BTreeSet::from([settled("Two.", true), settled("Deux.", false)]));
        assert_eq!(merged.fingerprint(), Text::of_markdown("One. Deux. Three. Four.").fingerprint());
    }
}
