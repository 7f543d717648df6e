//! The rule packs: those built in, or the YAML files of a directory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use anyhow::{Context, bail};
use app::contact::ContactPolicy;
use app::rules::{Beside, Rules, RulesError};
use model::limits;
use scan::Model;

/// The packs that come with the program.
pub(crate) const BUILT_IN: [(&str, &str); 9] = [
    ("packs/child-safety-en.yaml", include_str!("../../../packs/child-safety-en.yaml")),
    ("packs/extortion-en.yaml", include_str!("../../../packs/extortion-en.yaml")),
    ("packs/frankly-en.yaml", include_str!("../../../packs/frankly-en.yaml")),
    ("packs/fraud-en.yaml", include_str!("../../../packs/fraud-en.yaml")),
    ("packs/hate-en.yaml", include_str!("../../../packs/hate-en.yaml")),
    ("packs/model-en.yaml", include_str!("../../../packs/model-en.yaml")),
    ("packs/spam-links.yaml", include_str!("../../../packs/spam-links.yaml")),
    ("packs/stages.yaml", include_str!("../../../packs/stages.yaml")),
    ("packs/youth-contact.yaml", include_str!("../../../packs/youth-contact.yaml")),
];

/// Who let their rules take effect.
pub(crate) const BUILT_IN_APPROVALS: (&str, &str) = ("packs/approvals.yaml", include_str!("../../../packs/approvals.yaml"));

/// Beside the packs of a directory: who approved which rule.
pub(crate) const APPROVALS: &str = "approvals.yaml";

/// Beside the packs of a directory: a model instead of the built-in one.
const MODEL: &str = "frankly.model";

/// The rules of a directory, or those built in.
///
/// # Errors
/// Names the file, and the line or rule, that is at fault.
pub(crate) fn load(directory: Option<&Path>) -> anyhow::Result<Rules> {
    load_by(directory, Rules::load_with)
}

/// As [`load`], but the tests of the packs are not run.
///
/// # Errors
/// As there.
pub(crate) fn load_untested(directory: Option<&Path>) -> anyhow::Result<Rules> {
    load_by(directory, Rules::load_untested)
}

type Load = fn(&[(&str, &str)], Beside<'_>) -> Result<Rules, RulesError>;

fn load_by(directory: Option<&Path>, take: Load) -> anyhow::Result<Rules> {
    let Some(directory) = directory else {
        let reader = |_: &str| Err("the built-in packs include nothing".to_owned());
        let beside = Beside { reader: &reader, approvals: Some(BUILT_IN_APPROVALS), model: &|| Some(built_in_model()) };
        return take(&BUILT_IN, beside).context("the built-in packs are at fault");
    };
    let files = read(directory)?;
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let reader = |name: &str| read_bounded(&directory.join(name), limits::PACK_BYTES).map_err(|error| format!("{error:#}"));
    let path = directory.join(APPROVALS);
    let approvals = path.exists().then(|| read_bounded(&path, limits::PACK_BYTES)).transpose()?;
    let name = path.display().to_string();
    let approvals = approvals.as_deref().map(|text| (name.as_str(), text));
    let own = directory.join(MODEL);
    let own = if own.exists() { Some(Arc::new(read_model(&own)?)) } else { None };
    let model = || Some(own.clone().unwrap_or_else(built_in_model));
    take(&files, Beside { reader: &reader, approvals, model: &model }).context("these packs are refused as a whole")
}

/// The model that comes with the program.
pub(crate) fn built_in_model() -> Arc<Model> {
    static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
        Arc::new(Model::read(include_bytes!("../../../models/frankly-en.model")).expect("the model that ships is read by a test"))
    });
    Arc::clone(&MODEL)
}

/// The model of a file.
///
/// # Errors
/// When it cannot be read, is too large, or is no model.
pub(crate) fn read_model(path: &Path) -> anyhow::Result<Model> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limits::MODEL_BYTES as u64 + 1), &mut bytes)?;
    if bytes.len() > limits::MODEL_BYTES {
        bail!("{} has more than {} bytes", path.display(), limits::MODEL_BYTES);
    }
    Model::read(&bytes).with_context(|| format!("{} is refused", path.display()))
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
    for path in all_paths(directory)? {
        let about = std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push((path, about.modified()?, about.len()));
    }
    Ok(Stamp(files))
}

/// The pack files of a directory, in order of their names; a bounded number.
fn paths(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = all_paths(directory)?;
    paths.retain(|path| is_pack(path));
    if paths.len() > limits::PACKS {
        bail!("{} has more than {} packs", directory.display(), limits::PACKS);
    }
    if paths.is_empty() {
        bail!("there is no .yaml file in {}", directory.display());
    }
    Ok(paths)
}

