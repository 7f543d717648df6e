//! Which pages are watched, and which part of them is the document.

use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use super::bounds;
use super::finding::About;
use crate::controls::SHIPPED;
use crate::fault::Fault;

/// The form of a file of declarations.
pub const SCHEMA: &str = "frankly.audit.watch/1";

/// What kind of page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PageKind {
    /// Terms, a policy, guidelines.
    #[default]
    Policy,
    /// A page that explains to people how something works.
    Help,
    /// A feed of posts: RSS, Atom or JSON Feed.
    Feed,
    /// A feed of security advisories.
    Advisory,
}

impl PageKind {
    /// Whether it has entries rather than a text.
    pub const fn is_feed(self) -> bool {
        matches!(self, Self::Feed | Self::Advisory)
    }
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Every element that a CSS selector fits.
    Selector(String),
    /// What stands between two elements.
    Range {
        /// Where it begins.
        start: Edge,
        /// Where it ends.
        end: Edge,
    },
}

/// A place in a page: before or after the first element that a CSS selector fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The selector.
    pub selector: String,
    /// Whether the place is after the element.
    pub after: bool,
}

/// One page of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// The parts that are the document; without any it is found by its form.
    pub select: Vec<Part>,
    /// Parts of them that are not.
    pub remove: Vec<Part>,
}

