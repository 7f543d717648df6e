//! A copy of an SQLite database in one file: taken while a server writes, checked before it gets its name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::migrate;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database to be copied, or the copy, is not one of this program, is damaged or cannot be read.
    #[error("{path}: {reason}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file could not be written. The target is never overwritten.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Copies the database `from` as it stands at one moment into the new file `to`, which only its owner can read. A
/// server may go on writing meanwhile. The copy has its name once it is complete, checked and on disk.
///
/// # Errors
/// When `from` is not a database of this program, `to` is there already, or the copy does not hold; nothing is left then.
pub fn copy_sqlite(from: &Path, to: &Path) -> Result<(), BackupError> {
    let partial = beside(to);
    let failed = |error| BackupError::File { path: partial.clone(), error };
    if to.exists() {
        return Err(BackupError::File { path: to.to_owned(), error: io::ErrorKind::AlreadyExists.into() });
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).map_err(failed)?;
    let outcome = copy_into(from, &partial).and_then(|()| name(&partial, to));
    // a copy that has its name is there under both; one that failed must not stay
    let removed = fs::remove_file(&partial).map_err(failed);
    outcome.and(removed)
}

fn copy_into(from: &Path, partial: &Path) -> Result<(), BackupError> {
    let source = open(from)?;
    let target =
        partial.to_str().ok_or_else(|| BackupError::File { path: partial.to_owned(), error: io::ErrorKind::InvalidFilename.into() })?;
    source.execute("vacuum into ?1", [target]).map_err(|error| database(from, &error.into()))?;
    let copy = open(partial)?;
    let found: String =
        copy.query_row("pragma integrity_check(1)", [], |row| row.get(0)).map_err(|error| database(partial, &error.into()))?;
    if found != "ok" {
        return Err(BackupError::Database { path: partial.to_owned(), reason: format!("the copy does not hold: {found}") });
    }
    Ok(())
}

/// Opens a database of this program, to read.
fn open(path: &Path) -> Result<Connection, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| database(path, &error.into()))?;
    let steps = || -> Result<Vec<String>, rusqlite::Error> {
        connection.prepare("select step from schema_steps")?.query_map([], |row| row.get(0))?.collect()
    };
    let steps = steps().map_err(|error| database(path, &error.into()))?;
    migrate::known(steps.iter().map(String::as_str)).map_err(|error| database(path, &error))?;
    Ok(connection)
}

/// Puts the copy on disk, then under its name, unless there is a file of that name by now.
fn name(partial: &Path, to: &Path) -> Result<(), BackupError> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let put = || {
        File::open(partial)?.sync_all()?;
        fs::hard_link(partial, to)?;
        File::open(folder)?.sync_all()
    };
    put().map_err(|error| BackupError::File { path: to.to_owned(), error })
}

fn database(path: &Path, error: &StoreError) -> BackupError {
    BackupError::Database { path: path.to_owned(), reason: error.to_string() }
}

fn beside(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}
