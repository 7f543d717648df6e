//! What is told to people, and the list of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::bounds;
use super::diff::Hunk;
use super::lexicon::{Severity, touched};
use super::text::{Key, Sentence, Text};

/// Which document a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct About {
    /// Who publishes it.
    pub service: String,
    /// What it is called.
    pub document: String,
    /// Id of the platform in the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Controls that every change of it touches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Words changed.
    Change,
    /// Words are as they were at an earlier time, and they matter.
    Reverted,
    /// The page answers in another language.
    LanguageChanged,
    /// Most of the page is gone: a page for robots, a wall, or a document that was cut.
    SuspectedBlockPage,
    /// The page cannot be fetched.
    FetchFailed,
    /// A new entry of a feed.
    Advisory,
}

impl Kind {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Reverted => "reverted",
            Self::LanguageChanged => "language-changed",
            Self::SuspectedBlockPage => "suspected-block-page",
            Self::FetchFailed => "fetch-failed",
            Self::Advisory => "advisory",
        }
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Seen, and told at once because of its words; the hold is not over.
    Provisional,
    /// It stayed.
    Confirmed,
    /// It did not stay.
    Retracted,
}

impl State {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Confirmed => "confirmed",
            Self::Retracted => "retracted",
        }
    }
}

/// What stood there, and what stands there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What stood there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What stands there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Who took note of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they say of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The same for the same change of the same document.
    pub id: String,
    /// Which document.
    #[serde(flatten)]
    pub about: About,
    /// What was found.
    pub kind: Kind,
    /// How sure it is.
    pub state: State,
    /// How much it matters.
    pub severity: Severity,
    /// Ids of the controls it touches, sorted.
    pub touches: Vec<String>,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was told.
    pub told: Timestamp,
    /// Before and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Quote>,
    /// Quotes left out for their number.
    #[serde(default)]
    pub quotes_left_out: usize,
    /// More about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who took note of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
}

impl Finding {
    /// A finding without quotes.
    pub fn plain(about: &About, kind: Kind, severity: Severity, first_seen: Timestamp, told: Timestamp, note: String) -> Self {
        let of_one_time = first_seen.to_string();
        Self {
            id: id_of(about, kind, &of_one_time),
            about: about.clone(),
            kind,
            state: State::Confirmed,
            severity,
            touches: about.controls.clone(),
            first_seen,
            told,
            quotes: Vec::new(),
            quotes_left_out: 0,
            note,
            acknowledged: None,
        }
    }

    /// Whether somebody should look at it still.
    pub fn is_open(&self) -> bool {
        self.state != State::Retracted && self.acknowledged.is_none()
    }
}

/// The first half of a hash: the same for the same thing.
pub(super) fn id_of(about: &About, kind: Kind, what: &str) -> String {
    let mut id = Key::of(&format!("{}\n{}\n{}\n{what}", about.service, about.document, kind.as_str())).to_string();
    id.truncate(16);
    id
}

/// A sentence that went (`gone`) or came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// Whether it went.
    pub gone: bool,
    /// Which sentence.
    pub key: Key,
}

/// What the sentences of some changes say, and what they are about.
pub(super) struct Told<'a> {
    pub(super) before: &'a Text,
    pub(super) after: &'a Text,
    pub(super) hunks: &'a [Hunk],
}

