//! The bodies of the fuzz targets: each takes any bytes, panics when a promise does not hold, and says whether the
//! bytes were understood, rather than refused.

mod logs;
mod pages;
mod rules;
mod server;

pub use logs::log;
pub use pages::{feed, page};
pub use rules::{contact, linear, pack, scan};
pub use server::{request, token};

use blobs::thumbnail::{self, Size};
use evidence::{MegolmMessage, SessionId};
use model::body::{PlainBody, TooManyParts};
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
        let Ok(body) = readable(kind, &object) else { return false };
        assert!(body.parts().len() <= limits::SCAN_PARTS, "the number of parts is bounded");
        assert!(body.parts().iter().all(|part| !part.text().is_empty()), "a part has text");
    }
    true
}

fn readable(kind: &str, content: &CanonicalJsonObject) -> Result<PlainBody, TooManyParts> {
    let terms = Terms { mode: Mode::Readable, policy: "fuzz@1".into(), tenant: "fuzz".into(), retention: "standard".into() };
    let Conversation::Readable(readable) = Conversation::from_terms(terms) else { unreachable!("the mode asked for") };
    readable.admit(kind, content)
}

/// The content of an encrypted event: what is taken has one encoding, and its signature holds for no other bytes.
pub fn megolm(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(content) = parse_object(text) else { return false };
    let terms = Terms { mode: Mode::Sealed, policy: "fuzz@1".into(), tenant: "fuzz".into(), retention: "standard".into() };
    let Conversation::Sealed(sealed) = Conversation::from_terms(terms) else { unreachable!("the mode asked for") };
    let Ok(body) = sealed.admit("m.room.encrypted", &content) else { return false };
    let ciphertext = body.ciphertext().expect("an encrypted event has a ciphertext");
    let Ok(message) = MegolmMessage::from_base64(&ciphertext.text) else { return false };
    let size = message.ciphertext_bytes();
    assert!(size > 0 && size < ciphertext.text.len(), "what was encrypted is a part of the message");
    let Ok(session) = SessionId::parse(&ciphertext.session_id) else { return false };
    assert_eq!(SessionId::parse(&session.canonical()), Ok(session), "a session has one spelling");
    if message.verify(&session).is_ok() {
        let longer = MegolmMessage::from_base64(&format!("{}AAAA", ciphertext.text.trim_end_matches('=')));
        assert!(longer.map_or(true, |longer| longer.verify(&session).is_err()), "a signature is over the whole message");
    }
    true
}

/// A picture made small: in time or not at all, never larger than asked for, and again a picture that is made small.
pub fn picture(bytes: &[u8]) -> bool {
    assert!(thumbnail::make(bytes, Size::for_wish(96, 96, true), || true).is_err(), "what is late is given up");
    let mut understood = false;
    for size in [Size::for_wish(32, 32, true), Size::for_wish(800, 600, false)] {
        let Ok(small) = thumbnail::make(bytes, size, || false) else { continue };
        understood = true;
        assert_eq!(thumbnail::content_type(&small.bytes), small.content_type, "a thumbnail is what it says it is");
        let (width, height) = dimensions(&small.bytes);
        assert!((1..=800).contains(&width) && (1..=800).contains(&height), "a thumbnail is small: {width} by {height}");
        thumbnail::make(&small.bytes, size, || false).expect("a thumbnail is a picture");
    }
    understood
}

/// The sides of a thumbnail that this server wrote.
fn dimensions(bytes: &[u8]) -> (u32, u32) {
    if bytes.starts_with(b"\x89PNG") {
        let side = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        return (side(16), side(20));
    }
    // JPEG: the frame header says height, then width
    let frame = bytes.windows(2).position(|two| matches!(two, [0xFF, 0xC0..=0xC2])).expect("a JPEG has a frame");
    let side = |at: usize| u32::from(u16::from_be_bytes([bytes[frame + at], bytes[frame + at + 1]]));
    (side(7), side(5))
}

/// Filters: any JSON is understood or refused, and what is understood can be written again.
pub fn filter(bytes: &[u8]) -> bool {
    let Ok(filter) = serde_json::from_slice::<FilterDefinition>(bytes) else { return false };
    let written = serde_json::to_string(&filter).expect("a filter is JSON");
    let again: FilterDefinition = serde_json::from_str(&written).expect("a written filter is a filter");
    assert_eq!(serde_json::to_string(&again).expect("a filter is JSON"), written, "a filter means the same when written again");
    true
}
