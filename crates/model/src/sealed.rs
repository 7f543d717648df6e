//! What may be said in a sealed conversation, by its form alone.
//!
//! Encrypted messages, and the little that clients send in the clear there: reactions, requests to compare keys, and the
//! signalling of calls and of verification. Everything else is refused, since its text would lie open. A [`SealedBody`] gives out no text:
//! what is scanned is a [`crate::body::PlainBody`], and there is no way from one to the other.
//!
//! ```compile_fail
//! fn scanned(_: &model::body::PlainBody) {}
//! fn leak(body: &model::sealed::SealedBody) {
//!     scanned(body);
//! }
//! ```
//!
//! ```compile_fail
//! fn leak(body: model::sealed::SealedBody) -> model::body::PlainBody {
//!     body.into()
//! }
//! ```

use ruma::{CanonicalJsonObject, CanonicalJsonValue};

use crate::limits;

/// The one algorithm of sealed conversations.
pub const MEGOLM: &str = "m.megolm.v1.aes-sha2";

/// Keys under which clients put text; beside a ciphertext they would say in the clear what it hides.
const TEXT_KEYS: [&str; 4] = ["body", "formatted_body", "msgtype", "m.new_content"];

/// An event that may be sent in a sealed conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBody {
    kind: String,
    bytes: usize,
    megolm: Option<Ciphertext>,
}

/// The parts of an encrypted message that anybody can look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    /// The name of the session: a public key in Base64.
    pub session_id: String,
    /// The Megolm message in Base64.
    pub text: String,
}

/// Why something is not taken in a sealed conversation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealedRefusal {
    /// It would be readable.
    #[error("this conversation is sealed: {0} would be sent in plain text, so it is not taken; your app must encrypt it")]
    PlainText(String),
    /// Text stands beside the ciphertext.
    #[error("{0} stands in plain text beside the ciphertext of an encrypted message")]
    TextBeside(&'static str),
    /// It is encrypted in another way than the conversation's.
    #[error("messages here are encrypted with {MEGOLM}")]
    Algorithm,
    /// A part is missing or has another type.
    #[error("an encrypted message has the text fields algorithm, ciphertext and session_id")]
    Form,
    /// A reaction, call or verification event larger than such an event is; how large it may be.
    #[error("{0} is sent in plain text, so it has at most {1} bytes here")]
    TooLong(String, usize),
}

impl SealedBody {
    /// Matrix event type.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Bytes of the content as canonical JSON.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The ciphertext, for an encrypted message.
    pub fn ciphertext(&self) -> Option<&Ciphertext> {
        self.megolm.as_ref()
    }
}

/// Takes what may be sent; [`crate::conversation::Sealed::admit`] is the door.
pub(crate) fn admit(event_type: &str, content: &CanonicalJsonObject) -> Result<SealedBody, SealedRefusal> {
    let bytes = serde_json::to_string(content).map_or(usize::MAX, |text| text.len());
    let kind = event_type.to_owned();
    if event_type == "m.room.encrypted" {
        return Ok(SealedBody { kind, bytes, megolm: Some(ciphertext(content)?) });
    }
    let Some(bytes_max) = clear_bytes_max(event_type, content) else {
        return Err(SealedRefusal::PlainText(kind));
    };
    if bytes > bytes_max {
        return Err(SealedRefusal::TooLong(kind, bytes_max));
    }
    Ok(SealedBody { kind, bytes, megolm: None })
}

/// How long an event may be that clients send in the clear although the room is encrypted; `None` for what they encrypt.
fn clear_bytes_max(event_type: &str, content: &CanonicalJsonObject) -> Option<usize> {
    match event_type {
        "m.reaction" => Some(limits::SEALED_CLEAR_BYTES),
        "m.room.message" if asks_to_compare_keys(content) => Some(limits::SEALED_REQUEST_BYTES),
        _ if ["m.call.", "org.matrix.call.", "m.key.verification."].iter().any(|family| event_type.starts_with(family)) => {
            Some(limits::SEALED_SIGNAL_BYTES)
        }
        _ => None,
    }
}

/// Whether this is the first event of a verification (spec, key verification framework: a message, for the sake of clients
/// that cannot verify). matrix-js-sdk sends it in the clear whatever the room is, as it does with those that follow.
fn asks_to_compare_keys(content: &CanonicalJsonObject) -> bool {
    let text = |key: &str| content.get(key).and_then(CanonicalJsonValue::as_str);
    text("msgtype") == Some("m.key.verification.request")
        && text("from_device").is_some()
        && text("to").is_some()
        && matches!(content.get("methods"), Some(CanonicalJsonValue::Array(_)))
        && !content.contains_key("m.new_content")
        && !content.contains_key("m.relates_to")
}

/// Whether events of this type are messages. As state of a sealed room they would be messages in plain text.
pub fn is_message(event_type: &str) -> bool {
    matches!(event_type, "m.room.message" | "m.room.encrypted" | "m.sticker" | "m.reaction" | "m.message" | "m.beacon")
        || ["m.poll.", "org.matrix.msc3381."].iter().any(|family| event_type.starts_with(family))
}

fn ciphertext(content: &CanonicalJsonObject) -> Result<Ciphertext, SealedRefusal> {
    let text = |key: &str| content.get(key).and_then(CanonicalJsonValue::as_str).ok_or(SealedRefusal::Form);
    if text("algorithm")? != MEGOLM {
        return Err(SealedRefusal::Algorithm);
    }
    if let Some(key) = TEXT_KEYS.into_iter().find(|key| content.contains_key(*key)) {
        return Err(SealedRefusal::TextBeside(key));
    }
    Ok(Ciphertext { session_id: text("session_id")?.to_owned(), text: text("ciphertext")?.to_owned() })
}

