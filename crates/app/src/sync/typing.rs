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
            state.rooms.retain(|_, room| !room.people.is_empty());
        }
        let epoch = state.epoch + 1;
        let entry = state.rooms.entry(room.clone()).or_default();
        let changed = match until {
            Some(until) => entry.people.insert(user.clone(), until).is_none(),
            None => entry.people.remove(user).is_some(),
        };
        if changed {
            entry.changed = epoch;
            entry.members = members;
            state.epoch = epoch;
        }
        changed
    }

    /// Ends the notices whose time is over, and gives the people to be told.
    pub(crate) fn expire(&self, now: Timestamp) -> BTreeSet<OwnedUserId> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut told = BTreeSet::new();
        let mut epoch = state.epoch;
        for room in state.rooms.values_mut() {
            let before = room.people.len();
            room.people.retain(|_, until| *until > now);
            if room.people.len() < before {
                epoch += 1;
                room.changed = epoch;
                told.extend(room.members.iter().cloned());
            }
        }
        state.epoch = epoch;
        told
    }

    /// The rooms of a person in which the typists changed after `epoch`.
    pub(crate) fn changed_for(&self, user: &OwnedUserId, epoch: u64) -> Vec<OwnedRoomId> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if epoch == state.epoch {
            return Vec::new();
        }
        // a count from before a restart lies ahead: tell everything once
        let epoch = if epoch > state.epoch { 0 } else { epoch };
        let news = state.rooms.iter().filter(|(_, room)| room.changed > epoch && room.members.contains(user));
        news.filter(|(_, room)| epoch > 0 || !room.people.is_empty()).map(|(room, _)| room.clone()).collect()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).epoch
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
            self.wake.ring(&members);
        }
        Ok(())
    }

    /// Ends typing notices whose time is over; to be called about once a second.
    pub fn expire_typing(&self) {
        self.wake.ring(&self.typing.expire(self.clock.now()));
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
        assert_eq!(typing.changed_for(&ben, 0), [room.clone()]);
        let seen = typing.epoch();
        assert!(typing.changed_for(&ben, seen).is_empty());
        assert!(typing.expire(Timestamp(150)).is_empty());
        assert_eq!(typing.expire(Timestamp(300)), members);
        assert_eq!(typing.changed_for(&ben, seen), [room.clone()]);
        assert!(typing.in_room(&room).is_empty());
        assert_eq!(typing.changed_for(&ben, 99), Vec::<OwnedRoomId>::new(), "nobody types, so a restart tells nothing");
    }
}
