//! Only the store writes: SQL that changes rows lives in its commands and its schema.

use super::{Problem, SourceFile};

const WRITERS: [&str; 3] = ["crates/store/src/command", "crates/store/src/migrate", "crates/store/src/schema"];

pub(super) fn check(file: &SourceFile) -> Vec<Problem> {
    let watched = file.is("rs") && file.path.starts_with("crates/") && !file.is_test();
    if !watched || WRITERS.iter().any(|writer| file.path.starts_with(writer)) {
        return Vec::new();
    }
    let lines = file.product_lines();
    lines
        .iter()
        .enumerate()
        .filter(|(_, line)| writes(line))
        .map(|(index, _)| Problem::at(file, index, "SQL that changes rows belongs in crates/store/src/command"))
        .collect()
}

fn writes(line: &str) -> bool {
    let code = line.trim_start();
    if code.starts_with("//") {
        return false;
    }
    let words: Vec<String> =
        code.split(|c: char| c.is_whitespace() || c == '"').filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let pair = |first: &str, second: &str| words.windows(2).any(|found| found[0] == first && found[1] == second);
    let update = words.windows(3).any(|found| found[0] == "update" && found[2] == "set") || code.contains("UPDATE ");
    pair("insert", "into") || pair("delete", "from") || pair("truncate", "table") || pair("drop", "table") || update
}

#[cfg(test)]
mod tests {
    use super::super::testing::file;
    use super::*;

    const WRITE: &str = "const SQL: &str = \"INSERT INTO event VALUES ($1)\";\n";

    #[test]
    fn writing_sql_is_found_outside_the_commands() {
        assert_eq!(check(&file("crates/store/src/query/inbox.rs", WRITE)).len(), 1);
        assert_eq!(check(&file("crates/app/src/send.rs", "x(\"delete from person where id = $1\")\n")).len(), 1);
        assert_eq!(check(&file("crates/app/src/send.rs", "x(\"update person set a = 1\")\n")).len(), 1);
        assert!(check(&file("crates/store/src/command/append.rs", WRITE)).is_empty());
        assert!(check(&file("crates/store/tests/it/main.rs", WRITE)).is_empty());
    }

    #[test]
    fn reading_sql_and_plain_words_pass() {
        assert!(
            check(&file("crates/store/src/query/a.rs", "\"SELECT a FROM b ORDER BY updated\"\n// INSERT INTO is elsewhere\n")).is_empty()
        );
        assert!(check(&file("crates/app/src/a.rs", "map.insert(into, update); delete(from_here)\n")).is_empty());
    }
}
