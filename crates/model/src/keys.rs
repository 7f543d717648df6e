//! Public keys as clients upload them: their form, and who signed them.

use ruma::serde::Base64;
use ruma::signatures::{to_canonical_json_string_for_signing, verify_canonical_json_bytes};
use ruma::{CanonicalJsonObject, CanonicalJsonValue, DeviceId, SigningKeyAlgorithm, UserId};

use crate::json::{JsonError, parse_object};

/// Why a key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not JSON of the strict form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A part is missing or names somebody else.
    #[error("{0}")]
    Form(String),
    /// The signature is missing or was not made by that key.
    #[error("{0}")]
    Signature(String),
}

fn form(text: impl Into<String>) -> KeyError {
    KeyError::Form(text.into())
}

/// A device's identity, signed by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// The `keys` object as canonical JSON: it never changes.
    pub keys: String,
    /// The whole as canonical JSON, with the device's own signature and no other.
    pub content: String,
}

impl DeviceIdentity {
    /// Reads the `device_keys` of an upload (spec "Device keys").
    ///
    /// # Errors
    /// When it names another person or device, lacks a part, or was not signed by the device itself.
    pub fn parse(text: &str, user: &UserId, device: &DeviceId) -> Result<Self, KeyError> {
        let mut object = parse_object(text)?;
        if string(&object, "user_id") != Some(user.as_str()) || string(&object, "device_id") != Some(device.as_str()) {
            return Err(form("device keys name the person and the device that upload them"));
        }
        let algorithms = object.get("algorithms").and_then(CanonicalJsonValue::as_array);
        if !algorithms.is_some_and(|list| list.iter().all(|one| one.as_str().is_some())) {
            return Err(form("algorithms is a list of names"));
        }
        let keys = object.get("keys").and_then(CanonicalJsonValue::as_object).ok_or_else(|| form("keys is missing"))?;
        let own = |key_id: &String| key_id.split_once(':').is_some_and(|(_, name)| name == device.as_str());
        if !keys.iter().all(|(key_id, key)| own(key_id) && key.as_str().is_some()) {
            return Err(form("each key is called by its algorithm and the device"));
        }
        let signing_id = format!("ed25519:{device}");
        let signing_key = string(keys, &signing_id).ok_or_else(|| form(format!("keys lacks {signing_id}")))?.to_owned();
        let keys = canonical(keys);
        verify(&object, user, &signing_id, &signing_key)?;
        object.remove("unsigned");
        Ok(Self { keys, content: canonical(&signed_once(object, user, &signing_id)) })
    }
}

/// One of the keys by which a person vouches for devices and people (spec "Cross-signing").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossSigningKey {
    /// `ed25519:` and the public key.
    pub key_id: String,
    /// The key as it was sent.
    pub object: CanonicalJsonObject,
}

impl CrossSigningKey {
    /// Reads a key of this person and usage.
    ///
    /// # Errors
    /// When it is somebody else's, for another usage, or is not exactly one Ed25519 key named by itself.
    pub fn parse(text: &str, user: &UserId, usage: &str) -> Result<Self, KeyError> {
        let mut object = parse_object(text)?;
        if string(&object, "user_id") != Some(user.as_str()) {
            return Err(form("a cross-signing key names the person who uploads it"));
        }
        let usages = object.get("usage").and_then(CanonicalJsonValue::as_array).unwrap_or_default();
        if !usages.iter().any(|one| one.as_str() == Some(usage)) {
            return Err(form(format!("the usage of this key is not {usage}")));
        }
        let keys = object.get("keys").and_then(CanonicalJsonValue::as_object).ok_or_else(|| form("keys is missing"))?;
        let mut keys_of = keys.iter();
        let (Some((key_id, key)), None) = (keys_of.next(), keys_of.next()) else {
            return Err(form("a cross-signing key is one key"));
        };
        let public = key.as_str().unwrap_or_default();
        if *key_id != format!("ed25519:{public}") || decoded(public).is_none_or(|bytes| bytes.len() != 32) {
            return Err(form("a cross-signing key is an Ed25519 key called by its public part"));
        }
        let key_id = key_id.clone();
        object.remove("unsigned");
        Ok(Self { key_id, object })
    }

