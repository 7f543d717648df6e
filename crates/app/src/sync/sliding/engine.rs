//! The room list: which rooms a connection follows, and what of each it is told.
//!
//! A room is followed when one of the lists shows it or a subscription names it. What happens in a followed
//! room is told; a room that is not followed any more is remembered with how far it was told, and is gone
//! on with from there when it is followed again. All rooms of a person are looked at when the lists, a
//! membership of theirs or what they call direct changed. Otherwise what moved is enough: a room in which
//! something happens comes to the top of its lists, and the others keep their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::id::OwnedRoomId;
use model::limits;
use model::room::Membership;
use model::seq::{InboxPos, RoomPos};
use model::sliding::RoomConfig;
use store::query::sliding::{Choose, Facts, Moved, Needs, RoomFacts, Tell};

use super::connection::{Connection, Kind, Shape, Told};
use super::request::SlidingRequest;
use super::tell::Telling;

/// What changed of a connection: rooms with what is known of them now, or `None` for those let go.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) shape: Shape,
    pub(super) rooms: BTreeMap<OwnedRoomId, Option<Told>>,
}

/// Decides for one request over one connection.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) request: Arc<SlidingRequest>,
    pub(super) connection: Arc<Connection>,
    /// What the lists are, in short.
    pub(super) lists: String,
    /// Whether the connection is a new one.
    pub(super) first: bool,
}

/// How a room is followed.
#[derive(Debug, Default)]
pub(super) struct Follow {
    pub(super) lists: Vec<u16>,
    pub(super) subscribed: bool,
    pub(super) config: RoomConfig,
}

/// What must be known of a room in order to tell it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) membership: Membership,
    pub(super) edge: InboxPos,
    pub(super) last_pos: RoomPos,
    pub(super) direct: bool,
}

impl Seen {
    fn of(facts: &RoomFacts) -> Self {
        Self { membership: facts.membership, edge: facts.edge, last_pos: facts.last_pos, direct: facts.direct }
    }

    /// A followed room of which nothing but its events moved.
    fn unchanged(told: &Told) -> Self {
        let membership = if told.kind == Kind::Joined { Membership::Join } else { Membership::Invite };
        Self { membership, edge: InboxPos::ZERO, last_pos: RoomPos::ZERO, direct: told.direct }
    }
}

impl Engine {
    /// Whether the lists are others than at the last answer.
    pub(super) fn lists_changed(&self) -> bool {
        self.lists != self.connection.shape.lists
    }

    /// Whether account data and receipts are asked for anew, and so of all rooms.
    pub(super) fn asks_anew(&self) -> (bool, bool) {
        let (wanted, had) = (&self.request.extensions, &self.connection.shape);
        (wanted.account_data.is_some() && !had.account_data, wanted.receipts.is_some() && !had.receipts)
    }

    fn looks_at_all(&self, moved: &Moved) -> bool {
        let lists = || self.request.lists.values();
        let (data_anew, receipts_anew) = self.asks_anew();
        let tags_moved = || moved.marks.values().flatten().any(super::tell::is_tag);
        self.first
            || self.lists_changed()
            || self.connection.shape.more
            || !moved.edges.is_empty()
            || data_anew
            || receipts_anew
            || moved.rooms.len() > limits::SLIDING_ROOMS
            || moved.account_data.iter().any(|data_type| data_type == "m.direct")
            || (lists().any(|list| list.filters.asks_for_tags()) && tags_moved())
            || (!moved.rooms.is_empty() && lists().any(|list| !list.begins_at_the_top() || list.filters.is_encrypted.is_some()))
    }

    /// Rooms that moved or are asked for and are not followed yet, and those that are no longer asked for.
    fn in_question(&self, moved: &Moved) -> BTreeSet<OwnedRoomId> {
        let told = |room_id: &OwnedRoomId| self.connection.rooms.get(room_id);
        let lists = self.request.lists.len();
        // a room that all lists show can come into none of them
        let settled = |room_id: &OwnedRoomId| lists == 0 || told(room_id).is_some_and(|told| told.is_live() && told.lists.len() == lists);
        let mut rooms: BTreeSet<OwnedRoomId> = moved.rooms.keys().filter(|room_id| !settled(room_id)).cloned().collect();
        let asked = self.request.subscriptions.keys().filter(|room_id| !told(room_id).is_some_and(|told| told.subscribed));
        rooms.extend(asked.cloned());
        rooms.extend(self.dropped().cloned());
        rooms
    }

    /// Rooms to which there was a subscription.
    fn dropped(&self) -> impl Iterator<Item = &OwnedRoomId> {
        self.connection.subscribed.iter().filter(|room_id| !self.request.subscriptions.contains_key(*room_id))
    }

    /// How a room is followed that these lists show.
    fn follow(&self, room_id: &OwnedRoomId, lists: Vec<u16>) -> Option<Follow> {
        let mut follow = Follow { lists, ..Follow::default() };
        for (index, list) in self.request.lists.values().enumerate() {
            if follow.lists.iter().any(|shown| usize::from(*shown) == index) {
                follow.config.join(&list.config);
            }
        }
        if let Some(config) = self.request.subscriptions.get(room_id) {
            follow.subscribed = true;
            follow.config.join(config);
        }
        (follow.subscribed || !follow.lists.is_empty()).then_some(follow)
    }

