//! Small registries for tests.

use super::{Registry, SCHEMA, read};
use crate::date::Date;

pub(super) fn day() -> Date {
    "2026-06-01".parse().unwrap()
}

pub(super) fn text_of(sources: &str, claims: &str) -> String {
    format!(
        "schema: {SCHEMA}\nretrieved: 2026-06-01\nsources:\n{sources}\nplatforms:\n  - id: chat\n    name: Chat\n    claims:\n{claims}\n"
    )
}

/// A registry with one platform, from lines of sources and of claims.
pub(super) fn registry_of(sources: &str, claims: &str) -> Registry {
    read("r.yaml", &text_of(sources, claims), day()).unwrap().0
}
