//! The keys by which a person vouches for their devices and for others.

use model::keys::{self, CrossSigningKey, canonical};
use model::limits;
use serde_json::Value;
use store::command::put_cross_signing::{CrossSigningOutcome, PutCrossSigning};
use store::query::public_keys::{KeysOf, PublicKeys};

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
    /// Keeps the caller's cross-signing keys. The first ones need nothing more than the access token,
    /// and so do the same ones again (spec v1.11, MSC3967); replacing them needs the password.
    ///
    /// # Errors
    /// [`Error::Uiaa`] until the password was shown, where it must be; [`Error::InvalidSignature`] when the
    /// master key did not sign the others; [`Error::MissingParam`] without a master key;
    /// [`Error::Forbidden`] for a key called like a device.
    pub async fn upload_cross_signing(&self, caller: &Caller, upload: CrossSigningUpload) -> Result<(), Error> {
        let stored = self.own_keys(caller).await?;
        let keys = checked(caller, &upload, &stored)?;
        let mut command = PutCrossSigning { user_id: caller.user_id.clone(), keys, authorised: false };
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

/// Each key in its form, and signed by the master key.
fn checked(caller: &Caller, upload: &CrossSigningUpload, stored: &KeysOf) -> Result<Vec<(&'static str, String, String)>, Error> {
    let given = [("master", &upload.master), ("self_signing", &upload.self_signing), ("user_signing", &upload.user_signing)];
    let mut parsed = Vec::with_capacity(given.len());
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
    let master = parsed.iter().find(|(usage, _)| *usage == "master").map(|(_, key)| key.key_id.clone());
    let master = master.or_else(|| stored.cross_signing.iter().find(|key| key.usage == "master").map(|key| key.key_id.clone()));
    let master = master.ok_or_else(|| Error::MissingParam("a master key is needed: there is none yet".to_owned()))?;
    let public = master.split_once(':').map_or("", |(_, public)| public);
    for (_, key) in parsed.iter().filter(|(usage, _)| *usage != "master") {
        keys::verify(&key.object, &caller.user_id, &master, public)?;
    }
    if parsed.is_empty() {
        return Err(Error::MissingParam("no key was sent".to_owned()));
    }
    Ok(parsed.into_iter().map(|(usage, key)| (usage, key.key_id, canonical(&key.object))).collect())
}
