//! Which licences and packages the dependency tree may contain.

use cargo_metadata::Metadata;

use super::Problem;

/// Licences that let anybody use, change and embed the code.
const ALLOWED: [&str; 12] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Packages that must not come in, and why.
const BANNED: [(&str, &str); 8] = [
    ("openssl", "TLS is rustls, if any"),
    ("openssl-sys", "TLS is rustls, if any"),
    ("native-tls", "TLS is rustls, if any"),
    ("aws-lc-sys", "one crypto provider, without a C build of minutes"),
    ("sqlx", "it and rusqlite ask for different versions of SQLite"),
    ("sqlx-core", "it and rusqlite ask for different versions of SQLite"),
    ("diesel", "SQL is written once, by hand, for two databases"),
    ("curl-sys", "HTTP is hyper"),
];

/// Name and licence expression of every package in the tree.
pub(super) fn from_metadata(metadata: &Metadata) -> Vec<(String, Option<String>)> {
    let resolved = metadata.resolve.as_ref().map(|resolve| resolve.nodes.iter().map(|node| &node.id).collect::<Vec<_>>());
    let used = |id| resolved.as_ref().is_none_or(|ids| ids.contains(&id));
    metadata
        .packages
        .iter()
        .filter(|package| used(&package.id))
        .map(|package| (package.name.to_string(), package.license.clone()))
        .collect()
}

pub(super) fn check(packages: &[(String, Option<String>)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, licence) in packages {
        if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| banned == name) {
            problems.push(Problem::new(name, format!("this package is banned: {reason}")));
        }
        match licence {
            Some(expression) if permitted(expression) => {}
            Some(expression) => problems.push(Problem::new(name, format!("licence not on the list: {expression}"))),
            None => problems.push(Problem::new(name, "no licence is declared")),
        }
    }
    problems
}

/// Whether an SPDX expression (old `/` for OR included) can be met with the licences of the list.
fn permitted(expression: &str) -> bool {
    // AND binds tighter than OR in SPDX, and crates nest one level at most: where there are
    // parentheses they stand around the choices of groups that are joined by AND.
    if expression.contains('(') {
        return expression.split(" AND ").all(|group| permitted(group.trim().trim_start_matches('(').trim_end_matches(')')));
    }
    expression.replace('/', " OR ").split(" OR ").any(|choice| choice.split(" AND ").all(|one| ALLOWED.contains(&one.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_says() {
        for fine in
            ["MIT", "MIT/Apache-2.0", "Unlicense OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0", "MIT AND BSD-3-Clause", "GPL-2.0 OR MIT"]
        {
            assert!(permitted(fine), "{fine}");
        }
        for refused in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND AGPL-3.0", "SSPL-1.0", ""] {
            assert!(!permitted(refused), "{refused}");
        }
    }

    #[test]
    fn banned_and_unlicensed_packages_are_named() {
        let problems = check(&[
            ("openssl".to_owned(), Some("Apache-2.0".to_owned())),
            ("quiet".to_owned(), None),
            ("serde".to_owned(), Some("MIT OR Apache-2.0".to_owned())),
        ]);
        assert_eq!(problems.len(), 2);
    }
}
