//! One document followed through time: its languages, pages that are not it, fetches that fail.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blocked::{SHRUNK, looks_blocked};
use super::bounds;
use super::diff::compare;
use super::finding::{About, Finding, Kind, News, State, id_of};
use super::language::language;
use super::lexicon::Severity;
use super::text::{Key, Text};
use super::track::{Hold, Seen, Track, Wait};

/// Tries that fail before somebody is told.
pub const TRIES_BEFORE_TOLD: u32 = 3;
/// Below this likeness two texts may be of different languages.
const LIKE: f64 = 0.3;
/// The name of a track whose language is not known.
const UNKNOWN: &str = "und";

/// What kind of change the text of a fetch is, compared with what is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The first text of the document.
    First,
    /// The same text.
    None,
    /// Other looks, or other borders of sentences.
    Format,
    /// The same sentences in another order.
    Reorder,
    /// A text that was there so many texts ago.
    Revert(usize),
    /// Another way to extract the same.
    Technical,
    /// Another language.
    LanguageChanged,
    /// Most of it is gone, or it is a page for robots.
    Suspected,
    /// Other words.
    Substantive,
}

impl Class {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::None => "none",
            Self::Format => "format",
            Self::Reorder => "reorder",
            Self::Revert(_) => "revert",
            Self::Technical => "technical",
            Self::LanguageChanged => "language-changed",
            Self::Suspected => "suspected-block-page",
            Self::Substantive => "substantive",
        }
    }
}

/// What one look at a page brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What kind of change it is.
    pub class: Class,
    /// What became of findings.
    pub news: Vec<News>,
}

/// A document and all that is remembered of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watched {
    /// A text for each language.
    tracks: BTreeMap<String, Track>,
    /// The language of the last whole page.
    main: String,
    /// What the page is when most of it is gone, once that has been told.
    short: Option<Track>,
    /// Whether the last page was that one.
    is_short: bool,
    /// A page of which most is gone, and since when.
    suspected: Option<Wait>,
    /// The last page, while something waits.
    latest: Option<Text>,
    /// Texts in the order in which they were seen.
    seen: Vec<Key>,
    /// Fetches that failed one after the other.
    failures: u32,
    /// The finding that says so.
    failing: Option<String>,
}

impl Watched {
    /// Takes the text of a fetch. `technical` says that it was extracted otherwise than before.
    pub fn observe(&mut self, about: &About, hold: &Hold, at: Timestamp, page: Text, technical: bool) -> Step {
        let mut news = Vec::new();
        self.failures = 0;
        news.extend(self.failing.take().map(News::Retracted));
        let back = self.remember(page.fingerprint());
        let class = self.place(about, hold, at, page, technical, &mut news);
        // a text that was there before, whatever else it is
        let class = match (class, back) {
            (Class::Substantive, Some(back)) => Class::Revert(back),
            (class, _) => class,
        };
        Step { class, news }
    }

    /// A fetch saw the same text as the one before.
    pub fn still(&mut self, about: &About, hold: &Hold, at: Timestamp) -> Vec<News> {
        let mut news = Vec::new();
        self.failures = 0;
        news.extend(self.failing.take().map(News::Retracted));
        if let Some(page) = self.latest.take() {
            self.place(about, hold, at, page, false, &mut news);
        }
        news
    }

