//! Rules that look at one file at a time.

use super::{Problem, SourceFile};

/// Lines of a source file without its unit tests; above it a file has two jobs.
const FILE_LINES_MAX: usize = 600;

/// Words that mark unfinished work, in two halves so that this file passes its own rule.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Beginnings of paths that exist on one machine only, split for the same reason.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// The only host a lock file of npm may name.
const NPM_HOST: &str = "https://registry.npmjs.org/";

pub(super) fn check(file: &SourceFile) -> Vec<Problem> {
    let mut problems: Vec<Problem> = length(file).into_iter().chain(ending(file)).collect();
    for (index, line) in file.text.lines().enumerate() {
        problems.extend(words(file, line).map(|rule| Problem::at(file, index, rule)));
    }
    if file.is("rs") {
        problems.extend(rust(file));
    }
    problems
}

fn length(file: &SourceFile) -> Option<Problem> {
    let counted = ["rs", "svelte", "ts"].iter().any(|extension| file.is(extension)) && !file.is_test() && !is_generated(file);
    let lines = file.product_lines().len();
    (counted && lines > FILE_LINES_MAX).then(|| Problem::new(&file.path, format!("{lines} lines; at most {FILE_LINES_MAX}")))
}

fn is_generated(file: &SourceFile) -> bool {
    file.path.ends_with(".d.ts") || file.path.contains("/generated/") || file.path.contains("/gen/")
}

fn ending(file: &SourceFile) -> Option<Problem> {
    let snapshot = file.is("snap") || file.is("svg");
    let wrong = !file.text.is_empty() && !snapshot && (!file.text.ends_with('\n') || file.text.ends_with("\n\n"));
    wrong.then(|| Problem::new(&file.path, "ends with exactly one newline"))
}

fn words(file: &SourceFile, line: &str) -> Option<&'static str> {
    let lock = file.is("lock") || file.path.ends_with("package-lock.json");
    if lock {
        let foreign = line.contains("\"resolved\": \"http") && !line.contains(NPM_HOST);
        return foreign.then_some("a lock file names another host than npm's registry");
    }
    if line.ends_with([' ', '\t', '\r']) && !file.is("snap") {
        return Some("trailing space");
    }
    if UNFINISHED.iter().any(|word| has_word(line, word)) {
        return Some("a mark of unfinished work");
    }
    if MACHINE_PATHS.iter().any(|path| begins_a_path(line, path)) {
        return Some("a path that exists on one machine only");
    }
    None
}

fn rust(file: &SourceFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let code = line.trim_start();
        if code.starts_with(concat!("#[al", "low")) || code.starts_with(concat!("#![al", "low")) {
            problems.push(Problem::at(file, index, "write #[expect(lint, reason = \"…\")]"));
        }
        if code.starts_with(concat!("#[ig", "nore")) {
            problems.push(Problem::at(file, index, "a test that never runs"));
        }
    }
    if !file.is_test() {
        for (index, line) in file.product_lines().iter().enumerate() {
            if line.contains(concat!(".unw", "rap()")) && !line.trim_start().starts_with("//") {
                problems.push(Problem::at(file, index, "say why with expect, or return the error"));
            }
        }
    }
    problems
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '}' | '~' | '$' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{file, rules};
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        rules(&check(&file(path, text)))
    }

    #[test]
    fn long_files_are_refused_and_their_tests_are_free() {
        let long = "fn a() {}\n".repeat(601);
        assert_eq!(found("crates/a/src/b.rs", &long), ["crates/a/src/b.rs: 601 lines; at most 600"]);
        assert!(found("crates/a/tests/it/b.rs", &long).is_empty());
        let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn t() {}\n".repeat(700));
        assert!(found("crates/a/src/b.rs", &tests).is_empty());
    }

    #[test]
    fn endings_and_trailing_space() {
        assert_eq!(found("a.md", "x"), ["a.md: ends with exactly one newline"]);
        assert_eq!(found("a.md", "x\n\n"), ["a.md: ends with exactly one newline"]);
        assert_eq!(found("a.md", "x \ny\t\n"), ["a.md:1: trailing space", "a.md:2: trailing space"]);
        assert!(found("a.md", "x\n").is_empty());
    }

    #[test]
    fn unfinished_work_and_machine_paths() {
        assert_eq!(found("a.md", &format!("x {}: y\n", UNFINISHED[0])).len(), 1);
        assert_eq!(found("a.toml", &format!("x = \"{}a/b\"\n", MACHINE_PATHS[0])).len(), 1);
        assert!(found("a.md", "mastodon AUTODOC room/home/x ./home/y ~/home/z\n").is_empty());
    }

    #[test]
    fn rust_attributes_and_panics() {
        let text = format!(
            "{}(dead_code)]\nfn a() {{ b(){}; }}\n{}]\n",
            concat!("#[al", "low"),
            concat!(".unw", "rap()"),
            concat!("#[ig", "nore")
        );
        assert_eq!(found("crates/a/src/b.rs", &text).len(), 3);
        assert_eq!(found("crates/a/tests/it/b.rs", &text).len(), 2, "tests may panic, but neither hide warnings nor sleep");
    }

    #[test]
    fn lock_files_name_the_public_registry_only() {
        assert!(found("web/package-lock.json", "  \"resolved\": \"https://registry.npmjs.org/a/-/a-1.tgz\",\n").is_empty());
        assert_eq!(found("web/package-lock.json", "  \"resolved\": \"http://10.0.0.1/a-1.tgz\",\n").len(), 1);
    }
}
