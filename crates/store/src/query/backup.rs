//! A person's key backup: its version, its keys.

use model::id::OwnedUserId;

use crate::args;
use crate::command::backup_keys::BackupKey;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::{Row, rows};

/// Looks a version up.
#[derive(Clone, Debug)]
pub struct BackupVersion {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Which; the newest when there is none.
    pub version: Option<i64>,
}

/// A version of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its number.
    pub version: i64,
    /// How keys are encrypted.
    pub algorithm: String,
    /// What the algorithm needs, as JSON text.
    pub auth_data: String,
    /// Changes with its keys.
    pub etag: i64,
    /// Keys in it.
    pub count: i64,
}

const NEWEST: &str = "select version, algorithm, auth_data, etag, key_count from backup_versions \
                      where user_id = $1 and deleted = 0 order by version desc limit 1";
const BY_NUMBER: &str = "select version, algorithm, auth_data, etag, key_count from backup_versions \
                         where user_id = $1 and version = $2 and deleted = 0";

impl Query for BackupVersion {
    type Out = Option<Backup>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Backup>, StoreError> {
        let row = match self.version {
            None => tx.row(NEWEST, args![&self.user_id]).await?,
            Some(version) => tx.row(BY_NUMBER, args![&self.user_id, version]).await?,
        };
        row.map(backup).transpose()
    }
}

fn backup(mut row: Row) -> Result<Backup, StoreError> {
    Ok(Backup { version: row.int(0)?, algorithm: row.take_text(1)?, auth_data: row.take_text(2)?, etag: row.int(3)?, count: row.int(4)? })
}

/// Reads keys out of a backup, a page at a time, by room and session.
#[derive(Clone, Debug)]
pub struct BackupKeys {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which version.
    pub version: i64,
    /// Those of this room; of all rooms when there is none.
    pub room_id: Option<String>,
    /// That of this session; of all sessions of the room when there is none.
    pub session_id: Option<String>,
    /// Only keys after this room and session.
    pub after: Option<(String, String)>,
    /// At most so many.
    pub limit: usize,
}

impl Query for BackupKeys {
    /// The keys by room and session; `None` when there is no such version.
    type Out = Option<Vec<BackupKey>>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Vec<BackupKey>>, StoreError> {
        if tx.row(BY_NUMBER, args![&self.user_id, self.version]).await?.is_none() {
            return Ok(None);
        }
        let (user, version, limit) = (&self.user_id, self.version, rows(self.limit));
        // no room has the empty ID
        let (room_after, session_after) = self.after.as_ref().map_or(("", ""), |(room, session)| (room.as_str(), session.as_str()));
        let found = match (&self.room_id, &self.session_id) {
            (None, _) => {
                let sql = "select room_id, session_id, verified, first_index, forwarded, session_data from backup_keys \
                           where user_id = $1 and version = $2 and (room_id, session_id) > ($3, $4) order by room_id, session_id limit $5";
                tx.rows(sql, args![user, version, room_after, session_after, limit]).await?
            }
            (Some(room), None) => {
                let sql = "select room_id, session_id, verified, first_index, forwarded, session_data from backup_keys \
                           where user_id = $1 and version = $2 and room_id = $6 and (room_id, session_id) > ($3, $4) \
                           order by session_id limit $5";
                tx.rows(sql, args![user, version, room_after, session_after, limit, room.as_str()]).await?
            }
            (Some(room), Some(session)) => {
                let sql = "select room_id, session_id, verified, first_index, forwarded, session_data from backup_keys \
                           where user_id = $1 and version = $2 and room_id = $3 and session_id = $4";
                tx.rows(sql, args![user, version, room.as_str(), session.as_str()]).await?
            }
        };
        found.into_iter().map(key).collect::<Result<Vec<_>, _>>().map(Some)
    }
}

fn key(mut row: Row) -> Result<BackupKey, StoreError> {
    Ok(BackupKey {
        room_id: row.take_text(0)?,
        session_id: row.take_text(1)?,
        verified: row.flag(2)?,
        first_index: row.int(3)?,
        forwarded: row.int(4)?,
        session_data: row.take_text(5)?,
    })
}
