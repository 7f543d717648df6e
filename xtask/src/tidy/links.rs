//! Links between documents lead somewhere.

use super::{Problem, SourceFile};

/// Checks every relative link of every Markdown file; `exists` answers for a path relative to the root.
pub(super) fn check(files: &[SourceFile], exists: &dyn Fn(&str) -> bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.is("md")) {
        for (index, target) in targets(&file.text) {
            let Some(path) = local(&file.path, target) else { continue };
            if !exists(&path) {
                problems.push(Problem::at(file, index, format!("the link leads nowhere: {target}")));
            }
        }
    }
    problems
}

/// Line index and target of each `[text](target)` outside code blocks.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let tails = line.split("](").skip(1);
        found.extend(tails.filter_map(|tail| tail.split_once(')')).map(|(target, _)| (index, target)));
    }
    found
}

/// The path from the root that a link in `document` means; none for links out of the repository or inside the page.
fn local(document: &str, target: &str) -> Option<String> {
    let target = target.split(['#', ' ']).next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{file, rules};
    use super::*;

    #[test]
    fn broken_links_are_named_with_their_line() {
        let files =
            [file("docs/a.md", "see [b](b.md), [top](../README.md#x)\nand [gone](gone.md) [web](https://example.org/x) [here](#y)\n")];
        let exists = |path: &str| path == "docs/b.md" || path == "README.md";
        assert_eq!(rules(&check(&files, &exists)), ["docs/a.md:2: the link leads nowhere: gone.md"]);
    }

    #[test]
    fn code_blocks_hold_no_links() {
        assert!(targets("```\n[a](b)\n```\n").is_empty());
        assert_eq!(targets("![picture](p.png) [a](b \"title\")\n"), [(0, "p.png"), (0, "b \"title\"")]);
    }
}
