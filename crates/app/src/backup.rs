//! A person's key backup. The server keeps what their devices encrypted and knows which key is the better one.

use std::collections::BTreeMap;

use model::json::parse_object;
use model::limits;
use serde::Deserialize;
use serde_json::value::RawValue;
use store::command::backup_keys::{BackupKey, BackupOutcome, BackupState, DeleteBackupKeys, PutBackupKeys};
use store::command::backup_version::{ChangeBackup, ChangeBackupOutcome, CreateBackup, DeleteBackup};
pub use store::query::backup::Backup;
use store::query::backup::{BackupKeys, BackupVersion};

use crate::event_json::push_string;
use crate::{App, Caller, Error};

/// Which keys of a backup: of all rooms, of one, or of one session.
#[derive(Clone, Debug, Default)]
pub struct KeyRange {
    /// Of this room.
    pub room_id: Option<String>,
    /// Of this session of the room.
    pub session_id: Option<String>,
}

/// A key as a client sends it.
#[derive(Deserialize)]
struct SentKey {
    first_message_index: u64,
    forwarded_count: u64,
    is_verified: bool,
    session_data: Box<RawValue>,
}

/// How keys are encrypted, as a client sends it.
#[derive(Deserialize)]
struct SentAlgorithm {
    algorithm: String,
    auth_data: Box<RawValue>,
    version: Option<String>,
}

fn unknown_backup() -> Error {
    Error::NotFound("there is no such key backup".to_owned())
}

fn number(version: &str) -> Option<i64> {
    version.parse().ok().filter(|number| *number > 0)
}

fn algorithm(text: &str) -> Result<SentAlgorithm, Error> {
    let sent: SentAlgorithm = serde_json::from_str(text).map_err(|error| Error::BadJson(error.to_string()))?;
    if sent.algorithm.len() > limits::EVENT_KEY_BYTES || sent.auth_data.get().len() > limits::BACKUP_AUTH_BYTES {
        return Err(Error::TooLarge("the algorithm's data are too long".to_owned()));
    }
    parse_object(sent.auth_data.get())?;
    Ok(sent)
}

impl App {
    /// Begins a new version of the caller's backup and gives its number.
    ///
    /// # Errors
    /// [`Error::BadJson`], [`Error::TooLarge`]; [`Error::Forbidden`] beyond [`limits::BACKUP_VERSIONS`].
    pub async fn create_backup(&self, caller: &Caller, body: &str) -> Result<String, Error> {
        let SentAlgorithm { algorithm, auth_data, .. } = algorithm(body)?;
        let command = CreateBackup { user_id: caller.user_id.clone(), algorithm, auth_data: auth_data.get().to_owned() };
        let version = self.store.run(command).await?;
        let version = version
            .ok_or_else(|| Error::Forbidden(format!("{} key backups are kept; delete an older one first", limits::BACKUP_VERSIONS)))?;
        Ok(version.to_string())
    }

