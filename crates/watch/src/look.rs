//! One look at a declared document: fetched, kept, extracted, compared with what is remembered, told.

use std::time::{Duration, Instant};

use audit::drift::declaration::{Declaration, Page};
use audit::drift::finding::{Ledger, News};
use audit::drift::monitor::Class;
use audit::drift::says_wall;
use audit::drift::text::{Key, Text};
use audit::drift::track::Hold;
use jiff::Timestamp;

use crate::decode::decode;
use crate::extract::extract;
use crate::feed;
use crate::fetch::{Fetcher, Validators};
use crate::folder::{Folder, FolderError, Memory, PageMemory};
use crate::limits;

/// What a look brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The page was fetched, and compares so.
    Text(Class),
    /// The page is as it was.
    Same,
    /// A feed was read: so many entries.
    Feed(usize),
    /// It could not be looked at.
    Failed(String),
}

/// What a look brought, and what was odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What it brought.
    pub outcome: Outcome,
    /// What did not keep it from being read: a wrong encoding, a page that is too long to be compared whole.
    pub notes: Vec<String>,
}

/// Looks at documents, one after the other.
#[derive(Debug)]
pub struct Looker {
    fetcher: Fetcher,
    folder: Folder,
    hold: Hold,
    notes: Vec<String>,
}

impl Looker {
    /// Looks by this fetcher and remembers in this folder.
    pub fn new(fetcher: Fetcher, folder: Folder, hold: Hold) -> Self {
        Self { fetcher, folder, hold, notes: Vec::new() }
    }

    /// Looks at one document; what is to be told is in the ledger, which is written.
    pub async fn look(&mut self, declaration: &Declaration, now: Timestamp, ledger: &mut Ledger) -> Result<Looked, FolderError> {
        let outcome = self.look_once(declaration, now, ledger).await?;
        Ok(Looked { outcome, notes: std::mem::take(&mut self.notes) })
    }

    async fn look_once(&mut self, declaration: &Declaration, now: Timestamp, ledger: &mut Ledger) -> Result<Outcome, FolderError> {
        let about = &declaration.about;
        let mut memory = self.folder.memory(about)?;
        if let Some(looked) = memory.looked.filter(|looked| *looked > now) {
            return Ok(Outcome::Failed(format!("it was looked at at {looked}, which is later than now: is the clock right?")));
        }
        memory.looked = Some(now);
        let (outcome, news) = match self.fetch(declaration, &mut memory).await? {
            Err(why) => (Outcome::Failed(why.clone()), memory.watched.failed(about, now, &why)),
            Ok(change) if declaration.kind.is_feed() => self.take_feed(declaration, &mut memory, now, change)?,
            Ok(Fetch::Same) => (Outcome::Same, memory.watched.still(about, &self.hold, now)),
            Ok(change) => self.take_text(declaration, &mut memory, now, change == Fetch::Declared)?,
        };
        // what was told is written before it is forgotten what was new
        for news in news {
            ledger.take(news);
        }
        self.folder.write_ledger(ledger)?;
        self.folder.remember(about, &memory)?;
        Ok(outcome)
    }

    /// Fetches all pages of a document; what is known of them is in the memory then. Without all of them there is none.
    async fn fetch(&mut self, declaration: &Declaration, memory: &mut Memory) -> Result<Result<Fetch, String>, FolderError> {
        let mut pages = Vec::new();
        let mut found = if memory.pages.len() == declaration.pages.len() { Fetch::Same } else { Fetch::Other };
        for (at, page) in declaration.pages.iter().enumerate() {
            let known = memory.pages.get(at).filter(|known| known.url == page.url.as_str());
            let validators = known.map(|known| known.validators.clone()).unwrap_or_default();
            let fetched = match self.fetcher.fetch(&page.url, &validators).await {
                Ok(fetched) => fetched,
                Err(refusal) => return Ok(Err(format!("{}: {refusal}", page.url))),
            };
            let mut now = match (fetched, known) {
                (Some(fetched), _) => PageMemory {
                    url: page.url.to_string(),
                    sha256: self.folder.keep(&fetched.body)?,
                    validators: fetched.validators,
                    content_type: fetched.content_type,
                    declared: String::new(),
                },
                (None, Some(known)) => known.clone(),
                (None, None) => return Ok(Err(format!("{}: it did not change, and nobody knows what it was", page.url))),
            };
            now.declared = declared(page);
            found = found.max(match known {
                Some(known) if known.declared != now.declared => Fetch::Declared,
                Some(known) if known.sha256 == now.sha256 => Fetch::Same,
                _ => Fetch::Other,
            });
            pages.push(now);
        }
        memory.pages = pages;
        Ok(Ok(found))
    }

