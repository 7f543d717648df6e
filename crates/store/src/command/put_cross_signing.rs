//! The three keys by which a person vouches for their own devices and for others.

use std::collections::BTreeMap;

use model::id::OwnedUserId;

use super::device_lists;
use super::put_signatures::{self, NewSignature};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Keeps a person's cross-signing keys.
#[derive(Clone, Debug)]
pub struct PutCrossSigning {
    /// Whose.
    pub user_id: OwnedUserId,
    /// The keys, checked by the caller: usage, `ed25519:` with the public key, canonical JSON.
    pub keys: Vec<(&'static str, String, String)>,
    /// Signatures on them by the person's own devices, checked by the caller. They stand apart from the
    /// keys, since they go when the device goes.
    pub signatures: Vec<NewSignature>,
    /// Whether the person has shown that it is them: needed to replace keys, not for the first ones.
    pub authorised: bool,
}

/// What became of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrossSigningOutcome {
    /// Kept; whom to wake.
    Kept(Vec<OwnedUserId>),
    /// They were there, the same.
    Unchanged,
    /// There are others: the person must show that it is them.
    NeedsAuthorisation,
}

impl Command for PutCrossSigning {
    type Out = CrossSigningOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<CrossSigningOutcome, StoreError> {
        let user = &self.user_id;
        // the person's row is the lock: of two first uploads one is first
        tx.exec("update users set strikes = strikes where user_id = $1", args![user]).await?;
        let mut stored = BTreeMap::new();
        for mut row in tx.rows("select usage, key_id, content from cross_signing_keys where user_id = $1", args![user]).await? {
            stored.insert(row.take_text(0)?, (row.take_text(1)?, row.take_text(2)?));
        }
        let same = |(usage, _, content): &(&str, String, String)| stored.get(*usage).is_some_and(|(_, there)| there == content);
        if self.keys.iter().all(same) {
            return Ok(CrossSigningOutcome::Unchanged);
        }
        if !self.authorised && stored.contains_key("master") {
            return Ok(CrossSigningOutcome::NeedsAuthorisation);
        }
        let of = |usage: &str| self.keys.iter().find(|(given, ..)| *given == usage);
        let new_master = of("master").is_some_and(|(_, key_id, _)| stored.get("master").is_none_or(|(there, _)| there != key_id));
        for (usage, (key_id, _)) in &stored {
            let replaced = of(usage).is_some_and(|(_, new, _)| new != key_id);
            // what the old master key vouched for has nobody to vouch for it any more
            if replaced || (new_master && of(usage).is_none()) {
                self.forget(tx, usage, key_id).await?;
            }
        }
        for (usage, key_id, content) in &self.keys {
            let sql = "insert into cross_signing_keys (user_id, usage, key_id, content) values ($1, $2, $3, $4) \
                       on conflict (user_id, usage) do update set key_id = excluded.key_id, content = excluded.content";
            tx.exec(sql, args![user, *usage, key_id, content]).await?;
        }
        for one in &self.signatures {
            put_signatures::put(tx, user, one).await?;
        }
        device_lists::changed(tx, user).await.map(CrossSigningOutcome::Kept)
    }
}

impl PutCrossSigning {
    /// Takes a key away with the signatures on it and by it.
    async fn forget<T: Tx>(&self, tx: &mut T, usage: &str, key_id: &str) -> Result<(), StoreError> {
        let user = &self.user_id;
        let public_key = key_id.split_once(':').map_or(key_id, |(_, key)| key);
        tx.exec("delete from cross_signing_keys where user_id = $1 and usage = $2", args![user, usage]).await?;
        tx.exec("delete from signatures where user_id = $1 and target = $2", args![user, public_key]).await?;
        tx.exec("delete from signatures where signer = $1 and signer_key = $2", args![user, key_id]).await?;
        Ok(())
    }
}
