//! Signatures by which keys vouch for keys.

use std::collections::BTreeSet;

use model::id::OwnedUserId;

use super::{device_lists, fanout};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Keeps signatures that a person made; checked by the caller.
#[derive(Clone, Debug)]
pub struct PutSignatures {
    /// Who made them.
    pub signer: OwnedUserId,
    /// The signatures.
    pub signatures: Vec<NewSignature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSignature {
    /// Whose key was signed.
    pub user_id: OwnedUserId,
    /// Device ID, or public part of a cross-signing key.
    pub target: String,
    /// The key that signed, as in `ed25519:DEVICE`.
    pub signer_key: String,
    /// The signature in Base64.
    pub signature: String,
}

impl Command for PutSignatures {
    /// Whom to wake.
    type Out = Vec<OwnedUserId>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OwnedUserId>, StoreError> {
        let mut news = BTreeSet::new();
        for one in &self.signatures {
            if put(tx, &self.signer, one).await? {
                news.insert(&one.user_id);
            }
        }
        // a signature on somebody else's key is for its maker's own devices alone
        let mut told = if news.remove(&self.signer) { device_lists::changed(tx, &self.signer).await? } else { Vec::new() };
        for other in &news {
            fanout::mark(tx, &self.signer, device_lists::KIND, other.as_str()).await?;
        }
        if told.is_empty() && !news.is_empty() {
            told.push(self.signer.clone());
        }
        Ok(told)
    }
}

/// Keeps one signature; whether it is new.
pub(super) async fn put<T: Tx>(tx: &mut T, signer: &OwnedUserId, one: &NewSignature) -> Result<bool, StoreError> {
    let sql = "insert into signatures (user_id, target, signer, signer_key, signature) values ($1, $2, $3, $4, $5) \
               on conflict (user_id, target, signer, signer_key) do update set signature = excluded.signature \
               where signatures.signature <> excluded.signature";
    let arguments = args![&one.user_id, one.target.as_str(), signer, one.signer_key.as_str(), one.signature.as_str()];
    Ok(tx.exec(sql, arguments).await? > 0)
}