/// Packs are the YAML files that are neither the list of approvals nor made to be included (`name.inc.yaml`).
fn is_pack(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    is_yaml && name != APPROVALS && !name.contains(".inc.")
}

/// The packs of a directory and whatever they may include, in order of their names.
fn all_paths(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory).with_context(|| format!("cannot read the packs in {}", directory.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_known = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "txt" || extension == "model");
        // an editor's lock or backup beside the file
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_known && !is_hidden {
            paths.push(path);
        }
        if paths.len() > limits::PACKS + limits::PACK_INCLUDES {
            bail!("{} has more than {} files", directory.display(), limits::PACKS + limits::PACK_INCLUDES);
        }
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
    fn the_built_in_model_is_one() {
        let model = built_in_model();
        assert_eq!(model.heads().iter().map(|head| head.name.as_str()).collect::<Vec<_>>(), ["abuse", "hate", "spam"]);
    }

    #[test]
    fn a_model_beside_the_packs_is_taken_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), BUILT_IN[5].1).unwrap();
        load(Some(folder.path())).unwrap();
        let first = stamp(folder.path()).unwrap();
        std::fs::write(folder.path().join(MODEL), built_in_model().write()).unwrap();
        load(Some(folder.path())).unwrap();
        assert_ne!(stamp(folder.path()).unwrap(), first);
        std::fs::write(folder.path().join(MODEL), "no model").unwrap();
        assert!(format!("{:#}", load(Some(folder.path())).unwrap_err()).contains("frankly.model is refused: this is no model"));
        std::fs::write(folder.path().join(MODEL), vec![0; limits::MODEL_BYTES + 1]).unwrap();
        assert!(load(Some(folder.path())).unwrap_err().to_string().ends_with("bytes"));
    }

    #[test]
    fn nothing_is_to_be_mended_in_the_built_in_packs() {
        assert_eq!(load(None).unwrap().set().lint("2026-11-28"), []);
    }

    #[test]
    fn no_change_to_a_built_in_rule_goes_unnoticed() {
        let mutants = load(None).unwrap().mutants().unwrap();
        let unnoticed: Vec<String> = mutants.iter().filter(|m| !m.noticed).map(|m| format!("{} {}", m.subject, m.change)).collect();
        assert!(mutants.len() > 300, "{}", mutants.len());
        assert!(unnoticed.is_empty(), "{unnoticed:#?}");
    }

    #[test]
    fn a_stamp_changes_with_what_is_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().starts_with("there is no .yaml file in "));
        std::fs::write(folder.path().join("a.yaml"), "one").unwrap();
        let first = stamp(folder.path()).unwrap();
        assert_eq!(stamp(folder.path()).unwrap(), first);
        std::fs::write(folder.path().join(".a.yaml.lock.yaml"), "an editor's").unwrap();
        std::fs::write(folder.path().join("notes.md"), "no pack").unwrap();
        assert_eq!(stamp(folder.path()).unwrap(), first);
        std::fs::write(folder.path().join("list.txt"), "may be included").unwrap();
        assert_ne!(stamp(folder.path()).unwrap(), first);
        std::fs::remove_file(folder.path().join("list.txt")).unwrap();
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
    fn a_pack_takes_lists_and_terms_from_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let rule = "  - {id: w, title: w, status: shadow, reads: [content], harm: spam, when: terms.own + terms.shared > 0, verdict: block, \
                    severity: 1, queue: q, explain: w, owner: o, review_by: 2030-01-01, tests: [{text: WORD, expect: block}, {text: fine, expect: allow}]}";
        let head = "pack: a\nversion: 1\njurisdictions: ['*']\nlegal_basis: {GDPR: t}\ninclude: [shared.inc.yaml]\nterms: {own: {lists: [words.txt]}}\nrules:\n";
        write("words.txt", "# ours\nwombat\n");
        write("shared.inc.yaml", "terms: {shared: {keys: [capybara]}}\n");
        for (word, fits) in [("wombat", true), ("capybara", true), ("quokka", false)] {
            write("a.yaml", &format!("{head}{}\n", rule.replace("WORD", word)));
            assert_eq!(load(Some(folder.path())).is_ok(), fits, "{word}");
        }
        write("approvals.yaml", "approvals: [{rule: a/w}]\n");
        let complaint = format!("{:#}", load(Some(folder.path())).unwrap_err());
        assert!(complaint.contains("approvals.yaml:1: "), "{complaint}");
    }

    #[test]
    fn a_pack_that_is_too_large_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), "#".repeat(limits::PACK_BYTES + 10)).unwrap();
        assert!(load(Some(folder.path())).unwrap_err().to_string().ends_with("bytes"));
    }
}
