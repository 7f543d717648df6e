//! `cargo xtask tidy`: the rules of the house that neither the compiler nor clippy knows.
//!
//! Every rule is an ordinary function from what it looks at to a list of problems, with a test that
//! shows it fail.

mod edges;
mod files;
mod licences;
mod limits;
mod links;
mod manifests;
mod named_tests;
mod sql;

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    place: String,
    rule: String,
}

impl Problem {
    fn new(place: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { place: place.into(), rule: rule.into() }
    }

    /// A problem at line `index + 1` of a file.
    fn at(file: &SourceFile, index: usize, rule: impl Into<String>) -> Self {
        Self::new(format!("{}:{}", file.path, index + 1), rule)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)
    }
}

/// A text file of the repository; `path` is relative to its root, with forward slashes.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// Whether the whole file is test code.
    fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.split('/').any(|folder| matches!(folder, "tests" | "e2e" | "fuzz" | "benches" | "testing"))
            || matches!(name, "tests.rs" | "testing.rs")
            || name.ends_with("_tests.rs")
            || name.contains(".test.")
            || name.contains(".spec.")
    }

    /// The lines before the unit tests of a Rust file, all lines of other files.
    fn product_lines(&self) -> Vec<&str> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'));
        match tests {
            Some(start) if self.is("rs") => lines[..start].to_vec(),
            _ => lines,
        }
    }
}

/// Runs every check on the workspace at `root`, prints what is wrong; `true` when nothing is.
///
/// # Errors
/// When the workspace cannot be read.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let files = tracked_files(root)?;
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned(), "--filter-platform".to_owned(), "x86_64-unknown-linux-gnu".to_owned()])
        .exec()
        .context("cargo metadata")?;
    let exists = |path: &str| root.join(path).exists();

    let mut problems = edges::check(&edges::from_metadata(&metadata));
    problems.extend(licences::check(&licences::from_metadata(&metadata)));
    problems.extend(manifests::check(&files));
    problems.extend(files.iter().flat_map(files::check));
    problems.extend(files.iter().flat_map(sql::check));
    problems.extend(links::check(&files, &exists));
    problems.extend(limits::check(&files));
    problems.extend(named_tests::check(&files));

    for problem in &problems {
        println!("{problem}");
    }
    println!("tidy: {} files, {} packages, {} problems", files.len(), metadata.packages.len(), problems.len());
    Ok(problems.is_empty())
}

/// Inputs of the fuzz targets: broken on purpose, and no text of ours.
const HOSTILE: &str = "fuzz/corpus/";

/// The text files that git tracks or would track.
fn tracked_files(root: &Path) -> Result<Vec<SourceFile>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git is needed to list the files")?;
    ensure!(listed.status.success(), "git ls-files ended with {}", listed.status);
    let names = String::from_utf8(listed.stdout).context("file names are UTF-8")?;
    let mut files = Vec::new();
    for path in names.split('\0').filter(|name| !name.is_empty() && !name.starts_with(HOSTILE)) {
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(SourceFile { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{Problem, SourceFile};

    pub(crate) fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn rules(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::file;

    #[test]
    fn unit_tests_are_not_product_lines() {
        let source = file("crates/a/src/b.rs", "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n");
        assert_eq!(source.product_lines(), ["fn a() {}", ""]);
        assert_eq!(file("a.md", "x\n#[cfg(test)]\nmod tests {\n").product_lines().len(), 3);
    }

    #[test]
    fn test_files_are_known_by_their_place() {
        for path in ["crates/a/tests/it/main.rs", "web/src/a.test.ts", "web/tests/x.spec.ts", "crates/a/src/b/tests.rs"] {
            assert!(file(path, "").is_test(), "{path}");
        }
        assert!(!file("crates/a/src/contest.rs", "").is_test());
    }
}
