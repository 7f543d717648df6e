//! The public keys of people, as one of them may see them.

use model::id::{OwnedDeviceId, OwnedUserId};

use super::contact;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Looks up keys. Never cached: a change that was told must be seen.
#[derive(Clone, Debug)]
pub struct PublicKeys {
    /// Who asks: signatures that others made on keys of third people stay theirs.
    pub asker: OwnedUserId,
    /// Whose keys, and of which devices; no device named means all.
    pub of: Vec<(OwnedUserId, Vec<OwnedDeviceId>)>,
}

/// The keys of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysOf {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Devices that have keys.
    pub devices: Vec<DeviceIdentity>,
    /// Their cross-signing keys; to others all but the one that signs others.
    pub cross_signing: Vec<CrossSigningKey>,
    /// The signatures on any of these that the asker may see.
    pub signatures: Vec<Signature>,
}

/// A device and its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// Its ID.
    pub device_id: String,
    /// Its keys as JSON, signed by itself.
    pub content: String,
    /// How it is called.
    pub display_name: Option<String>,
}

/// A cross-signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossSigningKey {
    /// `master`, `self_signing` or `user_signing`.
    pub usage: String,
    /// `ed25519:` and the public key.
    pub key_id: String,
    /// The key as JSON.
    pub content: String,
}

/// A signature that a key made over another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Device ID, or public part of a cross-signing key.
    pub target: String,
    /// Who made it.
    pub signer: String,
    /// With which key.
    pub signer_key: String,
    /// The signature in Base64.
    pub signature: String,
}

impl Query for PublicKeys {
    /// In the order asked; who is hidden from the asker has no keys, like somebody who does not exist.
    type Out = Vec<KeysOf>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<KeysOf>, StoreError> {
        let mut all = Vec::with_capacity(self.of.len());
        for (user, devices) in &self.of {
            let mut keys = self.keys_of(tx, user).await?;
            if !devices.is_empty() {
                keys.devices.retain(|device| devices.iter().any(|asked| asked == device.device_id.as_str()));
            }
            all.push(keys);
        }
        Ok(all)
    }
}

impl PublicKeys {
    async fn keys_of<T: Tx>(&self, tx: &mut T, user: &OwnedUserId) -> Result<KeysOf, StoreError> {
        let mut keys = KeysOf { user_id: user.clone(), devices: Vec::new(), cross_signing: Vec::new(), signatures: Vec::new() };
        if !contact::sees(tx, &self.asker, user).await? {
            return Ok(keys);
        }
        let sql = "select k.device_id, k.content, d.display_name from device_keys k \
                   join devices d on d.user_id = k.user_id and d.device_id = k.device_id where k.user_id = $1 order by k.device_id";
        for mut row in tx.rows(sql, args![user]).await? {
            let display_name = row.take_text_or_null(2)?;
            keys.devices.push(DeviceIdentity { device_id: row.take_text(0)?, content: row.take_text(1)?, display_name });
        }
        let sql = "select usage, key_id, content from cross_signing_keys where user_id = $1 and ($1 = $2 or usage <> 'user_signing') order by usage";
        for mut row in tx.rows(sql, args![user, &self.asker]).await? {
            keys.cross_signing.push(CrossSigningKey { usage: row.take_text(0)?, key_id: row.take_text(1)?, content: row.take_text(2)? });
        }
        let sql = "select target, signer, signer_key, signature from signatures where user_id = $1 and signer in ($1, $2) \
                   order by target, signer, signer_key";
        for mut row in tx.rows(sql, args![user, &self.asker]).await? {
            keys.signatures.push(Signature {
                target: row.take_text(0)?,
                signer: row.take_text(1)?,
                signer_key: row.take_text(2)?,
                signature: row.take_text(3)?,
            });
        }
        Ok(keys)
    }
}
