//! What a decision or a time limit does to the message of a case: deliver it, refuse it for good, or redact it.

use model::case::MessageState;
use model::clock::Timestamp;
use model::event::Draft;
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue, RoomVersionId};
use model::seq::RoomPos;

use super::append_events::rules_of;
use super::fanout::{self, Append};
use super::{media_refs, move_event, redaction};
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// The message of a case, without its body.
#[derive(Clone, Debug)]
pub(crate) struct Anchor {
    pub(crate) room_id: OwnedRoomId,
    pub(crate) event_id: OwnedEventId,
    pub(crate) room_pos: RoomPos,
    pub(crate) sender: OwnedUserId,
    /// Whether its sender took it back: redacted it, or asked for erasure before anybody else had it.
    pub(crate) taken_back: bool,
}

impl Anchor {
    /// Where the message ends up that is to be `wanted`: what its sender took back is delivered to nobody.
    pub(crate) fn settles_at(&self, wanted: MessageState) -> MessageState {
        if self.taken_back && wanted == MessageState::Released { MessageState::Removed } else { wanted }
    }
}

/// Finds the message; `None` when it is gone.
pub(crate) async fn anchor<T: Tx>(tx: &mut T, event_id: &OwnedEventId) -> Result<Option<Anchor>, StoreError> {
    let sql = "select e.room_id, e.room_pos, e.sender, \
               case when e.redacted_by is not null or (e.withheld <> 0 and u.erase_asked_ms is not null) then 1 else 0 end \
               from events e left join users u on u.user_id = e.sender where e.event_id = $1";
    let Some(row) = tx.row(sql, args![event_id]).await? else {
        return Ok(None);
    };
    Ok(Some(Anchor {
        room_id: row.parse(0)?,
        event_id: event_id.clone(),
        room_pos: RoomPos::new(row.int(1)?).unwrap_or_default(),
        sender: row.parse(2)?,
        taken_back: row.flag(3)?,
    }))
}

/// Delivers a withheld message to those who are in the room now, at the end of the room.
/// Gives everybody to be woken: the recipients and the sender, whose copy moved.
pub(crate) async fn release<T: Tx>(tx: &mut T, anchor: &Anchor) -> Result<Vec<OwnedUserId>, StoreError> {
    let moved = move_event::to_end(tx, &anchor.room_id, anchor.room_pos).await?;
    media_refs::restore(tx, &anchor.event_id).await?;
    let sql = "select relates_to from events where event_id = $1 and rel_type = 'm.thread'";
    let thread = tx.row(sql, args![&anchor.event_id]).await?.map(|mut row| row.take_text(0)).transpose()?;
    let mut wake = joined(tx, &anchor.room_id).await?;
    for user in wake.iter().filter(|user| **user != anchor.sender) {
        fanout::deliver(tx, user, &anchor.room_id, moved.room_pos).await?;
        fanout::count_unread(tx, &anchor.room_id, user, false, thread.as_deref()).await?;
    }
    if !wake.contains(&anchor.sender) {
        wake.push(anchor.sender.clone());
    }
    Ok(wake)
}

/// Refuses a withheld message for good; it stays in the store as evidence and reaches nobody.
pub(crate) async fn refuse<T: Tx>(tx: &mut T, anchor: &Anchor) -> Result<(), StoreError> {
    let sql = "update events set withheld = 2 where event_id = $1 and withheld <> 0";
    tx.exec(sql, args![&anchor.event_id]).await?;
    media_refs::take_back(tx, &anchor.event_id, true).await
}

/// Redacts a delivered message on behalf of the service: its content is pruned by the rules of the
/// room version, and every member receives the redaction.
pub(crate) async fn remove<T: Tx>(
    tx: &mut T,
    anchor: &Anchor,
    service: &OwnedUserId,
    now: Timestamp,
) -> Result<Vec<OwnedUserId>, StoreError> {
    if anchor.taken_back {
        // its sender was faster
        refuse(tx, anchor).await?;
        return Ok(Vec::new());
    }
    // the place is taken first: it locks the room, and members are read under that lock
    let sql = "update rooms set last_pos = last_pos + 1 where room_id = $1 returning last_pos, version";
    let row = tx.row(sql, args![&anchor.room_id]).await?.ok_or_else(|| StoreError::Database("a case names an unknown room".to_owned()))?;
    let room_pos = RoomPos::new(row.int(0)?).unwrap_or_default();
    let version: RoomVersionId = row.parse(1)?;
    let rules = rules_of(&version)?;
    let recipients = joined(tx, &anchor.room_id).await?;
    let content = CanonicalJsonObject::from([
        ("reason".to_owned(), CanonicalJsonValue::String("removed by the safety team".to_owned())),
        ("redacts".to_owned(), CanonicalJsonValue::String(anchor.event_id.to_string())),
    ]);
    let draft = Draft { sender: service.clone(), event_type: "m.room.redaction".to_owned(), state_key: None, content, origin_ts: now };
    let append = Append { draft, recipients, notifies: false, mentions: Vec::new(), withheld: false, origin: None };
    let auth_events = power_levels(tx, &anchor.room_id).await?;
    let appended = fanout::append(tx, &anchor.room_id, room_pos, &append, auth_events, &rules).await?;
    redaction::prune(tx, &anchor.room_id, &anchor.event_id, &appended.event_id, &rules).await?;
    Ok(appended.reached.into_iter().map(|(user, _)| user).collect())
}

/// The people in a room, in order of their IDs (the lock order of their inboxes).
pub(crate) async fn joined<T: Tx>(tx: &mut T, room_id: &OwnedRoomId) -> Result<Vec<OwnedUserId>, StoreError> {
    let sql = "select user_id from members where room_id = $1 and membership = 'join'";
    let rows = tx.rows(sql, args![room_id]).await?;
    let mut users: Vec<OwnedUserId> = rows.iter().map(|row| row.parse(0)).collect::<Result<_, _>>()?;
    users.sort(); // not by the database: its collation may differ
    Ok(users)
}

async fn power_levels<T: Tx>(tx: &mut T, room_id: &OwnedRoomId) -> Result<Vec<OwnedEventId>, StoreError> {
    let sql = "select e.event_id from room_state s join events e on e.room_id = s.room_id and e.room_pos = s.room_pos \
               where s.room_id = $1 and s.type = 'm.room.power_levels'";
    tx.rows(sql, args![room_id]).await?.iter().map(|row| row.parse(0)).collect()
}
