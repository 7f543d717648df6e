//! What a client of sliding sync asks for, whichever form of the endpoint it uses.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use model::id::{OwnedRoomId, RoomId};
use model::limits;
use model::room::Membership;
use model::sliding::{RoomConfig, Wanted};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::query::sliding::RoomFacts;

use crate::Error;

/// In which form the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As it is deployed, at an unstable path.
    #[default]
    Deployed,
    /// As it was accepted into the specification.
    Accepted,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct SlidingRequest {
    /// The form of the endpoint.
    pub form: Form,
    /// The name of the connection; empty for the one without.
    pub conn_id: String,
    /// The `pos` of the last answer; `None` begins the connection anew.
    pub pos: Option<String>,
    /// How long to wait for something, in milliseconds.
    pub timeout_ms: u64,
    /// Given back with the answer.
    pub txn_id: Option<String>,
    /// Lists by name.
    pub lists: BTreeMap<String, List>,
    /// What is wanted of single rooms.
    pub subscriptions: BTreeMap<OwnedRoomId, RoomConfig>,
    /// What is told besides rooms.
    pub extensions: Extensions,
}

/// Rooms in the order of their last event, of which some are wanted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct List {
    /// Which places of the list, the last included; all when there is none.
    pub ranges: Vec<(usize, usize)>,
    /// What is wanted of each room.
    pub config: RoomConfig,
    /// Which rooms are in the list.
    pub filters: Filters,
}

/// Which rooms are in a list: those that fit all that is said here.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Filters {
    /// Those that their person calls direct, or the others.
    pub is_dm: Option<bool>,
    /// Encrypted ones, or the others.
    pub is_encrypted: Option<bool>,
    /// Invitations, or the others.
    pub is_invite: Option<bool>,
    /// Of one of these types; `None` inside for rooms without one.
    pub room_types: Option<Vec<Option<String>>>,
    /// Of none of these types.
    pub not_room_types: Vec<Option<String>>,
    /// With one of these tags.
    pub tags: Option<Vec<String>>,
    /// With none of these tags.
    pub not_tags: Vec<String>,
}

/// What is told besides rooms.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    /// Messages to the device.
    pub to_device: Option<ToDevice>,
    /// Devices and keys.
    pub e2ee: bool,
    /// Account data.
    pub account_data: Option<Scope>,
    /// Receipts.
    pub receipts: Option<Scope>,
    /// Who types.
    pub typing: Option<Scope>,
}

/// Which messages to the device.
#[derive(Clone, Debug, Default)]
pub struct ToDevice {
    /// At most so many.
    pub limit: Option<usize>,
    /// The `next_batch` of the last answer: what came up to there has been received.
    pub since: Option<String>,
}

/// Of which rooms an extension tells.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Those in these lists; `None` for all lists.
    pub lists: Option<BTreeSet<String>>,
    /// These among the subscriptions; `None` for all of them.
    pub rooms: Option<BTreeSet<String>>,
}

impl Scope {
    /// Whether a room is meant that is in these lists.
    pub(super) fn covers<'a>(&self, room_id: &RoomId, mut lists: impl Iterator<Item = &'a str>, subscribed: bool) -> bool {
        let named = |set: &BTreeSet<String>, name: &str| set.contains(name) || set.contains("*");
        lists.any(|list| self.lists.as_ref().is_none_or(|set| named(set, list)))
            || (subscribed && self.rooms.as_ref().is_none_or(|set| named(set, room_id.as_str())))
    }
}

impl Filters {
    /// Whether a room is in the list.
    pub(super) fn matches(&self, room: &RoomFacts) -> bool {
        let is = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        room.listed
            && is(self.is_dm, room.direct)
            && is(self.is_encrypted, room.encrypted)
            && is(self.is_invite, room.membership == Membership::Invite)
            && self.room_types.as_ref().is_none_or(|types| types.contains(&room.room_type))
            && !self.not_room_types.contains(&room.room_type)
            && self.tags.as_ref().is_none_or(|tags| tags.iter().any(|tag| room.tags.contains(tag)))
            && !self.not_tags.iter().any(|tag| room.tags.contains(tag))
    }

    /// Whether tags decide.
    pub(super) fn asks_for_tags(&self) -> bool {
        self.tags.is_some() || !self.not_tags.is_empty()
    }
}

impl List {
    /// Whether a place is wanted.
    pub(super) fn shows(&self, index: usize) -> bool {
        self.ranges.is_empty() || self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&index))
    }

    /// Whether the wanted places are the first ones: a room that comes to the top then pushes out, and lets nothing in.
    pub(super) fn begins_at_the_top(&self) -> bool {
        matches!(self.ranges[..], [] | [(0, _)])
    }
}

impl SlidingRequest {
    /// What the lists are, in short: another text means that they are others.
    pub(super) fn lists_digest(&self) -> String {
        let text = serde_json::to_string(&self.lists).expect("lists are texts and numbers");
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(&Sha256::digest(text)[..12])
    }

    /// # Errors
    /// [`Error::InvalidParam`] beyond a bound.
    pub(super) fn check(&self) -> Result<(), Error> {
        let at_most = |what: &str, is: usize, bound: usize| {
            if is <= bound { Ok(()) } else { Err(Error::InvalidParam(format!("there are at most {bound} {what}"))) }
        };
        at_most("lists", self.lists.len(), limits::SLIDING_LISTS)?;
        at_most("room subscriptions", self.subscriptions.len(), limits::SLIDING_SUBSCRIPTIONS)?;
        at_most("bytes in the name of a connection", self.conn_id.len(), limits::SLIDING_NAME_BYTES)?;
        at_most("bytes in a transaction ID", self.txn_id.as_ref().map_or(0, String::len), limits::TXN_ID_BYTES)?;
        let mut values = 0;
        let wanted = |config: &RoomConfig| config.wanted.iter().try_for_each(check_wanted);
        for (name, list) in &self.lists {
            at_most("bytes in the name of a list", name.len(), limits::SLIDING_NAME_BYTES)?;
            at_most("ranges in a list", list.ranges.len(), limits::SLIDING_RANGES)?;
            if list.ranges.iter().any(|(first, last)| first > last) {
                return Err(Error::InvalidParam("a range ends before it begins".to_owned()));
            }
            let filters = &list.filters;
            let named = [
                filters.room_types.as_ref().map_or(0, Vec::len),
                filters.not_room_types.len(),
                filters.tags.as_ref().map_or(0, Vec::len),
                filters.not_tags.len(),
            ];
            named.into_iter().try_for_each(|count| at_most("values in a filter", count, limits::SLIDING_PATTERNS))?;
            values += named.iter().sum::<usize>();
            wanted(&list.config)?;
        }
        at_most("values in the filters of all lists", values, limits::SLIDING_FILTER_VALUES)?;
        self.subscriptions.values().try_for_each(wanted)
    }
}

fn check_wanted(wanted: &Wanted) -> Result<(), Error> {
    let patterns = wanted.include.iter().chain(&wanted.exclude);
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > limits::EVENT_KEY_BYTES);
    if patterns.clone().count() > limits::SLIDING_PATTERNS || patterns.into_iter().any(|one| long(&one.event_type) || long(&one.state_key))
    {
        return Err(Error::InvalidParam(format!("required_state has at most {} entries", limits::SLIDING_PATTERNS)));
    }
    Ok(())
}
