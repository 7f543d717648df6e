//! Events found by what they relate to, or by when they were sent. Both look into a room's log, on a
//! thread that may block.

use std::collections::BTreeSet;

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::seq::RoomPos;

use super::bundle::{self, Child, children};
use super::history::{Access, From, access, place_in_inbox};
use super::stored_event::{self, StoredEvent, by_event_id, event_columns, explain, from_rows};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::rows;

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
    /// Where to begin: the end of the last page, or a place the reader knows otherwise.
    pub from: From,
    /// At most this many events.
    pub limit: usize,
    /// Events too that relate to those, up to [`limits::RELATION_DEPTH`] steps.
    pub recurse: bool,
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
        if target.is_none_or(|event| !access.readable.contains(event.room_pos)) {
            return Ok(None);
        }
        let from = match self.from {
            From::Place(place) => Some(place),
            From::Inbox(pos) => Some(place_in_inbox(tx, &self.room_id, &self.user_id, pos).await?.unwrap_or_default()),
            From::End => None,
        };
        let mut events = if self.recurse { self.recursive(tx, from, &access).await? } else { self.direct(tx, from).await? };
        let more = events.len() > self.limit;
        events.truncate(self.limit);
        let last = events.last().filter(|_| more).map(|event| event.room_pos.get());
        let end = last.and_then(|place| RoomPos::new(if self.backwards { place - 1 } else { place }));
        events.retain(|event| access.readable.contains(event.room_pos));
        bundle::attach(tx, &self.room_id, &self.user_id, &access.readable, &mut events).await?;
        access.note_membership(tx, &mut events).await?;
        Ok(Some(Related { events, end }))
    }
}

impl Relations {
    /// The events that name the target, one more than asked for when there are more.
    async fn direct<T: Tx>(&self, tx: &mut T, from: Option<RoomPos>) -> Result<Vec<StoredEvent>, StoreError> {
        let batch = rows(self.limit).saturating_add(1);
        let (rel_type, event_type) = (self.rel_type.as_deref().unwrap_or_default(), self.event_type.as_deref().unwrap_or_default());
        let (sql, from) = if self.backwards {
            let sql = concat!(
                "select ",
                event_columns!(),
                " from events e where e.room_id = $1 and e.relates_to = $2 and e.room_pos <= $3 and (e.withheld = 0 or e.sender = $4) \
                 and ($5 = '' or e.rel_type = $5) and ($6 = '' or e.type = $6) order by e.room_pos desc limit $7"
            );
            (sql, from.map_or(i64::MAX, RoomPos::get))
        } else {
            let sql = concat!(
                "select ",
                event_columns!(),
                " from events e where e.room_id = $1 and e.relates_to = $2 and e.room_pos > $3 and (e.withheld = 0 or e.sender = $4) \
                 and ($5 = '' or e.rel_type = $5) and ($6 = '' or e.type = $6) order by e.room_pos limit $7"
            );
            (sql, from.unwrap_or_default().get())
        };
        let found = tx.rows(sql, args![&self.room_id, &self.event_id, from, &self.user_id, rel_type, event_type, batch]).await?;
        from_rows(tx, found, 0).await
    }

    /// As [`Relations::direct`], with what relates to the target by some steps.
    async fn recursive<T: Tx>(&self, tx: &mut T, from: Option<RoomPos>, access: &Access) -> Result<Vec<StoredEvent>, StoreError> {
        let mut found: Vec<Child> = Vec::new();
        let mut seen = BTreeSet::from([self.event_id.to_string()]);
        let mut frontier = vec![self.event_id.to_string()];
        for _ in 0..limits::RELATION_DEPTH {
            let targets: Vec<&str> = frontier.iter().map(String::as_str).collect();
            let mut next = children(tx, &self.room_id, &self.user_id, &targets).await?;
            next.retain(|child| access.readable.contains(child.room_pos) && seen.insert(child.event_id.clone()));
            next.truncate(limits::RELATED_EVENTS.saturating_sub(found.len()));
            frontier = next.iter().map(|child| child.event_id.clone()).collect();
            found.extend(next);
        }
        found.retain(|child| self.wants(child, from));
        found.sort_by_key(|child| child.room_pos);
        if self.backwards {
            found.reverse();
        }
        let mut events = Vec::new();
        for child in found.iter().take(self.limit.saturating_add(1)) {
            if let Some(mut event) = by_event_id(tx, &child.event_id).await? {
                explain(tx, &mut event).await?;
                events.push(event);
            }
        }
        Ok(events)
    }

    fn wants(&self, child: &Child, from: Option<RoomPos>) -> bool {
        let ahead = from.is_none_or(|from| if self.backwards { child.room_pos <= from } else { child.room_pos > from });
        ahead
            && self.rel_type.as_deref().is_none_or(|wanted| wanted == child.rel_type)
            && self.event_type.as_deref().is_none_or(|wanted| wanted == child.event_type)
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
             and (withheld = 0 or sender = $4) order by room_pos desc limit $5"
        } else {
            "select room_pos, event_id, origin_ts from events where room_id = $1 and room_pos >= $2 and room_pos <= $3 \
             and (withheld = 0 or sender = $4) order by room_pos limit $5"
        };
        let border = self.border(tx).await?;
        // what was withheld for a while stands where it was released
        let near = rows(limits::EVENT_AT_ROWS / 2);
        let (first, last) = if self.backwards { (first, last.min(border + near)) } else { (first.max(border - near), last) };
        for row in tx.rows(sql, args![&self.room_id, first, last, &self.user_id, rows(limits::EVENT_AT_ROWS)]).await? {
            let sent_ms = row.int(2)?;
            let fits = if self.backwards { sent_ms <= self.at_ms } else { sent_ms >= self.at_ms };
            if fits && access.readable.contains(RoomPos::new(row.int(0)?).unwrap_or_default()) {
                return Ok(Some((row.text(1)?.to_owned(), sent_ms)));
            }
        }
        Ok(None)
    }
}

impl EventAt {
    /// The first place of the room whose event was sent after the moment, or at it when looking forwards. Places follow
    /// time, so that it is found by halves; a clock that was set back meanwhile makes it a place nearby.
    async fn border<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        let sql = "select last_pos from rooms where room_id = $1";
        let last = tx.row(sql, args![&self.room_id]).await?.map(|row| row.int(0)).transpose()?.unwrap_or_default();
        let sql = "select room_pos, origin_ts from events where room_id = $1 and room_pos >= $2 order by room_pos limit 1";
        let (mut low, mut high) = (0, last + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(row) = tx.row(sql, args![&self.room_id, middle]).await? else {
                high = middle;
                continue;
            };
            let sent_ms = row.int(1)?;
            let beyond = if self.backwards { sent_ms > self.at_ms } else { sent_ms >= self.at_ms };
            // no event lies between the middle and the place found
            (low, high) = if beyond { (low, middle) } else { (row.int(0)? + 1, high) };
        }
        Ok(low)
    }
}
