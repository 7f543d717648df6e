//! From the text of a registry to a registry, or to everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use model::limits;
use serde_saphyr::{Location, Spanned};
use sha2::{Digest, Sha256};

use super::file::{ClaimFile, EventFile, OrganisationFile, PlatformFile, RationaleFile, RegistryFile, ScopeFile, SourceFile, Word};
use super::{Claim, Event, ORGANISATION, Place, Platform, Rationale, Registry, SCHEMA, Scope, Source, SourceAt, Was, rules};
use crate::controls::{SHIPPED, Subject};
use crate::date::{Date, PageDate};
use crate::fault::Fault;
use crate::value::{Confidence, SourceKind, Value};

/// Reads a registry as of a day.
///
/// # Errors
/// With every fault, in the order of the file; a registry is taken whole or not at all. What is only doubtful is in
/// the second part of the answer.
pub fn read(file: &str, text: &str, as_of: Date) -> Result<(Registry, Vec<Fault>), Vec<Fault>> {
    if text.len() > limits::AUDIT_REGISTRY_BYTES {
        return Err(vec![Fault::of(file, "too-large", format!("more than {} bytes", limits::AUDIT_REGISTRY_BYTES))]);
    }
    let mut reader = Reader { file, as_of, faults: super::unquoted_words(file, text), doubts: Vec::new() };
    let written: RegistryFile = match serde_saphyr::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            reader.faults.push(Fault::syntax(file, &error));
            return Err(reader.faults);
        }
    };
    let registry = reader.registry(written, sha256_hex(text.as_bytes()));
    let Reader { mut faults, mut doubts, .. } = reader;
    faults.sort_by_key(|fault| (fault.line, fault.column));
    doubts.sort_by_key(|fault| (fault.line, fault.column));
    match registry {
        Some(registry) if faults.is_empty() => Ok((registry, doubts)),
        _ => Err(faults),
    }
}

/// SHA-256 of bytes, in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes what is written");
        text
    })
}

struct Reader<'a> {
    file: &'a str,
    as_of: Date,
    faults: Vec<Fault>,
    doubts: Vec<Fault>,
}

fn place(at: Location) -> Place {
    Place { line: at.line(), column: at.column() }
}

