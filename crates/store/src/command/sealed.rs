//! Notes what was checked about an encrypted event: its session, its index, its size.
//!
//! A Megolm session is made by one device for one room, and each of its indices encrypts one message. A use that does
//! not fit is noted and counted, not refused: see docs/adr/0008.

use model::id::{OwnedEventId, OwnedRoomId};

use super::append_events::Step;
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// What the sender's check found in an encrypted event, before it has an ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedMark {
    /// The session in its canonical spelling; its signature was verified.
    pub session_id: String,
    /// Which message of the session.
    pub message_index: u32,
    /// Bytes of ciphertext.
    pub ciphertext_bytes: usize,
}

/// What does not fit about an encrypted event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Its session was first used by another device, or in another room.
    pub elsewhere: bool,
    /// Another event had this index of the session.
    pub repeated: bool,
}

/// Notes the event; the first use of a session binds it.
pub(crate) async fn note<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    step: &Step,
    mark: &SealedMark,
    event_id: &OwnedEventId,
) -> Result<Oddities, StoreError> {
    let sender = &step.append.draft.sender;
    let device = step.append.origin.as_ref().map_or("", |origin| origin.device_id.as_str());
    let session_id = mark.session_id.as_str();
    let select = "select session_key, user_id, device_id, room_id from megolm_sessions where session_id = $1";
    let mut known = tx.row(select, args![session_id]).await?;
    if known.is_none() {
        let sql = "insert into megolm_sessions (session_id, user_id, device_id, room_id, first_event_id, first_ms) \
                   values ($1, $2, $3, $4, $5, $6) on conflict (session_id) do nothing";
        tx.exec(sql, args![session_id, sender, device, room_id, event_id, step.append.draft.origin_ts]).await?;
        // another may have been first
        known = tx.row(select, args![session_id]).await?;
    }
    let known = known.ok_or_else(|| StoreError::Database("a session that was noted is missing".to_owned()))?;
    let elsewhere = known.text(1)? != sender.as_str() || known.text(2)? != device || known.text(3)? != room_id.as_str();
    let session_key = known.int(0)?;
    let (index, bytes) = (i64::from(mark.message_index), i64::try_from(mark.ciphertext_bytes).unwrap_or(i64::MAX));
    let sql = "insert into sealed_events (event_key, session_key, message_index, repeated, elsewhere, ciphertext_bytes) \
               select e.event_key, $2, $3, 0, $4, $5 from events e where e.event_id = $1 \
               on conflict (session_key, message_index, repeated) do nothing";
    let is_first = tx.exec(sql, args![event_id, session_key, index, elsewhere, bytes]).await? == 1;
    if !is_first {
        // counted under the session's row lock: the same may come from several rooms at once
        tx.exec("update megolm_sessions set first_ms = first_ms where session_key = $1", args![session_key]).await?;
        let sql = "insert into sealed_events (event_key, session_key, message_index, repeated, elsewhere, ciphertext_bytes) \
                   select e.event_key, $2, $3, (select max(m.repeated) + 1 from sealed_events m \
                   where m.session_key = $2 and m.message_index = $3), $4, $5 from events e where e.event_id = $1";
        tx.exec(sql, args![event_id, session_key, index, elsewhere, bytes]).await?;
    }
    Ok(Oddities { elsewhere, repeated: !is_first })
}