/// A document that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Which document.
    pub about: About,
    /// What kind of page it is.
    pub kind: PageKind,
    /// Its pages, in order.
    pub pages: Vec<Page>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Spanned<String>,
    #[serde(default)]
    watch: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    service: String,
    document: String,
    #[serde(default)]
    platform: Option<String>,
    #[serde(default)]
    kind: PageKind,
    #[serde(default)]
    controls: Vec<Spanned<String>>,
    #[serde(default)]
    url: Option<Spanned<String>>,
    #[serde(default)]
    select: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    pages: Vec<WrittenPage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPage {
    url: Spanned<String>,
    #[serde(default)]
    select: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// Reads a file of declarations in YAML. All faults are told, not the first only.
pub fn read(file: &str, text: &str) -> Result<Vec<Declaration>, Vec<Fault>> {
    if text.len() > bounds::DECLARATIONS_BYTES {
        let reason = format!("{} bytes; at most {}", text.len(), bounds::DECLARATIONS_BYTES);
        return Err(vec![Fault::of(file, "too-large", reason)]);
    }
    let written: File = serde_saphyr::from_str(text).map_err(|error| vec![Fault::syntax(file, &error)])?;
    if written.schema.value != SCHEMA {
        let reason = format!("schema is {}; this reads {SCHEMA}", written.schema.value);
        return Err(vec![Fault::at(file, written.schema.referenced, "schema", reason)]);
    }
    let mut faults = Vec::new();
    if written.watch.len() > bounds::DOCUMENTS {
        faults.push(Fault::of(file, "too-many", format!("{} documents; at most {}", written.watch.len(), bounds::DOCUMENTS)));
    }
    let mut read: Vec<Declaration> = Vec::new();
    for entry in written.watch {
        let place = entry.referenced;
        let declared = declaration(file, entry, &mut faults);
        if read.iter().any(|known| known.about.service == declared.about.service && known.about.document == declared.about.document) {
            let reason = format!("{}, {} is declared twice", declared.about.service, declared.about.document);
            faults.push(Fault::at(file, place, "duplicate-id", reason));
        }
        read.push(declared);
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

fn declaration(file: &str, entry: Spanned<Entry>, faults: &mut Vec<Fault>) -> Declaration {
    let place = entry.referenced;
    let entry = entry.value;
    for control in entry.controls.iter().filter(|control| SHIPPED.get(&control.value).is_none()) {
        faults.push(Fault::at(file, control.referenced, "unknown-control", format!("there is no control {}", control.value)));
    }
    if entry.service.trim().is_empty() || entry.document.trim().is_empty() {
        faults.push(Fault::at(file, place, "no-name", "service and document need a name"));
    }
    let mut written = entry.pages;
    match (entry.url, written.is_empty()) {
        (Some(url), true) => written.push(WrittenPage { url, select: entry.select, remove: entry.remove }),
        (None, false) if entry.select.is_empty() && entry.remove.is_empty() => {}
        _ => faults.push(Fault::at(file, place, "pages", "give a url with its select and remove, or pages that have their own")),
    }
    if written.len() > bounds::PAGES {
        faults.push(Fault::at(file, place, "too-many", format!("{} pages; at most {}", written.len(), bounds::PAGES)));
    }
    let mut pages = Vec::new();
    for page in written {
        let (url, at) = (page.url.value, page.url.referenced);
        match address(&url) {
            Ok(url) => pages.push(Page { url, select: selectors(page.select), remove: selectors(page.remove) }),
            Err(reason) => faults.push(Fault::at(file, at, "url", format!("{url}: {reason}"))),
        }
    }
    for page in &pages {
        if let Some(reason) = too_much(page) {
            faults.push(Fault::at(file, place, "too-many", reason));
        }
    }
    let controls = entry.controls.into_iter().map(|control| control.value).collect();
    let about = About { service: entry.service, document: entry.document, platform: entry.platform, controls };
    Declaration { about, kind: entry.kind, pages }
}

/// An address that may be fetched.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_bare = url.username().is_empty() && url.password().is_none();
    match (is_web, is_bare) {
        (true, true) => Ok(url),
        (false, _) => Err("only http and https are fetched".to_owned()),
        (true, false) => Err("names and passwords do not belong into addresses".to_owned()),
    }
}

pub(super) fn too_much(page: &Page) -> Option<String> {
    let all = || page.select.iter().chain(&page.remove);
    let longest = |part: &Part| match part {
        Part::Selector(selector) => selector.len(),
        Part::Range { start, end } => start.selector.len().max(end.selector.len()),
    };
    if all().count() > bounds::SELECTORS {
        return Some(format!("more than {} selectors", bounds::SELECTORS));
    }
    all().any(|part| longest(part) > bounds::SELECTOR_BYTES).then(|| format!("a selector of more than {} bytes", bounds::SELECTOR_BYTES))
}

fn selectors(written: Vec<String>) -> Vec<Part> {
    written.into_iter().map(Part::Selector).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "schema: frankly.audit.watch/1\nwatch:\n  - service: Example\n    document: Privacy Policy\n    platform: example\n    \
                        controls: [GOV-4]\n    url: https://example.org/privacy\n    select: [main]\n    remove: [nav]\n  - service: Example\n    \
                        document: Help\n    kind: help\n    pages:\n      - url: https://example.org/a\n      - url: https://example.org/b\n        \
                        select: [article]\n";

    fn faults(text: &str) -> Vec<String> {
        read("watch.yaml", text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_declaration_is_read() {
        let read = read("watch.yaml", GOOD).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].pages[0].select, [Part::Selector("main".to_owned())]);
        assert_eq!(read[0].about.controls, ["GOV-4"]);
        assert_eq!((read[1].kind, read[1].pages.len()), (PageKind::Help, 2));
    }

    #[test]
    fn faults_are_told_with_their_place() {
        let bad = GOOD.replace("GOV-4", "GOV-9").replace("https://example.org/a", "ftp://example.org/a").replace("Help", "Privacy Policy");
        let found = faults(&bad);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("watch.yaml:6:16: unknown-control: there is no control GOV-9"), "{found:?}");
        assert!(found.iter().any(|fault| fault.starts_with("watch.yaml:14:14: url: ftp://example.org/a")), "{found:?}");
        assert!(found.iter().any(|fault| fault.contains("duplicate-id: Example, Privacy Policy is declared twice")), "{found:?}");
    }

    #[test]
    fn what_is_no_declaration_is_refused() {
        assert!(faults("schema: other/1\n")[0].contains("schema is other/1"));
        assert!(faults(&GOOD.replace("kind: help", "kind: helpful"))[0].contains("helpful"));
        assert!(faults(&GOOD.replace("remove", "removes"))[0].contains("removes"));
        assert!(faults("schema: [")[0].contains("syntax"));
        assert!(faults(&GOOD.replace("https://example.org/b", "https://a:b@example.org/b"))[0].contains("passwords"));
        assert!(faults(&format!("{GOOD}#{}", "x".repeat(bounds::DECLARATIONS_BYTES)))[0].contains("too-large"));
    }
}
