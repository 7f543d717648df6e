//! Rule packs, and the scanner under the packs that ship.

use std::sync::LazyLock;

use app::contact::ContactPolicy;
use app::rules::{Model, Rules};
use model::body::PlainBody;
use model::contact::{ContactCounters, ContactFacts, ContactLimit, ContactOutcome};
use model::facts::Facts;
use model::limits;

/// The packs that come with the program.
const SHIPPED: [(&str, &str); 3] = [
    ("frankly-en.yaml", include_str!("../../packs/frankly-en.yaml")),
    ("stages.yaml", include_str!("../../packs/stages.yaml")),
    ("youth-contact.yaml", include_str!("../../packs/youth-contact.yaml")),
];

pub(crate) fn shipped() -> Rules {
    Rules::load(&SHIPPED).expect("the packs that ship pass their own tests")
}

/// A pack: any text is refused with a reason, or makes rules that can judge.
pub fn pack(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    match Rules::load(&[("fuzz.yaml", text)]) {
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a refusal has a reason");
            false
        }
        Ok(rules) => {
            let body = PlainBody::of_text("I will kill you, send me a nude. https://example.org");
            let verdict = rules.judge(&Facts::default(), &rules.scan(&body));
            assert!(verdict.reasons.iter().all(|reason| (0.0..=1.0).contains(&reason.score)), "a score is between 0 and 1");
            true
        }
    }
}

/// The model that comes with the program.
static MODEL: &[u8] = include_bytes!("../../models/frankly-en.model");

/// A model: bytes as they are, or four bytes that say where and others that are put there in the model that ships, with
/// a checksum that fits. Refused with a reason, or a model that judges.
pub fn linear(bytes: &[u8]) -> bool {
    let mut changed = MODEL.to_vec();
    match bytes.split_first_chunk::<4>() {
        Some((place, with)) if !bytes.starts_with(b"FRKLIN") => {
            let end = changed.len() - 8;
            let at = u32::from_le_bytes(*place) as usize % end;
            let length = with.len().min(end - at);
            changed[at..at + length].copy_from_slice(&with[..length]);
            let sum = changed[..end]
                .iter()
                .fold(0xCBF2_9CE4_8422_2325_u64, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3));
            changed[end..].copy_from_slice(&sum.to_le_bytes());
        }
        _ => changed = bytes.to_vec(),
    }
    match Model::read(&changed) {
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a refusal has a reason");
            false
        }
        Ok(model) => {
            assert!(Model::read(&model.write()) == Ok(model.clone()), "a model means the same when written again");
            let labels = model.labels(&PlainBody::of_text("I will k1ll you, claim your prize 0800 123 https://example.org"));
            assert!(labels.iter().all(|label| label.millionths <= 1_000_000), "a share is between 0 and 1");
            true
        }
    }
}

/// A contact policy: any text is refused with a reason, or decides with a reason for whoever is refused.
pub fn contact(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    match ContactPolicy::load("fuzz.yaml", text) {
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a refusal has a reason");
            false
        }
        Ok(policy) => {
            let facts = ContactFacts::default();
            let decision = policy.decide(&facts);
            let refuses = decision.outcome == ContactOutcome::Refuse;
            assert_eq!(refuses, !decision.explain.is_empty(), "who is refused is told why");
            let mut narrowed = facts.clone();
            narrowed.target.limit = Some(ContactLimit::Guardian);
            assert!(policy.decide(&narrowed).outcome >= decision.outcome, "a guardian's limit never widens");
            assert!(policy.new_contacts_24h(&facts).is_none_or(|most| most >= 0), "a bound is a number of people");
            let alerts = policy.alerts(&facts, &ContactCounters { young_24h: 100, contacts_1h: 100, ..ContactCounters::default() });
            assert!(alerts.is_none_or(|verdict| verdict.severity() <= 4 && !verdict.reasons.is_empty()), "an alert has a reason");
            true
        }
    }
}

/// The scanner: hits lie inside the text, are bounded in number, and come in order. Understood is what has a hit.
pub fn scan(bytes: &[u8]) -> bool {
    static RULES: LazyLock<Rules> = LazyLock::new(shipped);
    let text = String::from_utf8_lossy(bytes);
    let body = PlainBody::of_text(&text);
    let findings = RULES.scan(&body);
    let characters = text.chars().count();
    let of_one = |hit: &model::finding::Hit| findings.count(&hit.term);
    assert!(findings.hits.iter().all(|hit| of_one(hit) <= limits::SCAN_HITS), "the number of hits of a term set is bounded");
    for hit in &findings.hits {
        let (start, end) = (hit.start as usize, hit.end as usize);
        assert!(start < end && end <= characters, "a hit covers characters of the text: {hit:?} of {characters}");
    }
    assert!(findings.hits.is_sorted_by_key(|hit| hit.start), "hits come in order");
    RULES.judge(&Facts::default(), &findings);
    !findings.hits.is_empty()
}
