//! One room of a first sync, put together from rows that were read for all rooms at once.

use std::collections::BTreeMap;

use model::id::{OwnedRoomId, OwnedUserId};
use model::room::Membership;
use model::seq::RoomPos;
use model::visibility::Readable;

use super::rooms::before;
use super::{JoinedNews, Receipt, Summary, Sync, Timeline, Unread};
use crate::error::StoreError;
use crate::query::bundle;
use crate::query::erased;
use crate::query::history::{membership_in, note_membership, visibility_in};
use crate::query::stored_event::{StoredEvent, state_before};
use crate::tx::Tx;

const MEMBER: &str = "m.room.member";
const VISIBILITY: &str = "m.room.history_visibility";

/// What was read of a room.
#[derive(Default)]
pub(super) struct Room {
    /// Its last events, oldest first.
    pub(super) window: Vec<StoredEvent>,
    /// The present state, as far as it is older than the window.
    pub(super) state: Vec<StoredEvent>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) account_data: Vec<(String, String)>,
    pub(super) unread: Unread,
}

/// Puts a state event in the place of the one it replaces.
fn replace(state: &mut Vec<StoredEvent>, event: StoredEvent) {
    let same = |other: &&mut StoredEvent| other.event_type == event.event_type && other.state_key == event.state_key;
    match state.iter_mut().find(same) {
        Some(replaced) => *replaced = event,
        None => state.push(event),
    }
}

impl Room {
    /// The room as a first sync tells it.
    pub(super) async fn tell<T: Tx>(
        mut self,
        tx: &mut T,
        room_id: OwnedRoomId,
        ask: &Sync,
        limit: usize,
    ) -> Result<JoinedNews, StoreError> {
        let user = &ask.user_id;
        self.add_earlier(tx, &room_id).await?;
        let summary = self.summary(user);
        let (readable, memberships) = self.readable(user);
        note_membership(&memberships, &mut self.window);
        bundle::attach_within(&mut self.window, user);
        erased::hide(tx, &memberships, &mut self.window).await?;
        let visible: Vec<bool> = self.window.iter().map(|event| readable.contains(event.room_pos) && ask.wants(event)).collect();
        let first = self.window.first().map_or(RoomPos::ZERO, |event| event.room_pos);
        let skipped = visible.iter().filter(|visible| **visible).count().saturating_sub(limit);
        let mut timeline = Timeline::default();
        let mut state = self.state;
        let mut seen = 0;
        for (event, visible) in self.window.into_iter().zip(visible) {
            seen += usize::from(visible);
            if visible && seen > skipped {
                timeline.events.push(event);
            } else if event.state_key.is_some() {
                replace(&mut state, event);
            }
        }
        let start = timeline.events.first().map_or(first, |event| event.room_pos);
        timeline.prev = before(start);
        timeline.limited = skipped > 0 || readable.first().is_some_and(|first| first.max(1) < start.get());
        timeline.state = state;
        timeline.state.sort_by_key(|event| event.room_pos);
        Ok(JoinedNews {
            room_id,
            timeline,
            unread: self.unread,
            summary: Some(summary),
            receipts: self.receipts,
            account_data: self.account_data,
            whole: true,
        })
    }

    /// Adds the state that the window's state events replaced, unless the room begins in the window.
    async fn add_earlier<T: Tx>(&mut self, tx: &mut T, room_id: &OwnedRoomId) -> Result<(), StoreError> {
        let Some(first) = self.window.first().map(|event| event.room_pos).filter(|first| first.get() > 1) else { return Ok(()) };
        let mut looked_up: Vec<(&str, &str)> = Vec::new();
        let mut earlier = Vec::new();
        for event in &self.window {
            let Some(key) = event.state_key.as_deref().map(|state_key| (event.event_type.as_str(), state_key)) else { continue };
            if !looked_up.contains(&key) {
                looked_up.push(key);
                earlier.extend(state_before(tx, room_id, key.0, key.1, first).await?);
            }
        }
        self.state.extend(earlier);
        Ok(())
    }

    /// What of the window the person, who is in the room, may read, and their memberships.
    fn readable(&self, user: &OwnedUserId) -> (Readable, Vec<(RoomPos, Membership)>) {
        let mut visibilities = Vec::new();
        let mut memberships = Vec::new();
        let mut older: Vec<&StoredEvent> = self.state.iter().collect();
        older.sort_by_key(|event| event.room_pos);
        for event in older.into_iter().chain(&self.window) {
            match (event.event_type.as_str(), event.state_key.as_deref()) {
                (VISIBILITY, Some("")) => visibilities.push((event.room_pos, visibility_in(&event.content))),
                (MEMBER, Some(key)) if key == user.as_str() => memberships.push((event.room_pos, membership_in(&event.content))),
                _ => {}
            }
        }
        (Readable::of(&visibilities, &memberships), memberships)
    }

    fn summary(&self, user: &OwnedUserId) -> Summary {
        let mut members: BTreeMap<&str, (RoomPos, Membership)> = BTreeMap::new();
        let mut all: Vec<&StoredEvent> = self.state.iter().chain(&self.window).filter(|event| event.event_type == MEMBER).collect();
        all.sort_by_key(|event| event.room_pos);
        for event in all {
            if let Some(who) = &event.state_key {
                members.insert(who, (event.room_pos, membership_in(&event.content)));
            }
        }
        let count = |wanted| members.values().filter(|(_, membership)| *membership == wanted).count();
        let count = |wanted| i64::try_from(count(wanted)).unwrap_or(i64::MAX);
        let heroes = |present: bool| {
            let is_there = |membership| matches!(membership, Membership::Join | Membership::Invite);
            let mut heroes: Vec<_> = members
                .iter()
                .filter(|(who, (_, membership))| {
                    **who != user.as_str() && is_there(*membership) == present && *membership != Membership::Knock
                })
                .collect();
            heroes.sort_by_key(|(_, (place, _))| *place);
            heroes.into_iter().take(5).map(|(who, _)| (*who).to_owned()).collect::<Vec<String>>()
        };
        let mut chosen = heroes(true);
        if chosen.is_empty() {
            chosen = heroes(false);
        }
        Summary { heroes: chosen, joined: count(Membership::Join), invited: count(Membership::Invite) }
    }
}