    /// A version of the caller's backup; the newest when none is named.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn backup(&self, caller: &Caller, version: Option<&str>) -> Result<Backup, Error> {
        let version = match version {
            Some(version) => Some(number(version).ok_or_else(unknown_backup)?),
            None => None,
        };
        self.store.read(BackupVersion { user_id: caller.user_id.clone(), version }).await?.ok_or_else(unknown_backup)
    }

    /// Changes what the algorithm of a version needs.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::InvalidParam`] when the body names another version or algorithm.
    pub async fn change_backup(&self, caller: &Caller, version: &str, body: &str) -> Result<(), Error> {
        let SentAlgorithm { algorithm, auth_data, version: named } = algorithm(body)?;
        if named.is_some_and(|named| named != version) {
            return Err(Error::InvalidParam("the body names another version than the path".to_owned()));
        }
        let command = ChangeBackup {
            user_id: caller.user_id.clone(),
            version: number(version).ok_or_else(unknown_backup)?,
            algorithm,
            auth_data: auth_data.get().to_owned(),
        };
        match self.store.run(command).await? {
            ChangeBackupOutcome::Changed => Ok(()),
            ChangeBackupOutcome::Unknown => Err(unknown_backup()),
            ChangeBackupOutcome::OtherAlgorithm => Err(Error::InvalidParam("the algorithm of a backup never changes".to_owned())),
        }
    }

    /// Deletes a version of the caller's backup; its number is used up.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn delete_backup(&self, caller: &Caller, version: &str) -> Result<(), Error> {
        let version = number(version).ok_or_else(unknown_backup)?;
        let known = self.store.run(DeleteBackup { user_id: caller.user_id.clone(), version }).await?;
        if known { Ok(()) } else { Err(unknown_backup()) }
    }

    /// Puts keys into the newest version of the caller's backup; better ones take the place of worse ones.
    /// Keys are texts as sent, by room and session.
    ///
    /// # Errors
    /// [`Error::WrongRoomKeysVersion`] when another version is the newest, [`Error::NotFound`] when there is
    /// none, [`Error::BadJson`], [`Error::TooLarge`].
    pub async fn put_backup_keys(
        &self,
        caller: &Caller,
        version: &str,
        rooms: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> Result<BackupState, Error> {
        if rooms.values().map(BTreeMap::len).sum::<usize>() > limits::BACKUP_KEYS_AT_ONCE {
            return Err(Error::TooLarge(format!("at most {} keys can be put into a backup at once", limits::BACKUP_KEYS_AT_ONCE)));
        }
        let mut keys = Vec::new();
        for (room_id, sessions) in rooms {
            for (session_id, text) in sessions {
                keys.push(backup_key(room_id, session_id, text)?);
            }
        }
        // a version that was never given is not the newest
        let command = PutBackupKeys { user_id: caller.user_id.clone(), version: number(version).unwrap_or(0), keys };
        state_of(&self.store.run(command).await?)
    }

    /// Keys of a version of the caller's backup, as a JSON object of the form that the range asks for:
    /// `rooms`, `sessions`, or one key.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown version, and for one key that is not there.
    pub async fn backup_keys(&self, caller: &Caller, version: &str, range: KeyRange) -> Result<String, Error> {
        let KeyRange { room_id, session_id } = range;
        let (one_room, one_session) = (room_id.is_some(), session_id.is_some());
        let version = number(version).ok_or_else(unknown_backup)?;
        let keys = self.store.read(BackupKeys { user_id: caller.user_id.clone(), version, room_id, session_id }).await?;
        let keys = keys.ok_or_else(unknown_backup)?;
        if one_session {
            let key = keys.first().ok_or_else(|| Error::NotFound("there is no such key in this backup".to_owned()))?;
            let mut out = String::new();
            push_key(&mut out, key);
            return Ok(out);
        }
        Ok(if one_room { sessions(&keys) } else { rooms(&keys) })
    }

    /// Takes keys out of a version of the caller's backup.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown version.
    pub async fn delete_backup_keys(&self, caller: &Caller, version: &str, range: KeyRange) -> Result<BackupState, Error> {
        let KeyRange { room_id, session_id } = range;
        let version = number(version).ok_or_else(unknown_backup)?;
        state_of(&self.store.run(DeleteBackupKeys { user_id: caller.user_id.clone(), version, room_id, session_id }).await?)
    }
}

/// The state after a change, or why there was none.
fn state_of(outcome: &BackupOutcome) -> Result<BackupState, Error> {
    match *outcome {
        BackupOutcome::Done(state) => Ok(state),
        BackupOutcome::NotNewest(current_version) => Err(Error::WrongRoomKeysVersion { current_version }),
        BackupOutcome::Unknown => Err(unknown_backup()),
        BackupOutcome::TooMany => Err(Error::TooLarge(format!("a key backup has at most {} keys", limits::BACKUP_KEYS))),
    }
}

fn backup_key(room_id: &str, session_id: &str, text: &str) -> Result<BackupKey, Error> {
    if text.len() > limits::BACKUP_KEY_BYTES || session_id.len() > limits::EVENT_KEY_BYTES {
        return Err(Error::TooLarge(format!("a key in a backup has at most {} bytes", limits::BACKUP_KEY_BYTES)));
    }
    let sent: SentKey = serde_json::from_str(text).map_err(|error| Error::BadJson(error.to_string()))?;
    parse_object(sent.session_data.get())?;
    let count = |number: u64| i64::try_from(number).map_err(|_| Error::BadJson("an index is too large".to_owned()));
    Ok(BackupKey {
        room_id: room_id.to_owned(),
        session_id: session_id.to_owned(),
        verified: sent.is_verified,
        first_index: count(sent.first_message_index)?,
        forwarded: count(sent.forwarded_count)?,
        session_data: sent.session_data.get().to_owned(),
    })
}

fn push_key(out: &mut String, key: &BackupKey) {
    out.push_str("{\"first_message_index\":");
    out.push_str(&key.first_index.to_string());
    out.push_str(",\"forwarded_count\":");
    out.push_str(&key.forwarded.to_string());
    out.push_str(if key.verified { ",\"is_verified\":true" } else { ",\"is_verified\":false" });
    out.push_str(",\"session_data\":");
    out.push_str(&key.session_data);
    out.push('}');
}

fn sessions(keys: &[BackupKey]) -> String {
    let mut out = String::from("{\"sessions\":{");
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(&mut out, &key.session_id);
        out.push(':');
        push_key(&mut out, key);
    }
    out.push_str("}}");
    out
}

fn rooms(keys: &[BackupKey]) -> String {
    let mut out = String::from("{\"rooms\":{");
    for (index, of_room) in keys.chunk_by(|one, other| one.room_id == other.room_id).enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(&mut out, &of_room[0].room_id);
        out.push(':');
        out.push_str(&sessions(of_room));
    }
    out.push_str("}}");
    out
}
