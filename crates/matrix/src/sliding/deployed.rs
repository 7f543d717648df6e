//! The form that clients use today, at an unstable path: some of it stands in the query.

use std::collections::BTreeMap;

use app::Error;
use app::sync::sliding::{Filters, Form, List, SlidingRequest};
use axum::extract::Query;
use http::Uri;
use model::id::OwnedRoomId;
use model::sliding::{Pattern, RoomConfig, Wanted};
use ruma::UserId;
use serde::Deserialize;

use super::{AskedExtensions, json_request};

/// A request as it was sent.
pub(super) struct Request(Body);

json_request!(Body, "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync");

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    conn_id: Option<String>,
    txn_id: Option<String>,
    lists: BTreeMap<String, AskedList>,
    room_subscriptions: BTreeMap<OwnedRoomId, AskedRoom>,
    extensions: AskedExtensions,
}

#[derive(Debug, Deserialize)]
struct AskedList {
    #[serde(default)]
    ranges: Vec<(usize, usize)>,
    #[serde(flatten)]
    room: AskedRoom,
    #[serde(default)]
    filters: Option<AskedFilters>,
}

#[derive(Debug, Deserialize)]
struct AskedRoom {
    #[serde(default)]
    required_state: Vec<(String, String)>,
    timeline_limit: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AskedFilters {
    is_dm: Option<bool>,
    is_encrypted: Option<bool>,
    is_invite: Option<bool>,
    room_types: Option<Vec<Option<String>>>,
    not_room_types: Option<Vec<Option<String>>>,
    tags: Option<Vec<String>>,
    not_tags: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
struct Place {
    pos: Option<String>,
    timeout: Option<u64>,
}

impl Request {
    /// What the server works with.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] when the query is not understood.
    pub(super) fn understood(self, query: &str, caller: &UserId) -> Result<SlidingRequest, Error> {
        let invalid = || Error::InvalidParam("the query is not understood".to_owned());
        let uri = Uri::try_from(format!("/?{query}")).map_err(|_| invalid())?;
        let Query(place) = Query::<Place>::try_from_uri(&uri).map_err(|_| invalid())?;
        let Body { conn_id, txn_id, lists, room_subscriptions, extensions } = self.0;
        Ok(SlidingRequest {
            form: Form::Deployed,
            conn_id: conn_id.unwrap_or_default(),
            pos: place.pos,
            timeout_ms: place.timeout.unwrap_or(0),
            txn_id,
            lists: lists.into_iter().map(|(name, list)| (name, list.understood(caller))).collect(),
            subscriptions: room_subscriptions.into_iter().map(|(room_id, room)| (room_id, room.understood(caller))).collect(),
            extensions: extensions.understood(),
        })
    }
}

impl AskedList {
    fn understood(self, caller: &UserId) -> List {
        let filters = self.filters.unwrap_or_default();
        List {
            ranges: self.ranges,
            config: self.room.understood(caller),
            filters: Filters {
                is_dm: filters.is_dm,
                is_encrypted: filters.is_encrypted,
                is_invite: filters.is_invite,
                room_types: filters.room_types,
                not_room_types: filters.not_room_types.unwrap_or_default(),
                tags: filters.tags,
                not_tags: filters.not_tags.unwrap_or_default(),
            },
        }
    }
}

impl AskedRoom {
    /// `*` is any type or key, `$ME` the caller, `$LAZY` members as the timeline needs them.
    fn understood(self, caller: &UserId) -> RoomConfig {
        let mut wanted = Wanted::default();
        for (event_type, state_key) in self.required_state {
            if event_type == "m.room.member" && state_key == "$LAZY" {
                wanted.lazy_members = true;
                continue;
            }
            let state_key = if state_key == "$ME" { caller.to_string() } else { state_key };
            let open = |text: String| (text != "*").then_some(text);
            wanted.include.push(Pattern { event_type: open(event_type), state_key: open(state_key) });
        }
        RoomConfig::new(self.timeline_limit, wanted)
    }
}
