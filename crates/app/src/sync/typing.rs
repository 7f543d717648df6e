//! Who is typing: in memory only, with a count that tokens carry, so that a restart is harmless.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use model::clock::Timestamp;
use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;

use crate::{App, Caller, Error};

/// Typing notices of all rooms.
#[derive(Debug, Default)]
pub(crate) struct Typing {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts every change.
    epoch: u64,
    rooms: HashMap<OwnedRoomId, Room>,
    /// The rooms by their last change, so that a poll looks at what changed since its own and no more.
    by_change: BTreeMap<u64, OwnedRoomId>,
}

impl State {
    /// Counts a change of a room that is there.
    fn touch(&mut self, room_id: &OwnedRoomId) {
        self.epoch += 1;
        if let Some(room) = self.rooms.get_mut(room_id) {
            self.by_change.remove(&room.changed);
            room.changed = self.epoch;
            self.by_change.insert(self.epoch, room_id.clone());
        }
    }

    /// Forgets the rooms in which nobody types.
    fn tidy(&mut self) {
        let (rooms, by_change) = (&mut self.rooms, &mut self.by_change);
        rooms.retain(|_, room| {
            let keep = !room.people.is_empty();
            if !keep {
                by_change.remove(&room.changed);
            }
            keep
        });
    }
}

/// Where the typists changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TypingNews {
    /// The rooms.
    pub(crate) rooms: Vec<OwnedRoomId>,
    /// The count of changes that this covers.
    pub(crate) epoch: u64,
}

#[derive(Debug, Default)]
struct Room {
    changed: u64,
    /// Who types, until when.
    people: BTreeMap<OwnedUserId, Timestamp>,
    /// Who is told.
    members: BTreeSet<OwnedUserId>,
}

impl Typing {
    /// Notes that somebody types until `until`, or not any more; `true` when that changed anything.
    pub(crate) fn set(&self, room: &OwnedRoomId, user: &OwnedUserId, until: Option<Timestamp>, members: BTreeSet<OwnedUserId>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.rooms.len() >= usize::try_from(limits::TYPING_ROOMS).unwrap_or(usize::MAX) {
            state.tidy();
        }
        let entry = state.rooms.entry(room.clone()).or_default();
        let changed = match until {
            Some(until) => entry.people.insert(user.clone(), until).is_none(),
            None => entry.people.remove(user).is_some(),
        };
        if changed {
            entry.members = members;
            state.touch(room);
        }
        changed
    }

    /// Ends the notices whose time is over, and gives the people to be told.
    pub(crate) fn expire(&self, now: Timestamp) -> BTreeSet<OwnedUserId> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut told, mut ended) = (BTreeSet::new(), Vec::new());
        for (room_id, room) in &mut state.rooms {
            let before = room.people.len();
            room.people.retain(|_, until| *until > now);
            if room.people.len() < before {
                ended.push(room_id.clone());
                told.extend(room.members.iter().cloned());
            }
        }
        for room_id in &ended {
            state.touch(room_id);
        }
        told
    }

    /// The rooms of a person in which the typists changed after `since`, and the count to ask from next time.
    pub(crate) fn changed_for(&self, user: &OwnedUserId, since: u64) -> TypingNews {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // a count from before a restart lies ahead: tell everything once
        let since = if since > state.epoch { 0 } else { since };
        let changed = state.by_change.range(since + 1..).map(|(_, room)| room);
        let told = |room: &&OwnedRoomId| {
            let entry = state.rooms.get(*room);
            entry.is_some_and(|entry| entry.members.contains(user) && (since > 0 || !entry.people.is_empty()))
        };
        TypingNews { rooms: changed.filter(told).cloned().collect(), epoch: state.epoch }
    }

    /// Who types in a room.
    pub(crate) fn in_room(&self, room: &OwnedRoomId) -> Vec<OwnedUserId> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rooms.get(room).map(|room| room.people.keys().cloned().collect()).unwrap_or_default()
    }
}

impl App {
    /// Says that the caller types for the next `timeout_ms`, or has stopped.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those not in the room.
    pub async fn set_typing(&self, caller: &Caller, room_id: &OwnedRoomId, timeout_ms: Option<u64>) -> Result<(), Error> {
        caller.may_write()?;
        let room = self.snapshot_for(room_id, &caller.user_id).await?;
        let until = timeout_ms.map(|ms| self.clock.now().plus_ms(i64::try_from(ms.min(limits::TYPING_MS_MAX)).unwrap_or(i64::MAX)));
        let members: BTreeSet<OwnedUserId> = room.joined().into_iter().collect();
        if self.typing.set(room_id, &caller.user_id, until, members.clone()) {
            self.wake.ring_only(&members);
        }
        Ok(())
    }

    /// Ends typing notices whose time is over; to be called about once a second.
    pub fn expire_typing(&self) {
        self.wake.ring_only(&self.typing.expire(self.clock.now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_is_told_once_and_ends() {
        let typing = Typing::default();
        let room = OwnedRoomId::try_from("!r").unwrap();
        let (ana, ben) = (OwnedUserId::try_from("@ana:x").unwrap(), OwnedUserId::try_from("@ben:x").unwrap());
        let members = BTreeSet::from([ana.clone(), ben.clone()]);
        assert!(typing.set(&room, &ana, Some(Timestamp(100)), members.clone()));
        assert!(!typing.set(&room, &ana, Some(Timestamp(200)), members.clone()));
        let news = typing.changed_for(&ben, 0);
        assert_eq!(news.rooms, std::slice::from_ref(&room));
        assert!(typing.changed_for(&ben, news.epoch).rooms.is_empty());
        assert!(typing.expire(Timestamp(150)).is_empty());
        assert_eq!(typing.expire(Timestamp(300)), members);
        assert_eq!(typing.changed_for(&ben, news.epoch).rooms, std::slice::from_ref(&room));
        assert!(typing.in_room(&room).is_empty());
        assert!(typing.changed_for(&ben, 99).rooms.is_empty(), "nobody types, so a restart tells nothing");
    }
}
