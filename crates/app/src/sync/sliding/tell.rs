//! What one room is told, by what its connection has of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::id::OwnedRoomId;
use model::limits;
use model::room::Membership;
use model::seq::{InboxPos, RoomPos};
use model::sliding::RoomConfig;
use store::query::sliding::{Data, How, Marked, Moved, RoomMark, Tell};

use super::connection::{Behind, Kind, Told};
use super::engine::{Engine, Follow, Next, Seen};
use super::request::Scope;

/// Collects what is told, and what becomes of the connection.
pub(super) struct Telling<'a> {
    engine: &'a Engine,
    pub(super) moved: &'a Moved,
    pub(super) next: Next,
    tells: Vec<Tell>,
}

/// Account data and receipts of one room.
struct Small {
    account_data: Data,
    receipts: bool,
    counts: bool,
}

/// Whether a mark is of a room's tags.
pub(super) fn is_tag(mark: &RoomMark) -> bool {
    matches!(&mark.what, Marked::AccountData(data_type) if data_type == "m.tag")
}

impl<'a> Telling<'a> {
    pub(super) fn new(engine: &'a Engine, moved: &'a Moved) -> Self {
        let mut shape = engine.connection.shape.clone();
        let extensions = &engine.request.extensions;
        (shape.account_data, shape.receipts) = (extensions.account_data.is_some(), extensions.receipts.is_some());
        shape.lists.clone_from(&engine.lists);
        shape.more = false;
        Self { engine, moved, next: Next { shape, rooms: BTreeMap::new() }, tells: Vec::new() }
    }

    pub(super) fn done(self) -> (Vec<Tell>, Next) {
        (self.tells, self.next)
    }

