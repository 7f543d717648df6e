//! Rule packs, and the scanner under the packs that ship.

use std::sync::LazyLock;

use app::rules::Rules;
use model::body::PlainBody;
use model::facts::Facts;
use model::limits;

/// The packs that come with the program.
const SHIPPED: [(&str, &str); 2] = [
    ("frankly-en.yaml", include_str!("../../packs/frankly-en.yaml")),
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

/// The scanner: hits lie inside the text, are bounded in number, and come in order. Understood is what has a hit.
pub fn scan(bytes: &[u8]) -> bool {
    static RULES: LazyLock<Rules> = LazyLock::new(shipped);
    let text = String::from_utf8_lossy(bytes);
    let body = PlainBody::of_text(&text);
    let findings = RULES.scan(&body);
    let characters = text.chars().count();
    assert!(findings.hits.len() <= limits::SCAN_HITS, "the number of hits is bounded");
    for hit in &findings.hits {
        let (start, end) = (hit.start as usize, hit.end as usize);
        assert!(start < end && end <= characters, "a hit covers characters of the text: {hit:?} of {characters}");
    }
    assert!(findings.hits.is_sorted_by_key(|hit| hit.start), "hits come in order");
    RULES.judge(&Facts::default(), &findings);
    !findings.hits.is_empty()
}