    /// The public part in Base64.
    pub fn public(&self) -> &str {
        self.key_id.split_once(':').map_or("", |(_, key)| key)
    }
}

/// Checks that `key_id` of `signer`, whose public part is `public_key` in Base64, signed the object.
///
/// # Errors
/// [`KeyError::Signature`] when there is no such signature, or it was not made by that key over this object.
pub fn verify(object: &CanonicalJsonObject, signer: &UserId, key_id: &str, public_key: &str) -> Result<(), KeyError> {
    let wrong = |what: &str| KeyError::Signature(format!("{what} {key_id} of {signer}"));
    let signature = signature_of(object, signer, key_id).ok_or_else(|| wrong("there is no signature by"))?;
    let (key, signature) = decoded(public_key).zip(decoded(signature)).ok_or_else(|| wrong("this is not a signature by"))?;
    let text = to_canonical_json_string_for_signing(object).map_err(|error| form(error.to_string()))?;
    verify_canonical_json_bytes(&SigningKeyAlgorithm::Ed25519, &key, &signature, text.as_bytes())
        .map_err(|_| wrong("the signature was not made by"))
}

/// The signature by a key on an object, in Base64.
pub fn signature_of<'a>(object: &'a CanonicalJsonObject, signer: &UserId, key_id: &str) -> Option<&'a str> {
    let signatures = object.get("signatures").and_then(CanonicalJsonValue::as_object)?;
    string(signatures.get(signer.as_str()).and_then(CanonicalJsonValue::as_object)?, key_id)
}

/// The keys of `signer` that are said to have signed the object.
pub fn signed_by<'a>(object: &'a CanonicalJsonObject, signer: &UserId) -> impl Iterator<Item = &'a str> + use<'a> {
    let signatures = object.get("signatures").and_then(CanonicalJsonValue::as_object);
    let own = signatures.and_then(|all| all.get(signer.as_str())).and_then(CanonicalJsonValue::as_object);
    own.into_iter().flatten().map(|(key_id, _)| key_id.as_str())
}

/// What was signed: the object without signatures and what is outside of them.
pub fn signed_part(object: &CanonicalJsonObject) -> String {
    let mut object = object.clone();
    object.remove("signatures");
    object.remove("unsigned");
    canonical(&object)
}

/// An object as canonical JSON.
pub fn canonical(object: &CanonicalJsonObject) -> String {
    serde_json::to_string(object).expect("canonical JSON is JSON")
}

/// The object with the signature by this key, where there is one, and no other.
pub fn signed_once(mut object: CanonicalJsonObject, signer: &UserId, key_id: &str) -> CanonicalJsonObject {
    let signature = signature_of(&object, signer, key_id).map(|text| CanonicalJsonValue::String(text.to_owned()));
    object.remove("signatures");
    if let Some(signature) = signature {
        let by_key = CanonicalJsonValue::Object(CanonicalJsonObject::from([(key_id.to_owned(), signature)]));
        let by_signer = CanonicalJsonObject::from([(signer.to_string(), by_key)]);
        object.insert("signatures".to_owned(), CanonicalJsonValue::Object(by_signer));
    }
    object
}

fn string<'a>(object: &'a CanonicalJsonObject, key: &str) -> Option<&'a str> {
    object.get(key).and_then(CanonicalJsonValue::as_str)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    Base64::<ruma::serde::base64::Standard>::parse(text).ok().map(Base64::into_inner)
}

#[cfg(test)]
mod tests {
    use ruma::signatures::{Ed25519KeyPair, sign_json};

    use super::*;