    /// Every room of the person, by the places of the lists.
    fn look_at_all(&self, telling: &mut Telling<'_>, facts: &Facts) {
        let mut shown: BTreeMap<&OwnedRoomId, Vec<u16>> = BTreeMap::new();
        telling.next.shape.counts.clear();
        for (number, (name, list)) in (0_u16..).zip(&self.request.lists) {
            let mut count = 0;
            for room in facts.rooms.iter().filter(|room| list.filters.matches(room)) {
                if list.shows(count) {
                    shown.entry(&room.room_id).or_default().push(number);
                }
                count += 1;
            }
            telling.next.shape.counts.insert(name.clone(), count);
        }
        for room in &facts.rooms {
            let lists = shown.remove(&room.room_id).unwrap_or_default();
            let subscribable = matches!(room.membership, Membership::Join | Membership::Invite);
            let follow = self.follow(&room.room_id, lists).filter(|follow| subscribable || !follow.lists.is_empty());
            telling.room(&room.room_id, Seen::of(room), follow);
        }
        let here: BTreeSet<&OwnedRoomId> = facts.rooms.iter().map(|room| &room.room_id).collect();
        for room_id in self.connection.rooms.keys().filter(|room_id| !here.contains(room_id)) {
            telling.forget(room_id);
        }
    }

    /// The rooms in which something happened, and those that are asked for by name.
    fn look_at_moved(&self, telling: &mut Telling<'_>, facts: Option<&Facts>) {
        let known: BTreeMap<&OwnedRoomId, &RoomFacts> =
            facts.into_iter().flat_map(|facts| &facts.rooms).map(|room| (&room.room_id, room)).collect();
        let moved = telling.moved;
        let mut places: Vec<usize> = vec![0; self.request.lists.len()];
        let mut by_last: Vec<(&OwnedRoomId, InboxPos)> = moved.rooms.iter().map(|(room_id, room)| (room_id, room.last)).collect();
        by_last.sort_by_key(|(_, last)| std::cmp::Reverse(*last));
        let mut seen: BTreeSet<&OwnedRoomId> = BTreeSet::new();
        for (room_id, _) in by_last {
            seen.insert(room_id);
            let live = self.connection.rooms.get(room_id).filter(|told| told.is_live());
            let lists = self.lists_of(live, known.get(room_id).copied(), &mut places);
            self.tell_some(telling, room_id, lists, &known);
        }
        let dropped: Vec<&OwnedRoomId> = self.dropped().collect();
        let asked = self.request.subscriptions.keys();
        let named = asked.chain(dropped).chain(moved.marks.keys());
        for room_id in named.filter(|room_id| seen.insert(room_id)) {
            let lists = self.connection.rooms.get(room_id).filter(|told| told.is_live()).map_or_else(Vec::new, |told| told.lists.clone());
            self.tell_some(telling, room_id, lists, &known);
        }
    }

    fn tell_some(&self, telling: &mut Telling<'_>, room_id: &OwnedRoomId, lists: Vec<u16>, known: &BTreeMap<&OwnedRoomId, &RoomFacts>) {
        let told = self.connection.rooms.get(room_id);
        let seen = match (known.get(room_id), told) {
            (Some(facts), _) => Seen::of(facts),
            (None, Some(told)) if told.is_live() => Seen::unchanged(told),
            // nothing to do with its person, or not followed
            (None, _) => return,
        };
        if matches!(seen.membership, Membership::Leave | Membership::Ban) && told.is_none() {
            return;
        }
        telling.room(room_id, seen, self.follow(room_id, lists));
    }

    /// Which lists show a room that came to their top, behind those that came there later.
    fn lists_of(&self, live: Option<&Told>, facts: Option<&RoomFacts>, places: &mut [usize]) -> Vec<u16> {
        let mut shown = Vec::new();
        for (number, (list, place)) in (0_u16..).zip(self.request.lists.values().zip(places)) {
            let was_shown = live.is_some_and(|told| told.lists.contains(&number));
            if was_shown || facts.is_some_and(|room| list.filters.matches(room)) {
                if was_shown || list.shows(*place) {
                    shown.push(number);
                }
                *place += 1;
            }
        }
        shown
    }
}

impl Choose for Engine {
    type Next = Next;

    fn tells_rooms(&self) -> bool {
        !self.request.lists.is_empty() || !self.request.subscriptions.is_empty() || !self.connection.rooms.is_empty()
    }

    fn needs(&self, moved: &Moved) -> Needs {
        if !self.tells_rooms() {
            return Needs::Nothing;
        }
        if self.looks_at_all(moved) {
            let behind = self.connection.rooms.values().filter_map(|told| told.behind).map(|behind| behind.pos);
            return Needs::All { marks_since: behind.min().unwrap_or(moved.since).min(moved.since) };
        }
        let rooms = self.in_question(moved);
        if rooms.is_empty() { Needs::Nothing } else { Needs::These(rooms) }
    }

    fn choose(&self, moved: &Moved, facts: Option<&Facts>) -> (Vec<Tell>, Next) {
        let mut telling = Telling::new(self, moved);
        match facts {
            Some(facts) if facts.all => self.look_at_all(&mut telling, facts),
            _ => self.look_at_moved(&mut telling, facts),
        }
        telling.done()
    }
}
