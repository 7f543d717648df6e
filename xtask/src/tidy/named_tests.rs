//! Documents name only tests that exist.
//!
//! In a table whose last column is headed `test` or `tests`, each name in backticks means one test:
//! `sync::an_old_token_is_served_again_the_same`, with as many parts of its path as make it the only one. A name that
//! ends in `::` means all tests of a module and is followed by their number: `` `jwt::` (7) ``. A row with a cell that
//! begins with `passing` names at least one.

use std::collections::BTreeSet;

use super::{Problem, SourceFile};

/// Macros of our tests that make a test of each function inside them.
const MACROS: [&str; 2] = ["on_both! {", "with_world! {"];

/// Checks the tables of every Markdown file against the tests of the Rust files.
pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    let tests: Vec<Vec<String>> = files.iter().filter(|file| file.is("rs")).flat_map(tests).collect();
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.is("md")) {
        for (line, row) in rows(&file.text) {
            if claims(&row) {
                problems.push(Problem::at(file, line, "what passes names the test that shows it"));
            }
            let named = row.last().map(|cell| names(line, cell)).unwrap_or_default();
            problems.extend(named.iter().filter_map(|name| name.problem(file, &tests)));
        }
    }
    problems
}

/// What a document says of a test, or of a module and the number of its tests.
#[derive(Debug, PartialEq, Eq)]
struct Name<'a> {
    line: usize,
    path: &'a str,
    number: Option<usize>,
}

impl Name<'_> {
    fn problem(&self, file: &SourceFile, tests: &[Vec<String>]) -> Option<Problem> {
        let path = self.path;
        let wrong = |rule: String| Some(Problem::at(file, self.line, rule));
        let Some(module) = path.strip_suffix("::") else {
            return match tests.iter().filter(|test| ends(test, path)).count() {
                1 => None,
                0 => wrong(format!("no test is called {path}")),
                many => wrong(format!("{many} tests are called {path}: name more of the path")),
            };
        };
        let inside: Vec<&[String]> = tests.iter().filter_map(|test| module_of(test, module)).collect();
        let modules: BTreeSet<&[String]> = inside.iter().copied().collect();
        match (modules.len(), self.number) {
            (0, _) => wrong(format!("no module {path} has tests")),
            (1, Some(number)) if number == inside.len() => None,
            (1, _) => wrong(format!("{path} has {} tests, say so: `{path}` ({})", inside.len(), inside.len())),
            (many, _) => wrong(format!("{many} modules are called {path}: name more of the path")),
        }
    }
}

/// Whether the last part is the name of the test and the others are on its path, in order.
fn ends(test: &[String], path: &str) -> bool {
    let (before, name) = path.rsplit_once("::").unwrap_or(("", path));
    test.last().is_some_and(|last| last == name) && (before.is_empty() || reach(&test[..test.len() - 1], before).is_some())
}

/// The full path of the module `path` that the test is in.
fn module_of<'a>(test: &'a [String], path: &str) -> Option<&'a [String]> {
    let modules = &test[..test.len() - 1];
    reach(modules, path).map(|length| &modules[..length])
}

/// How many modules it takes to pass all parts of `path` in order.
fn reach(modules: &[String], path: &str) -> Option<usize> {
    path.split("::").try_fold(0, |from, part| modules[from..].iter().position(|module| module == part).map(|at| from + at + 1))
}

/// Line and cells of each row of the tables whose last column is for tests.
fn rows(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut found = Vec::new();
    let mut in_table = false;
    for (line, row) in text.lines().enumerate() {
        let cells = cells(row);
        match cells.last() {
            None => in_table = false,
            Some(&("test" | "tests")) => in_table = true,
            Some(_) if in_table => found.push((line, cells)),
            Some(_) => {}
        }
    }
    found
}

fn cells(row: &str) -> Vec<&str> {
    let inside = row.strip_prefix('|').and_then(|row| row.trim_end().strip_suffix('|'));
    inside.map(|row| row.split('|').map(str::trim).collect()).unwrap_or_default()
}

/// The names in the cell for tests of line `line`.
fn names(line: usize, cell: &str) -> Vec<Name<'_>> {
    let parts: Vec<&str> = cell.split('`').collect();
    // outside, inside, outside, …: each name with what follows it
    parts.windows(2).skip(1).step_by(2).map(|pair| Name { line, path: pair[0], number: number(pair[1]) }).collect()
}

/// Whether a row says that something passes and names nothing that shows it.
fn claims(row: &[&str]) -> bool {
    row.iter().any(|cell| cell.starts_with("passing")) && row.last().is_some_and(|cell| names(0, cell).is_empty())
}

/// The number that a text such as ` (7: and more)` begins with.
fn number(text: &str) -> Option<usize> {
    let inside = text.strip_prefix(" (")?;
    inside.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The path of each test of a file that is not ignored: crate, modules, name. Modules are told by the indentation that
/// rustfmt gives them.
fn tests(file: &SourceFile) -> Vec<Vec<String>> {
    let Some(place) = place(&file.path) else { return Vec::new() };
    let mut open: Vec<(usize, Option<&str>)> = Vec::new();
    let mut attributes: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut in_template = false;
    for line in file.text.lines() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        // what a macro is made of is no test yet
        in_template = (in_template && line != "}") || line.starts_with("macro_rules! ");
        if in_template {
            continue;
        }
        while !code.is_empty() && open.last().is_some_and(|(outer, _)| indent <= *outer) {
            open.pop();
        }
        if code.starts_with("#[") {
            attributes.push(code);
            continue;
        }
        if let Some(name) = function(code) {
            let by_macro = open.last().is_some_and(|(outer, module)| module.is_none() && indent == outer + 4);
            if (by_macro || attributes.iter().any(|line| is_test(line))) && !attributes.iter().any(|line| line.starts_with("#[ignore")) {
                let modules = open.iter().filter_map(|(_, module)| *module).map(str::to_owned);
                found.push(place.iter().cloned().chain(modules).chain([name.to_owned()]).collect());
            }
        } else if let Some(name) = code.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            open.push((indent, Some(name)));
        } else if MACROS.contains(&code) {
            open.push((indent, None));
        }
        if !code.starts_with("//") {
            attributes.clear();
        }
    }
    found
}