    fn take_text(
        &mut self,
        declaration: &Declaration,
        memory: &mut Memory,
        now: Timestamp,
        technical: bool,
    ) -> Result<(Outcome, Vec<News>), FolderError> {
        let about = &declaration.about;
        let mut markdown = String::new();
        for (page, known) in declaration.pages.iter().zip(&mut memory.pages) {
            let bytes = self.folder.kept(&known.sha256)?;
            let decoded = decode(&bytes, known.content_type.as_deref());
            if decoded.wrong {
                self.notes.push(format!("{}: its encoding is not what it says; read as {}", page.url, decoded.encoding));
            }
            match text_of(decoded.text, known.content_type.as_deref(), page) {
                Ok(text) => markdown.push_str(&text),
                Err(why) => {
                    // it is fetched whole the next time
                    known.validators = Validators::default();
                    known.sha256.clear();
                    let why = format!("{}: {why}", page.url);
                    return Ok((Outcome::Failed(why.clone()), memory.watched.failed(about, now, &why)));
                }
            }
        }
        let text = Text::of_markdown(&markdown);
        if text.cut {
            self.notes.push("it is longer than what is compared; its end is left out".to_owned());
        }
        if memory.watched.confirmed().is_none() && (text.sentences.is_empty() || says_wall(&text)) {
            memory.pages.clear();
            let why = "the page is a wall, or has no text, and nothing else is known of it".to_owned();
            return Ok((Outcome::Failed(why.clone()), memory.watched.failed(about, now, &why)));
        }
        self.folder.write_document(about, &markdown)?;
        let step = memory.watched.observe(about, &self.hold, now, text, technical);
        Ok((Outcome::Text(step.class), step.news))
    }

    fn take_feed(
        &self,
        declaration: &Declaration,
        memory: &mut Memory,
        now: Timestamp,
        change: Fetch,
    ) -> Result<(Outcome, Vec<News>), FolderError> {
        let about = &declaration.about;
        if change == Fetch::Same {
            return Ok((Outcome::Same, memory.watched.still(about, &self.hold, now)));
        }
        let mut entries = Vec::new();
        for page in &mut memory.pages {
            let bytes = self.folder.kept(&page.sha256)?;
            match feed::read(&bytes, page.content_type.as_deref()) {
                Ok(read) => entries.extend(read),
                Err(error) => {
                    page.validators = Validators::default();
                    page.sha256.clear();
                    let why = format!("{}: {error}", page.url);
                    return Ok((Outcome::Failed(why.clone()), memory.watched.failed(about, now, &why)));
                }
            }
        }
        let mut news = memory.watched.still(about, &self.hold, now);
        news.extend(memory.feed.observe(about, declaration.kind, now, &entries));
        Ok((Outcome::Feed(entries.len()), news))
    }
}

/// Whether there is anything to compare, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fetch {
    Same,
    Other,
    /// Other parts of the page are the document now.
    Declared,
}

/// What is declared of a page, as a hash.
fn declared(page: &Page) -> String {
    Key::of(&format!("{:?}\n{:?}", page.select, page.remove)).to_string()
}

/// The Markdown of a page: of HTML what is extracted, of plain text and Markdown all.
fn text_of(text: String, content_type: Option<&str>, page: &Page) -> Result<String, String> {
    let kind = content_type.unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("text/plain") || kind.starts_with("text/markdown") {
        return Ok(text);
    }
    let late = Instant::now() + Duration::from_millis(limits::EXTRACT_MS);
    extract(&text, &page.select, &page.remove, || Instant::now() > late).map_err(|error| error.to_string())
}