    fn pair(name: &str) -> (Ed25519KeyPair, String) {
        let pair = Ed25519KeyPair::from_der(&Ed25519KeyPair::generate(), name.to_owned()).unwrap();
        let public = Base64::<ruma::serde::base64::Standard, _>::new(pair.public_key().to_vec()).encode();
        (pair, public)
    }

    fn device_keys(pair: &Ed25519KeyPair, public: &str, device: &str) -> CanonicalJsonObject {
        let text = format!(
            r#"{{"user_id":"@ana:x.org","device_id":"{device}","algorithms":["m.megolm.v1.aes-sha2"],"keys":{{"ed25519:{device}":"{public}","curve25519:{device}":"abc"}},"unsigned":{{"a":1}}}}"#
        );
        let mut object = parse_object(&text).unwrap();
        sign_json("@ana:x.org", pair, &mut object).unwrap();
        object
    }

    fn ana() -> &'static UserId {
        <&UserId>::try_from("@ana:x.org").unwrap()
    }

    #[test]
    fn device_keys_are_taken_from_their_own_device_alone() {
        let (pair, public) = pair("PHONE");
        let object = device_keys(&pair, &public, "PHONE");
        let identity = DeviceIdentity::parse(&canonical(&object), ana(), "PHONE".into()).unwrap();
        assert!(!identity.content.contains("unsigned"));
        assert!(DeviceIdentity::parse(&canonical(&object), ana(), "LAPTOP".into()).is_err());
        assert!(DeviceIdentity::parse(&canonical(&object), <&UserId>::try_from("@ben:x.org").unwrap(), "PHONE".into()).is_err());
    }

    #[test]
    fn a_changed_or_missing_signature_is_found() {
        let (pair, public) = pair("PHONE");
        let signed = device_keys(&pair, &public, "PHONE");
        let parse = |object: &CanonicalJsonObject| DeviceIdentity::parse(&canonical(object), ana(), "PHONE".into());
        let mut changed = signed.clone();
        changed.insert("algorithms".to_owned(), CanonicalJsonValue::Array(Vec::new()));
        assert!(matches!(parse(&changed), Err(KeyError::Signature(_))));
        let mut bare = signed.clone();
        bare.remove("signatures");
        assert!(matches!(parse(&bare), Err(KeyError::Signature(_))));
        let (stranger, _) = super::tests::pair("PHONE");
        let mut forged = bare;
        sign_json("@ana:x.org", &stranger, &mut forged).unwrap();
        assert!(matches!(parse(&forged), Err(KeyError::Signature(_))));
    }

    #[test]
    fn other_signatures_do_not_come_in_with_the_device_keys() {
        let (pair, public) = pair("PHONE");
        let mut object = device_keys(&pair, &public, "PHONE");
        let (other, _) = super::tests::pair("other");
        sign_json("@ana:x.org", &other, &mut object).unwrap();
        let identity = DeviceIdentity::parse(&canonical(&object), ana(), "PHONE".into()).unwrap();
        assert!(!identity.content.contains("ed25519:other"));
    }

    #[test]
    fn a_cross_signing_key_is_one_key_called_by_itself() {
        let (_, public) = pair("x");
        let text = |keys: &str| format!(r#"{{"user_id":"@ana:x.org","usage":["master"],"keys":{keys}}}"#);
        let good = text(&format!(r#"{{"ed25519:{public}":"{public}"}}"#));
        assert_eq!(CrossSigningKey::parse(&good, ana(), "master").unwrap().public(), public);
        assert!(CrossSigningKey::parse(&good, ana(), "self_signing").is_err());
        for keys in ["{}", r#"{"ed25519:a":"b"}"#, r#"{"ed25519:AAAA":"AAAA"}"#, "[]", r#"{"a":"b","c":"d"}"#] {
            assert!(CrossSigningKey::parse(&text(keys), ana(), "master").is_err(), "{keys}");
        }
    }
}
