//! The bodies of the fuzz targets: each takes any bytes, panics when a promise does not hold, and says whether the
//! bytes were understood, rather than refused.

mod rules;
mod server;

pub use rules::{contact, pack, scan};
pub use server::{request, token};

use model::body::PlainBody;
use model::conversation::{Conversation, Mode, Terms};
use model::json::parse_object;
use model::limits;
use ruma::CanonicalJsonObject;
use ruma::api::client::filter::FilterDefinition;

/// Strict JSON: what is accepted survives a round trip, in canonical form.
pub fn json(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(object) = parse_object(text) else { return false };
    let canonical = serde_json::to_string(&object).expect("canonical JSON is JSON");
    assert_eq!(parse_object(&canonical).as_ref(), Ok(&object), "accepted JSON is accepted again");
    let again = serde_json::to_string(&parse_object(&canonical).expect("just accepted")).expect("canonical JSON is JSON");
    assert_eq!(canonical, again, "canonical JSON has one form");
    true
}

/// The text of a body: bounded in parts, and every part comes from the content.
pub fn body(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(object) = parse_object(text) else { return false };
    for kind in ["m.room.message", "m.poll.start", "org.example.unknown"] {
        let body = readable(kind, &object);
        assert!(body.parts().len() <= limits::SCAN_PARTS, "the number of parts is bounded");
        assert!(body.parts().iter().all(|part| !part.text().is_empty()), "a part has text");
    }
    true
}

fn readable(kind: &str, content: &CanonicalJsonObject) -> PlainBody {
    let terms = Terms { mode: Mode::Readable, policy: "fuzz@1".into(), tenant: "fuzz".into(), retention: "standard".into() };
    let Conversation::Readable(readable) = Conversation::from_terms(terms) else { unreachable!("the mode asked for") };
    readable.admit(kind, content)
}

/// Filters: any JSON is understood or refused, and what is understood can be written again.
pub fn filter(bytes: &[u8]) -> bool {
    let Ok(filter) = serde_json::from_slice::<FilterDefinition>(bytes) else { return false };
    let written = serde_json::to_string(&filter).expect("a filter is JSON");
    let again: FilterDefinition = serde_json::from_str(&written).expect("a written filter is a filter");
    assert_eq!(serde_json::to_string(&again).expect("a filter is JSON"), written, "a filter means the same when written again");
    true
}
