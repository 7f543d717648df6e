//! Where connections are kept: in the database, and the ones in use in memory beside it. A version never
//! changes, so what is in memory is as good as what is in the database.

use std::sync::Arc;

use model::clock::Timestamp;
use model::id::random_word;
use model::limits;
use moka::sync::Cache;
use store::command::put_connection::{ConnectionKey, PutConnection, TouchConnection};
use store::query::sliding::StoredConnection;

use super::connection::Connection;
use super::engine::Next;
use crate::{App, Error};

/// Connections in use.
#[derive(Debug)]
pub(crate) struct Connections(Cache<ConnectionKey, Arc<Kept>>);

/// The versions of a connection that its client may name.
#[derive(Debug)]
struct Kept {
    versions: Vec<(String, Arc<Connection>)>,
    used_ms: i64,
}

impl Connections {
    pub(crate) fn new() -> Self {
        let rooms = |kept: &Kept| kept.versions.iter().map(|(_, connection)| connection.rooms.len() + 1).sum::<usize>();
        let weigh = move |_: &ConnectionKey, kept: &Arc<Kept>| u32::try_from(rooms(kept)).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(limits::SLIDING_CACHE_ROOMS).weigher(weigh).build())
    }
}

/// A connection at the version its client named.
pub(super) struct Open {
    pub(super) key: ConnectionKey,
    /// `None` for a new one.
    pub(super) version: Option<String>,
    pub(super) connection: Arc<Connection>,
    used_ms: i64,
}

/// The length of a version's name: 65 bits.
const VERSION_CHARS: usize = 13;

impl App {
    /// The connection at a version.
    ///
    /// # Errors
    /// [`Error::UnknownPos`] when that is not there any more.
    pub(super) async fn open_connection(&self, key: ConnectionKey, version: Option<String>) -> Result<Open, Error> {
        let Some(version) = version else {
            return Ok(Open { key, version: None, connection: Arc::default(), used_ms: i64::MAX });
        };
        let find = |kept: &Kept| kept.versions.iter().find(|(name, _)| *name == version).map(|(_, found)| Arc::clone(found));
        if let Some(kept) = self.connections.0.get(&key)
            && let Some(connection) = find(&kept)
        {
            return Ok(Open { used_ms: kept.used_ms, key, version: Some(version), connection });
        }
        let stored = self.store.read(StoredConnection(key.clone())).await?.ok_or(Error::UnknownPos)?;
        let versions = [stored.shown, stored.given].into_iter();
        let versions = versions.filter_map(|(name, text)| Some((name, Arc::new(Connection::from_text(&text)?)))).collect();
        let kept = Kept { versions, used_ms: stored.used_ms };
        let connection = find(&kept).ok_or(Error::UnknownPos)?;
        let used_ms = kept.used_ms;
        self.connections.0.insert(key.clone(), Arc::new(kept));
        Ok(Open { key, version: Some(version), connection, used_ms })
    }

    /// Keeps what became of a connection; gives the name of the version it is at now.
    ///
    /// # Errors
    /// [`Error::UnknownPos`] when the version it came from is not there any more.
    pub(super) async fn keep_connection(&self, open: &Open, next: Next) -> Result<String, Error> {
        let now = self.clock.now();
        if let Some(version) = &open.version
            && next.rooms.is_empty()
            && next.shape == open.connection.shape
        {
            self.note_use(open, now).await?;
            return Ok(version.clone());
        }
        let mut rooms = open.connection.rooms.clone();
        for (room_id, told) in next.rooms {
            match told {
                Some(told) => rooms.insert(room_id, told),
                None => rooms.remove(&room_id),
            };
        }
        let connection = Connection::new(next.shape, rooms);
        let given = random_word(&*self.entropy, VERSION_CHARS);
        let (key, shown) = (open.key.clone(), open.version.clone());
        let command = PutConnection { key, shown, given: given.clone(), state: connection.to_text(), now };
        if !self.store.run(command).await? {
            self.connections.0.invalidate(&open.key);
            return Err(Error::UnknownPos);
        }
        let mut versions = vec![(given.clone(), Arc::new(connection))];
        versions.extend(open.version.clone().map(|version| (version, Arc::clone(&open.connection))));
        self.connections.0.insert(open.key.clone(), Arc::new(Kept { versions, used_ms: now.0 }));
        Ok(given)
    }

    /// Notes now and then that a connection is in use.
    async fn note_use(&self, open: &Open, now: Timestamp) -> Result<(), Error> {
        if now.0.saturating_sub(open.used_ms) < limits::SLIDING_TOUCH_MS {
            return Ok(());
        }
        self.connections.0.invalidate(&open.key);
        Ok(self.store.run(TouchConnection { key: open.key.clone(), now }).await?)
    }
}
