//! What a sender did in a room before, as far as rules ask.

use model::id::{OwnedRoomId, OwnedUserId};

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Counts are exact up to this bound; rules ask for "new", "some" and "many", not for more.
const COUNTED_EVENTS_MAX: i64 = 100;

/// Looks a sender's past in a room up.
#[derive(Clone, Debug)]
pub struct SenderHistory {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Who writes.
    pub sender: OwnedUserId,
    /// Reports are counted from here, in milliseconds since the epoch.
    pub reports_since_ms: i64,
}

/// A sender's past in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// Messages of the sender in the room, at most 100.
    pub prior_msgs: i64,
    /// Whether somebody else wrote there too.
    pub answered: bool,
    /// Reports against the sender.
    pub reports: i64,
}

impl Query for SenderHistory {
    type Out = History;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<History, StoreError> {
        let sql = "select count(*) from (select 1 from events where room_id = $1 and sender = $2 and state_key is null order by room_pos desc limit $3) recent";
        let prior = tx.row(sql, args![&self.room_id, &self.sender, COUNTED_EVENTS_MAX]).await?;
        let sql = "select 1 from events e join users u on u.user_id = e.sender \
                   where e.room_id = $1 and e.sender <> $2 and e.state_key is null and u.service = 0 limit 1";
        let answered = tx.row(sql, args![&self.room_id, &self.sender]).await?.is_some();
        let sql = "select count(*) from reports where target_user = $1 and created_ms >= $2";
        let reports = tx.row(sql, args![&self.sender, self.reports_since_ms]).await?;
        let count = |row: Option<crate::Row>| row.map_or(Ok(0), |row| row.int(0));
        Ok(History { prior_msgs: count(prior)?, answered, reports: count(reports)? })
    }
}
