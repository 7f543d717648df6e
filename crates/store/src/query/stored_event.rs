//! An event as members are given it. These are the queries by which bodies leave the store to members.

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::room::Membership;
use model::seq::RoomPos;

use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;
use crate::value::Row;

/// An event for a member who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the room.
    pub room_pos: RoomPos,
    /// Its ID.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// Its state key, for state.
    pub state_key: Option<String>,
    /// Who sent it.
    pub sender: String,
    /// The device and transaction that sent it, told to that device alone.
    pub origin: Option<(String, String)>,
    /// When the server received it, in milliseconds.
    pub origin_ts: i64,
    /// Its content as JSON text.
    pub content: String,
    /// The event that redacted it.
    pub redacted_because: Option<Box<StoredEvent>>,
    /// Whether it reached nobody but its sender.
    pub withheld: bool,
    /// The reader's membership when it was sent, where it was looked up (MSC4115).
    pub membership: Option<Membership>,
    /// For state that replaced other state: what it replaced.
    pub replaced: Option<Box<Replaced>>,
    /// What others made of it, where that was looked up.
    pub bundle: Option<Box<Bundle>>,
    /// The event it relates to, and how.
    pub(crate) relation: Option<(String, String)>,
    replaces: Option<String>,
    redacted_by: Option<String>,
}

/// A piece of state that another replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Its event ID.
    pub event_id: String,
    /// Its content as JSON text.
    pub content: String,
}

/// The thread that an event is the root of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The latest answer.
    pub latest: Box<StoredEvent>,
    /// How many answers there are.
    pub count: i64,
    /// Whether the reader said something in it.
    pub participated: bool,
}

/// What others made of an event (spec "Aggregations of child events").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// The latest edit by its own sender.
    pub edit: Option<StoredEvent>,
    /// The IDs of the events that refer to it, oldest first.
    pub references: Vec<String>,
    /// Its thread.
    pub thread: Option<Thread>,
}

/// The columns of an event `e`, in the order of [`from_row`].
macro_rules! event_columns {
    () => {
        "e.room_pos, e.event_id, e.type, e.state_key, e.sender, e.sender_device, e.txn_id, e.origin_ts, e.content, e.redacted_by, e.withheld, e.replaces, e.relates_to, e.rel_type"
    };
}
pub(crate) use event_columns;

/// Reads an event from the columns of [`event_columns`], beginning at column `at`.
pub(crate) fn from_row(row: &mut Row, at: usize) -> Result<StoredEvent, StoreError> {
    let device = row.take_text_or_null(at + 5)?;
    Ok(StoredEvent {
        room_pos: RoomPos::new(row.int(at)?).unwrap_or_default(),
        event_id: row.take_text(at + 1)?,
        event_type: row.take_text(at + 2)?,
        state_key: row.take_text_or_null(at + 3)?,
        sender: row.take_text(at + 4)?,
        origin: device.zip(row.take_text_or_null(at + 6)?),
        origin_ts: row.int(at + 7)?,
        content: row.take_text(at + 8)?,
        redacted_because: None,
        withheld: row.int(at + 10)? != 0,
        membership: None,
        replaced: None,
        bundle: None,
        relation: row.take_text_or_null(at + 12)?.zip(row.take_text_or_null(at + 13)?),
        replaces: row.take_text_or_null(at + 11)?,
        redacted_by: row.take_text_or_null(at + 9)?,
    })
}

/// Reads all rows with what explains them: the redaction of a redacted event, the state that was replaced.
pub(crate) async fn from_rows<T: Tx>(tx: &mut T, rows: Vec<Row>, at: usize) -> Result<Vec<StoredEvent>, StoreError> {
    let mut events = Vec::with_capacity(rows.len());
    for mut row in rows {
        let mut event = from_row(&mut row, at)?;
        explain(tx, &mut event).await?;
        events.push(event);
    }
    Ok(events)
}

/// Attaches the redaction to a redacted event, and to state what it replaced.
pub(crate) async fn explain<T: Tx>(tx: &mut T, event: &mut StoredEvent) -> Result<(), StoreError> {
    explain_redaction(tx, event).await?;
    if let Some(replaces) = &event.replaces
        && let Some(earlier) = by_event_id(tx, replaces).await?
    {
        event.replaced = Some(Box::new(Replaced { event_id: earlier.event_id, content: earlier.content }));
    }
    Ok(())
}

/// Attaches the redaction to a redacted event.
pub(crate) async fn explain_redaction<T: Tx>(tx: &mut T, event: &mut StoredEvent) -> Result<(), StoreError> {
    if let Some(by) = &event.redacted_by {
        event.redacted_because = by_event_id(tx, by).await?.map(Box::new);
    }
    Ok(())
}

/// An event by its ID, for a reader who was found to be allowed to see it.
pub(crate) async fn by_event_id<T: Tx>(tx: &mut T, event_id: &str) -> Result<Option<StoredEvent>, StoreError> {
    let sql = concat!("select ", event_columns!(), " from events e where e.event_id = $1");
    tx.row(sql, args![event_id]).await?.map(|mut row| from_row(&mut row, 0)).transpose()
}

/// The event at a place of a room, for a reader who was found to be allowed to see it.
pub(crate) async fn by_place<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, place: RoomPos) -> Result<Option<StoredEvent>, StoreError> {
    let sql = concat!("select ", event_columns!(), " from events e where e.room_id = $1 and e.room_pos = $2");
    tx.row(sql, args![room_id, place.get()]).await?.map(|mut row| from_row(&mut row, 0)).transpose()
}

/// The state event of this type and key as it stood before `before`.
pub(crate) async fn state_before<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    event_type: &str,
    state_key: &str,
    before: RoomPos,
) -> Result<Option<StoredEvent>, StoreError> {
    let sql = concat!(
        "select ",
        event_columns!(),
        " from events e where e.room_id = $1 and e.type = $2 and e.state_key = $3 and e.state_key is not null and e.room_pos < $4 \
         order by e.room_pos desc limit 1"
    );
    let rows = tx.rows(sql, args![room_id, event_type, state_key, before.get()]).await?;
    Ok(from_rows(tx, rows, 0).await?.pop())
}

/// The room's present state, or as it stood before `before`.
pub(crate) async fn room_state<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, before: Option<RoomPos>) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = concat!(
        "select ",
        event_columns!(),
        " from room_state s join events e on e.room_id = s.room_id and e.room_pos = s.room_pos where s.room_id = $1 order by e.room_pos"
    );
    let rows = tx.rows(sql, args![room_id]).await?;
    let present = from_rows(tx, rows, 0).await?;
    let Some(before) = before else { return Ok(present) };
    let mut state = Vec::with_capacity(present.len());
    for event in present {
        if event.room_pos < before {
            state.push(event);
        } else if before.get() > 1
            && let Some(earlier) =
                state_before(tx, room_id, &event.event_type, event.state_key.as_deref().unwrap_or_default(), before).await?
        {
            state.push(earlier);
        }
    }
    Ok(state)
}

/// An event of a room by its ID, if the reader may see it by its delivery state.
pub(crate) async fn by_id<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    event_id: &OwnedEventId,
    reader: &OwnedUserId,
) -> Result<Option<StoredEvent>, StoreError> {
    let sql = concat!(
        "select ",
        event_columns!(),
        " from events e where e.room_id = $1 and e.event_id = $2 and (e.withheld = 0 or e.sender = $3)"
    );
    let rows = tx.rows(sql, args![room_id, event_id, reader]).await?;
    Ok(from_rows(tx, rows, 0).await?.pop())
}
