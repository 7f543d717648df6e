//! A folder of snapshots: each under the SHA-256 of its bytes, and an index that says which source it is of.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use audit::registry::{Registry, Snapshot, Source, SourceAt, sha256_hex};
use model::limits::AUDIT_SNAPSHOT_BYTES;

use super::input::bytes_of;

/// The file that says which source has which snapshot.
const INDEX: &str = "index.json";

/// A folder of snapshots.
pub(crate) struct Snapshots {
    folder: PathBuf,
    index: BTreeMap<String, String>,
}

impl Snapshots {
    /// Opens a folder; one that is not there is empty.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(INDEX);
        let index = if path.exists() {
            serde_json::from_slice(&bytes_of(&path, AUDIT_SNAPSHOT_BYTES)?)
                .with_context(|| format!("{} is not an index", path.display()))?
        } else {
            BTreeMap::new()
        };
        Ok(Self { folder: folder.to_owned(), index })
    }

    /// What was kept of a source: by the hash that the registry names, by the index, or the file itself.
    pub(crate) fn of(&self, source: &Source, root: &Path) -> anyhow::Result<Snapshot> {
        let named = source.sha256.as_ref().or_else(|| self.index.get(&source.id));
        let path = match (named, &source.at) {
            // an index is a file like others: only what is a hash is a name
            (Some(sha256), _) if sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) => self.folder.join(sha256),
            (_, SourceAt::File(file)) => root.join(inside(file)?),
            _ => return Ok(Snapshot::Missing),
        };
        if path.exists() { Ok(Snapshot::Bytes(bytes_of(&path, AUDIT_SNAPSHOT_BYTES)?)) } else { Ok(Snapshot::Missing) }
    }

    fn keep(&mut self, source: &str, bytes: &[u8]) -> anyhow::Result<String> {
        let sha256 = sha256_hex(bytes);
        std::fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        let path = self.folder.join(&sha256);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        self.index.insert(source.to_owned(), sha256.clone());
        Ok(sha256)
    }

    /// Writes the index.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        let path = self.folder.join(INDEX);
        std::fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        std::fs::write(&path, serde_json::to_string_pretty(&self.index)? + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A path that stays inside of its folder.
fn inside(file: &str) -> anyhow::Result<&Path> {
    let path = Path::new(file);
    if path.components().all(|part| matches!(part, Component::Normal(_))) { Ok(path) } else { bail!("{file} leads out of its folder") }
}

/// Keeps a file as the snapshot of a source: its id and hash.
pub(crate) fn from_file(registry: &Registry, source: &str, file: &Path, snapshots: &mut Snapshots) -> anyhow::Result<(String, String)> {
    if !registry.sources.contains_key(source) {
        bail!("{}: there is no source {source}", registry.file);
    }
    let sha256 = snapshots.keep(source, &bytes_of(file, AUDIT_SNAPSHOT_BYTES)?)?;
    Ok((source.to_owned(), sha256))
}

/// Keeps what an archive held at the commits of the registry; `wanted` is `ARCHIVE=FOLDER`.
pub(crate) fn from_git(registry: &Registry, wanted: &str, snapshots: &mut Snapshots) -> anyhow::Result<Vec<(String, String)>> {
    let Some((wanted, clone)) = wanted.split_once('=') else { bail!("write --git ARCHIVE=FOLDER") };
    let mut kept = Vec::new();
    for source in registry.sources.values() {
        let SourceAt::Archive { archive, path, commit } = &source.at else { continue };
        if archive != wanted {
            continue;
        }
        let shown =
            Command::new("git").arg("-C").arg(clone).args(["show", &format!("{commit}:{path}")]).output().context("cannot run git")?;
        if !shown.status.success() {
            bail!("{}: {clone} has no {path} at {commit}: {}", source.id, String::from_utf8_lossy(&shown.stderr).trim());
        }
        let sha256 = snapshots.keep(&source.id, &shown.stdout)?;
        kept.push((source.id.clone(), sha256));
    }
    if kept.is_empty() {
        bail!("{}: no source is in the archive {wanted}", registry.file);
    }
    Ok(kept)
}
