//! A recipient's side: room keys that came in to-device messages, and the messages they open.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::Value;
use vodozemac::megolm::{InboundGroupSession, MegolmMessage, SessionConfig, SessionKey};
use vodozemac::olm::{self, OlmMessage};

use super::Device;
use super::device::{MEGOLM, OLM};
use crate::limits;

/// The keys of one recipient, shared by all who read as them.
pub struct Keyring {
    inner: Mutex<Inner>,
}

struct Inner {
    device: Device,
    sessions: HashMap<String, InboundGroupSession>,
}

#[derive(Deserialize)]
struct ToDevice {
    #[serde(rename = "type")]
    kind: String,
    content: OlmContent,
}

#[derive(Deserialize)]
struct OlmContent {
    algorithm: String,
    ciphertext: HashMap<String, Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: usize,
    body: String,
}

#[derive(Deserialize)]
struct Sealed<'a> {
    #[serde(borrow)]
    algorithm: &'a str,
    #[serde(borrow)]
    ciphertext: &'a str,
    #[serde(borrow)]
    session_id: &'a str,
}

#[derive(Deserialize)]
struct Opened {
    #[serde(rename = "type")]
    kind: String,
    content: Value,
}

impl Keyring {
    pub(crate) fn new(device: Device) -> Self {
        Self { inner: Mutex::new(Inner { device, sessions: HashMap::new() }) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a room key. The one that reaches further back is kept where both are known.
    pub(crate) fn keep(&self, key: &SessionKey) {
        let session = InboundGroupSession::new(key, SessionConfig::version_1());
        self.inner().sessions.entry(session.session_id()).or_insert(session);
    }

    /// Takes a room key out of a to-device event. One that came before, or is none, changes nothing: what cannot be
    /// opened for want of a key shows when it is read.
    pub(crate) fn receive(&self, event: &str) {
        if let Some(key) = self.room_key(event) {
            self.keep(&key);
        }
    }

    fn room_key(&self, event: &str) -> Option<SessionKey> {
        let event: ToDevice = serde_json::from_str(event).ok()?;
        if event.kind != "m.room.encrypted" || event.content.algorithm != OLM {
            return None;
        }
        let mut inner = self.inner();
        let part = event.content.ciphertext.get(&inner.device.account.curve25519_key().to_base64())?;
        let message = OlmMessage::from_parts(part.kind, &vodozemac::base64_decode(&part.body).ok()?).ok()?;
        let OlmMessage::PreKey(message) = message else { return None };
        let created =
            inner.device.account.create_inbound_session(olm::SessionConfig::version_1(), message.identity_key(), &message).ok()?;
        let opened: Opened = serde_json::from_slice(&created.plaintext).ok()?;
        let key = (opened.kind == "m.room_key").then(|| opened.content.get("session_key").and_then(Value::as_str)).flatten()?;
        SessionKey::from_base64(key).ok()
    }

    /// The body of an encrypted text message; nothing if it cannot be opened.
    pub fn open(&self, content: &str) -> Option<String> {
        let sealed: Sealed<'_> = serde_json::from_str(content).ok()?;
        if sealed.algorithm != MEGOLM {
            return None;
        }
        let message = MegolmMessage::from_base64(sealed.ciphertext).ok()?;
        let plain = self.inner().sessions.get_mut(sealed.session_id)?.decrypt(&message).ok()?.plaintext;
        let opened: Opened = serde_json::from_slice(&plain).ok()?;
        opened.content.get("body")?.as_str().map(str::to_owned)
    }

    /// What to upload when the server holds `left` one-time keys.
    pub(crate) fn refill(&self, left: u64) -> Option<Value> {
        let wanted = limits::ONE_TIME_KEYS.saturating_sub(usize::try_from(left).ok()?);
        (wanted >= limits::ONE_TIME_KEYS / 2).then(|| self.inner().device.refill(wanted))
    }
}

#[cfg(test)]
mod tests {
    use vodozemac::megolm::GroupSession;

    use super::*;

    #[test]
    fn what_was_sealed_is_opened_with_its_key_alone() {
        let ring = Keyring::new(Device::new("@r:h", "D"));
        let mut group = GroupSession::new(SessionConfig::version_1());
        let key = group.session_key();
        let ciphertext = group.encrypt(r#"{"type":"m.room.message","content":{"msgtype":"m.text","body":"tea"}}"#).to_base64();
        let content = format!(r#"{{"algorithm":"{MEGOLM}","ciphertext":"{ciphertext}","session_id":"{}"}}"#, group.session_id());
        assert_eq!(ring.open(&content), None);
        ring.keep(&key);
        assert_eq!(ring.open(&content).as_deref(), Some("tea"));
        assert_eq!(ring.open(&content.replace(&ciphertext[60..64], "AAAA")), None);
    }
}
