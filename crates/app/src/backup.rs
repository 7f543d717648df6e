//! A person's key backup. The server keeps what their devices encrypted and knows which key is the better one.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, Stream};
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

    /// One key of a version of the caller's backup, as a JSON object.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown version, and for a key that is not there.
    pub async fn backup_key(&self, caller: &Caller, version: &str, room_id: String, session_id: String) -> Result<String, Error> {
        let range = KeyRange { room_id: Some(room_id), session_id: Some(session_id) };
        let query = keys_in(caller, version, range)?;
        let keys = self.read_in_turn(&caller.user_id, query).await?.ok_or_else(unknown_backup)?;
        let key = keys.first().ok_or_else(|| Error::NotFound("there is no such key in this backup".to_owned()))?;
        let mut out = String::new();
        push_key(&mut out, key);
        Ok(out)
    }

    /// The keys of all rooms, or of one, of a version of the caller's backup: the pieces of the text of a JSON object, `rooms`
    /// or `sessions`. Each piece is read when it is wanted.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown version.
    pub async fn backup_keys(
        self: &Arc<Self>,
        caller: &Caller,
        version: &str,
        room_id: Option<String>,
    ) -> Result<impl Stream<Item = Result<String, Error>> + Send + 'static, Error> {
        let query = keys_in(caller, version, KeyRange { room_id, session_id: None })?;
        let first = self.read_in_turn(&caller.user_id, query.clone()).await?.ok_or_else(unknown_backup)?;
        let pieces = Pieces { app: Arc::clone(self), form: Form::of(&query), query, page: Some(first) };
        Ok(stream::try_unfold(pieces, |mut pieces| async move { Ok(pieces.next().await?.map(|piece| (piece, pieces))) }))
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

/// Which keys are read.
fn keys_in(caller: &Caller, version: &str, range: KeyRange) -> Result<BackupKeys, Error> {
    let KeyRange { room_id, session_id } = range;
    let version = number(version).ok_or_else(unknown_backup)?;
    Ok(BackupKeys { user_id: caller.user_id.clone(), version, room_id, session_id, after: None, limit: limits::BACKUP_PAGE_KEYS })
}

/// An answer with many keys, while it is sent.
struct Pieces {
    app: Arc<App>,
    query: BackupKeys,
    form: Form,
    /// What was read and not sent; `None` once all was sent.
    page: Option<Vec<BackupKey>>,
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<String>, Error> {
        let Some(page) = self.page.take() else { return Ok(None) };
        let mut out = String::new();
        for key in &page {
            self.form.push(&mut out, key);
        }
        match page.last().filter(|_| page.len() == self.query.limit) {
            Some(last) => {
                self.query.after = Some((last.room_id.clone(), last.session_id.clone()));
                // of a version that is deleted meanwhile nothing more is told
                let more = self.app.read_in_turn(&self.query.user_id, self.query.clone()).await?;
                self.page = Some(more.unwrap_or_default());
            }
            None => self.form.end(&mut out),
        }
        Ok(Some(out))
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

/// The text of an object with keys, written one key after another.
struct Form {
    by_room: bool,
    begun: bool,
    /// The room whose keys are being written.
    room: Option<String>,
}

impl Form {
    fn of(query: &BackupKeys) -> Self {
        Self { by_room: query.room_id.is_none(), begun: false, room: None }
    }

    fn begin(&mut self, out: &mut String) {
        if !self.begun {
            out.push_str(if self.by_room { "{\"rooms\":{" } else { "{\"sessions\":{" });
        }
    }

    fn push(&mut self, out: &mut String, key: &BackupKey) {
        self.begin(out);
        let new_room = self.by_room && self.room.as_ref() != Some(&key.room_id);
        if new_room {
            out.push_str(if self.begun { "}}," } else { "" });
            push_string(out, &key.room_id);
            out.push_str(":{\"sessions\":{");
            self.room = Some(key.room_id.clone());
        } else if self.begun {
            out.push(',');
        }
        self.begun = true;
        push_string(out, &key.session_id);
        out.push(':');
        push_key(out, key);
    }

    fn end(&mut self, out: &mut String) {
        self.begin(out);
        out.push_str(if self.room.is_some() { "}}}}" } else { "}}" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(keys: &[(&str, &str)], by_room: bool) -> String {
        let mut form = Form { by_room, begun: false, room: None };
        let mut out = String::new();
        for (room_id, session_id) in keys {
            let (room_id, session_id) = ((*room_id).to_owned(), (*session_id).to_owned());
            let key = BackupKey { room_id, session_id, verified: true, first_index: 0, forwarded: 0, session_data: "1".to_owned() };
            form.push(&mut out, &key);
        }
        form.end(&mut out);
        out
    }

    #[test]
    fn what_is_written_key_by_key_is_one_object() {
        let key = serde_json::json!({"first_message_index": 0, "forwarded_count": 0, "is_verified": true, "session_data": 1});
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(written(&[], true), r#"{"rooms":{}}"#);
        assert_eq!(written(&[], false), r#"{"sessions":{}}"#);
        let keys = [("!a", "1"), ("!a", "2"), ("!b", "1")];
        let rooms = serde_json::json!({"rooms": {"!a": {"sessions": {"1": key, "2": key}}, "!b": {"sessions": {"1": key}}}});
        assert_eq!(read(&written(&keys, true)), rooms);
        assert_eq!(read(&written(&keys[..2], false)), rooms["rooms"]["!a"]);
    }
}
