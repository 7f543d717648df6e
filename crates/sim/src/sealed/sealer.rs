//! A speaker's side: sessions that are shared before they are used, and messages encrypted in them.

use std::sync::Arc;

use serde_json::{Value, json};
use vodozemac::Curve25519PublicKey;
use vodozemac::megolm::{GroupSession, SessionConfig};
use vodozemac::olm;

use super::device::{MEGOLM, OLM};
use super::{Device, Keyring, broken};
use crate::error::SimError;
use crate::limits;
use crate::person::Person;

/// What one speaker needs to write to one recipient.
pub struct Sealer {
    device: Device,
    room_id: String,
    recipient: String,
    by_hand: Option<Arc<Keyring>>,
    session: Option<Session>,
    sessions: u32,
}

struct Session {
    group: GroupSession,
    shared: bool,
}

impl Sealer {
    /// Writes to `recipient` in `room_id`; with `by_hand`, room keys go straight into that keyring.
    pub(crate) fn new(device: Device, room_id: &str, recipient: &str, by_hand: Option<Arc<Keyring>>) -> Self {
        Self { device, room_id: room_id.to_owned(), recipient: recipient.to_owned(), by_hand, session: None, sessions: 0 }
    }

    /// Encrypts one text message, after a new session was shared where one is due. An error leaves the session to be
    /// shared again at the next call, under the same transaction ID.
    pub async fn seal(&mut self, person: &mut Person, body: &str) -> Result<Value, SimError> {
        let due = |session: &Session| session.group.message_index() >= limits::SESSION_MESSAGES;
        if self.session.as_ref().is_none_or(due) {
            self.session = Some(Session { group: GroupSession::new(SessionConfig::version_1()), shared: false });
            self.sessions += 1;
        }
        if self.session.as_ref().is_some_and(|session| !session.shared) {
            self.share(person).await?;
        }
        let text = json!({ "type": "m.room.message", "room_id": self.room_id, "content": { "msgtype": "m.text", "body": body } });
        let session = self.session.as_mut().ok_or_else(|| broken("encrypting", "there is no session"))?;
        let ciphertext = session.group.encrypt(text.to_string()).to_base64();
        Ok(json!({
            "algorithm": MEGOLM,
            "ciphertext": ciphertext,
            "device_id": self.device.id(),
            "sender_key": self.device.account.curve25519_key().to_base64(),
            "session_id": session.group.session_id(),
        }))
    }

    async fn share(&mut self, person: &mut Person) -> Result<(), SimError> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let key = session.group.session_key();
        if let Some(keyring) = &self.by_hand {
            keyring.keep(&key);
            session.shared = true;
            return Ok(());
        }
        let devices = person.device_keys(&self.recipient).await?;
        for (device_id, keys) in &devices {
            let identity = curve(&keys["keys"][format!("curve25519:{device_id}")])?;
            let claimed = person.claim(&self.recipient, device_id).await?;
            let one_time = curve(&claimed["key"])?;
            let mut olm = self
                .device
                .account
                .create_outbound_session(olm::SessionConfig::version_1(), identity, one_time)
                .map_err(|error| broken("POST keys/claim", &error.to_string()))?;
            let text = json!({
                "type": "m.room_key",
                "sender": self.device.user_id(),
                "recipient": self.recipient,
                "content": {
                    "algorithm": MEGOLM, "room_id": self.room_id,
                    "session_id": session.group.session_id(), "session_key": key.to_base64(),
                },
            });
            let message = olm.encrypt(text.to_string()).map_err(|error| broken("encrypting a room key", &error.to_string()))?;
            let (kind, ciphertext) = message.to_parts();
            let content = json!({
                "algorithm": OLM,
                "sender_key": self.device.account.curve25519_key().to_base64(),
                "ciphertext": { identity.to_base64(): { "type": kind, "body": vodozemac::base64_encode(ciphertext) } },
            });
            let transaction = format!("key{}.{device_id}", self.sessions);
            person.send_to_device(&transaction, &self.recipient, device_id, &content).await?;
        }
        session.shared = true;
        Ok(())
    }
}

fn curve(key: &Value) -> Result<Curve25519PublicKey, SimError> {
    let key = key.as_str().ok_or_else(|| broken("looking for the recipient's keys", "a key is missing"))?;
    Curve25519PublicKey::from_base64(key).map_err(|error| broken("looking for the recipient's keys", &error.to_string()))
}
