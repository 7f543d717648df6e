//! Whether the quotes of a registry stand in the snapshots of their sources.

use super::quote::{holds, normalise, readable_text};
use super::read::sha256_hex;
use super::{Claim, Registry, Source};
use crate::fault::Fault;

/// What there is of a source.
#[derive(Debug, Clone)]
pub enum Snapshot {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// Nothing was kept.
    Missing,
}

/// What became of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stands in the snapshot.
    Found,
    /// It does not.
    NotFound,
    /// There is no snapshot to look at.
    NoSnapshot,
    /// The snapshot is not the one that the registry names.
    WrongHash,
}

/// A quote that was looked for.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Id of the platform.
    pub platform: String,
    /// Id of the control.
    pub control: String,
    /// Ids of the sources that were looked at.
    pub sources: Vec<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// The quote and its place, for the reader.
    pub fault: Fault,
}

/// Looks for every quote in the snapshots of its claim's sources.
///
/// A quote has to stand in one of them; `snapshot_of` gives what was kept of a source.
pub fn verify(registry: &Registry, mut snapshot_of: impl FnMut(&Source) -> Snapshot) -> Vec<Checked> {
    let subjects = registry.platforms.iter().chain([&registry.organisation]);
    let mut checked = Vec::new();
    let mut texts = std::collections::BTreeMap::new();
    for platform in subjects {
        for claim in &platform.claims {
            let Some(quote) = &claim.quote else { continue };
            for source in claim.sources.iter().filter_map(|id| registry.sources.get(id)) {
                texts.entry(source.id.clone()).or_insert_with(|| text_of(source, snapshot_of(source)));
            }
            let found: Vec<&Looked> = claim.sources.iter().filter_map(|id| texts.get(id)).collect();
            let verdict = verdict_of(quote, &found);
            checked.push(Checked {
                platform: platform.id.clone(),
                control: claim.control.clone(),
                sources: claim.sources.clone(),
                verdict,
                fault: fault_of(registry, claim, quote, verdict),
            });
        }
    }
    checked
}

enum Looked {
    Text(String),
    Missing,
    WrongHash,
}

fn text_of(source: &Source, snapshot: Snapshot) -> Looked {
    match (snapshot, &source.sha256) {
        (Snapshot::Missing, _) => Looked::Missing,
        (Snapshot::Bytes(bytes), Some(wanted)) if sha256_hex(&bytes) != *wanted => Looked::WrongHash,
        (Snapshot::Bytes(bytes), _) => Looked::Text(normalise(&readable_text(&bytes))),
    }
}

fn verdict_of(quote: &str, looked: &[&Looked]) -> Verdict {
    let quote = normalise(quote);
    if looked.iter().any(|looked| matches!(looked, Looked::Text(text) if holds(text, &quote))) {
        return Verdict::Found;
    }
    if looked.iter().any(|looked| matches!(looked, Looked::WrongHash)) {
        return Verdict::WrongHash;
    }
    // the quote may be in the one that is missing
    if looked.iter().any(|looked| matches!(looked, Looked::Missing)) { Verdict::NoSnapshot } else { Verdict::NotFound }
}

fn fault_of(registry: &Registry, claim: &Claim, quote: &str, verdict: Verdict) -> Fault {
    let (rule, what) = match verdict {
        Verdict::Found => ("quote-found", "stands in"),
        Verdict::NotFound => ("quote-not-found", "does not stand in"),
        Verdict::NoSnapshot => ("no-snapshot", "cannot be looked for: there is no snapshot of"),
        Verdict::WrongHash => ("wrong-snapshot", "cannot be looked for: the hash differs of"),
    };
    let mut fault = Fault::of(&registry.file, rule, format!("{}: \"{quote}\" {what} {}", claim.control, claim.sources.join(", ")));
    fault.line = claim.place.line;
    fault.column = claim.place.column;
    fault
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::registry_of;

    fn verdicts(sha256: &str, quote: &str, page: Option<&str>) -> Vec<Verdict> {
        let registry = registry_of(
            &format!("  page: {{kind: vendor_page, url: \"https://chat.example.org/\", date: 2026-05-01{sha256}}}"),
            &format!("      - {{control: ENC-1, value: \"yes\", confidence: confirmed, sources: [page], quote: \"{quote}\"}}"),
        );
        let snapshot = |_: &Source| page.map_or(Snapshot::Missing, |page| Snapshot::Bytes(page.as_bytes().to_vec()));
        verify(&registry, snapshot).into_iter().map(|checked| checked.verdict).collect()
    }

    #[test]
    fn one_altered_word_is_seen() {
        let page = Some("# Policy\nWe *cannot* read your messages.");
        assert_eq!(verdicts("", "cannot read your messages", page), [Verdict::Found]);
        assert_eq!(verdicts("", "can read your messages", page), [Verdict::NotFound]);
        assert_eq!(verdicts("", "cannot read your message", page), [Verdict::NotFound]);
        assert_eq!(verdicts("", "cannot read your messages", None), [Verdict::NoSnapshot]);
    }

    #[test]
    fn another_snapshot_than_the_one_named_is_refused() {
        let right = format!(", sha256: {}", sha256_hex(b"we read"));
        assert_eq!(verdicts(&right, "we read", Some("we read")), [Verdict::Found]);
        assert_eq!(verdicts(&right, "we read", Some("we read it")), [Verdict::WrongHash]);
    }
}
