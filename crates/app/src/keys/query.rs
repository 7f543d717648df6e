//! Looking up keys, giving out one-time keys, and whose keys changed.

use std::collections::BTreeMap;

use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;
use serde_json::{Map, Value, json};
use store::command::claim_keys::ClaimKeys;
use store::query::key_changes::KeyChanges;
use store::query::public_keys::{KeysOf, PublicKeys};

use crate::{App, Caller, Error};

impl App {
    /// The keys of these people, of the named devices or all, as the answer of `/keys/query`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than [`limits::KEYS_QUERIED`] people.
    pub async fn query_keys(&self, caller: &Caller, of: BTreeMap<OwnedUserId, Vec<OwnedDeviceId>>) -> Result<Value, Error> {
        if of.len() > limits::KEYS_QUERIED {
            return Err(Error::TooLarge(format!("keys of at most {} people can be asked for at once", limits::KEYS_QUERIED)));
        }
        let query = PublicKeys { asker: caller.user_id.clone(), of: of.into_iter().collect() };
        let mut answer = BTreeMap::from(
            ["device_keys", "failures", "master_keys", "self_signing_keys", "user_signing_keys"].map(|part| (part, Map::new())),
        );
        for keys in self.store.read(query).await? {
            let user = keys.user_id.to_string();
            for key in &keys.cross_signing {
                let part = match key.usage.as_str() {
                    "master" => "master_keys",
                    "self_signing" => "self_signing_keys",
                    _ => "user_signing_keys",
                };
                let public = key.key_id.split_once(':').map_or("", |(_, public)| public);
                let value = with_signatures(&keys, public, &key.content)?;
                answer.entry(part).or_default().insert(user.clone(), value);
            }
            let devices = devices(&keys)?;
            answer.entry("device_keys").or_default().insert(user, devices.into());
        }
        Ok(json!(answer))
    }

    /// One one-time key of each of these devices, as the answer of `/keys/claim`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than [`limits::KEYS_QUERIED`] devices.
    pub async fn claim_keys(&self, caller: &Caller, wanted: BTreeMap<(OwnedUserId, OwnedDeviceId), String>) -> Result<Value, Error> {
        if wanted.len() > limits::KEYS_QUERIED {
            return Err(Error::TooLarge(format!("keys of at most {} devices can be claimed at once", limits::KEYS_QUERIED)));
        }
        let claimed = self.store.run(ClaimKeys { asker: caller.user_id.clone(), wanted }).await?;
        self.wake.ring(&claimed.told);
        let mut keys: BTreeMap<OwnedUserId, BTreeMap<OwnedDeviceId, Map<String, Value>>> = BTreeMap::new();
        for key in claimed.keys {
            let of_device = keys.entry(key.user_id).or_default().entry(key.device_id).or_default();
            of_device.insert(key.key_id, parsed(&key.content)?);
        }
        Ok(json!({"one_time_keys": keys, "failures": {}}))
    }

    /// Whose keys changed between two sync tokens, and who no longer shares a room, as the answer of
    /// `/keys/changes`. What lies after `to` may be named too: a client that looks twice loses nothing.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for tokens that were not issued to the caller.
    pub async fn key_changes(&self, caller: &Caller, from: &str, to: &str) -> Result<Value, Error> {
        let key = self.token_key().await?;
        let since = key.open(&caller.user_id, &caller.device_id, from)?.inbox;
        key.open(&caller.user_id, &caller.device_id, to)?;
        let (changed, left) = self.store.read(KeyChanges { user_id: caller.user_id.clone(), since }).await?;
        Ok(json!({"changed": changed, "left": left}))
    }
}

fn devices(keys: &KeysOf) -> Result<Map<String, Value>, Error> {
    let mut devices = Map::new();
    for device in &keys.devices {
        let mut value = with_signatures(keys, &device.device_id, &device.content)?;
        if let Some(name) = &device.display_name {
            value["unsigned"] = json!({"device_display_name": name});
        }
        devices.insert(device.device_id.clone(), value);
    }
    Ok(devices)
}

/// A stored key with the signatures on it that the asker may see.
fn with_signatures(keys: &KeysOf, target: &str, content: &str) -> Result<Value, Error> {
    let mut value = parsed(content)?;
    for signature in keys.signatures.iter().filter(|signature| signature.target == target) {
        value["signatures"][&signature.signer][&signature.signer_key] = signature.signature.as_str().into();
    }
    Ok(value)
}

fn parsed(content: &str) -> Result<Value, Error> {
    serde_json::from_str(content).map_err(|error| Error::Internal(format!("a stored key is not JSON: {error}")))
}
