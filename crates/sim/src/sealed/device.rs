//! One device: its Olm account, and the keys it publishes (spec "Key algorithms", "Uploading keys").

use serde_json::{Map, Value, json};
use vodozemac::Curve25519PublicKey;
use vodozemac::olm::Account;

use crate::limits;

/// Olm between two devices.
pub(crate) const OLM: &str = "m.olm.v1.curve25519-aes-sha2";
/// Megolm in a room.
pub(crate) const MEGOLM: &str = "m.megolm.v1.aes-sha2";

/// A device of a virtual person.
pub(crate) struct Device {
    pub(crate) account: Account,
    user_id: String,
    id: String,
}

impl Device {
    /// A device with fresh keys; nothing is published yet.
    pub(crate) fn new(user_id: &str, device_id: &str) -> Self {
        Self { account: Account::new(), user_id: user_id.to_owned(), id: device_id.to_owned() }
    }

    /// Whose it is.
    pub(crate) fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Which it is.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The first upload: the device's keys, a fallback key, and a full set of one-time keys.
    pub(crate) fn introduction(&mut self) -> Value {
        self.account.generate_fallback_key();
        let mut body = self.more(limits::ONE_TIME_KEYS);
        let fallback = self.account.fallback_key().into_iter().map(|(id, key)| self.signed(&id.to_base64(), key)).collect();
        body["fallback_keys"] = Value::Object(fallback);
        body["device_keys"] = self.device_keys();
        self.account.mark_keys_as_published();
        body
    }

    /// An upload of one-time keys alone.
    pub(crate) fn refill(&mut self, count: usize) -> Value {
        let body = self.more(count);
        self.account.mark_keys_as_published();
        body
    }

    fn more(&mut self, count: usize) -> Value {
        self.account.generate_one_time_keys(count);
        let keys: Map<String, Value> =
            self.account.one_time_keys().into_iter().map(|(id, key)| self.signed(&id.to_base64(), key)).collect();
        json!({ "one_time_keys": keys })
    }

    fn device_keys(&self) -> Value {
        let (device, keys) = (&self.id, self.account.identity_keys());
        let mut object = json!({
            "algorithms": [OLM, MEGOLM],
            "device_id": device,
            "keys": {
                format!("curve25519:{device}"): keys.curve25519.to_base64(),
                format!("ed25519:{device}"): keys.ed25519.to_base64(),
            },
            "user_id": self.user_id,
        });
        object["signatures"] = self.signature(&object);
        object
    }

    fn signed(&self, id: &str, key: Curve25519PublicKey) -> (String, Value) {
        let mut object = json!({ "key": key.to_base64() });
        object["signatures"] = self.signature(&object);
        (format!("signed_curve25519:{id}"), object)
    }

    /// Signs an object whose keys stand in order, so that its text is its canonical form.
    fn signature(&self, object: &Value) -> Value {
        let signature = self.account.sign(object.to_string()).to_base64();
        json!({ self.user_id.as_str(): { format!("ed25519:{}", self.id): signature } })
    }
}
