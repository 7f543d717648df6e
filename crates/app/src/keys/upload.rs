//! What a device uploads of its own keys.

use std::collections::BTreeSet;

use model::keys::DeviceIdentity;
use model::limits;
use model::ruma::CanonicalJsonValue;
use store::command::upload_keys::{Identity, NewKey, UploadKeys, UploadOutcome};

use crate::{App, Caller, Error};

/// The keys of an upload. JSON parts are texts as sent.
#[derive(Clone, Debug, Default)]
pub struct KeyUpload {
    /// The device's identity.
    pub device_keys: Option<String>,
    /// Algorithm, key ID (algorithm included), key.
    pub one_time_keys: Vec<(String, String, String)>,
    /// The same, to be given out when no other is left.
    pub fallback_keys: Vec<(String, String, String)>,
}

impl App {
    /// Keeps keys of the caller's device and gives the counts of its one-time keys as JSON. Suspended
    /// people may do this: their messages must stay readable to themselves.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for keys of another device, another identity than the device has, and a
    /// one-time key whose ID is taken; [`Error::InvalidSignature`]; [`Error::TooLarge`] by number and size.
    pub async fn upload_keys(&self, caller: &Caller, upload: KeyUpload) -> Result<String, Error> {
        if upload.fallback_keys.len() > limits::FALLBACK_KEYS {
            return Err(Error::TooLarge(format!("at most {} fallback keys can be uploaded", limits::FALLBACK_KEYS)));
        }
        // each is looked up before the store counts
        if upload.one_time_keys.len() > usize::try_from(limits::ONE_TIME_KEYS).unwrap_or(usize::MAX) {
            return Err(too_many());
        }
        let identity = match &upload.device_keys {
            Some(text) => Some(own_identity(caller, text)?),
            None => None,
        };
        let mut algorithms = BTreeSet::new();
        if !upload.fallback_keys.iter().all(|(algorithm, ..)| algorithms.insert(algorithm)) {
            return Err(Error::InvalidParam("there is one fallback key an algorithm".to_owned()));
        }
        let command = UploadKeys {
            user_id: caller.user_id.clone(),
            device_id: caller.device_id.clone(),
            identity,
            one_time_keys: upload.one_time_keys.iter().map(new_key).collect::<Result<_, _>>()?,
            fallback_keys: upload.fallback_keys.iter().map(new_key).collect::<Result<_, _>>()?,
        };
        match self.store.run(command).await? {
            UploadOutcome::Kept(counts, told) => {
                self.wake.ring(&told);
                Ok(counts)
            }
            UploadOutcome::OtherIdentity => {
                Err(Error::InvalidParam("this device has other identity keys already; log in as a new device".to_owned()))
            }
            UploadOutcome::OtherContent(key_id) => Err(Error::InvalidParam(format!("One time key {key_id} already exists"))),
            UploadOutcome::TooMany => Err(too_many()),
            UploadOutcome::NoDevice => Err(Error::UnknownToken),
        }
    }
}

fn too_many() -> Error {
    let (one_time, fallback) = (limits::ONE_TIME_KEYS, limits::FALLBACK_KEYS);
    Error::TooLarge(format!("a device keeps at most {one_time} one-time keys here, and {fallback} fallback keys"))
}

fn own_identity(caller: &Caller, text: &str) -> Result<Identity, Error> {
    if text.len() > limits::KEY_BYTES {
        return Err(Error::TooLarge(format!("device keys have at most {} bytes", limits::KEY_BYTES)));
    }
    let DeviceIdentity { keys, content } = DeviceIdentity::parse(text, &caller.user_id, &caller.device_id)?;
    Ok(Identity { keys, content })
}

/// A key is a text, or an object with the text in `key`.
fn new_key((algorithm, key_id, text): &(String, String, String)) -> Result<NewKey, Error> {
    if text.len() > limits::KEY_BYTES || key_id.len() > limits::EVENT_KEY_BYTES {
        return Err(Error::TooLarge("a key or its name is too long".to_owned()));
    }
    let value: CanonicalJsonValue =
        serde_json::from_str(text).map_err(|_| Error::BadJson(format!("{key_id} is not a key in canonical JSON")))?;
    let key = value.as_object().map_or(Some(&value), |object| object.get("key"));
    if key.and_then(CanonicalJsonValue::as_str).is_none() {
        return Err(Error::BadJson(format!("{key_id} is neither a key nor an object with one")));
    }
    let content = serde_json::to_string(&value).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(NewKey { algorithm: algorithm.clone(), key_id: key_id.clone(), content })
}