impl Reader<'_> {
    fn fault(&mut self, at: Location, rule: &'static str, reason: impl Into<String>) {
        self.faults.push(Fault::at(self.file, at, rule, reason));
    }

    fn doubt(&mut self, at: Location, rule: &'static str, reason: impl Into<String>) {
        self.doubts.push(Fault::at(self.file, at, rule, reason));
    }

    fn registry(&mut self, written: RegistryFile, sha256: String) -> Option<Registry> {
        if written.schema.value != SCHEMA {
            self.fault(written.schema.defined, "unknown-schema", format!("{} is not {SCHEMA}", written.schema.value));
        }
        let retrieved = self.past(&written.retrieved);
        let mut sources = BTreeMap::new();
        for (id, source) in written.sources {
            if let Some(source) = self.source(&id, source) {
                sources.insert(id, source);
            }
        }
        if written.platforms.len() > limits::AUDIT_PLATFORMS {
            let at = written.platforms[limits::AUDIT_PLATFORMS].id.defined;
            self.fault(at, "too-many", format!("more than {} platforms", limits::AUDIT_PLATFORMS));
            return None;
        }
        let mut used = BTreeSet::new();
        let mut ids = BTreeSet::from([ORGANISATION.to_owned()]);
        let mut platforms = Vec::new();
        for platform in written.platforms {
            platforms.push(self.platform(platform, &sources, &mut used, &mut ids));
        }
        let organisation = self.organisation(written.organisation, &sources, &mut used);
        let mut events: Vec<Event> =
            written.regulatory_events.into_iter().filter_map(|event| self.event(event, &sources, &mut used, &ids)).collect();
        events.sort_by_key(|event| event.date);
        for source in sources.values().filter(|source| !used.contains(&source.id)) {
            self.doubts.push(Fault {
                line: source.place.line,
                column: source.place.column,
                ..Fault::of(self.file, "unused-source", format!("nothing rests on {}", source.id))
            });
        }
        Some(Registry { file: self.file.to_owned(), sha256, retrieved: retrieved?.day(), sources, platforms, organisation, events })
    }

    fn word<T>(&mut self, word: &Word, what: &str, from_word: fn(&str) -> Option<T>, all: &[T]) -> Option<T>
    where
        T: std::fmt::Display,
    {
        let found = from_word(&word.value);
        if found.is_none() {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            self.fault(word.defined, "unknown-word", format!("{} is no {what}; there are {}", word.value, all.join(", ")));
        }
        found
    }

    fn date(&mut self, word: &Word) -> Option<PageDate> {
        let date = PageDate::parse(&word.value);
        if date.is_none() {
            self.fault(word.defined, "no-date", format!("{} is no date: write 2026-03-04, or 2026-03", word.value));
        }
        date
    }

    /// A date that must have come: a source cannot be of tomorrow.
    fn past(&mut self, word: &Word) -> Option<PageDate> {
        let date = self.date(word)?;
        if date.day() > self.as_of {
            self.fault(word.defined, "date-in-future", format!("{date} is after {}, the day of judgement", self.as_of));
        }
        Some(date)
    }

    fn source(&mut self, id: &str, written: SourceFile) -> Option<Source> {
        let at = written.kind.defined;
        let kind = self.word(&written.kind, "kind of source", SourceKind::from_word, SourceKind::ALL);
        let date = written.date.as_ref().and_then(|date| self.past(date));
        let seen = written.seen.as_ref().and_then(|seen| self.past(seen));
        if let (Some(date), Some(seen)) = (date, seen)
            && seen.day() < date.day()
        {
            self.fault(at, "seen-before-written", format!("{id} was seen on {seen}, before its date {date}"));
        }
        if date.or(seen).is_none() {
            self.doubt(at, "undated-source", format!("{id} has no date: its age counts from the day of retrieval"));
        }
        if let Some(sha256) = &written.sha256
            && (sha256.value.len() != 64 || !sha256.value.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)))
        {
            self.fault(sha256.defined, "no-hash", "a SHA-256 is 64 digits of lower-case hex");
        }
        if let Some(commit) = &written.commit
            && !((7..=64).contains(&commit.value.len()) && commit.value.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            self.fault(commit.defined, "no-commit", format!("{} is no commit: 7 digits of hex or more", commit.value));
        }
        let title = written.title;
        let where_it_is = match (written.url, written.archive, written.path, written.commit, written.file) {
            (Some(url), None, None, None, None) => {
                if !url.value.starts_with("https://") && !url.value.starts_with("http://") {
                    self.fault(url.defined, "no-address", format!("{} is no web address", url.value));
                }
                SourceAt::Url(url.value)
            }
            (None, Some(archive), Some(path), Some(commit), None) => SourceAt::Archive { archive, path, commit: commit.value },
            (None, None, None, None, Some(file)) => SourceAt::File(file),
            (None, None, None, None, None) if title.is_some() => SourceAt::Named,
            _ => {
                self.fault(
                    at,
                    "no-place",
                    format!("{id} is at a url, or in an archive with path and commit, or in a file, or has a title"),
                );
                return None;
            }
        };
        let sha256 = written.sha256.map(|sha256| sha256.value);
        Some(Source { id: id.to_owned(), kind: kind?, title, at: where_it_is, date, seen, sha256, note: written.note, place: place(at) })
    }

    /// Ids that name sources, with their kinds; what does not exist is a fault.
    fn cited(&mut self, ids: &[Word], sources: &BTreeMap<String, Source>, used: &mut BTreeSet<String>) -> (Vec<String>, Vec<SourceKind>) {
        let mut kinds = Vec::new();
        let mut named = Vec::new();
        for id in ids {
            match sources.get(&id.value) {
                Some(source) => kinds.push(source.kind),
                None => self.fault(id.defined, "unknown-source", format!("there is no source {}", id.value)),
            }
            if named.contains(&id.value) {
                self.fault(id.defined, "duplicate-source", format!("{} is named twice", id.value));
            }
            used.insert(id.value.clone());
            named.push(id.value.clone());
        }
        (named, kinds)
    }

    fn platform(
        &mut self,
        written: PlatformFile,
        sources: &BTreeMap<String, Source>,
        used: &mut BTreeSet<String>,
        ids: &mut BTreeSet<String>,
    ) -> Platform {
        let id = written.id.value;
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_id {
            self.fault(written.id.defined, "no-id", format!("{id:?} is no id: lower-case letters, digits and hyphens"));
        }
        if !ids.insert(id.clone()) {
            self.fault(written.id.defined, "duplicate-id", format!("there is already a platform {id}"));
        }
        if written.name.trim().is_empty() {
            self.fault(written.id.defined, "empty-text", format!("{id} has no name"));
        }
        if let Some(probe) = &written.probe
            && !matches!(probe.value.as_str(), "matrix" | "frankly")
        {
            self.fault(probe.defined, "unknown-probe", format!("{} is no probe; there are matrix, frankly", probe.value));
        }
        let rationale = written.rationale.and_then(|rationale| self.rationale(rationale, sources, used));
        let claims = self.claims(&id, Subject::Platform, written.claims, sources, used);
        Platform {
            id,
            name: written.name,
            operator: written.operator,
            rationale,
            probe: written.probe.map(|probe| probe.value),
            claims,
            place: place(written.id.defined),
        }
    }

    fn organisation(
        &mut self,
        written: Option<OrganisationFile>,
        sources: &BTreeMap<String, Source>,
        used: &mut BTreeSet<String>,
    ) -> Platform {
        let (name, at, claims) = match written {
            Some(written) => (written.name.value, place(written.name.defined), written.claims),
            None => ("The organisation".to_owned(), Place::default(), Vec::new()),
        };
        Platform {
            id: ORGANISATION.to_owned(),
            name,
            operator: BTreeMap::new(),
            rationale: None,
            probe: None,
            claims: self.claims(ORGANISATION, Subject::Organisation, claims, sources, used),
            place: at,
        }
    }

    fn rationale(&mut self, written: RationaleFile, sources: &BTreeMap<String, Source>, used: &mut BTreeSet<String>) -> Option<Rationale> {
        let confidence = self.word(&written.confidence, "confidence", Confidence::from_word, Confidence::ALL)?;
        let (cited, kinds) = self.cited(&written.sources, sources, used);
        if let Some((rule, reason)) = rules::of_confidence(confidence, &kinds, 0) {
            self.fault(written.confidence.defined, rule, reason);
        }
        self.text(&written.text, limits::AUDIT_TEXT_BYTES);
        Some(Rationale { text: written.text.value, confidence, sources: cited })
    }

    fn text(&mut self, text: &Spanned<String>, most: usize) {
        if text.value.trim().is_empty() {
            self.fault(text.defined, "empty-text", "says nothing");
        }
        if text.value.len() > most {
            self.fault(text.defined, "too-long", format!("more than {most} bytes"));
        }
    }

    fn claims(
        &mut self,
        id: &str,
        subject: Subject,
        written: Vec<ClaimFile>,
        sources: &BTreeMap<String, Source>,
        used: &mut BTreeSet<String>,
    ) -> Vec<Claim> {
        let mut seen = BTreeSet::new();
        let mut claims = Vec::new();
        for claim in written {
            let at = claim.control.defined;
            if claims.len() == limits::AUDIT_CLAIMS {
                self.fault(at, "too-many", format!("more than {} claims about {id}", limits::AUDIT_CLAIMS));
                break;
            }
            let Some(claim) = self.claim(id, subject, claim, sources, used) else { continue };
            if !seen.insert((claim.control.clone(), claim.scope.clone(), claim.effective, claim.expires)) {
                self.fault(at, "duplicate-claim", format!("{id} has another claim about {} with this scope", claim.control));
            }
            claims.push(claim);
        }
        claims
    }

    fn claim(
        &mut self,
        id: &str,
        subject: Subject,
        written: ClaimFile,
        sources: &BTreeMap<String, Source>,
        used: &mut BTreeSet<String>,
    ) -> Option<Claim> {
        let (named, kinds) = self.cited(&written.sources, sources, used);
        let (against, _) = self.cited(&written.against, sources, used);
        let value = self.word(&written.value, "value", Value::from_word, Value::ALL);
        let confidence = self.word(&written.confidence, "confidence", Confidence::from_word, Confidence::ALL);
        let effective = written.effective.as_ref().and_then(|date| self.date(date));
        let expires = written.expires.as_ref().and_then(|date| self.date(date));
        if let Some(quote) = &written.quote {
            self.text(quote, limits::AUDIT_QUOTE_BYTES);
            if named.is_empty() {
                self.fault(quote.defined, "quote-without-source", "a quote needs the source it is from");
            }
        }
        let Some((group, control)) = SHIPPED.get(&written.control.value) else {
            self.fault(written.control.defined, "unknown-control", format!("there is no control {}", written.control.value));
            return None;
        };
        if group.subject != subject {
            self.fault(written.control.defined, "wrong-subject", format!("{} is not asked of {id}", control.id));
        }
        let (value, confidence) = (value?, confidence?);
        for (rule, reason) in rules::of_claim(control, value, confidence, &kinds, against.len()) {
            let at = if rule.starts_with("value") || rule.starts_with("absence") { &written.value } else { &written.confidence };
            self.fault(at.defined, rule, reason);
        }
        let mut was = Vec::new();
        for before in written.was {
            let value = self.word(&before.value, "value", Value::from_word, Value::ALL)?;
            was.push(Was { value, until: self.past(&before.until)?, note: before.note });
        }
        Some(Claim {
            control: control.id.clone(),
            value,
            confidence,
            sources: named,
            against,
            quote: written.quote.map(|quote| quote.value),
            note: written.note,
            scope: scope(written.scope),
            effective,
            expires,
            was,
            withdrawn: None,
            place: place(written.control.defined),
            file: None,
        })
    }

    fn event(
        &mut self,
        written: EventFile,
        sources: &BTreeMap<String, Source>,
        used: &mut BTreeSet<String>,
        ids: &BTreeSet<String>,
    ) -> Option<Event> {
        let date = self.date(&written.date)?;
        let confidence = self.word(&written.confidence, "confidence", Confidence::from_word, Confidence::ALL)?;
        let (cited, kinds) = self.cited(&written.sources, sources, used);
        if let Some((rule, reason)) = rules::of_confidence(confidence, &kinds, 0) {
            self.fault(written.confidence.defined, rule, reason);
        }
        for platform in written.platforms.iter().filter(|platform| !ids.contains(&platform.value)) {
            self.fault(platform.defined, "unknown-platform", format!("there is no platform {}", platform.value));
        }
        let platforms = written.platforms.into_iter().map(|platform| platform.value).collect();
        Some(Event { date, what: written.what, confidence, sources: cited, platforms })
    }
}

