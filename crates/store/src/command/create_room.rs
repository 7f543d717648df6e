//! Makes a room: its create event, whose hash is the room's ID, and everything that follows, in one transaction.

use std::collections::BTreeMap;

use model::conversation::Mode;
use model::event::{Draft, room_id_of_create};
use model::id::OwnedRoomId;
use model::ruma::RoomVersionId;
use model::seq::RoomPos;

use super::append_events::{Step, rules_of, run_steps};
use super::fanout::{self, Appended};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Makes a room.
#[derive(Clone, Debug)]
pub struct CreateRoom {
    /// Room version 12: the ID is the create event's hash.
    pub version: RoomVersionId,
    /// The mode its create content states.
    pub mode: Mode,
    /// The tenant its create content states.
    pub tenant: String,
    /// The create event first, then the rest in order.
    pub steps: Vec<Step>,
}

/// A room that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its ID.
    pub room_id: OwnedRoomId,
    /// Its events.
    pub appended: Vec<Appended>,
}

impl Command for CreateRoom {
    type Out = Created;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Created, StoreError> {
        let (create, rest) = self.steps.split_first().ok_or_else(|| StoreError::Database("a room without a create event".to_owned()))?;
        let rules = rules_of(&self.version)?;
        let draft: &Draft = &create.append.draft;
        let placed = draft.place(None, None, 1, Vec::new(), &rules)?;
        let room_id = room_id_of_create(&placed.event_id);
        let sql = "insert into rooms (room_id, version, mode, tenant, creator, last_pos, state_version, created_ms) values ($1, $2, $3, $4, $5, 1, 1, $6)";
        tx.exec(sql, args![&room_id, self.version.as_str(), self.mode.as_str(), self.tenant.as_str(), &draft.sender, draft.origin_ts])
            .await?;
        let first = RoomPos::new(1).ok_or(StoreError::Stale)?;
        let created = fanout::append(tx, &room_id, first, &create.append, Vec::new(), &rules).await?;
        let auth = BTreeMap::from([(("m.room.create".to_owned(), String::new()), created.event_id.clone())]);
        let mut appended = vec![created];
        appended.extend(run_steps(tx, &room_id, 1, auth, &rules, rest).await?);
        Ok(Created { room_id, appended })
    }
}
