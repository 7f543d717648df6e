//! Declarations in the form of Open Terms Archive: JSON, one file a service.

use serde_json::{Map, Value};

use super::bounds;
use super::declaration::{Declaration, Edge, Page, PageKind, Part, address, too_much};
use super::finding::About;
use crate::fault::Fault;

/// What was read, and what of it is not done here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// One for each document.
    pub declarations: Vec<Declaration>,
    /// Keys that have no effect, with the document they stand in.
    pub notes: Vec<String>,
}

/// Reads a file of declarations; `documents` (before 2023) and `terms` are the same.
pub fn import(file: &str, text: &str) -> Result<Imported, Vec<Fault>> {
    let fault = |rule, reason: String| Fault::of(file, rule, reason);
    if text.len() > bounds::DECLARATIONS_BYTES {
        return Err(vec![fault("too-large", format!("{} bytes; at most {}", text.len(), bounds::DECLARATIONS_BYTES))]);
    }
    let root: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line() as u64, error.column() as u64);
        vec![Fault { line, column, ..fault("syntax", error.to_string()) }]
    })?;
    let Some(service) = root.get("name").and_then(Value::as_str) else {
        return Err(vec![fault("no-name", "the service has no name".to_owned())]);
    };
    let documents = root.get("terms").or_else(|| root.get("documents")).and_then(Value::as_object);
    let Some(documents) = documents else {
        return Err(vec![fault("no-documents", "there are neither terms nor documents".to_owned())]);
    };
    let mut imported = Imported { declarations: Vec::new(), notes: Vec::new() };
    let mut faults = Vec::new();
    for (name, document) in documents {
        let mut reader = Reader { place: format!("{service}, {name}"), notes: &mut imported.notes };
        match reader.document(document) {
            Ok(pages) => {
                let about = About { service: service.to_owned(), document: name.clone(), platform: None, controls: Vec::new() };
                imported.declarations.push(Declaration { about, kind: PageKind::Policy, pages });
            }
            Err(reason) => faults.push(fault("document", format!("{}: {reason}", reader.place))),
        }
    }
    if faults.is_empty() { Ok(imported) } else { Err(faults) }
}

struct Reader<'a> {
    place: String,
    notes: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn document(&mut self, written: &Value) -> Result<Vec<Page>, String> {
        let document = written.as_object().ok_or("a document is an object")?;
        let pages = match document.get("combine") {
            // what the document says holds for the pages that do not say otherwise
            Some(combine) => {
                let parts = combine.as_array().ok_or("combine is a list")?;
                parts.iter().map(|part| self.page(part.as_object().ok_or("a part of combine is an object")?, document)).collect()
            }
            None => Ok(vec![self.page(document, document)?]),
        };
        let pages: Vec<Page> = pages.map_err(|error: String| error)?;
        if pages.is_empty() || pages.len() > bounds::PAGES {
            return Err(format!("{} pages; from 1 to {}", pages.len(), bounds::PAGES));
        }
        Ok(pages)
    }

    fn page(&mut self, page: &Map<String, Value>, document: &Map<String, Value>) -> Result<Page, String> {
        let get = |key: &str| page.get(key).or_else(|| document.get(key));
        let known = ["fetch", "select", "remove", "combine"];
        for key in page.keys().filter(|key| !known.contains(&key.as_str())) {
            let why = match key.as_str() {
                "filter" => "functions in JavaScript are not run",
                "executeClientScripts" => "pages are fetched without a browser; a page made by scripts is seen as suspected",
                _ => "not known here",
            };
            self.notes.push(format!("{}: {key} has no effect: {why}", self.place));
        }
        let url = get("fetch").and_then(Value::as_str).ok_or("no fetch")?;
        let url = address(url).map_err(|reason| format!("{url}: {reason}"))?;
        let page = Page { url, select: parts(get("select"))?, remove: parts(get("remove"))? };
        too_much(&page).map_or(Ok(page), Err)
    }
}

/// A selector, a range, or a list of them.
fn parts(written: Option<&Value>) -> Result<Vec<Part>, String> {
    match written {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(parts)) => parts.iter().map(part).collect(),
        Some(one) => Ok(vec![part(one)?]),
    }
}

fn part(written: &Value) -> Result<Part, String> {
    match written {
        Value::String(selector) => Ok(Part::Selector(selector.clone())),
        Value::Object(range) => Ok(Part::Range { start: edge(range, "start")?, end: edge(range, "end")? }),
        other => Err(format!("{other} is neither a selector nor a range")),
    }
}

fn edge(range: &Map<String, Value>, side: &str) -> Result<Edge, String> {
    let at = |place: &str| range.get(&format!("{side}{place}")).and_then(Value::as_str).map(str::to_owned);
    match (at("Before"), at("After")) {
        (Some(selector), None) => Ok(Edge { selector, after: false }),
        (None, Some(selector)) => Ok(Edge { selector, after: true }),
        _ => Err(format!("a range has {side}Before or {side}After")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_keys_say_the_same() {
        let new = r##"{"name":"Example","terms":{"Privacy Policy":{"fetch":"https://example.org/p","select":["main","#more"],
            "remove":{"startBefore":".a","endAfter":".b"}}}}"##;
        let read = import("Example.json", new).unwrap();
        assert_eq!(import("Example.json", &new.replace("\"terms\"", "\"documents\"")).unwrap(), read);
        let page = &read.declarations[0].pages[0];
        assert_eq!(page.select, [Part::Selector("main".to_owned()), Part::Selector("#more".to_owned())]);
        let edge = |selector: &str, after| Edge { selector: selector.to_owned(), after };
        assert_eq!(page.remove, [Part::Range { start: edge(".a", false), end: edge(".b", true) }]);
    }

    #[test]
    fn a_combined_document_has_its_pages_in_order_and_what_is_not_done_is_told() {
        let text = r#"{"name":"Example","terms":{"Rules":{"select":"article","executeClientScripts":true,"combine":[
            {"fetch":"https://example.org/1"},{"fetch":"https://example.org/2","select":"main","filter":["f"]}]}}}"#;
        let read = import("Example.json", text).unwrap();
        let pages = &read.declarations[0].pages;
        assert_eq!((pages[0].url.path(), pages[1].url.path()), ("/1", "/2"));
        assert_eq!((&pages[0].select[0], &pages[1].select[0]), (&Part::Selector("article".into()), &Part::Selector("main".into())));
        assert_eq!(read.notes.len(), 1, "{:?}", read.notes);
        assert!(read.notes[0].starts_with("Example, Rules: filter has no effect"));
    }

    #[test]
    fn faults_are_told() {
        let told = |text: &str| import("x.json", text).unwrap_err()[0].to_string();
        assert!(told("{").starts_with("x.json:1:1: syntax"), "{}", told("{"));
        assert!(told("{}").contains("no name"));
        assert!(told(r#"{"name":"A"}"#).contains("neither terms nor documents"));
        assert!(told(r#"{"name":"A","terms":{"P":{"select":"a"}}}"#).contains("A, P: no fetch"));
        assert!(told(r#"{"name":"A","terms":{"P":{"fetch":"file:///etc/passwd"}}}"#).contains("only http"));
        assert!(told(r#"{"name":"A","terms":{"P":{"fetch":"https://a.example","select":{"startBefore":"a"}}}}"#).contains("endBefore"));
        assert!(told(r#"{"name":"A","terms":{"P":{"fetch":"https://a.example","select":7}}}"#).contains("neither a selector"));
    }
}
