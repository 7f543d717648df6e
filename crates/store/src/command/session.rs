//! Log-ins: a device and its access token; and how they end.

use model::clock::Timestamp;
use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;

use super::{device_keys, refresh};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Logs a device in. A device that logs in again loses its older tokens and its pushers, and keeps its keys.
#[derive(Clone, Debug)]
pub struct LogIn {
    /// Who.
    pub user_id: OwnedUserId,
    /// Which device.
    pub device_id: OwnedDeviceId,
    /// How a new device calls itself.
    pub display_name: Option<String>,
    /// SHA-256 of the access token.
    pub token_hash: [u8; 32],
    /// What the session is refreshed by; `None`: the access token does not end.
    pub refresh: Option<Refreshable>,
    /// When.
    pub now: Timestamp,
}

/// How a session that ends is gone on with.
#[derive(Clone, Debug)]
pub struct Refreshable {
    /// SHA-256 of the refresh token.
    pub token_hash: [u8; 32],
    /// When the access token ends.
    pub expires: Timestamp,
}

impl Command for LogIn {
    /// Whether there was room for the device ([`limits::DEVICES_PER_USER`]).
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let Self { user_id, device_id, display_name, token_hash, refresh, now } = self;
        let known = tx.row("select 1 from devices where user_id = $1 and device_id = $2", args![user_id, device_id]).await?.is_some();
        let count = tx.row("select count(*) from devices where user_id = $1", args![user_id]).await?;
        let count = count.map_or(Ok(0), |row| row.int(0))?;
        if !known && count >= i64::try_from(limits::DEVICES_PER_USER).unwrap_or(i64::MAX) {
            return Ok(false);
        }
        let sql = "insert into devices (user_id, device_id, display_name, created_ms, last_seen_ms) values ($1, $2, $3, $4, $4) \
                   on conflict (user_id, device_id) do update set last_seen_ms = excluded.last_seen_ms";
        tx.exec(sql, args![user_id, device_id, display_name.as_deref(), *now]).await?;
        // they were set by whoever held the token
        tx.exec("delete from pushers where user_id = $1 and device_id = $2", args![user_id, device_id]).await?;
        refresh::forget(tx, user_id, device_id).await?;
        let pair = refresh::Pair { user_id, device_id, access: token_hash, refresh: refresh.as_ref(), fresh: false };
        pair.insert(tx, *now).await?;
        Ok(true)
    }
}

/// Takes devices away with their tokens and keys: a log-out, or a device deleted from another.
#[derive(Clone, Debug)]
pub struct LogOut {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Which; `None` for all but `except`.
    pub devices: Option<Vec<OwnedDeviceId>>,
    /// The one that stays when all others go.
    pub except: Option<OwnedDeviceId>,
}

impl Command for LogOut {
    /// Whom to wake after the commit.
    type Out = Vec<OwnedUserId>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OwnedUserId>, StoreError> {
        let devices = match &self.devices {
            Some(devices) => devices.clone(),
            None => device_keys::all_but(tx, &self.user_id, self.except.as_deref()).await?,
        };
        device_keys::remove(tx, &self.user_id, &devices).await
    }
}

/// Renames a device.
#[derive(Clone, Debug)]
pub struct RenameDevice {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Which.
    pub device_id: OwnedDeviceId,
    /// How it is called from now on.
    pub display_name: Option<String>,
}

impl Command for RenameDevice {
    /// Whether there is such a device.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "update devices set display_name = $3 where user_id = $1 and device_id = $2";
        Ok(tx.exec(sql, args![&self.user_id, &self.device_id, self.display_name.as_deref()]).await? > 0)
    }
}
