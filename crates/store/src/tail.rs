//! The last event of each room that a writer appended to lately: what the next event refers to.

use std::collections::HashMap;

use model::id::{OwnedEventId, OwnedRoomId};
use model::limits;
use model::seq::RoomPos;

/// Remembers last events for as long as nothing is undone.
#[derive(Debug, Default)]
pub struct Tails(HashMap<OwnedRoomId, (RoomPos, OwnedEventId)>);

impl Tails {
    /// The event right before `room_pos`, when it is known.
    pub(crate) fn before(&self, room_id: &OwnedRoomId, room_pos: RoomPos) -> Option<OwnedEventId> {
        let (pos, event_id) = self.0.get(room_id)?;
        (pos.get() + 1 == room_pos.get()).then(|| event_id.clone())
    }

    /// Remembers an appended event.
    pub(crate) fn put(&mut self, room_id: &OwnedRoomId, room_pos: RoomPos, event_id: &OwnedEventId) {
        if self.0.len() >= limits::TAILS && !self.0.contains_key(room_id) {
            self.0.clear();
        }
        self.0.insert(room_id.clone(), (room_pos, event_id.clone()));
    }

    /// Forgets everything: a place whose event was undone is taken by another one.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