    fn told(&self, room_id: &OwnedRoomId) -> Option<&'a Told> {
        self.engine.connection.rooms.get(room_id)
    }

    /// Notes what is now known of a room.
    fn set(&mut self, room_id: &OwnedRoomId, told: Told) {
        if self.told(room_id) != Some(&told) {
            self.next.rooms.insert(room_id.clone(), Some(told));
        }
    }

    /// Lets go of a room.
    pub(super) fn forget(&mut self, room_id: &OwnedRoomId) {
        if self.told(room_id).is_some() {
            self.next.rooms.insert(room_id.clone(), None);
        }
    }

    /// Tells a room, if there is anything to tell of it.
    pub(super) fn room(&mut self, room_id: &OwnedRoomId, seen: Seen, follow: Option<Follow>) {
        let told = self.told(room_id);
        let is_out = matches!(seen.membership, Membership::Leave | Membership::Ban);
        match (told, follow) {
            (Some(told), _) if is_out => self.left(room_id, told),
            (None, Some(follow)) => self.whole(room_id, seen, follow),
            (Some(told), Some(follow)) if self.begins_anew(told, seen) => {
                self.whole(room_id, seen, follow);
            }
            (Some(told), Some(follow)) => self.changes(room_id, seen, follow, told),
            (Some(told), None) => self.unfollow(room_id, seen, told),
            (None, None) => {}
        }
    }

    fn begins_anew(&self, told: &Told, seen: Seen) -> bool {
        let since = told.behind.map_or(self.moved.since, |behind| behind.pos);
        Kind::of(seen.membership) != told.kind || seen.edge > since
    }

    /// Whether the answer is full; the rest is told by the next.
    fn is_full(&mut self) -> bool {
        let full = self.tells.len() >= limits::SLIDING_ROOMS;
        self.next.shape.more |= full;
        full
    }

    /// A room as it stands, for the first time or anew.
    fn whole(&mut self, room_id: &OwnedRoomId, seen: Seen, follow: Follow) {
        if self.is_full() {
            // what the client has of it is of a membership that is over
            return self.forget(room_id);
        }
        let how = match seen.membership {
            Membership::Join => How::Whole,
            Membership::Invite => How::Invite,
            Membership::Leave | Membership::Ban | Membership::Knock => How::Left(None),
        };
        let small = self.small(room_id, &follow, None, true);
        self.push(room_id, how, &follow.config, None, small);
        let told = Told {
            kind: Kind::of(seen.membership),
            config: self.shared(follow.config),
            behind: None,
            lists: follow.lists,
            subscribed: follow.subscribed,
            direct: seen.direct,
        };
        self.set(room_id, told);
    }

    /// What changed in a room of which the client has something.
    fn changes(&mut self, room_id: &OwnedRoomId, seen: Seen, follow: Follow, told: &Told) {
        let place = self.place(room_id, seen, told);
        let expanded = follow.config.timeline_limit > told.config.timeline_limit && told.kind == Kind::Joined;
        let grown = !told.config.covers(&follow.config) && told.kind == Kind::Joined;
        let mut small = self.small(room_id, &follow, Some(told), told.behind.is_some() && place.is_some());
        small.counts |= told.direct != seen.direct;
        let tells_small = small.counts || small.receipts || small.account_data != Data::Nothing;
        if place.is_some() || grown || tells_small {
            if self.is_full() {
                return self.fall_behind(room_id, seen, told, Some(&follow));
            }
            self.push(room_id, How::After { place, expanded }, &follow.config, Some(&told.config), small);
        }
        let missed_some = place.is_some() && (told.behind.is_some() || self.count(room_id) > follow.config.timeline_limit);
        let config = self.known_of(told, &follow.config, missed_some);
        let told = Told { kind: told.kind, config, behind: None, lists: follow.lists, subscribed: follow.subscribed, direct: seen.direct };
        self.set(room_id, told);
    }

    /// The place up to which the client has a room in which there may be more.
    fn place(&self, room_id: &OwnedRoomId, seen: Seen, told: &Told) -> Option<RoomPos> {
        if told.kind != Kind::Joined {
            return None;
        }
        match told.behind {
            Some(behind) if seen.last_pos > behind.place => Some(behind.place),
            Some(_) => None,
            None => self.before_news(room_id),
        }
    }

    /// The last place that is not new.
    fn before_news(&self, room_id: &OwnedRoomId) -> Option<RoomPos> {
        self.moved.rooms.get(room_id).map(|room| RoomPos::new(room.first.get() - 1).unwrap_or_default())
    }

    fn count(&self, room_id: &OwnedRoomId) -> usize {
        self.moved.rooms.get(room_id).map_or(0, |room| room.count)
    }

    /// A room that its person has left, told once.
    fn left(&mut self, room_id: &OwnedRoomId, told: &Told) {
        if told.kind == Kind::Left {
            return;
        }
        let place = told.behind.map(|behind| behind.place).or_else(|| self.before_news(room_id));
        let small = Small { account_data: Data::Nothing, receipts: false, counts: true };
        self.push(room_id, How::Left(Some(place.unwrap_or(RoomPos::LAST))), &told.config, Some(&told.config), small);
        let told = Told { kind: Kind::Left, behind: None, lists: Vec::new(), subscribed: false, ..told.clone() };
        self.set(room_id, told);
    }

    /// A room that no list shows any more and no subscription names.
    fn unfollow(&mut self, room_id: &OwnedRoomId, seen: Seen, told: &Told) {
        if self.begins_anew(told, seen) {
            self.forget(room_id);
        } else {
            self.fall_behind(room_id, seen, told, None);
        }
    }

    fn fall_behind(&mut self, room_id: &OwnedRoomId, seen: Seen, told: &Told, follow: Option<&Follow>) {
        let place = self.before_news(room_id).unwrap_or(seen.last_pos);
        let behind = told.behind.unwrap_or(Behind { place, pos: self.moved.since });
        let lists = follow.map_or_else(Vec::new, |follow| follow.lists.clone());
        let subscribed = follow.is_some_and(|follow| follow.subscribed);
        self.set(room_id, Told { behind: Some(behind), lists, subscribed, ..told.clone() });
    }

    fn push(&mut self, room_id: &OwnedRoomId, how: How, config: &RoomConfig, had: Option<&Arc<RoomConfig>>, small: Small) {
        let Small { account_data, receipts, counts } = small;
        let live_from = self.moved.rooms.get(room_id).map(|room| room.first);
        let (config, had) = (config.clone(), had.map(|had| RoomConfig::clone(had)));
        self.tells.push(Tell { room_id: room_id.clone(), how, config, had, live_from, counts, account_data, receipts });
    }

    /// What the client now has been told of a room. Where it missed events it has no more than were asked for.
    fn known_of(&self, told: &Told, asked: &RoomConfig, missed_some: bool) -> Arc<RoomConfig> {
        let shrinks = missed_some && told.config.timeline_limit > asked.timeline_limit;
        if told.config.covers(asked) && !shrinks {
            return Arc::clone(&told.config);
        }
        let mut known = RoomConfig::clone(&told.config);
        known.join(asked);
        if shrinks {
            known.timeline_limit = asked.timeline_limit;
        }
        if known.wanted.len() > limits::SLIDING_WANTED_KEPT {
            known.wanted.clone_from(&asked.wanted);
        }
        self.shared(known)
    }

    /// One copy of each configuration, as far as one is at hand.
    fn shared(&self, config: RoomConfig) -> Arc<RoomConfig> {
        let last = self.next.rooms.values().next_back().and_then(Option::as_ref);
        match last {
            Some(told) if *told.config == config => Arc::clone(&told.config),
            _ => Arc::new(config),
        }
    }

    /// What is told of account data and receipts: `all`, or what moved.
    fn small(&self, room_id: &OwnedRoomId, follow: &Follow, told: Option<&Told>, all: bool) -> Small {
        let request = &self.engine.request;
        let covers = |scope: &Option<Scope>| {
            let names = follow.lists.iter().filter_map(|list| request.lists.keys().nth(usize::from(*list))).map(String::as_str);
            scope.as_ref().is_some_and(|scope| scope.covers(room_id, names, follow.subscribed))
        };
        let (data, receipts) = (covers(&request.extensions.account_data), covers(&request.extensions.receipts));
        let (data_anew, receipts_anew) = self.engine.asks_anew();
        let since: InboxPos = told.and_then(|told| told.behind).map_or(self.moved.since, |behind| behind.pos);
        let marks = self.moved.marks.get(room_id).into_iter().flatten().filter(|mark| mark.pos > since);
        let (mut types, mut read, mut counts) = (Vec::new(), false, false);
        for mark in marks {
            match &mark.what {
                Marked::AccountData(data_type) => types.push(data_type.clone()),
                Marked::Receipts => read = true,
                Marked::Unread => counts = true,
            }
        }
        let account_data = match data {
            true if all || data_anew => Data::All,
            true if !types.is_empty() => Data::Types(types),
            _ => Data::Nothing,
        };
        Small { account_data, receipts: receipts && (all || read || receipts_anew), counts }
    }
}