/// Checks the content of `m.room.encryption` as a conversation is made with it; gives the content to write.
///
/// # Errors
/// When it names another algorithm, or keys that live longer than the specification recommends.
pub fn encryption(asked: Option<&CanonicalJsonObject>) -> Result<CanonicalJsonObject, String> {
    let mut content = asked.cloned().unwrap_or_default();
    match content.get("algorithm").map(CanonicalJsonValue::as_str) {
        None => {
            content.insert("algorithm".to_owned(), CanonicalJsonValue::String(MEGOLM.to_owned()));
        }
        Some(Some(MEGOLM)) => {}
        Some(_) => return Err(format!("conversations here are encrypted with {MEGOLM}")),
    }
    for (key, most) in [("rotation_period_msgs", limits::SESSION_MESSAGES), ("rotation_period_ms", limits::SESSION_MS)] {
        match content.get(key) {
            None => {}
            Some(CanonicalJsonValue::Integer(number)) if (1..=most).contains(&i64::from(*number)) => {}
            Some(_) => return Err(format!("{key} is a number from 1 to {most}")),
        }
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::parse_object;

    fn taken(event_type: &str, content: &Value) -> Result<SealedBody, SealedRefusal> {
        admit(event_type, &parse_object(&content.to_string()).unwrap())
    }

    fn encrypted() -> Value {
        json!({"algorithm": MEGOLM, "ciphertext": "AwgAEg", "session_id": "s", "sender_key": "k", "device_id": "d", "org.example.kept": 1})
    }

    #[test]
    fn messages_are_encrypted() {
        let body = taken("m.room.encrypted", &encrypted()).unwrap();
        assert_eq!(body.ciphertext(), Some(&Ciphertext { session_id: "s".to_owned(), text: "AwgAEg".to_owned() }));
        assert_eq!(body.bytes(), encrypted().to_string().len());
        for kind in [
            "m.room.message",
            "m.sticker",
            "m.poll.start",
            "org.matrix.msc3381.poll.start",
            "m.poll.response",
            "m.beacon",
            "org.example.words",
        ] {
            assert_eq!(taken(kind, &json!({"body": "x"})), Err(SealedRefusal::PlainText(kind.to_owned())));
        }
    }

    #[test]
    fn other_forms_of_an_encrypted_message_are_refused() {
        for (key, value, refusal) in [
            ("algorithm", json!("m.olm.v1.curve25519-aes-sha2"), SealedRefusal::Algorithm),
            ("algorithm", json!(null), SealedRefusal::Form),
            ("ciphertext", json!({"key": {"body": "x"}}), SealedRefusal::Form),
            ("session_id", json!(1), SealedRefusal::Form),
            ("body", json!("hello"), SealedRefusal::TextBeside("body")),
            ("m.new_content", json!({}), SealedRefusal::TextBeside("m.new_content")),
        ] {
            let mut content = encrypted();
            content[key] = value;
            assert_eq!(taken("m.room.encrypted", &content), Err(refusal), "{key}");
        }
    }

    #[test]
    fn what_is_sent_in_the_clear_is_short() {
        let reaction = |key: &str| json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": key}});
        assert!(taken("m.reaction", &reaction("👍")).unwrap().ciphertext().is_none());
        assert_eq!(
            taken("m.reaction", &reaction(&"long ".repeat(200))),
            Err(SealedRefusal::TooLong("m.reaction".to_owned(), limits::SEALED_CLEAR_BYTES))
        );
        assert!(taken("m.call.invite", &json!({"offer": {"sdp": "v".repeat(2_000)}})).is_ok());
        assert!(taken("m.key.verification.start", &json!({"method": "m.sas.v1"})).is_ok());
    }

    #[test]
    fn a_request_to_compare_keys_is_known_by_its_form() {
        let request = json!({"msgtype": "m.key.verification.request", "from_device": "d", "methods": [], "to": "@ben:example.org"});
        assert!(taken("m.room.message", &request).unwrap().ciphertext().is_none());
        let plain = Err(SealedRefusal::PlainText("m.room.message".to_owned()));
        for key in ["msgtype", "from_device", "methods", "to"] {
            let mut content = request.clone();
            content.as_object_mut().unwrap().remove(key);
            assert_eq!(taken("m.room.message", &content), plain, "{key}");
        }
        assert_eq!(taken("m.sticker", &request), Err(SealedRefusal::PlainText("m.sticker".to_owned())));
    }

    #[test]
    fn keys_may_live_shorter_not_longer() {
        let asked = |content: Value| encryption(Some(&parse_object(&content.to_string()).unwrap()));
        assert_eq!(serde_json::to_value(encryption(None).unwrap()).unwrap(), json!({"algorithm": MEGOLM}));
        assert!(asked(json!({"algorithm": MEGOLM, "rotation_period_msgs": 10, "rotation_period_ms": 1000})).is_ok());
        for wrong in [
            json!({"algorithm": "none"}),
            json!({"algorithm": 1}),
            json!({"rotation_period_msgs": 101}),
            json!({"rotation_period_msgs": 0}),
            json!({"rotation_period_ms": 604_800_001}),
            json!({"rotation_period_ms": "1"}),
        ] {
            assert!(asked(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
