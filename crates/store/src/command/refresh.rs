//! Sessions that end and are gone on with: a pair of tokens is traded for the next one.
//!
//! A device has at most two pairs: the one in use, and a fresh one that was given out and has not been used yet. The
//! one in use counts until the fresh one is used (spec "Refreshing access tokens"): a client that never got the answer
//! asks again.

use model::clock::Timestamp;
use model::id::{DeviceId, OwnedDeviceId, OwnedUserId};

use super::session::Refreshable;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Trades a refresh token for a fresh pair.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// SHA-256 of the token that is shown.
    pub shown: [u8; 32],
    /// SHA-256 of the new access token.
    pub token_hash: [u8; 32],
    /// The new refresh token.
    pub refresh: Refreshable,
    /// When.
    pub now: Timestamp,
}

impl Command for Refresh {
    /// Whether the token that is shown still counts.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "select user_id, device_id from refresh_tokens where token_hash = $1";
        let Some(row) = tx.row(sql, args![self.shown.as_slice()]).await? else { return Ok(false) };
        let (user_id, device_id): (OwnedUserId, _) = (row.parse(0)?, OwnedDeviceId::from(row.text(1)?));
        take_turns(tx, &user_id, &device_id, self.now).await?;
        let sql = "select fresh from refresh_tokens where token_hash = $1";
        let Some(row) = tx.row(sql, args![self.shown.as_slice()]).await? else { return Ok(false) };
        if row.flag(0)? {
            put_in_use(tx, &user_id, &device_id).await?;
        }
        // the answer with these did not arrive, or the client asked twice
        tx.exec("delete from access_tokens where user_id = $1 and device_id = $2 and fresh = 1", args![&user_id, &device_id]).await?;
        tx.exec("delete from refresh_tokens where user_id = $1 and device_id = $2 and fresh = 1", args![&user_id, &device_id]).await?;
        let (access, refresh) = (&self.token_hash, Some(&self.refresh));
        let pair = Pair { user_id: &user_id, device_id: &device_id, access, refresh, fresh: true };
        pair.insert(tx, self.now).await?;
        Ok(true)
    }
}

/// A fresh access token is used for the first time: the pair before it counts no more.
#[derive(Clone, Debug)]
pub struct TakeUp {
    /// SHA-256 of the access token.
    pub token_hash: [u8; 32],
    /// Whose.
    pub user_id: OwnedUserId,
    /// On which device.
    pub device_id: OwnedDeviceId,
    /// When.
    pub now: Timestamp,
}

impl Command for TakeUp {
    /// Whether the token still counts.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        take_turns(tx, &self.user_id, &self.device_id, self.now).await?;
        let row = tx.row("select fresh from access_tokens where token_hash = $1", args![self.token_hash.as_slice()]).await?;
        let Some(row) = row else { return Ok(false) };
        if row.flag(0)? {
            put_in_use(tx, &self.user_id, &self.device_id).await?;
        }
        Ok(true)
    }
}

/// An access token and perhaps the refresh token that goes with it.
pub(crate) struct Pair<'a> {
    pub(crate) user_id: &'a OwnedUserId,
    pub(crate) device_id: &'a OwnedDeviceId,
    pub(crate) access: &'a [u8; 32],
    pub(crate) refresh: Option<&'a Refreshable>,
    pub(crate) fresh: bool,
}

impl Pair<'_> {
    pub(crate) async fn insert<T: Tx>(&self, tx: &mut T, now: Timestamp) -> Result<(), StoreError> {
        let Self { user_id, device_id, access, refresh, fresh } = *self;
        let sql =
            "insert into access_tokens (token_hash, user_id, device_id, created_ms, expires_ms, fresh) values ($1, $2, $3, $4, $5, $6)";
        let expires = refresh.map(|refresh| refresh.expires);
        tx.exec(sql, args![access.as_slice(), user_id, device_id, now, expires, fresh]).await?;
        if let Some(refresh) = refresh {
            let sql = "insert into refresh_tokens (token_hash, user_id, device_id, fresh, created_ms) values ($1, $2, $3, $4, $5)";
            tx.exec(sql, args![refresh.token_hash.as_slice(), user_id, device_id, fresh, now]).await?;
        }
        Ok(())
    }
}

/// Takes all tokens of a device away.
pub(crate) async fn forget<T: Tx>(tx: &mut T, user: &OwnedUserId, device: &DeviceId) -> Result<(), StoreError> {
    tx.exec("delete from access_tokens where user_id = $1 and device_id = $2", args![user, device]).await?;
    tx.exec("delete from refresh_tokens where user_id = $1 and device_id = $2", args![user, device]).await?;
    Ok(())
}

/// The device's row is the lock under which those who refresh it and those who use its tokens first take turns.
async fn take_turns<T: Tx>(tx: &mut T, user: &OwnedUserId, device: &DeviceId, now: Timestamp) -> Result<(), StoreError> {
    tx.exec("update devices set last_seen_ms = $3 where user_id = $1 and device_id = $2", args![user, device, now]).await?;
    Ok(())
}

/// The fresh pair is the one in use from now on.
async fn put_in_use<T: Tx>(tx: &mut T, user: &OwnedUserId, device: &DeviceId) -> Result<(), StoreError> {
    tx.exec("delete from access_tokens where user_id = $1 and device_id = $2 and fresh = 0", args![user, device]).await?;
    tx.exec("delete from refresh_tokens where user_id = $1 and device_id = $2 and fresh = 0", args![user, device]).await?;
    tx.exec("update access_tokens set fresh = 0 where user_id = $1 and device_id = $2", args![user, device]).await?;
    tx.exec("update refresh_tokens set fresh = 0 where user_id = $1 and device_id = $2", args![user, device]).await?;
    Ok(())
}
