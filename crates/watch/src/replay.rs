//! A history of documents in git, replayed: `Service/Document.md`, one commit for each recorded change.

use std::collections::BTreeMap;
use std::path::Path;

use audit::drift::finding::{About, Ledger};
use audit::drift::replay::{RecordKind, Replay, Tally};
use audit::drift::text::Text;
use audit::drift::track::Hold;
use jiff::Timestamp;

use crate::git::{Commit, GitError, Texts, commits};

/// What a replay is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// How long changes must stay.
    pub hold: Hold,
    /// Only documents of this service.
    pub service: Option<String>,
    /// Ids of platforms by the name of their service.
    pub platforms: BTreeMap<String, String>,
}

/// What a replay brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// What would have been told.
    pub ledger: Ledger,
    /// Numbers of it.
    pub tally: Tally,
    /// Commits that were read.
    pub commits: usize,
    /// What was left out, and why.
    pub left_out: BTreeMap<&'static str, usize>,
    /// First and last time of the history.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Replays a repository. `progress` is told how many commits of how many are done.
pub fn replay(repository: &Path, wish: &Wish, mut progress: impl FnMut(usize, usize)) -> Result<Replayed, GitError> {
    let commits = commits(repository)?;
    let mut texts = Texts::of(repository)?;
    let mut replay = Replay::new(wish.hold);
    let mut left_out: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut times: BTreeMap<&str, Timestamp> = BTreeMap::new();
    let mut span: Option<(Timestamp, Timestamp)> = None;
    for (done, commit) in commits.iter().enumerate() {
        progress(done, commits.len());
        span = Some(span.map_or((commit.at, commit.at), |(first, last)| (first.min(commit.at), last.max(commit.at))));
        for file in &commit.files {
            let about = match about(&file.path, wish) {
                Ok(about) => about,
                Err(why) => {
                    *left_out.entry(why).or_default() += 1;
                    continue;
                }
            };
            let Some(hash) = &file.text else {
                *left_out.entry("documents deleted from the archive").or_default() += 1;
                continue;
            };
            let Some(bytes) = texts.get(hash)? else {
                *left_out.entry("texts too long").or_default() += 1;
                continue;
            };
            // a clock that went back does not make a change older than the one before it
            let last = times.entry(file.path.as_str()).or_insert(commit.at);
            if *last > commit.at {
                *left_out.entry("times before those of the change before, moved to them").or_default() += 1;
            }
            *last = commit.at.max(*last);
            replay.record(&about, *last, Text::of_markdown(&String::from_utf8_lossy(&bytes)), kind_of(commit));
        }
    }
    progress(commits.len(), commits.len());
    let (ledger, tally) = replay.finish(span.map_or(Timestamp::UNIX_EPOCH, |(_, last)| last));
    Ok(Replayed { ledger, tally, commits: commits.len(), left_out, span })
}

/// The document of a path, or why it is none.
fn about(path: &str, wish: &Wish) -> Result<About, &'static str> {
    let document = path.strip_suffix(".md").ok_or("files that are no documents")?;
    let (service, document) = document.split_once('/').ok_or("files that are no documents")?;
    if document.contains('/') {
        return Err("files that are no documents");
    }
    if wish.service.as_deref().is_some_and(|wanted| wanted != service) {
        return Err("documents of other services");
    }
    let platform = wish.platforms.get(service).cloned();
    Ok(About { service: service.to_owned(), document: document.to_owned(), platform, controls: Vec::new() })
}

/// Whether the page changed, or only how it is extracted: the archive's own words, of now and of before.
fn kind_of(commit: &Commit) -> RecordKind {
    let technical = ["Apply technical", "Refilter ", "Apply declaration"];
    if technical.iter().any(|begin| commit.subject.starts_with(begin)) { RecordKind::Technical } else { RecordKind::Page }
}
