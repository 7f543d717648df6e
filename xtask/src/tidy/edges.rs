//! Which crate may name which: the arrows of ARCHITECTURE.md as a table.

use cargo_metadata::{DependencyKind, Metadata};

use super::Problem;

/// Our crates and what each may depend on. Whoever is missing here may depend on nothing of ours.
const ARROWS: [(&str, &[&str]); 15] = [
    ("frankly-model", &[]),
    ("frankly-audit", &["frankly-model"]),
    ("frankly-watch", &["frankly-audit"]),
    ("frankly-blobs", &["frankly-model"]),
    ("frankly-policy", &["frankly-model"]),
    ("frankly-scan", &["frankly-model"]),
    ("frankly-evasion", &[]),
    ("frankly-evidence", &[]),
    ("frankly-store", &["frankly-model"]),
    ("frankly-app", &["frankly-model", "frankly-blobs", "frankly-policy", "frankly-scan", "frankly-store", "frankly-evidence"]),
    ("frankly-matrix", &["frankly-model", "frankly-app"]),
    ("frankly-console", &["frankly-model", "frankly-app"]),
    ("frankly-sim", &["frankly-model"]),
    (
        "frankly",
        &[
            "frankly-audit",
            "frankly-model",
            "frankly-policy",
            "frankly-scan",
            "frankly-store",
            "frankly-app",
            "frankly-matrix",
            "frankly-console",
            "frankly-sim",
            "frankly-watch",
        ],
    ),
    (
        "frankly-fuzz",
        &[
            "frankly-audit",
            "frankly-model",
            "frankly-blobs",
            "frankly-store",
            "frankly-app",
            "frankly-matrix",
            "frankly-evidence",
            "frankly-watch",
        ],
    ),
];

/// In tests an HTTP crate may build the app from its parts, but the two still do not know each other.
const TEST_ARROWS: [(&str, &[&str]); 4] = [
    ("frankly-matrix", &["frankly-policy", "frankly-scan", "frankly-store"]),
    ("frankly-console", &["frankly-policy", "frankly-scan", "frankly-store"]),
    ("frankly-scan", &["frankly-evasion"]),
    ("frankly", &["frankly-evasion"]),
];

/// Heavy or far-reaching crates and who alone may name them.
const OWNERS: [(&str, &[&str]); 26] = [
    ("image", &["frankly-blobs"]),
    ("object_store", &["frankly-blobs"]),
    ("rusqlite", &["frankly-store"]),
    ("tokio-postgres", &["frankly-store"]),
    ("deadpool-postgres", &["frankly-store"]),
    ("cedar-policy", &["frankly-policy"]),
    ("cel", &["frankly-policy"]),
    ("aho-corasick", &["frankly-scan"]),
    ("daachorse", &["frankly-scan"]),
    ("axum", &["frankly-matrix", "frankly-console", "frankly", "frankly-fuzz"]),
    ("utoipa", &["frankly-console"]),
    ("rust-embed", &["frankly-console"]),
    ("argon2", &["frankly-app"]),
    ("jsonwebtoken", &["frankly-app"]),
    // evidence: sessions of sealed messages; audit: records of training
    ("ed25519-dalek", &["frankly-evidence", "frankly-audit"]),
    ("vodozemac", &["frankly-evidence", "frankly-matrix", "frankly-console", "frankly-store", "frankly-sim", "frankly"]),
    ("hyper-rustls", &["frankly-app", "frankly-blobs"]),
    ("rustls", &["frankly-app", "frankly-blobs", "frankly-watch"]),
    ("scraper", &["frankly-watch"]),
    ("html5ever", &["frankly-watch"]),
    ("feed-rs", &["frankly-watch"]),
    ("encoding_rs", &["frankly-watch"]),
    ("rustls-native-certs", &["frankly-app", "frankly-watch"]),
    ("metrics-exporter-prometheus", &["frankly"]),
    ("tracing-subscriber", &["frankly"]),
    ("anyhow", &["frankly", "frankly-sim", "xtask"]),
];

/// Crates that decide and do no input or output, and what would let them.
const PURE: [&str; 5] = ["frankly-audit", "frankly-model", "frankly-policy", "frankly-scan", "frankly-evidence"];
const IMPURE: [&str; 9] = ["tokio", "hyper", "hyper-util", "axum", "mio", "rand", "tempfile", "tracing", "rusqlite"];

/// One `from → to` of a manifest.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    from: String,
    to: String,
    in_tests: bool,
}

/// The edges that leave a crate of this workspace.
pub(super) fn from_metadata(metadata: &Metadata) -> Vec<Edge> {
    let members = metadata.workspace_packages();
    members
        .iter()
        .flat_map(|package| {
            package.dependencies.iter().map(|dependency| Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                in_tests: dependency.kind == DependencyKind::Development,
            })
        })
        .collect()
}

pub(super) fn check(edges: &[Edge]) -> Vec<Problem> {
    edges.iter().filter_map(|edge| refusal(edge).map(|rule| Problem::new(format!("{} → {}", edge.from, edge.to), rule))).collect()
}

fn refusal(edge: &Edge) -> Option<&'static str> {
    if edge.to.starts_with("frankly-") {
        let allowed = listed(&ARROWS, edge) || (edge.in_tests && listed(&TEST_ARROWS, edge));
        return (!allowed).then_some("this arrow is not in ARCHITECTURE.md");
    }
    if let Some((_, owners)) = OWNERS.iter().find(|(name, _)| *name == edge.to)
        && !owners.contains(&edge.from.as_str())
    {
        return Some("only its owner may name this crate");
    }
    let impure = PURE.contains(&edge.from.as_str()) && IMPURE.contains(&edge.to.as_str()) && !edge.in_tests;
    impure.then_some("this crate decides and does no input or output")
}

fn listed(table: &[(&str, &[&str])], edge: &Edge) -> bool {
    table.iter().any(|(from, to)| *from == edge.from && to.contains(&edge.to.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str, to: &str, in_tests: bool) -> bool {
        !check(&[Edge { from: from.to_owned(), to: to.to_owned(), in_tests }]).is_empty()
    }

    #[test]
    fn arrows_point_one_way() {
        assert!(!refused("frankly-app", "frankly-store", false));
        assert!(refused("frankly-store", "frankly-app", false));
        assert!(refused("frankly-matrix", "frankly-store", false));
        assert!(!refused("frankly-matrix", "frankly-store", true));
        for in_tests in [false, true] {
            assert!(refused("frankly-matrix", "frankly-console", in_tests));
            assert!(refused("frankly-console", "frankly-matrix", in_tests));
        }
        assert!(refused("frankly-newcomer", "frankly-model", false), "a crate that is not in the table has no arrows");
    }

    #[test]
    fn heavy_crates_have_owners() {
        assert!(!refused("frankly-store", "rusqlite", false));
        assert!(refused("frankly-app", "rusqlite", false));
        assert!(refused("frankly-app", "axum", true));
        assert!(refused("frankly-scan", "cel", false));
        assert!(!refused("frankly-scan", "serde", false));
    }

    #[test]
    fn pure_crates_have_no_runtime() {
        assert!(refused("frankly-policy", "tokio", false));
        assert!(!refused("frankly-app", "tokio", false));
    }
}
