//! The form that was accepted into the specification (`/v4/sync`): all of it stands in the body.

use std::collections::BTreeMap;

use app::Error;
use app::sync::sliding::{Filters, Form, List, SlidingRequest};
use model::id::OwnedRoomId;
use model::sliding::{Pattern, RoomConfig, Wanted};
use serde::Deserialize;

use super::{AskedExtensions, json_request};

/// A request as it was sent.
pub(super) struct Request(Body);

json_request!(Body, "/_matrix/client/v4/sync");

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    conn_id: Option<String>,
    pos: Option<String>,
    timeout: Option<u64>,
    set_presence: Option<String>,
    lists: BTreeMap<String, AskedList>,
    room_subscriptions: BTreeMap<OwnedRoomId, AskedRoom>,
    extensions: AskedExtensions,
}

#[derive(Debug, Deserialize)]
struct AskedList {
    #[serde(default)]
    range: Option<(usize, usize)>,
    #[serde(flatten)]
    room: AskedRoom,
    #[serde(default)]
    filters: Option<AskedFilters>,
}

#[derive(Debug, Deserialize)]
struct AskedRoom {
    required_state: AskedState,
    timeline_limit: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskedState {
    include: Option<Vec<AskedPattern>>,
    exclude: Option<Vec<AskedPattern>>,
    lazy_members: bool,
}

#[derive(Debug, Deserialize)]
struct AskedPattern {
    #[serde(rename = "type")]
    event_type: Option<String>,
    state_key: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskedFilters {
    is_dm: Option<bool>,
    is_encrypted: Option<bool>,
    is_invited: Option<bool>,
    room_types: Option<Vec<Option<String>>>,
    not_room_types: Option<Vec<Option<String>>>,
    tags: Option<Vec<String>>,
    not_tags: Option<Vec<String>>,
}

impl Request {
    /// What the server works with.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a presence that is none.
    pub(super) fn understood(self) -> Result<SlidingRequest, Error> {
        let Body { conn_id, pos, timeout, set_presence, lists, room_subscriptions, extensions } = self.0;
        if !matches!(set_presence.as_deref(), None | Some("online" | "offline" | "unavailable")) {
            return Err(Error::InvalidParam("set_presence is online, unavailable or offline".to_owned()));
        }
        Ok(SlidingRequest {
            form: Form::Accepted,
            conn_id: conn_id.unwrap_or_default(),
            pos,
            timeout_ms: timeout.unwrap_or(0),
            txn_id: None,
            lists: lists.into_iter().map(|(name, list)| (name, list.understood())).collect(),
            subscriptions: room_subscriptions.into_iter().map(|(room_id, room)| (room_id, room.understood())).collect(),
            extensions: extensions.understood(),
        })
    }
}

impl AskedList {
    fn understood(self) -> List {
        let filters = self.filters.unwrap_or_default();
        List {
            ranges: self.range.into_iter().collect(),
            config: self.room.understood(),
            filters: Filters {
                is_dm: filters.is_dm,
                is_encrypted: filters.is_encrypted,
                is_invite: filters.is_invited,
                room_types: filters.room_types,
                not_room_types: filters.not_room_types.unwrap_or_default(),
                tags: filters.tags,
                not_tags: filters.not_tags.unwrap_or_default(),
            },
        }
    }
}

impl AskedRoom {
    fn understood(self) -> RoomConfig {
        let patterns = |asked: Option<Vec<AskedPattern>>| {
            let pattern = |one: AskedPattern| Pattern { event_type: one.event_type, state_key: one.state_key };
            asked.unwrap_or_default().into_iter().map(pattern).collect()
        };
        let AskedState { include, exclude, lazy_members } = self.required_state;
        RoomConfig::new(self.timeline_limit, Wanted { include: patterns(include), exclude: patterns(exclude), lazy_members })
    }
}
