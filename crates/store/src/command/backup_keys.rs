//! The keys in a backup: a better one takes the place of a worse one, never the other way round.

use model::id::OwnedUserId;
use model::limits;

use super::backup_version::lock;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Puts keys into a backup.
#[derive(Clone, Debug)]
pub struct PutBackupKeys {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Into which version; must be the newest.
    pub version: i64,
    /// The keys.
    pub keys: Vec<BackupKey>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupKey {
    /// Of which room.
    pub room_id: String,
    /// Of which session.
    pub session_id: String,
    /// Whether the device that put it there had verified the one that made it.
    pub verified: bool,
    /// The first message it opens.
    pub first_index: i64,
    /// How often it was passed on.
    pub forwarded: i64,
    /// The encrypted key as JSON text.
    pub session_data: String,
}

/// A backup after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupState {
    /// Changes with its keys.
    pub etag: i64,
    /// Keys in it.
    pub count: i64,
}

/// What became of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupOutcome {
    /// Done.
    Done(BackupState),
    /// Another version is the newest.
    NotNewest(i64),
    /// There is no such version, and none that is newer.
    Unknown,
    /// There would be more than [`limits::BACKUP_KEYS`]; nothing was written.
    TooMany,
}

impl Command for PutBackupKeys {
    type Out = BackupOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<BackupOutcome, StoreError> {
        lock(tx, &self.user_id).await?;
        let sql = "select version, key_count from backup_versions where user_id = $1 and deleted = 0 order by version desc limit 1";
        let Some(row) = tx.row(sql, args![&self.user_id]).await? else { return Ok(BackupOutcome::Unknown) };
        let (newest, count) = (row.int(0)?, row.int(1)?);
        if newest != self.version {
            return Ok(BackupOutcome::NotNewest(newest));
        }
        if count + crate::value::rows(self.keys.len()) > limits::BACKUP_KEYS {
            return Ok(BackupOutcome::TooMany);
        }
        let (mut added, mut replaced) = (0, 0);
        for key in &self.keys {
            match self.put(tx, key).await? {
                Put::Added => added += 1,
                Put::Replaced => replaced += 1,
                Put::Worse => {}
            }
        }
        changed(tx, &self.user_id, self.version, added, added + replaced > 0).await.map(BackupOutcome::Done)
    }
}

enum Put {
    Added,
    Replaced,
    Worse,
}

impl PutBackupKeys {
    /// Verified before not, then the one that opens more messages, then the one passed on less (spec "Backup algorithm").
    async fn put<T: Tx>(&self, tx: &mut T, key: &BackupKey) -> Result<Put, StoreError> {
        let arguments = args![
            &self.user_id,
            self.version,
            key.room_id.as_str(),
            key.session_id.as_str(),
            key.verified,
            key.first_index,
            key.forwarded,
            key.session_data.as_str()
        ];
        let sql = "insert into backup_keys (user_id, version, room_id, session_id, verified, first_index, forwarded, session_data) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (user_id, version, room_id, session_id) do nothing";
        if tx.exec(sql, arguments).await? > 0 {
            return Ok(Put::Added);
        }
        let sql = "update backup_keys set verified = $5, first_index = $6, forwarded = $7, session_data = $8 \
                   where user_id = $1 and version = $2 and room_id = $3 and session_id = $4 and (verified < $5 or (verified = $5 \
                   and (first_index > $6 or (first_index = $6 and forwarded > $7))))";
        Ok(if tx.exec(sql, arguments).await? > 0 { Put::Replaced } else { Put::Worse })
    }
}

/// Counts what was added or taken out; the etag moves when something changed.
async fn changed<T: Tx>(tx: &mut T, user: &OwnedUserId, version: i64, added: i64, moved: bool) -> Result<BackupState, StoreError> {
    let sql = "update backup_versions set key_count = key_count + $3, etag = etag + $4 where user_id = $1 and version = $2 returning etag, key_count";
    let row = tx.row(sql, args![user, version, added, moved]).await?.ok_or(StoreError::Stale)?;
    let state = BackupState { etag: row.int(0)?, count: row.int(1)? };
    assert!(state.count >= 0, "a backup has fewer than no keys");
    Ok(state)
}

/// Takes keys out of a backup.
#[derive(Clone, Debug)]
pub struct DeleteBackupKeys {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which version.
    pub version: i64,
    /// Those of this room; of all rooms when there is none.
    pub room_id: Option<String>,
    /// That of this session; of all sessions of the room when there is none.
    pub session_id: Option<String>,
}

impl Command for DeleteBackupKeys {
    type Out = BackupOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<BackupOutcome, StoreError> {
        lock(tx, &self.user_id).await?;
        let sql = "select 1 from backup_versions where user_id = $1 and version = $2 and deleted = 0";
        if tx.row(sql, args![&self.user_id, self.version]).await?.is_none() {
            return Ok(BackupOutcome::Unknown);
        }
        let deleted = match (&self.room_id, &self.session_id) {
            (None, _) => tx.exec("delete from backup_keys where user_id = $1 and version = $2", args![&self.user_id, self.version]).await?,
            (Some(room), None) => {
                let sql = "delete from backup_keys where user_id = $1 and version = $2 and room_id = $3";
                tx.exec(sql, args![&self.user_id, self.version, room.as_str()]).await?
            }
            (Some(room), Some(session)) => {
                let sql = "delete from backup_keys where user_id = $1 and version = $2 and room_id = $3 and session_id = $4";
                tx.exec(sql, args![&self.user_id, self.version, room.as_str(), session.as_str()]).await?
            }
        };
        let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
        changed(tx, &self.user_id, self.version, -deleted, deleted > 0).await.map(BackupOutcome::Done)
    }
}
