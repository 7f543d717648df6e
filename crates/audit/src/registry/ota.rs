//! Declarations of Open Terms Archive as the beginning of a registry.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

/// A service as Open Terms Archive declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtaService {
    /// Its name.
    pub name: String,
    /// Address of each page, by kind of terms.
    pub pages: Vec<(String, String)>,
}

/// Why a declaration is refused.
#[derive(Debug, thiserror::Error)]
pub enum OtaError {
    /// Not the JSON of a declaration.
    #[error("no declaration of Open Terms Archive: {0}")]
    Form(#[from] serde_json::Error),
    /// It declares no terms.
    #[error("declares no terms (neither `terms` nor, as in old files, `documents`)")]
    NoTerms,
    /// A page without an address.
    #[error("{0} has no `fetch`")]
    NoAddress(String),
}

#[derive(Deserialize)]
struct Declaration {
    name: String,
    // the key of old files is `documents`
    #[serde(alias = "documents", default)]
    terms: BTreeMap<String, Terms>,
}

#[derive(Deserialize)]
struct Terms {
    fetch: Option<String>,
    #[serde(default)]
    combine: Vec<Value>,
}

/// Reads one declaration.
///
/// # Errors
/// When it is none, or a page of it has no address.
pub fn ota_service(text: &str) -> Result<OtaService, OtaError> {
    let declaration: Declaration = serde_json::from_str(text)?;
    if declaration.terms.is_empty() {
        return Err(OtaError::NoTerms);
    }
    let mut pages = Vec::new();
    for (kind, terms) in declaration.terms {
        let combined = terms.combine.iter().filter_map(|page| page.get("fetch")?.as_str().map(str::to_owned));
        let addresses: Vec<String> = terms.fetch.into_iter().chain(combined).collect();
        if addresses.is_empty() {
            return Err(OtaError::NoAddress(kind));
        }
        pages.extend(addresses.into_iter().map(|address| (kind.clone(), address)));
    }
    Ok(OtaService { name: declaration.name, pages })
}

/// Sources and platforms as YAML; the claims are for a person to write.
pub fn ota_registry(services: &[OtaService]) -> String {
    let mut sources = String::from("sources:\n");
    let mut platforms = String::from("platforms:\n");
    for service in services {
        let id = id_of(&service.name);
        write!(platforms, "  - id: {id}\n    name: {}\n    claims: []\n", quoted(&service.name)).expect("a string takes what is written");
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (kind, address) in &service.pages {
            let key = format!("{id}-{}", id_of(kind));
            let count = counts.entry(key.clone()).and_modify(|count| *count += 1).or_insert(1);
            let key = if *count == 1 { key } else { format!("{key}-{count}") };
            let title = quoted(&format!("{}: {kind}", service.name));
            writeln!(sources, "  {key}: {{kind: vendor_page, title: {title}, url: {}}}", quoted(address))
                .expect("a string takes what is written");
        }
    }
    sources + &platforms
}

fn id_of(name: &str) -> String {
    let mut id = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            id.push(letter.to_ascii_lowercase());
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.trim_end_matches('-').to_owned()
}

/// A YAML string in double quotes, which is a JSON string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_old_declarations_become_sources() {
        let new = r#"{"name": "Chat & Co", "terms": {
            "Privacy Policy": {"fetch": "https://chat.example.org/privacy", "select": ["main"]},
            "Terms of Service": {"combine": [{"fetch": "https://chat.example.org/a"}, {"fetch": "https://chat.example.org/b"}]}}}"#;
        let old = r#"{"name": "Old", "documents": {"Privacy Policy": {"fetch": "https://old.example.org/", "select": "body"}}}"#;
        let text = ota_registry(&[ota_service(new).unwrap(), ota_service(old).unwrap()]);
        let whole = format!("schema: {}\nretrieved: 2026-06-01\n{text}", super::super::SCHEMA);
        let (registry, _) = super::super::read("r.yaml", &whole, "2026-06-01".parse().unwrap()).unwrap();
        assert_eq!(registry.platforms.len(), 2);
        let ids: Vec<&str> = registry.sources.keys().map(String::as_str).collect();
        assert_eq!(ids, ["chat-co-privacy-policy", "chat-co-terms-of-service", "chat-co-terms-of-service-2", "old-privacy-policy"]);
    }

    #[test]
    fn what_declares_nothing_is_refused() {
        assert!(matches!(ota_service("{}"), Err(OtaError::Form(_))));
        assert!(matches!(ota_service(r#"{"name": "a"}"#), Err(OtaError::NoTerms)));
        assert!(matches!(ota_service(r#"{"name": "a", "terms": {"T": {"select": "b"}}}"#), Err(OtaError::NoAddress(_))));
    }
}
