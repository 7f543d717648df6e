//! Versions and lints stand once, in the manifest of the workspace.

use super::{Problem, SourceFile};

pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    files.iter().filter(|file| is_member(&file.path)).flat_map(manifest).collect()
}

fn is_member(path: &str) -> bool {
    matches!(path, "fuzz/Cargo.toml" | "xtask/Cargo.toml") || (path.starts_with("crates/") && path.ends_with("/Cargo.toml"))
}

fn manifest(file: &SourceFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut section = "";
    for (index, line) in file.text.lines().enumerate() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && line.contains('=') && !line.contains("workspace = true") {
            problems.push(Problem::at(file, index, "versions stand in the workspace manifest: write `name.workspace = true`"));
        }
    }
    if !file.text.contains("[lints]\nworkspace = true") {
        problems.push(Problem::new(&file.path, "takes the lints of the workspace: `[lints] workspace = true`"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::testing::file;
    use super::*;

    #[test]
    fn versions_and_missing_lints_are_found() {
        let fine = "[package]\nname = \"a\"\n\n[dependencies]\nserde.workspace = true\n\n[lints]\nworkspace = true\n";
        assert!(check(&[file("crates/a/Cargo.toml", fine)]).is_empty());
        let wrong = "[dependencies]\nserde = \"1\"\nmodel = { path = \"../model\" }\n";
        assert_eq!(check(&[file("crates/a/Cargo.toml", wrong)]).len(), 3);
        assert_eq!(check(&[file("fuzz/Cargo.toml", wrong)]).len(), 3);
        assert!(check(&[file("e2e/load/Cargo.toml", wrong)]).is_empty(), "no member of the workspace");
    }
}
