//! Every bound of `limits.rs` bounds something.

use super::{Problem, SourceFile};

const LIMITS: &str = "crates/model/src/limits.rs";

pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    let Some(limits) = files.iter().find(|file| file.path == LIMITS) else {
        return vec![Problem::new(LIMITS, "the file of all bounds is missing")];
    };
    let users: Vec<&SourceFile> =
        files.iter().filter(|file| file.is("rs") && file.path.starts_with("crates/") && file.path != LIMITS && !file.is_test()).collect();
    constants(&limits.text)
        .into_iter()
        .filter(|(_, name)| !users.iter().any(|file| file.product_lines().iter().any(|line| names(line, name))))
        .map(|(index, name)| Problem::at(limits, index, format!("{name} bounds nothing")))
        .collect()
}

fn constants(text: &str) -> Vec<(usize, &str)> {
    let name = |line: &'_ str| line.trim_start().strip_prefix("pub const ").and_then(|rest| rest.split(':').next().map(str::len));
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let length = name(line)?;
            let start = line.find("pub const ")? + "pub const ".len();
            Some((index, &line[start..start + length]))
        })
        .collect()
}

fn names(line: &str, name: &str) -> bool {
    !line.trim_start().starts_with("//")
        && line.match_indices(name).any(|(start, _)| {
            let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
            let before = line[..start].chars().next_back();
            let after = line[start + name.len()..].chars().next();
            !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
        })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{file, rules};
    use super::*;

    #[test]
    fn a_bound_that_nobody_uses_is_named() {
        let files = [
            file(LIMITS, "/// Reason.\npub const USED: usize = 1;\npub const IDLE: usize = 2;\n"),
            file("crates/app/src/a.rs", "let a = limits::USED; let b = IDLE_MORE; // IDLE\n// IDLE\n"),
            file("crates/app/tests/it/a.rs", "IDLE\n"),
        ];
        // The trailing comment of a code line counts as a use: the rule looks for words, not for Rust.
        assert!(check(&files).is_empty());
        let without_comment =
            [files[0].clone(), file("crates/app/src/a.rs", "let a = limits::USED; let b = IDLE_MORE;\n// IDLE\n"), files[2].clone()];
        assert_eq!(rules(&check(&without_comment)), ["crates/model/src/limits.rs:3: IDLE bounds nothing"]);
    }

    #[test]
    fn a_missing_file_is_a_problem() {
        assert_eq!(check(&[]).len(), 1);
    }
}
