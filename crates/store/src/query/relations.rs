//! Events found by what they relate to, or by when they were sent. Both look through a room's log, on
//! a thread that may block.

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::seq::RoomPos;

use super::history::access;
use super::stored_event::{self, StoredEvent, event_columns, from_rows};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Reads a page of the events that relate to one event.
#[derive(Clone, Debug)]
pub struct Relations {
    /// The room.
    pub room_id: OwnedRoomId,
    /// What they relate to.
    pub event_id: OwnedEventId,
    /// For whom.
    pub user_id: OwnedUserId,
    /// Only this kind of relation, as in `m.replace`.
    pub rel_type: Option<String>,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Towards the past.
    pub backwards: bool,
    /// Where the last page ended.
    pub from: Option<RoomPos>,
    /// At most this many events.
    pub limit: usize,
}

/// A page of relations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The events in the order asked.
    pub events: Vec<StoredEvent>,
    /// Where to go on, when there may be more.
    pub end: Option<RoomPos>,
}

impl Query for Relations {
    /// `None` when there is no such event, or the person may not read it.
    type Out = Option<Related>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Related>, StoreError> {
        let Some(access) = access(tx, &self.room_id, &self.user_id).await? else { return Ok(None) };
        let target = stored_event::by_id(tx, &self.room_id, &self.event_id, &self.user_id).await?;
        let Some(target) = target.filter(|event| access.readable.contains(event.room_pos)) else { return Ok(None) };
        // contents are stored as canonical JSON, without spaces
        let pattern = format!("%\"event_id\":\"{}\"%", self.event_id);
        let batch = i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows = if self.backwards {
            let sql = concat!(
                "select ",
                event_columns!(),
                " from events e where e.room_id = $1 and e.room_pos > $2 and e.room_pos <= $3 and (e.withheld = 0 or e.sender = $4) \
                 and e.content like $5 order by e.room_pos desc limit $6"
            );
            let highest = self.from.map_or(i64::MAX, RoomPos::get);
            tx.rows(sql, args![&self.room_id, target.room_pos.get(), highest, &self.user_id, pattern, batch]).await?
        } else {
            let sql = concat!(
                "select ",
                event_columns!(),
                " from events e where e.room_id = $1 and e.room_pos > $2 and (e.withheld = 0 or e.sender = $3) \
                 and e.content like $4 order by e.room_pos limit $5"
            );
            let lowest = self.from.unwrap_or_default().max(target.room_pos);
            tx.rows(sql, args![&self.room_id, lowest.get(), &self.user_id, pattern, batch]).await?
        };
        let mut events = from_rows(tx, rows, 0).await?;
        let more = events.len() > self.limit;
        events.truncate(self.limit);
        let last = events.last().filter(|_| more).map(|event| event.room_pos.get());
        let end = last.and_then(|place| RoomPos::new(if self.backwards { place - 1 } else { place }));
        events.retain(|event| access.readable.contains(event.room_pos) && self.relates(event));
        Ok(Some(Related { events, end }))
    }
}

impl Relations {
    fn relates(&self, event: &StoredEvent) -> bool {
        #[derive(serde::Deserialize)]
        struct Content {
            #[serde(rename = "m.relates_to")]
            relation: Relation,
        }
        #[derive(serde::Deserialize)]
        struct Relation {
            rel_type: String,
            event_id: String,
        }
        let Ok(Content { relation }) = serde_json::from_str(&event.content) else { return false };
        relation.event_id == self.event_id.as_str()
            && self.rel_type.as_deref().is_none_or(|wanted| wanted == relation.rel_type)
            && self.event_type.as_deref().is_none_or(|wanted| wanted == event.event_type)
    }
}

/// Finds the event nearest to a moment.
#[derive(Clone, Debug)]
pub struct EventAt {
    /// The room.
    pub room_id: OwnedRoomId,
    /// For whom.
    pub user_id: OwnedUserId,
    /// The moment, in milliseconds.
    pub at_ms: i64,
    /// The last one before or at it, rather than the first one at or after it.
    pub backwards: bool,
}

impl Query for EventAt {
    /// Its ID and when it was sent; `None` when there is none that the person may read.
    type Out = Option<(String, i64)>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let Some(access) = access(tx, &self.room_id, &self.user_id).await? else { return Ok(None) };
        let (Some(first), Some(last)) = (access.readable.first(), access.readable.last()) else { return Ok(None) };
        let sql = if self.backwards {
            "select room_pos, event_id, origin_ts from events where room_id = $1 and room_pos >= $2 and room_pos <= $3 \
             and (withheld = 0 or sender = $4) and origin_ts <= $5 order by room_pos desc limit 20"
        } else {
            "select room_pos, event_id, origin_ts from events where room_id = $1 and room_pos >= $2 and room_pos <= $3 \
             and (withheld = 0 or sender = $4) and origin_ts >= $5 order by room_pos limit 20"
        };
        for row in tx.rows(sql, args![&self.room_id, first, last, &self.user_id, self.at_ms]).await? {
            if access.readable.contains(RoomPos::new(row.int(0)?).unwrap_or_default()) {
                return Ok(Some((row.text(1)?.to_owned(), row.int(2)?)));
            }
        }
        Ok(None)
    }
}