    /// A fetch failed.
    pub fn failed(&mut self, about: &About, at: Timestamp, why: &str) -> Vec<News> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < TRIES_BEFORE_TOLD || self.failing.is_some() {
            return Vec::new();
        }
        let note = format!("{} fetches in a row failed: {why}", self.failures);
        let finding = Finding::plain(about, Kind::FetchFailed, Severity::Medium, at, at, note);
        self.failing = Some(finding.id.clone());
        vec![News::Raised(Box::new(finding))]
    }

    /// When something that waits will have waited for the whole hold.
    pub fn due(&self, hold: &Hold) -> Option<Timestamp> {
        let suspected = self.suspected.map(|wait| wait.since);
        let track = match (suspected, self.is_short) {
            (Some(_), _) => None,
            (None, true) => self.short.as_ref(),
            (None, false) => self.active(),
        };
        let unannounced = track.filter(|track| !track.announced).map(|track| track.wait.since);
        let since = [suspected, unannounced, track.and_then(Track::waits_since)].into_iter().flatten().min()?;
        since.checked_add(hold.hold).ok()
    }

    /// What is confirmed of the document now; `None` before its first fetch.
    pub fn confirmed(&self) -> Option<&Text> {
        self.active().map(|track| &track.baseline)
    }

    /// Changes that wait for the hold to end.
    pub fn waiting(&self) -> usize {
        self.tracks.values().map(Track::waiting).sum()
    }

    /// Takes the page as it is from now on: somebody looked at it and said so.
    pub fn accept(&mut self, at: Timestamp) {
        let short = if self.is_short { self.short.take().map(|track| track.baseline) } else { None };
        if let Some(page) = short.or_else(|| self.latest.take()) {
            let name = language(&page.sentences).unwrap_or(UNKNOWN).to_owned();
            self.tracks.insert(name.clone(), Track::begun(page, at, true));
            (self.main, self.short, self.is_short, self.suspected) = (name, None, false, None);
        }
    }

    fn active(&self) -> Option<&Track> {
        self.tracks.get(&self.main)
    }

    /// How many texts ago this one was there; `None` for a new one, or the one that is there.
    fn remember(&mut self, text: Key) -> Option<usize> {
        let back = self.seen.iter().rev().position(|seen| *seen == text);
        if back != Some(0) {
            self.seen.push(text);
            if self.seen.len() > bounds::TEXTS_REMEMBERED {
                self.seen.remove(0);
            }
        }
        back.filter(|back| *back > 0)
    }

    /// Finds out of which text this page is a fetch, and takes it there.
    fn place(&mut self, about: &About, hold: &Hold, at: Timestamp, page: Text, technical: bool, news: &mut Vec<News>) -> Class {
        let Some(track) = self.tracks.get(&self.main) else {
            language(&page.sentences).unwrap_or(UNKNOWN).clone_into(&mut self.main);
            self.tracks.insert(self.main.clone(), Track::begun(page, at, true));
            return Class::First;
        };
        if !technical
            && let Some(why) = looks_blocked(&track.baseline, &page)
            && !(why == SHRUNK && self.other_language(&page).is_some())
        {
            return self.suspect(about, hold, at, page, why, news);
        }
        (self.suspected, self.is_short) = (None, false);
        let delta = compare(&track.baseline.sentences, &page.sentences);
        let other = if track.likeness(&delta, &page) < LIKE && !technical { self.other_language(&page) } else { None };
        let switched = other.is_some();
        if let Some(other) = other {
            self.main.clone_from(&other);
            if !self.tracks.contains_key(&other) {
                if self.tracks.len() >= bounds::LANGUAGES {
                    self.tracks.pop_first();
                }
                self.tracks.insert(other, Track::begun(page.clone(), at, false));
                self.latest = Some(page);
                return Class::LanguageChanged;
            }
        }
        let language = self.main.clone();
        let Some(track) = self.tracks.get_mut(&language) else { return Class::First };
        let seen = track.observe(about, hold, at, &page, technical, news);
        if !track.announced && hold.is_over(&track.wait, at) {
            track.announced = true;
            let note = format!("the page answers in another language now ({language})");
            let finding = Finding::plain(about, Kind::LanguageChanged, Severity::Low, track.wait.since, at, note);
            news.push(News::Raised(Box::new(Finding { id: id_of(about, Kind::LanguageChanged, &language), ..finding })));
        }
        let waits = track.waiting() > 0 || !track.announced;
        self.latest = waits.then_some(page);
        match seen {
            _ if switched => Class::LanguageChanged,
            Seen::Same => Class::None,
            Seen::Looks => Class::Format,
            Seen::Order => Class::Reorder,
            Seen::Technical => Class::Technical,
            Seen::Words => Class::Substantive,
        }
    }

    /// The language of a page that is in another one than the text so far.
    fn other_language(&self, page: &Text) -> Option<String> {
        let found = language(&page.sentences)?;
        (self.main != UNKNOWN && found != self.main).then(|| found.to_owned())
    }

    /// A page that is not the document, or is very little of it.
    fn suspect(&mut self, about: &About, hold: &Hold, at: Timestamp, page: Text, why: &str, news: &mut Vec<News>) -> Class {
        if let Some(short) = &mut self.short {
            let delta = compare(&short.baseline.sentences, &page.sentences);
            if short.likeness(&delta, &page) >= LIKE {
                short.observe(about, hold, at, &page, false, news);
                (self.suspected, self.is_short) = (None, true);
                self.latest = (short.waiting() > 0).then_some(page);
                return Class::Suspected;
            }
        }
        let wait = match &mut self.suspected {
            Some(wait) => {
                wait.seen(at);
                *wait
            }
            none => *none.insert(Wait::begun(at)),
        };
        if hold.is_over(&wait, at) {
            let note = format!("{why}; look at the page, and accept it if it is the document");
            news.push(News::Raised(Box::new(Finding::plain(about, Kind::SuspectedBlockPage, Severity::Medium, wait.since, at, note))));
            self.short = Some(Track::begun(page, at, true));
            (self.suspected, self.is_short) = (None, true);
            return Class::Suspected;
        }
        self.latest = Some(page);
        Class::Suspected
    }
}

