//! Connections of sliding sync: keeps what a device was told of which room, and lets go of it.

use model::clock::Timestamp;
use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Which connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionKey {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which device.
    pub device_id: OwnedDeviceId,
    /// Its name; empty for the one without.
    pub conn_id: String,
}

/// Keeps a new state of a connection beside the one that its client has shown to have.
#[derive(Clone, Debug)]
pub struct PutConnection {
    /// Which.
    pub key: ConnectionKey,
    /// The version that the client presented, which is kept; `None` begins the connection anew.
    pub shown: Option<String>,
    /// The name of the new version.
    pub given: String,
    /// What it holds.
    pub state: String,
    /// When.
    pub now: Timestamp,
}

impl Command for PutConnection {
    /// Whether the presented version was still there.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let ConnectionKey { user_id, device_id, conn_id } = &self.key;
        let given = (self.given.as_str(), self.state.as_str());
        if let Some(shown) = &self.shown {
            let sql = "update sliding_connections set shown_state = case when given = $4 then given_state else shown_state end, \
                       shown = $4, given = $5, given_state = $6, used_ms = $7 \
                       where user_id = $1 and device_id = $2 and conn_id = $3 and (given = $4 or shown = $4)";
            return Ok(tx.exec(sql, args![user_id, device_id, conn_id, shown, given.0, given.1, self.now]).await? > 0);
        }
        let sql = "insert into sliding_connections (user_id, device_id, conn_id, shown, shown_state, given, given_state, used_ms) \
                   values ($1, $2, $3, '', '', $4, $5, $6) on conflict (user_id, device_id, conn_id) do update set \
                   shown = '', shown_state = '', given = excluded.given, given_state = excluded.given_state, used_ms = excluded.used_ms";
        tx.exec(sql, args![user_id, device_id, conn_id, given.0, given.1, self.now]).await?;
        let sql = "delete from sliding_connections where user_id = $1 and device_id = $2 and conn_id <> $3 and conn_id not in \
                   (select conn_id from sliding_connections where user_id = $1 and device_id = $2 and conn_id <> $3 \
                   order by used_ms desc, conn_id limit $4)";
        tx.exec(sql, args![user_id, device_id, conn_id, limits::SLIDING_CONNECTIONS - 1]).await?;
        let sql = "delete from sliding_connections where user_id = $1 and not (device_id = $2 and conn_id = $3) and (device_id, conn_id) not in \
                   (select device_id, conn_id from sliding_connections where user_id = $1 and not (device_id = $2 and conn_id = $3) \
                   order by used_ms desc, device_id, conn_id limit $4)";
        tx.exec(sql, args![user_id, device_id, conn_id, limits::SLIDING_CONNECTIONS_PER_USER - 1]).await?;
        Ok(true)
    }
}

/// Notes that a connection is in use, which changes nothing else about it.
#[derive(Clone, Debug)]
pub struct TouchConnection {
    /// Which.
    pub key: ConnectionKey,
    /// When.
    pub now: Timestamp,
}

impl Command for TouchConnection {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let ConnectionKey { user_id, device_id, conn_id } = &self.key;
        let sql = "update sliding_connections set used_ms = $4 where user_id = $1 and device_id = $2 and conn_id = $3";
        tx.exec(sql, args![user_id, device_id, conn_id, self.now]).await?;
        Ok(())
    }
}

/// Deletes the connections that nobody used for [`limits::SLIDING_KEEP_MS`].
#[derive(Clone, Debug)]
pub struct ForgetConnections {
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ForgetConnections {
    /// How many were let go.
    type Out = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.exec("delete from sliding_connections where used_ms < $1", args![self.now.plus_ms(-limits::SLIDING_KEEP_MS)]).await
    }
}
