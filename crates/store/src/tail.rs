//! The last event of each room that a writer appended to lately: what the next event refers to, and who said it.

use std::collections::HashMap;

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::seq::RoomPos;

/// Remembers last events for as long as nothing is undone.
#[derive(Debug, Default)]
pub struct Tails(HashMap<OwnedRoomId, Tail>);

#[derive(Debug)]
struct Tail {
    room_pos: RoomPos,
    event_id: OwnedEventId,
    reader: Option<OwnedUserId>,
}

impl Tails {
    /// The event right before `room_pos`, when it is known.
    pub(crate) fn before(&self, room_id: &OwnedRoomId, room_pos: RoomPos) -> Option<OwnedEventId> {
        self.at(room_id, room_pos).map(|tail| tail.event_id.clone())
    }

    /// Whether this person had read everything outside of threads with the event right before `room_pos`.
    pub(crate) fn has_read(&self, room_id: &OwnedRoomId, room_pos: RoomPos, user: &OwnedUserId) -> bool {
        self.at(room_id, room_pos).is_some_and(|tail| tail.reader.as_ref() == Some(user))
    }

    fn at(&self, room_id: &OwnedRoomId, room_pos: RoomPos) -> Option<&Tail> {
        self.0.get(room_id).filter(|tail| tail.room_pos.get() + 1 == room_pos.get())
    }

    /// Remembers an appended event, and who had then read everything outside of threads.
    pub(crate) fn put(&mut self, room_id: &OwnedRoomId, room_pos: RoomPos, event_id: &OwnedEventId, reader: Option<&OwnedUserId>) {
        if self.0.len() >= limits::TAILS && !self.0.contains_key(room_id) {
            self.0.clear();
        }
        self.0.insert(room_id.clone(), Tail { room_pos, event_id: event_id.clone(), reader: reader.cloned() });
    }

    /// Forgets everything: a place whose event was undone is taken by another one.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
