//! The state a writer judges by, and the retry when it moved.

use std::sync::Arc;

use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;
use model::room::{Membership, Snapshot};
use model::ruma::RoomVersionId;
use store::StoreError;
use store::command::append_events::{AppendEvents, AppendOutcome, AuthState, Step};
use store::command::fanout::Appended;
use store::query::room_snapshot::RoomSnapshot;

use crate::{App, Error};

impl App {
    /// The state of a room, from memory when it is there.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such room.
    pub(crate) async fn snapshot(&self, room_id: &OwnedRoomId) -> Result<Arc<Snapshot>, Error> {
        if let Some(room) = self.rooms.get(room_id) {
            return Ok(room);
        }
        let query = RoomSnapshot { room_id: room_id.clone() };
        let room = self.store.read(query).await?.ok_or_else(|| Error::NotFound("there is no such room".to_owned()))?;
        let room = Arc::new(room);
        self.rooms.insert(room_id.clone(), Arc::clone(&room));
        Ok(room)
    }

    /// As [`App::snapshot`], for somebody who must be in the room; others learn nothing about it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the caller is not in it, or it does not exist.
    pub(crate) async fn snapshot_for(&self, room_id: &OwnedRoomId, user: &model::id::UserId) -> Result<Arc<Snapshot>, Error> {
        let not_in = || Error::Forbidden("you are not in this room".to_owned());
        let room = self.snapshot(room_id).await.map_err(|error| match error {
            Error::NotFound(_) => not_in(),
            other => other,
        })?;
        if room.is_joined(user) { Ok(room) } else { Err(not_in()) }
    }

    /// Decides over the room's state and writes what was decided; decides anew when the state moved meanwhile.
    ///
    /// # Errors
    /// As `decide` says; [`Error::Busy`] when the room never stood still.
    pub(crate) async fn write_room<D, F>(&self, room_id: &OwnedRoomId, decide: D) -> Result<AppendOutcome, Error>
    where
        D: Fn(Arc<Snapshot>) -> F,
        F: Future<Output = Result<AppendEvents, Error>>,
    {
        for _ in 0..limits::WRITE_ATTEMPTS {
            let room = self.snapshot(room_id).await?;
            let command = decide(Arc::clone(&room)).await?;
            // what is redacted may be state
            let changes_state = command.steps.iter().any(|step| step.append.draft.state_key.is_some() || step.redacts.is_some());
            let invited = invited(&command.steps);
            match self.store.run(command).await {
                Err(StoreError::Stale) => self.rooms.invalidate(room_id),
                Err(error) => return Err(error.into()),
                Ok(outcome) => {
                    if changes_state {
                        self.rooms.invalidate(room_id);
                    }
                    if let AppendOutcome::Done(appended, _) = &outcome {
                        self.wake_reached(appended);
                        self.wake.ring(&invited);
                    }
                    return Ok(outcome);
                }
            }
        }
        Err(Error::Busy)
    }

    /// Wakes everybody whom these events reached.
    pub(crate) fn wake_reached(&self, appended: &[Appended]) {
        self.wake.ring(appended.iter().flat_map(|one| one.reached.iter().map(|(user, _)| user)));
    }
}

/// Whom these steps invite: no event reaches them, the invitation does.
fn invited(steps: &[Step]) -> Vec<OwnedUserId> {
    let sets = steps.iter().filter_map(|step| step.membership.as_ref());
    sets.filter(|set| set.membership == Membership::Invite.as_str()).map(|set| set.user.clone()).collect()
}

/// An append over this snapshot, without transaction or flag.
pub(crate) fn append_over(room: &Snapshot, steps: Vec<Step>) -> AppendEvents {
    AppendEvents {
        room_id: room.room_id.clone(),
        version: RoomVersionId::try_from(room.version.as_str()).unwrap_or(RoomVersionId::V12),
        state_version: room.state_version,
        auth: auth_state(room),
        steps,
        txn: None,
        flag: None,
    }
}

/// The IDs of the state events by type and key.
fn auth_state(room: &Snapshot) -> AuthState {
    let entries = ["m.room.power_levels", "m.room.join_rules", "m.room.member"].into_iter().filter_map(|event_type| {
        let events = room.state.get(event_type)?;
        Some(events.iter().map(move |(key, event)| ((event_type.to_owned(), key.clone()), event.event_id.clone())))
    });
    entries.flatten().collect()
}