/// Findings whose words are of controls of a platform make the claims about them stale, as long as they stand.
pub fn stale<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<crate::evidence::StaleMark> {
    let mut marks: BTreeMap<(String, String), crate::evidence::StaleMark> = BTreeMap::new();
    for finding in findings.filter(|finding| finding.state != State::Retracted && finding.acknowledged.is_none()) {
        let Some(platform) = &finding.about.platform else { continue };
        for control in &finding.touches {
            let since = finding.first_seen.to_zoned(jiff::tz::TimeZone::UTC).date();
            let reason = format!(
                "{} of {}, {} ({}, {})",
                finding.kind.as_str(),
                finding.about.service,
                finding.about.document,
                finding.id,
                finding.state.as_str()
            );
            let mark = crate::evidence::StaleMark { platform: platform.clone(), control: control.clone(), since, reason };
            let first = marks.entry((platform.clone(), control.clone())).or_insert_with(|| mark.clone());
            if mark.since < first.since {
                *first = mark;
            }
        }
    }
    marks.into_values().collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::drift::finding::Ledger;

    /// A document that is looked at every twelve hours.
    struct Scene {
        about: About,
        watched: Watched,
        ledger: Ledger,
        at: Timestamp,
    }

    impl Scene {
        fn new() -> Self {
            let about = About { service: "S".to_owned(), document: "D".to_owned(), platform: Some("s".to_owned()), controls: Vec::new() };
            Self { about, watched: Watched::default(), ledger: Ledger::default(), at: Timestamp::from_second(1_700_000_000).unwrap() }
        }

        fn tell(&mut self, news: Vec<News>) -> usize {
            let before = self.ledger.alerts;
            for news in news {
                self.ledger.take(news);
            }
            self.ledger.alerts - before
        }

        /// Looks so many times at the same text; the class of the first look, and alerts.
        fn look(&mut self, times: usize, text: &str) -> (Class, usize) {
            self.look_at(times, text, false)
        }

        fn look_at(&mut self, times: usize, text: &str, technical: bool) -> (Class, usize) {
            let (mut class, mut alerts) = (Class::None, 0);
            for time in 0..times {
                let step = self.watched.observe(&self.about, &Hold::default(), self.at, Text::of_markdown(text), technical && time == 0);
                if time == 0 {
                    class = step.class;
                }
                alerts += self.tell(step.news);
                self.at = self.at.checked_add(SignedDuration::from_hours(12)).unwrap();
            }
            (class, alerts)
        }

        fn last(&self) -> &Finding {
            self.ledger.findings.last().unwrap()
        }
    }

    /// Forty sentences of one kind, with some of them others.
    fn page(others: &[(usize, &str)]) -> String {
        let mut lines: Vec<String> =
            (0..40).map(|number| format!("Our rule {number} is about things of every day, like chairs.")).collect();
        for (at, other) in others {
            (*other).clone_into(&mut lines[*at]);
        }
        lines.join("\n\n")
    }

    const GERMAN: &str = "Wir bewahren Ihre Nachrichten auf, solange Ihr Konto besteht, und löschen sie, wenn Sie uns darum bitten. In den \
                          Einstellungen können Sie eine Kopie von allem herunterladen, was wir über Sie wissen. Niemand sonst kann lesen, \
                          was Sie geschrieben haben. Wir fragen Sie, bevor wir etwas daran ändern. Unsere Regeln stehen auf dieser Seite. \
                          Für Fragen haben wir immer ein offenes Ohr. Schreiben Sie uns einfach eine Nachricht. Wir antworten Ihnen bald.";

    #[test]
    fn a_change_is_told_when_it_has_stayed() {
        let mut scene = Scene::new();
        assert_eq!(scene.look(3, &page(&[])), (Class::First, 0));
        let other = page(&[(7, "Our rule 7 is about tables now.")]);
        assert_eq!(scene.look(6, &other), (Class::Substantive, 0), "66 hours after its first sight");
        assert_eq!(scene.look(1, &other).1, 1);
        let told = scene.last().told.duration_since(scene.last().first_seen);
        assert_eq!((told, scene.last().state), (SignedDuration::from_hours(72), State::Confirmed));
        let quote = &scene.last().quotes[0];
        assert_eq!(quote.before.as_deref(), Some("Our rule 7 is about things of every day, like chairs."));
        assert_eq!(quote.after.as_deref(), Some("Our rule 7 is about tables now."));
        assert_eq!(scene.look(9, &other), (Class::None, 0));
    }

    #[test]
    fn a_page_that_goes_to_and_fro_tells_nothing() {
        let mut scene = Scene::new();
        scene.look(3, &page(&[]));
        for round in 0..5 {
            let offer = format!("Today only: chair number {round}.");
            assert_eq!(scene.look(2, &page(&[(3, &offer)])), (Class::Substantive, 0));
            assert!(matches!(scene.look(2, &page(&[])), (Class::None, 0)));
        }
        assert_eq!(scene.watched.waiting(), 0);
    }

    #[test]
    fn two_texts_that_take_turns_are_told_once() {
        let mut scene = Scene::new();
        let other = page(&[(3, "A text for other visitors.")]);
        scene.look(10, &page(&[]));
        assert_eq!(scene.look(10, &other), (Class::Substantive, 1));
        assert_eq!(scene.look(10, &page(&[])), (Class::Revert(1), 0));
        assert_eq!(scene.look(10, &other), (Class::Revert(1), 0));
        // also when something else has changed meanwhile
        let changed = |others: &[(usize, &str)]| page(&[others, &[(9, "Our rule 9 is gone.")]].concat());
        assert_eq!(scene.look(10, &changed(&[(3, "A text for other visitors.")])).1, 1);
        assert_eq!(scene.look(10, &changed(&[])).1, 0);
        assert_eq!(scene.look(10, &changed(&[(3, "A text for other visitors.")])).1, 0);
    }

    #[test]
    fn words_of_the_lexicon_are_told_at_once_and_once() {
        let mut scene = Scene::new();
        let grave = page(&[(5, "Messages are no longer end-to-end encrypted.")]);
        scene.look(3, &page(&[]));
        assert_eq!(scene.look(1, &grave), (Class::Substantive, 1));
        assert_eq!((scene.last().state, scene.last().severity), (State::Provisional, Severity::High));
        assert_eq!(scene.last().touches, ["ENC-1", "ENC-2"]);
        assert_eq!(stale(scene.ledger.findings.iter()).len(), 2, "claims are stale at once");
        scene.look(1, &page(&[]));
        assert_eq!(scene.last().state, State::Retracted);
        assert!(stale(scene.ledger.findings.iter()).is_empty());
        assert_eq!(scene.look(3, &grave).1, 0, "it was told before");
        assert_eq!(scene.look(5, &grave).1, 1, "this time it stays");
        assert_eq!((scene.ledger.findings.len(), scene.last().state), (1, State::Confirmed));
        // back again, after it was confirmed: that matters too
        assert_eq!(scene.look(1, &page(&[])), (Class::Revert(1), 1));
        assert_eq!(scene.last().kind, Kind::Reverted);
    }

    #[test]
    fn noise_does_not_hide_a_change() {
        let mut scene = Scene::new();
        scene.look(3, &page(&[]));
        let mut alerts = 0;
        for day in 0..8 {
            let offers = format!("Chair of day {day}.\n\n{}\n\nNews of day {day}.", page(&[(20, "Our rule 20 is other now.")]));
            alerts += scene.look(1, &offers).1;
        }
        assert_eq!(alerts, 1, "{:#?}", scene.ledger.findings);
        assert_eq!(scene.last().quotes.len(), 1);
        assert_eq!(scene.last().told.duration_since(scene.last().first_seen), SignedDuration::from_hours(72));
    }

    #[test]
    fn what_is_extracted_otherwise_is_no_change_and_hides_none() {
        let mut scene = Scene::new();
        scene.look(3, &page(&[]));
        scene.look(2, &page(&[(4, "Our rule 4 is other now.")]));
        let more = format!("{}\n\nA line of the foot of the page.", page(&[(4, "Our rule 4 is other now.")]));
        assert_eq!(scene.look_at(1, &more, true), (Class::Technical, 0));
        assert_eq!(scene.look(8, &more).1, 1);
        assert_eq!(scene.last().quotes[0].after.as_deref(), Some("Our rule 4 is other now."));
        assert_eq!(scene.last().quotes.len(), 1);
    }

    #[test]
    fn another_language_is_told_once_and_a_change_behind_it_is_found() {
        let mut scene = Scene::new();
        scene.look(3, &page(&[]));
        assert_eq!(scene.look(4, GERMAN), (Class::LanguageChanged, 0));
        assert_eq!(scene.look(5, GERMAN).1, 1);
        assert_eq!(scene.last().kind, Kind::LanguageChanged);
        let other = page(&[(2, "Our rule 2 is other now.")]);
        assert_eq!(scene.look(3, &other), (Class::LanguageChanged, 0));
        assert_eq!(scene.look(6, &other).1, 1);
        assert_eq!(scene.last().quotes[0].after.as_deref(), Some("Our rule 2 is other now."));
        assert_eq!(scene.look(9, GERMAN).1, 0);
    }

    #[test]
    fn a_wall_is_no_change_and_a_document_that_was_cut_is_told() {
        let mut scene = Scene::new();
        scene.look(3, &page(&[]));
        assert_eq!(scene.look(5, "Please verify you are human."), (Class::Suspected, 0));
        assert_eq!(scene.look(2, &page(&[])), (Class::None, 0));
        let cut = "Our rules are on another page now. Ask us for them. We send you a letter.";
        assert_eq!(scene.look(9, cut), (Class::Suspected, 1));
        assert_eq!((scene.last().kind, scene.last().severity), (Kind::SuspectedBlockPage, Severity::Medium));
        let more = "Our rules are on another page now. Ask us for them. We send you no letter.";
        assert_eq!(scene.look(9, more).1, 1, "what is left is followed");
        assert_eq!(scene.look(2, &page(&[])).1, 0);
        // somebody looked, and takes it
        scene.look(3, "Our rules are gone. Goodbye.");
        scene.watched.accept(scene.at);
        assert_eq!(scene.look(9, "Our rules are gone. Goodbye."), (Class::None, 0));
    }

    #[test]
    fn fetches_that_fail_are_told_after_three() {
        let mut scene = Scene::new();
        scene.look(1, &page(&[]));
        let fail = |scene: &mut Scene| {
            let news = scene.watched.failed(&scene.about.clone(), scene.at, "timeout");
            scene.tell(news)
        };
        assert_eq!([fail(&mut scene), fail(&mut scene), fail(&mut scene), fail(&mut scene)], [0, 0, 1, 0]);
        assert!(scene.last().note.contains("timeout"));
        scene.look(1, &page(&[]));
        assert_eq!(scene.last().state, State::Retracted);
    }

    #[test]
    fn what_is_remembered_can_be_written_down() {
        let mut scene = Scene::new();
        scene.look(3, &page(&[]));
        scene.look(2, &page(&[(5, "Messages are encrypted.")]));
        let written = serde_json::to_string(&scene.watched).unwrap();
        assert_eq!(serde_json::from_str::<Watched>(&written).unwrap(), scene.watched);
        let written = serde_json::to_string(&scene.ledger).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&written).unwrap(), scene.ledger);
    }
}
