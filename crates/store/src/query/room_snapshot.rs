//! The current state of a room, as its next event is judged by.

use std::collections::BTreeMap;

use model::id::OwnedRoomId;
use model::json::parse_object;
use model::person::AgeBand;
use model::room::{MemberFacts, Snapshot, StateEvent};
use model::seq::RoomPos;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Reads the state of a room.
#[derive(Clone, Debug)]
pub struct RoomSnapshot {
    /// The room.
    pub room_id: OwnedRoomId,
}

impl Query for RoomSnapshot {
    /// `None` when there is no such room.
    type Out = Option<Snapshot>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Snapshot>, StoreError> {
        let Some(room) = tx.row("select version, state_version from rooms where room_id = $1", args![&self.room_id]).await? else {
            return Ok(None);
        };
        let sql = "select s.type, s.state_key, e.event_id, e.room_pos, e.sender, e.content from room_state s \
                   join events e on e.room_id = s.room_id and e.room_pos = s.room_pos where s.room_id = $1";
        let mut state: BTreeMap<String, BTreeMap<String, StateEvent>> = BTreeMap::new();
        let mut state_bytes = 0;
        for row in tx.rows(sql, args![&self.room_id]).await? {
            if row.text(0)? != "m.room.member" {
                state_bytes += row.text(5)?.len();
            }
            let content = parse_object(row.text(5)?).map_err(|error| StoreError::Database(format!("stored content: {error}")))?;
            let room_pos = RoomPos::new(row.int(3)?).unwrap_or_default();
            let event = StateEvent { event_id: row.parse(2)?, room_pos, sender: row.parse(4)?, content };
            state.entry(row.text(0)?.to_owned()).or_default().insert(row.text(1)?.to_owned(), event);
        }
        let sql = "select m.user_id, u.age_band, u.created_ms, u.strikes, u.jurisdiction from members m \
                   join users u on u.user_id = m.user_id where m.room_id = $1 and m.membership = 'join'";
        let mut people = BTreeMap::new();
        for row in tx.rows(sql, args![&self.room_id]).await? {
            let facts = MemberFacts {
                age_band: AgeBand::parse(row.text(1)?).unwrap_or_default(),
                created_ms: row.int(2)?,
                strikes: row.int(3)?,
                jurisdiction: row.text(4)?.to_owned(),
            };
            people.insert(row.parse(0)?, facts);
        }
        let (version, state_version) = (room.text(0)?.to_owned(), room.int(1)?);
        Ok(Some(Snapshot { room_id: self.room_id.clone(), version, state_version, state, state_bytes, people }))
    }
}
