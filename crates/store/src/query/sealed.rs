//! What is known of an encrypted event, and what stays of any event when its content is gone. No bodies.

use model::clock::Timestamp;
use model::event::{Header, Skeleton};
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// What was checked about an encrypted event when it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedFacts {
    /// Bytes of ciphertext.
    pub ciphertext_bytes: i64,
    /// The Megolm session.
    pub session_id: String,
    /// Which message of the session.
    pub message_index: i64,
    /// From which device it was sent, by the token that sent it.
    pub device_id: Option<String>,
    /// When the session was first used.
    pub session_first: Timestamp,
    /// Whether the session is another device's or another room's.
    pub elsewhere: bool,
    /// Whether another event had this index of the session before.
    pub repeated: bool,
}

/// The facts of an event; `None` when it is not encrypted.
pub(crate) async fn sealed_facts<T: Tx>(tx: &mut T, event_id: &OwnedEventId) -> Result<Option<SealedFacts>, StoreError> {
    let sql = "select m.ciphertext_bytes, s.session_id, m.message_index, e.sender_device, s.first_ms, m.elsewhere, m.repeated from sealed_events m \
               join megolm_sessions s on s.session_key = m.session_key join events e on e.event_key = m.event_key where e.event_id = $1";
    let Some(row) = tx.row(sql, args![event_id]).await? else {
        return Ok(None);
    };
    Ok(Some(SealedFacts {
        ciphertext_bytes: row.int(0)?,
        session_id: row.text(1)?.to_owned(),
        message_index: row.int(2)?,
        device_id: row.text_or_null(3)?.map(str::to_owned),
        session_first: Timestamp(row.int(4)?),
        elsewhere: row.flag(5)?,
        repeated: row.int(6)? > 0,
    }))
}

/// Looks up what was checked about an encrypted event.
#[derive(Clone, Debug)]
pub struct SealedFactsOf {
    /// The event.
    pub event_id: OwnedEventId,
}

impl Query for SealedFactsOf {
    type Out = Option<SealedFacts>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<SealedFacts>, StoreError> {
        sealed_facts(tx, &self.event_id).await
    }
}

/// Looks up an event without its content: what is left after a redaction.
#[derive(Clone, Debug)]
pub struct EventSkeleton {
    /// The room.
    pub room_id: OwnedRoomId,
    /// The event.
    pub event_id: OwnedEventId,
}

impl Query for EventSkeleton {
    type Out = Option<Skeleton>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Skeleton>, StoreError> {
        let sql = "select e.sender, e.type, e.state_key, e.origin_ts, e.header, r.version from events e join rooms r on r.room_id = e.room_id \
                   where e.room_id = $1 and e.event_id = $2";
        let Some(row) = tx.row(sql, args![&self.room_id, &self.event_id]).await? else {
            return Ok(None);
        };
        let sender: OwnedUserId = row.parse(0)?;
        let header: Header = row.json(4)?;
        Ok(Some(Skeleton {
            event_id: self.event_id.clone(),
            room_id: self.room_id.clone(),
            sender,
            event_type: row.text(1)?.to_owned(),
            state_key: row.text_or_null(2)?.map(str::to_owned),
            origin_ts: Timestamp(row.int(3)?),
            header,
            version: row.text(5)?.to_owned(),
        }))
    }
}
