//! The rule packs: those built in, or the YAML files of a directory.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};
use app::contact::ContactPolicy;
use app::rules::Rules;
use model::limits;

/// The packs that come with the program.
const BUILT_IN: [(&str, &str); 3] = [
    ("packs/frankly-en.yaml", include_str!("../../../packs/frankly-en.yaml")),
    ("packs/stages.yaml", include_str!("../../../packs/stages.yaml")),
    ("packs/youth-contact.yaml", include_str!("../../../packs/youth-contact.yaml")),
];

/// The rules of a directory, or those built in.
///
/// # Errors
/// Names the file, and the line or rule, that is at fault.
pub(crate) fn load(directory: Option<&Path>) -> anyhow::Result<Rules> {
    match directory {
        None => Rules::load(&BUILT_IN).context("the built-in packs are at fault"),
        Some(directory) => {
            let files = read(directory)?;
            let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            Rules::load(&files).context("these packs are refused as a whole")
        }
    }
}

/// The contact policy of a file.
///
/// # Errors
/// Names the file, and the line or rule at fault.
pub(crate) fn load_contact(file: &Path) -> anyhow::Result<ContactPolicy> {
    let text = read_bounded(file, limits::CONTACT_POLICY_BYTES)?;
    ContactPolicy::load(&file.display().to_string(), &text).context("this contact policy is refused as a whole")
}

/// The stamp of one file.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn stamp_of_file(file: &Path) -> anyhow::Result<Stamp> {
    let about = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Stamp(vec![(file.to_owned(), about.modified()?, about.len())]))
}

/// Names, times and sizes of a directory's packs; when they are as before, so are the packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp(Vec<(PathBuf, SystemTime, u64)>);

/// The stamp of a directory.
///
/// # Errors
/// When the directory or a file cannot be looked at.
pub(crate) fn stamp(directory: &Path) -> anyhow::Result<Stamp> {
    let mut files = Vec::new();
    for path in paths(directory)? {
        let about = std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push((path, about.modified()?, about.len()));
    }
    Ok(Stamp(files))
}

/// The pack files of a directory, in order of their names; a bounded number.
fn paths(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory).with_context(|| format!("cannot read the packs in {}", directory.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_pack = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        // an editor's lock or backup beside the file
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_pack && !is_hidden {
            paths.push(path);
        }
        if paths.len() > limits::PACKS {
            bail!("{} has more than {} packs", directory.display(), limits::PACKS);
        }
    }
    if paths.is_empty() {
        bail!("there is no .yaml file in {}", directory.display());
    }
    paths.sort();
    Ok(paths)
}

fn read(directory: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for path in paths(directory)? {
        files.push((path.display().to_string(), read_bounded(&path, limits::PACK_BYTES)?));
    }
    Ok(files)
}

/// The text of a file that has at most so many bytes.
fn read_bounded(path: &Path, most: usize) -> anyhow::Result<String> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut text = String::new();
    // one byte more than allowed shows that it is too large
    std::io::Read::read_to_string(&mut std::io::Read::take(file, most as u64 + 1), &mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if text.len() > most {
        bail!("{} has more than {most} bytes", path.display());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_packs_pass_their_own_tests() {
        load(None).unwrap();
    }

    #[test]
    fn a_stamp_changes_with_what_is_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(stamp(folder.path()).unwrap_err().to_string().starts_with("there is no .yaml file in "));
        std::fs::write(folder.path().join("a.yaml"), "one").unwrap();
        let first = stamp(folder.path()).unwrap();
        assert_eq!(stamp(folder.path()).unwrap(), first);
        std::fs::write(folder.path().join(".a.yaml.lock.yaml"), "an editor's").unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no pack").unwrap();
        assert_eq!(stamp(folder.path()).unwrap(), first);
        std::fs::write(folder.path().join("b.yml"), "two").unwrap();
        assert_ne!(stamp(folder.path()).unwrap(), first);
    }

    #[test]
    fn a_pack_with_a_fault_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), "pack: a\nversion: one\n").unwrap();
        let complaint = format!("{:#}", load(Some(folder.path())).unwrap_err());
        assert!(complaint.contains("a.yaml:2: "), "{complaint}");
    }

    #[test]
    fn a_pack_that_is_too_large_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), "#".repeat(limits::PACK_BYTES + 10)).unwrap();
        assert!(load(Some(folder.path())).unwrap_err().to_string().ends_with("bytes"));
    }
}
