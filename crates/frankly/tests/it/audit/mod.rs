//! `frankly audit`, as somebody who must answer for messaging platforms uses it.

mod check;
mod registry;
mod report;

use crate::world::Desktop;

/// A small registry of its own, with a quote that stands in `page.html`.
pub(crate) const REGISTRY: &str = r#"schema: frankly.audit.registry/1
retrieved: 2026-06-01
sources:
  page: {kind: vendor_page, url: "https://chat.example.org/privacy", date: 2026-05-01}
  news: {kind: press, url: "https://news.example.org/chat", date: 2026-05-20}
platforms:
  - id: chat
    name: Chat
    rationale: {text: "privacy first", confidence: reported, sources: [news]}
    claims:
      - {control: ENC-1, value: "yes", confidence: confirmed, sources: [page], quote: "we cannot read your messages"}
      - {control: ENC-2, value: "no", confidence: reported, sources: [news]}
      - {control: MOD-1, value: reactive, confidence: confirmed, sources: [page]}
"#;

/// The page that the registry quotes.
pub(crate) const PAGE: &str =
    "<!doctype html><html><body><h1>Privacy</h1><p>In short: we <b>cannot</b> read your messages.</p></body></html>";

/// A policy that the built-in registry keeps whatever the day: it requires what never ages.
const POLICY: &str = "schema: frankly.audit.policy/1\norganisation: Example\ndata_classes: {public: {}}\nuses:\n  - {team: all, platform: matrix, regions: [DE], data: [public]}\n";

/// A baseline without findings.
const BASELINE: &str = r#"{"schema": "frankly.audit.baseline/1", "as_of": "2026-06-01", "findings": []}"#;

/// Puts down what the examples of the help speak of.
pub(crate) fn lay_out(desktop: &Desktop) {
    desktop.write("platforms.yaml", REGISTRY);
    desktop.write("page.html", PAGE);
    desktop.write("policy.yaml", POLICY);
    desktop.write("baseline.json", BASELINE);
    for (name, day) in [("old.json", "2026-11-28"), ("new.json", "2027-02-28")] {
        desktop.write(name, &desktop.frankly(&["audit", "report", "--format", "json", "--as-of", day]).fine());
    }
    desktop.write(
        "Chat.json",
        r#"{"name": "Chat", "terms": {"Privacy Policy": {"fetch": "https://chat.example.org/privacy", "select": "main"}}}"#,
    );
}
