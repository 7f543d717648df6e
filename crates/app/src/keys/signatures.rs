//! Signatures by which keys vouch for keys. Each is checked; those that fail are named, the others kept.

use std::collections::BTreeMap;

use model::id::OwnedUserId;
use model::json::parse_object;
use model::keys::{self, signature_of, signed_by, signed_part};
use model::limits;
use model::ruma::CanonicalJsonObject;
use serde_json::{Map, Value, json};
use store::command::put_signatures::{NewSignature, PutSignatures};
use store::query::public_keys::{KeysOf, PublicKeys};

use crate::{App, Caller, Error};

/// Keys with new signatures on them: by person and name, the text as sent.
pub type SignedKeys = BTreeMap<OwnedUserId, BTreeMap<String, String>>;

/// Why one key was not taken.
struct Failure {
    errcode: &'static str,
    error: String,
}

fn failure(errcode: &'static str, error: &str) -> Failure {
    Failure { errcode, error: error.to_owned() }
}

impl App {
    /// Keeps signatures that the caller made, and names those that were not taken, as the answer of
    /// `/keys/signatures/upload`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than [`limits::SIGNED_KEYS`] keys.
    pub async fn upload_signatures(&self, caller: &Caller, signed: SignedKeys) -> Result<Value, Error> {
        if signed.values().map(BTreeMap::len).sum::<usize>() > limits::SIGNED_KEYS {
            return Err(Error::TooLarge(format!("at most {} signed keys can be uploaded at once", limits::SIGNED_KEYS)));
        }
        let of = signed.keys().map(|user| (user.clone(), Vec::new())).collect();
        let stored = self.store.read(PublicKeys { asker: caller.user_id.clone(), of }).await?;
        let own = self.own_keys(caller).await?;
        let mut signatures = Vec::new();
        let mut failures: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for (keys_of, (user, by_name)) in stored.iter().zip(&signed) {
            for (name, text) in by_name {
                match check(&own, keys_of, name, text) {
                    Ok(found) => signatures.extend(found),
                    Err(Failure { errcode, error }) => {
                        let of_user = failures.entry(user.to_string()).or_default();
                        of_user.insert(name.clone(), json!({"errcode": errcode, "error": error}));
                    }
                }
            }
        }
        let told = self.store.run(PutSignatures { signer: caller.user_id.clone(), signatures }).await?;
        self.wake.ring(&told);
        Ok(json!({"failures": failures}))
    }
}

/// The signatures on one key that may be kept.
fn check(own: &KeysOf, of: &KeysOf, name: &str, text: &str) -> Result<Vec<NewSignature>, Failure> {
    if text.len() > limits::KEY_BYTES {
        return Err(failure("M_TOO_LARGE", "this key is too long"));
    }
    let object = parse_object(text).map_err(|error| failure("M_BAD_JSON", &error.to_string()))?;
    let (content, signers) = target(own, of, name)?;
    let stored = parse_object(content).map_err(|_| failure("M_UNKNOWN", "the stored key cannot be read"))?;
    if signed_part(&stored) != signed_part(&object) {
        return Err(failure("M_INVALID_SIGNATURE", "this is not the key as the server knows it"));
    }
    let mut found = Vec::new();
    for signer_key in signed_by(&object, &own.user_id).take(limits::SIGNATURES_PER_KEY) {
        let Some(public) = signers.get(signer_key) else { continue };
        let verified = keys::verify(&object, &own.user_id, signer_key, public);
        verified.map_err(|error| failure("M_INVALID_SIGNATURE", &error.to_string()))?;
        found.push(NewSignature {
            user_id: of.user_id.clone(),
            target: name.to_owned(),
            signer_key: signer_key.to_owned(),
            signature: signature_of(&object, &own.user_id, signer_key).unwrap_or_default().to_owned(),
        });
    }
    if found.is_empty() { Err(failure("M_INVALID_SIGNATURE", "no key that may vouch for this one has signed it")) } else { Ok(found) }
}

/// The stored key of this name, and the caller's keys that may vouch for it: the self-signing key for
/// their own devices, their devices for their own master key, the user-signing key for others' master keys.
fn target<'a>(own: &KeysOf, of: &'a KeysOf, name: &str) -> Result<(&'a str, BTreeMap<String, String>), Failure> {
    let is_own = own.user_id == of.user_id;
    let by = |usage: &str| {
        let key = own.cross_signing.iter().find(|key| key.usage == usage)?;
        Some((key.key_id.clone(), key.key_id.split_once(':')?.1.to_owned()))
    };
    if let Some(device) = of.devices.iter().find(|device| device.device_id == name).filter(|_| is_own) {
        return Ok((&device.content, by("self_signing").into_iter().collect()));
    }
    let master = of.cross_signing.iter().find(|key| key.usage == "master" && key.key_id.strip_prefix("ed25519:") == Some(name));
    match master {
        Some(master) if is_own => {
            Ok((&master.content, own.devices.iter().filter_map(|device| signing_key(&device.device_id, &device.content)).collect()))
        }
        Some(master) => Ok((&master.content, by("user_signing").into_iter().collect())),
        None => Err(failure("M_NOT_FOUND", "there is no such key that you could vouch for")),
    }
}

/// The name and public part of the key by which a device signs.
pub(super) fn signing_key(device_id: &str, content: &str) -> Option<(String, String)> {
    let object: CanonicalJsonObject = parse_object(content).ok()?;
    let key_id = format!("ed25519:{device_id}");
    let public = object.get("keys")?.as_object()?.get(&key_id)?.as_str()?.to_owned();
    Some((key_id, public))
}
