//! The rule packs: those built in, or the YAML files of a directory.

use std::path::Path;

use anyhow::{Context, bail};
use app::rules::Rules;
use model::limits;

/// The packs that come with the program.
const BUILT_IN: [(&str, &str); 2] = [
    ("packs/frankly-en.yaml", include_str!("../../../packs/frankly-en.yaml")),
    ("packs/youth-contact.yaml", include_str!("../../../packs/youth-contact.yaml")),
];

/// The rules of a directory, or those built in.
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

fn read(directory: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let entries = std::fs::read_dir(directory).with_context(|| format!("cannot read the packs in {}", directory.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            continue;
        }
        let bytes = std::fs::metadata(&path)?.len();
        if bytes > limits::PACK_BYTES as u64 {
            bail!("{} has more than {} bytes", path.display(), limits::PACK_BYTES);
        }
        files
            .push((path.display().to_string(), std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?));
    }
    if files.is_empty() {
        bail!("there is no .yaml file in {}", directory.display());
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_built_in_packs_pass_their_own_tests() {
        super::load(None).unwrap();
    }
}