fn is_test(attribute: &str) -> bool {
    ["#[test]", "#[tokio::test]", "#[tokio::test("].iter().any(|start| attribute.starts_with(start))
}

fn function(code: &str) -> Option<&str> {
    let rest = code.strip_prefix("async ").unwrap_or(code).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

/// Crate and modules that a file's path stands for; nothing for what is no part of the workspace's crates.
fn place(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix("crates/").unwrap_or(path).strip_suffix(".rs")?;
    let (home, rest) = inner.split_once('/')?;
    if !path.starts_with("crates/") && home != "xtask" {
        return None;
    }
    let modules = rest.strip_prefix("src/").or_else(|| rest.strip_prefix("tests/it/"))?.split('/');
    let named = modules.filter(|name| !matches!(*name, "lib" | "main" | "mod"));
    Some([home].into_iter().chain(named).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{file, rules};
    use super::*;

    const SUITE: &str = "#[tokio::test]\nasync fn asks() {\n    fn helper() {}\n}\n\nmod inner {\n    #[test]\n    fn answers() {}\n\n    \
                         #[test]\n    #[ignore = \"slow\"]\n    fn sleeps() {}\n}\n\n#[tokio::test(start_paused = true)]\nasync fn waits() {}\n";

    fn repository(document: &str) -> Vec<SourceFile> {
        let both = "on_both! {\n    async fn keeps(store: Store) {\n        fn inside() {}\n    }\n}\n\nasync fn helps() {}\n";
        vec![
            file("crates/talk/tests/it/people.rs", SUITE),
            file("crates/keep/tests/it/people.rs", both),
            file("crates/talk/src/lib.rs", "#[cfg(test)]\nmod tests {\n    #[test]\n    fn asks() {}\n}\n"),
            file("docs/a.md", &format!("| what | tests |\n|---|---|\n{document}\n")),
        ]
    }

    fn problems(document: &str) -> Vec<String> {
        rules(&check(&repository(document)))
    }

    #[test]
    fn tests_that_exist_may_be_named() {
        let named = "`people::asks`, `inner::answers`, and `waits`; `talk::answers`, `keep::people::keeps` | ";
        assert!(problems(&format!("| all | {}|", named.trim_end_matches("| "))).is_empty());
        assert!(problems("| all | `talk::people::` (3: of people), `people::inner::` (1), `keep::` (1) |").is_empty());
        assert!(problems("| `nothing` | – |").is_empty(), "only the last column names tests");
    }

    #[test]
    fn tests_that_do_not_exist_may_not() {
        for name in ["gone", "people::gone", "keep::asks", "inner::waits", "sleeps", "helper", "inside", "helps", "inner", "answers::inner"]
        {
            assert_eq!(problems(&format!("| a | `waits`, `{name}` |")), [format!("docs/a.md:3: no test is called {name}")]);
        }
        assert_eq!(problems("| a | `gone::` (2) |"), ["docs/a.md:3: no module gone:: has tests"]);
    }

    #[test]
    fn a_module_is_named_with_the_number_of_its_tests() {
        for number in ["", " (2)", " (4)", ": `waits`"] {
            assert_eq!(
                problems(&format!("| a | `talk::people::`{number} |")),
                ["docs/a.md:3: talk::people:: has 3 tests, say so: `talk::people::` (3)"]
            );
        }
    }

    #[test]
    fn one_name_means_one_test() {
        assert_eq!(problems("| a | `asks` |"), ["docs/a.md:3: 2 tests are called asks: name more of the path"]);
        assert_eq!(problems("| a | `people::` (4) |"), ["docs/a.md:3: 2 modules are called people::: name more of the path"]);
    }

    #[test]
    fn what_passes_names_a_test() {
        assert!(problems("| a | passing | `waits` |\n| b | missing | – |").is_empty());
        assert_eq!(problems("| a | passing; mostly | all of them |"), ["docs/a.md:3: what passes names the test that shows it"]);
    }

    #[test]
    fn macros_are_no_tests_until_they_are_used() {
        let text = "macro_rules! on_both {\n    () => {\n        #[test]\n        fn sqlite() {}\n    };\n}\n\n#[test]\nfn after() {}\n";
        assert_eq!(tests(&file("crates/keep/tests/it/backend.rs", text)), [["keep", "backend", "after"]]);
    }

    #[test]
    fn other_tables_are_left_alone() {
        let files =
            [file("a.md", "| what | job |\n|---|---|\n| a | `gone` |\n\n| a | test |\n|---|---|\n| b | `lost` |\n\n| c | `none` |\n")];
        assert_eq!(rules(&check(&files)), ["a.md:7: no test is called lost"]);
    }
}
