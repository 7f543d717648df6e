//! Versions of a person's key backup: made, changed, deleted; no number is given twice.

use model::id::OwnedUserId;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Begins a new version of a backup.
#[derive(Clone, Debug)]
pub struct CreateBackup {
    /// Whose.
    pub user_id: OwnedUserId,
    /// How keys are encrypted.
    pub algorithm: String,
    /// What the algorithm needs, as JSON text.
    pub auth_data: String,
}

impl Command for CreateBackup {
    /// Its number; `None` beyond [`limits::BACKUP_VERSIONS`].
    type Out = Option<i64>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<i64>, StoreError> {
        lock(tx, &self.user_id).await?;
        let sql = "select count(*), coalesce(max(version), 0) from backup_versions where user_id = $1";
        let row = tx.row(sql, args![&self.user_id]).await?.ok_or(StoreError::Stale)?;
        let (kept, last) = (row.int(0)?, row.int(1)?);
        if kept >= limits::BACKUP_VERSIONS {
            return Ok(None);
        }
        // the newest held the number while it was the newest
        tx.exec("delete from backup_versions where user_id = $1 and deleted = 1", args![&self.user_id]).await?;
        let sql = "insert into backup_versions (user_id, version, algorithm, auth_data) values ($1, $2, $3, $4)";
        tx.exec(sql, args![&self.user_id, last + 1, self.algorithm.as_str(), self.auth_data.as_str()]).await?;
        Ok(Some(last + 1))
    }
}

/// Changes what the algorithm of a version needs.
#[derive(Clone, Debug)]
pub struct ChangeBackup {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Which.
    pub version: i64,
    /// Its algorithm, which never changes.
    pub algorithm: String,
    /// What the algorithm needs, as JSON text.
    pub auth_data: String,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeBackupOutcome {
    /// Done.
    Changed,
    /// There is no such version.
    Unknown,
    /// The version has another algorithm.
    OtherAlgorithm,
}

impl Command for ChangeBackup {
    type Out = ChangeBackupOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<ChangeBackupOutcome, StoreError> {
        let sql = "select algorithm from backup_versions where user_id = $1 and version = $2 and deleted = 0";
        let Some(row) = tx.row(sql, args![&self.user_id, self.version]).await? else { return Ok(ChangeBackupOutcome::Unknown) };
        if row.text(0)? != self.algorithm {
            return Ok(ChangeBackupOutcome::OtherAlgorithm);
        }
        let sql = "update backup_versions set auth_data = $3 where user_id = $1 and version = $2 and deleted = 0";
        tx.exec(sql, args![&self.user_id, self.version, self.auth_data.as_str()]).await?;
        Ok(ChangeBackupOutcome::Changed)
    }
}

/// Deletes a version with its keys.
#[derive(Clone, Debug)]
pub struct DeleteBackup {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Which.
    pub version: i64,
}

impl Command for DeleteBackup {
    /// Whether there was such a version.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        lock(tx, &self.user_id).await?;
        let sql = "update backup_versions set deleted = 1, algorithm = '', auth_data = '', key_count = 0 \
                   where user_id = $1 and version = $2 and deleted = 0";
        if tx.exec(sql, args![&self.user_id, self.version]).await? == 0 {
            return Ok(false);
        }
        tx.exec("delete from backup_keys where user_id = $1 and version = $2", args![&self.user_id, self.version]).await?;
        let sql = "delete from backup_versions where user_id = $1 and deleted = 1 \
                   and version < (select max(version) from backup_versions where user_id = $1)";
        tx.exec(sql, args![&self.user_id]).await?;
        Ok(true)
    }
}

/// One writer at a time works on the backups of a person.
pub(super) async fn lock<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<(), StoreError> {
    tx.exec("update users set strikes = strikes where user_id = $1", args![user]).await?;
    Ok(())
}

/// Deletes all backups of a person who goes.
pub(super) async fn delete_all<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<(), StoreError> {
    tx.exec("delete from backup_keys where user_id = $1", args![user]).await?;
    tx.exec("delete from backup_versions where user_id = $1", args![user]).await?;
    Ok(())
}