impl<'a> Told<'a> {
    /// Both sides of each hunk, as far as they are among these changes.
    fn sides(&self, changes: &BTreeSet<Change>) -> Vec<(Vec<&'a Sentence>, Vec<&'a Sentence>)> {
        let among = |gone: bool, text: &'a Text, places: &[usize]| {
            let sentences = places.iter().map(|place| &text.sentences[*place]);
            sentences.filter(|sentence| changes.contains(&Change { gone, key: sentence.key })).collect::<Vec<_>>()
        };
        let sides = self.hunks.iter().map(|hunk| (among(true, self.before, &hunk.before), among(false, self.after, &hunk.after)));
        sides.filter(|(before, after)| !before.is_empty() || !after.is_empty()).collect()
    }

    /// The changes whose words are told at once.
    pub(super) fn grave(&self, changes: &BTreeSet<Change>) -> BTreeSet<Change> {
        let mut grave = BTreeSet::new();
        for (before, after) in self.sides(changes) {
            let of = |gone: bool, sentence: &Sentence| Change { gone, key: sentence.key };
            let is_grave = |sentence: &&&Sentence| touched(std::iter::once(sentence.text.as_str())).severity == Severity::High;
            grave.extend(before.iter().filter(is_grave).map(|sentence| of(true, sentence)));
            grave.extend(after.iter().filter(is_grave).map(|sentence| of(false, sentence)));
        }
        grave
    }

    /// A finding about these changes.
    pub(super) fn finding(&self, about: &About, kind: Kind, changes: &BTreeSet<Change>, first_seen: Timestamp, told: Timestamp) -> Finding {
        let sides = self.sides(changes);
        let texts = sides.iter().flat_map(|(before, after)| before.iter().chain(after)).map(|sentence| sentence.text.as_str());
        let found = touched(texts);
        let mut touches: BTreeSet<String> = found.controls.into_iter().map(str::to_owned).collect();
        touches.extend(about.controls.iter().cloned());
        let what: Vec<String> = changes.iter().map(|change| format!("{}{}", if change.gone { '-' } else { '+' }, change.key)).collect();
        // what matters first, else in the order of the page
        let mut quotes: Vec<(bool, Quote)> = sides.iter().map(|(before, after)| (is_grave(before, after), quote(before, after))).collect();
        quotes.sort_by_key(|(grave, _)| !grave);
        let quotes_left_out = quotes.len().saturating_sub(bounds::QUOTES);
        Finding {
            touches: touches.into_iter().collect(),
            severity: found.severity,
            quotes: quotes.into_iter().take(bounds::QUOTES).map(|(_, quote)| quote).collect(),
            quotes_left_out,
            id: id_of(about, kind, &what.join("\n")),
            ..Finding::plain(about, kind, found.severity, first_seen, told, String::new())
        }
    }
}

fn is_grave(before: &[&Sentence], after: &[&Sentence]) -> bool {
    touched(before.iter().chain(after).map(|sentence| sentence.text.as_str())).severity == Severity::High
}

fn quote(before: &[&Sentence], after: &[&Sentence]) -> Quote {
    let side = |sentences: &[&Sentence]| {
        let joined = sentences.iter().map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join(" ");
        (!joined.is_empty()).then(|| shortened(&joined))
    };
    Quote { before: side(before), after: side(after) }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(bounds::QUOTE_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// What became of findings by one look at a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A new finding: somebody is told.
    Raised(Box<Finding>),
    /// A provisional finding stayed.
    Confirmed(Box<Finding>),
    /// The finding of this id did not stay.
    Retracted(String),
}

/// All findings, in the order in which they were told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Each once.
    pub findings: Vec<Finding>,
    /// How often somebody was told.
    pub alerts: usize,
}

impl Ledger {
    /// Takes note of what became of findings.
    pub fn take(&mut self, news: News) {
        match news {
            News::Raised(finding) => {
                self.alerts += 1;
                self.put(*finding);
            }
            News::Confirmed(finding) => {
                let told = self.get(&finding.id).map_or(finding.told, |known| known.told);
                self.put(Finding { told, ..*finding });
            }
            News::Retracted(id) => {
                if let Some(finding) = self.findings.iter_mut().find(|finding| finding.id == id) {
                    finding.state = State::Retracted;
                }
            }
        }
    }

    /// The finding of this id.
    pub fn get(&self, id: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.id == id)
    }

    /// Those that somebody should look at.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    /// Notes that somebody took note of a finding; `false` when there is none of this id.
    pub fn acknowledge(&mut self, id: &str, acknowledged: Acknowledged) -> bool {
        let found = self.findings.iter_mut().find(|finding| finding.id == id);
        found.map(|finding| finding.acknowledged = Some(acknowledged)).is_some()
    }

    fn put(&mut self, finding: Finding) {
        match self.findings.iter_mut().find(|known| known.id == finding.id) {
            Some(known) => {
                let acknowledged = known.acknowledged.take().filter(|_| known.state != State::Retracted);
                *known = Finding { acknowledged, ..finding };
            }
            None => self.findings.push(finding),
        }
    }
}
