//! The keys by which a person vouches for their devices and for others.

use model::keys::{self, CrossSigningKey, canonical, signature_of, signed_once};
use model::limits;
use serde_json::Value;
use store::command::put_cross_signing::{CrossSigningOutcome, PutCrossSigning};
use store::command::put_signatures::NewSignature;
use store::query::public_keys::{KeysOf, PublicKeys};

use super::signatures::signing_key;
use crate::{App, Caller, Error};

/// Cross-signing keys as a client uploads them: texts as sent.
#[derive(Clone, Debug, Default)]
pub struct CrossSigningUpload {
    /// The key that vouches for the other two.
    pub master: Option<String>,
    /// The key that vouches for the person's own devices.
    pub self_signing: Option<String>,
    /// The key that vouches for other people.
    pub user_signing: Option<String>,
    /// The stages shown.
    pub auth: Option<Value>,
}

impl App {
    /// Keeps the caller's cross-signing keys: with the signatures by which the master key vouches for the
    /// others and the caller's devices for the master key, and no other signatures. The first ones need nothing more than the access token,
    /// and so do the same ones again (spec v1.11, MSC3967); replacing them needs the password.
    ///
    /// # Errors
    /// [`Error::Uiaa`] until the password was shown, where it must be; [`Error::InvalidSignature`] when the
    /// master key did not sign the others; [`Error::MissingParam`] without a master key;
    /// [`Error::Forbidden`] for a key called like a device.
    pub async fn upload_cross_signing(&self, caller: &Caller, upload: CrossSigningUpload) -> Result<(), Error> {
        let stored = self.own_keys(caller).await?;
        let mut command = checked(caller, &upload, &stored)?;
        let mut outcome = self.store.run(command.clone()).await?;
        if outcome == CrossSigningOutcome::NeedsAuthorisation {
            self.shows_password(caller, upload.auth.as_ref()).await?;
            command.authorised = true;
            outcome = self.store.run(command).await?;
        }
        if let CrossSigningOutcome::Kept(told) = outcome {
            self.wake.ring(&told);
        }
        Ok(())
    }

    /// The caller's own keys as they are stored.
    pub(super) async fn own_keys(&self, caller: &Caller) -> Result<KeysOf, Error> {
        let query = PublicKeys { asker: caller.user_id.clone(), of: vec![(caller.user_id.clone(), Vec::new())] };
        let found = self.store.read(query).await?.into_iter().next();
        found.ok_or_else(|| Error::Internal("a query for one person's keys answered for nobody".to_owned()))
    }
}

/// Each key in its form, signed by the master key, without what others are said to have signed.
fn checked(caller: &Caller, upload: &CrossSigningUpload, stored: &KeysOf) -> Result<PutCrossSigning, Error> {
    let parsed = parsed(caller, upload, stored)?;
    let given = parsed.iter().find(|(usage, _)| *usage == "master").map(|(_, key)| key);
    let there = || stored.cross_signing.iter().find(|key| key.usage == "master").map(|key| key.key_id.clone());
    let master = given.map(|key| key.key_id.clone()).or_else(there);
    let master = master.ok_or_else(|| Error::MissingParam("a master key is needed: there is none yet".to_owned()))?;
    let public = master.split_once(':').map_or("", |(_, public)| public);
    let signatures = given.map_or_else(|| Ok(Vec::new()), |key| by_devices(key, stored))?;
    let mut keys = Vec::with_capacity(parsed.len());
    for (usage, key) in parsed {
        if usage != "master" {
            keys::verify(&key.object, &caller.user_id, &master, public)?;
        }
        keys.push((usage, key.key_id, canonical(&signed_once(key.object, &caller.user_id, &master))));
    }
    Ok(PutCrossSigning { user_id: caller.user_id.clone(), keys, signatures, authorised: false })
}

/// The keys that were sent, each in its form and with a name of its own.
fn parsed(caller: &Caller, upload: &CrossSigningUpload, stored: &KeysOf) -> Result<Vec<(&'static str, CrossSigningKey)>, Error> {
    let given = [("master", &upload.master), ("self_signing", &upload.self_signing), ("user_signing", &upload.user_signing)];
    let mut parsed: Vec<(&'static str, CrossSigningKey)> = Vec::with_capacity(given.len());
    for (usage, text) in given {
        let Some(text) = text else { continue };
        if text.len() > limits::KEY_BYTES {
            return Err(Error::TooLarge(format!("a cross-signing key has at most {} bytes", limits::KEY_BYTES)));
        }
        let key = CrossSigningKey::parse(text, &caller.user_id, usage)?;
        if stored.devices.iter().any(|device| device.device_id == key.public()) {
            return Err(Error::Forbidden("a cross-signing key cannot be called like a device".to_owned()));
        }
        parsed.push((usage, key));
    }
    if parsed.is_empty() { Err(Error::MissingParam("no key was sent".to_owned())) } else { Ok(parsed) }
}

/// The signatures on a master key by the person's devices; one that a device did not make is refused.
fn by_devices(master: &CrossSigningKey, stored: &KeysOf) -> Result<Vec<NewSignature>, Error> {
    let mut found = Vec::new();
    for (signer_key, public) in stored.devices.iter().filter_map(|device| signing_key(&device.device_id, &device.content)) {
        let Some(signature) = signature_of(&master.object, &stored.user_id, &signer_key).map(str::to_owned) else { continue };
        keys::verify(&master.object, &stored.user_id, &signer_key, &public)?;
        found.push(NewSignature { user_id: stored.user_id.clone(), target: master.public().to_owned(), signer_key, signature });
    }
    Ok(found)
}
