//! The folder of what was seen: raw pages by their hash, the text of documents, what is remembered of them, what was told.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use audit::drift::feed::WatchedFeed;
use audit::drift::finding::{About, Ledger};
use audit::drift::monitor::Watched;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::fetch::Validators;
use crate::limits;

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system refuses.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it was.
    #[error("{path}: {reason}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// What is remembered of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Of its text.
    #[serde(default)]
    pub watched: Watched,
    /// Of its entries, if it is a feed.
    #[serde(default)]
    pub feed: WatchedFeed,
    /// Of each of its pages, in order.
    #[serde(default)]
    pub pages: Vec<PageMemory>,
    /// When it was looked at.
    #[serde(default)]
    pub looked: Option<Timestamp>,
}

/// What is remembered of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageMemory {
    /// Its address.
    pub url: String,
    /// To ask again with.
    #[serde(flatten)]
    pub validators: Validators,
    /// The hash of its bytes.
    pub sha256: String,
    /// What kind of text it said it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The hash of its declaration: another one extracts otherwise.
    #[serde(default)]
    pub declared: String,
}

/// A folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Opens or makes one.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        for part in ["snapshots", "documents", "memory"] {
            let path = path.join(part);
            fs::create_dir_all(&path).map_err(|source| FolderError::Io { path, source })?;
        }
        Ok(Self(path.to_owned()))
    }

    /// Keeps the bytes of a page; their hash.
    pub fn keep(&self, bytes: &[u8]) -> Result<String, FolderError> {
        let hash = hex(&Sha256::digest(bytes));
        let path = self.snapshot(&hash);
        if !path.exists() {
            write(&path, bytes)?;
        }
        Ok(hash)
    }

    /// The bytes of this hash, which are looked at again.
    pub fn kept(&self, hash: &str) -> Result<Vec<u8>, FolderError> {
        let path = self.snapshot(hash);
        let bytes = fs::read(&path).map_err(|source| FolderError::Io { path: path.clone(), source })?;
        if hex(&Sha256::digest(&bytes)) != hash {
            return Err(FolderError::Damaged { path, reason: "its bytes have another hash than its name".to_owned() });
        }
        Ok(bytes)
    }

    /// Writes the text of a document as it is now.
    pub fn write_document(&self, about: &About, markdown: &str) -> Result<(), FolderError> {
        write(&self.0.join("documents").join(name_of(&about.service)).join(name_of(&about.document) + ".md"), markdown.as_bytes())
    }

    /// What is remembered of a document.
    pub fn memory(&self, about: &About) -> Result<Memory, FolderError> {
        read_json(&self.memory_of(about)).map(Option::unwrap_or_default)
    }

    /// Remembers.
    pub fn remember(&self, about: &About, memory: &Memory) -> Result<(), FolderError> {
        write_json(&self.memory_of(about), memory)
    }

    /// What was told.
    pub fn ledger(&self) -> Result<Ledger, FolderError> {
        read_json(&self.0.join("findings.json")).map(Option::unwrap_or_default)
    }

    /// Notes what was told.
    pub fn write_ledger(&self, ledger: &Ledger) -> Result<(), FolderError> {
        write_json(&self.0.join("findings.json"), ledger)
    }

    fn snapshot(&self, hash: &str) -> PathBuf {
        let (first, rest) = hash.split_at(hash.len().min(2));
        self.0.join("snapshots").join(first).join(rest)
    }

    fn memory_of(&self, about: &About) -> PathBuf {
        self.0.join("memory").join(name_of(&about.service)).join(name_of(&about.document) + ".json")
    }
}

/// A name as one part of a path, the same for no other name.
fn name_of(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')' | '&' | ',');
    let shown: String = name.chars().take(60).map(|c| if plain(c) { c } else { '_' }).collect();
    if shown == name && !name.ends_with(' ') { shown } else { format!("{shown}~{}", &hex(&Sha256::digest(name.as_bytes()))[..8]) }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
        text
    })
}

/// Writes beside, then puts in place: a file is the old one or the new one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let failed = |source| FolderError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let beside = path.with_extension("new");
    let written = fs::File::create(&beside).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_data()));
    written.and_then(|()| fs::rename(&beside, path)).map_err(failed)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FolderError> {
    let failed = |error: serde_json::Error| FolderError::Damaged { path: path.to_owned(), reason: error.to_string() };
    let mut text = serde_json::to_vec_pretty(value).map_err(failed)?;
    text.push(b'\n');
    write(path, &text)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FolderError> {
    let mut text = Vec::new();
    match fs::File::open(path).and_then(|file| file.take(limits::STATE_BYTES).read_to_end(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FolderError::Io { path: path.to_owned(), source }),
    }
    let failed = |error: serde_json::Error| FolderError::Damaged { path: path.to_owned(), reason: error.to_string() };
    serde_json::from_slice(&text).map(Some).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_or_is_told_to_be_damaged() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let hash = folder.keep(b"a page").unwrap();
        assert_eq!(folder.kept(&hash).unwrap(), b"a page");
        assert_eq!(folder.keep(b"a page").unwrap(), hash);
        fs::write(folder.snapshot(&hash), b"another page").unwrap();
        assert!(matches!(folder.kept(&hash), Err(FolderError::Damaged { .. })));
        fs::write(place.path().join("findings.json"), b"{").unwrap();
        assert!(matches!(folder.ledger(), Err(FolderError::Damaged { .. })));
    }

    #[test]
    fn names_stay_inside_and_apart() {
        assert_eq!(name_of("Privacy Policy"), "Privacy Policy");
        let odd: Vec<String> = ["../x", "a/b", "a_b", "..", "", "a:b"].iter().map(|name| name_of(name)).collect();
        assert!(odd.iter().all(|name| !name.contains('/') && !name.contains('.')), "{odd:?}");
        assert_eq!(odd.iter().collect::<std::collections::BTreeSet<_>>().len(), odd.len());
        assert!(name_of(&"x".repeat(5_000)).len() < 100);
    }
}