fn scope(written: ScopeFile) -> Scope {
    Scope { region: written.region, audience: written.audience, surface: written.surface, mode: written.mode }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{day, registry_of, text_of};
    use super::*;

    const PAGE: &str = "  page: {kind: vendor_page, url: \"https://chat.example.org/\", date: 2026-05-01}";

    fn faults(sources: &str, claims: &str) -> Vec<String> {
        read("r.yaml", &text_of(sources, claims), day()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_registry_that_keeps_the_rules_is_taken() {
        let registry =
            registry_of(PAGE, "      - {control: ENC-1, value: \"yes\", confidence: confirmed, sources: [page], quote: \"we encrypt\"}");
        let claim = &registry.platforms[0].claims[0];
        assert_eq!((claim.value, claim.confidence, claim.place.line), (Value::Yes, Confidence::Confirmed, 9));
        assert_eq!(registry.sources["page"].name(), "chat.example.org");
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        let found = faults(
            "  page: {kind: vendor_page, url: \"https://chat.example.org/\", date: 2026-07-01}
  news: {kind: gossip, url: \"ftp://x\", date: 2026-02-30}
  none: {kind: press}",
            "      - {control: ENC-1, value: yes, confidence: confirmed, sources: [page, nowhere]}
      - {control: ENC-99, value: \"no\", confidence: reported, sources: [page]}
      - {control: ENC-2, value: maybe, confidence: sure, sources: [page]}
      - {control: ENC-3, value: \"no\", confidence: unconfirmed}
      - {control: ORG-1, value: \"yes\", confidence: confirmed, sources: [page]}",
        );
        let expected = [
            "r.yaml:4:69: date-in-future: 2026-07-01 is after 2026-06-01, the day of judgement",
            "r.yaml:5:16: unknown-word: gossip is no kind of source; there are archived_policy,",
            "r.yaml:5:29: no-address: ftp://x is no web address",
            "r.yaml:5:46: no-date: 2026-02-30 is no date",
            "r.yaml:6:16: no-place: none is at a url",
            "r.yaml:11:33: unquoted-word: yes without quotes",
            "r.yaml:11:77: unknown-source: there is no source nowhere",
            "r.yaml:12:19: unknown-control: there is no control ENC-99",
            "r.yaml:13:33: unknown-word: maybe is no value",
            "r.yaml:13:52: unknown-word: sure is no confidence",
            "r.yaml:14:33: absence-is-unknown: no source says so: the value must be unknown, not no",
            "r.yaml:15:19: wrong-subject: ORG-1 is not asked of chat",
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}\n{expected}");
        }
        assert_eq!(found.len(), expected.len(), "{found:#?}");
    }

    #[test]
    fn the_same_id_twice_is_a_fault() {
        let found = faults(&format!("{PAGE}\n{PAGE}"), "      []");
        assert!(found[0].starts_with("r.yaml:5:3: syntax: ") && found[0].contains("duplicate"), "{found:?}");
        let claim = "      - {control: ENC-1, value: \"yes\", confidence: confirmed, sources: [page]}";
        let found = faults(PAGE, &format!("{claim}\n{claim}\n  - id: chat\n    name: Again"));
        assert_eq!(found[0], "r.yaml:10:19: duplicate-claim: chat has another claim about ENC-1 with this scope");
        assert_eq!(found[1], "r.yaml:11:9: duplicate-id: there is already a platform chat");
    }

    #[test]
    fn claims_of_several_regions_stand_side_by_side() {
        let claim = |region: &str| {
            format!("      - {{control: ENC-1, value: \"yes\", confidence: confirmed, sources: [page], scope: {{region: {region}}}}}")
        };
        let registry = registry_of(PAGE, &format!("{}\n{}", claim("US"), claim("EEA")));
        assert_eq!(registry.platforms[0].claims.len(), 2);
        let scope = &registry.platforms[0].claims[1].scope;
        assert!(scope.holds_in("DE") && scope.holds_in("EEA") && !scope.holds_in("US"));
        let found = faults(PAGE, &claim("NO"));
        assert!(found[0].contains("unquoted-word: NO"), "{found:?}");
    }

    #[test]
    fn what_is_not_a_registry_is_refused_with_its_place() {
        for (text, wanted) in [
            ("schema: [", "r.yaml:"),
            ("", "r.yaml"),
            ("schema: frankly.audit.registry/1\nretrieved: 2026-06-01\nplatform: []\n", "r.yaml:3:1: syntax: unknown field"),
            ("schema: frankly.audit.registry/0\nretrieved: 2026-06-01\n", "r.yaml:1:9: unknown-schema"),
            ("schema: frankly.audit.registry/1\nretrieved: soon\n", "r.yaml:2:12: no-date: soon"),
        ] {
            let faults = read("r.yaml", text, day()).unwrap_err();
            assert!(faults[0].to_string().starts_with(wanted), "{text}: {}", faults[0]);
        }
        let much = "#".repeat(limits::AUDIT_REGISTRY_BYTES + 1);
        assert_eq!(read("r.yaml", &much, day()).unwrap_err()[0].rule, "too-large");
    }

    #[test]
    fn doubts_do_not_refuse() {
        let (_, doubts) = read("r.yaml", &text_of("  a: {kind: press, url: \"https://a.example.org/\"}", "      []"), day()).unwrap();
        let doubts: Vec<&str> = doubts.iter().map(|doubt| doubt.rule).collect();
        assert_eq!(doubts, ["undated-source", "unused-source"]);
    }

    #[test]
    fn the_shipped_registry_keeps_its_rules() {
        let (registry, _) = read(super::super::PLATFORMS_FILE, super::super::PLATFORMS_YAML, "2026-11-28".parse().unwrap())
            .unwrap_or_else(|faults| panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
        assert_eq!(registry.platforms.len(), 14, "12 of others, two modes of our own");
    }
}
