//! Syncs and filters.

use std::sync::Arc;

use app::Error;
use app::sync::{StateSection, SyncFilter, SyncRequest};
use axum::response::Response;
use model::filter::{EventFilter, RoomFilter};
use model::limits;
use ruma::api::client::filter::{Filter, FilterDefinition, RoomEventFilter, UrlFilter, create_filter, get_filter};
use ruma::api::client::sync::sync_events;

use crate::error::{Refusal, text_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table.raw(sync).matrix(put_filter).raw(filter)
}

async fn sync(call: Call<sync_events::v3::Request>) -> Result<Response, Refusal> {
    let (app, who) = (Arc::clone(&call.app), Arc::clone(&call.who));
    // thousands wait here at once: nothing of how a request was understood is kept meanwhile
    let request = Box::pin(asked(call)).await?;
    Ok(text_response(Box::pin(app.sync(&who, request)).await?))
}

async fn asked(call: Call<sync_events::v3::Request>) -> Result<Box<SyncRequest>, Refusal> {
    let body = *call.body;
    let mut filter = match body.filter {
        None => SyncFilter::default(),
        Some(sync_events::v3::Filter::FilterDefinition(definition)) => sync_filter(&definition)?,
        Some(sync_events::v3::Filter::FilterId(id)) if id.trim_start().starts_with('{') => {
            return Err(Error::InvalidParam("the filter is not understood".to_owned()).into());
        }
        Some(sync_events::v3::Filter::FilterId(id)) => {
            let stored = call.app.filter(&call.who, &call.who.user_id, &id).await;
            let stored = stored.map_err(|_| Error::InvalidParam("there is no filter of this ID".to_owned()))?;
            sync_filter(&parse(&stored)?)?
        }
        Some(_) => return Err(Error::InvalidParam("the filter is not understood".to_owned()).into()),
    };
    filter.state_section = match body.use_state_after {
        true => StateSection::After,
        false if call.query.split('&').any(|pair| pair == "org.matrix.msc4222.use_state_after=true") => StateSection::AfterUnstable,
        false => StateSection::Before,
    };
    let timeout_ms = body.timeout.map_or(0, |timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    Ok(Box::new(SyncRequest { since: body.since, timeout_ms, full_state: body.full_state, filter }))
}

async fn put_filter(call: Call<create_filter::v3::Request>) -> Result<create_filter::v3::Response, Refusal> {
    sync_filter(&call.body.filter)?;
    // kept as it was sent, unknown fields included
    let definition = String::from_utf8_lossy(&call.raw).into_owned();
    let id = call.app.put_filter(&call.who, &call.body.user_id, definition).await?;
    Ok(create_filter::v3::Response::new(id))
}

async fn filter(call: Call<get_filter::v3::Request>) -> Result<Response, Refusal> {
    Ok(text_response(call.app.filter(&call.who, &call.body.user_id, &call.body.filter_id).await?))
}

fn parse(definition: &str) -> Result<FilterDefinition, Error> {
    serde_json::from_str(definition).map_err(|_| Error::InvalidParam("the stored filter is not understood".to_owned()))
}

/// The parts of a filter that the server works with; the rest is accepted and has no effect.
fn sync_filter(definition: &FilterDefinition) -> Result<SyncFilter, Error> {
    let room = &definition.room;
    Ok(SyncFilter {
        timeline: event_filter(&room.timeline)?,
        state: event_filter(&room.state)?,
        ephemeral: event_filter(&room.ephemeral)?,
        room_account_data: event_filter(&room.account_data)?,
        account_data: plain_filter(&definition.account_data)?,
        rooms: RoomFilter {
            rooms: room.rooms.as_ref().map(|rooms| rooms.iter().cloned().collect()),
            not_rooms: room.not_rooms.iter().cloned().collect(),
        },
        include_leave: room.include_leave,
        lazy_load_members: !room.state.lazy_load_options.is_disabled(),
        state_section: StateSection::Before,
        unread_threads: room.timeline.unread_thread_notifications,
    })
}

/// A filter over room events, within the server's bounds.
pub(crate) fn event_filter(filter: &RoomEventFilter) -> Result<EventFilter, Error> {
    let names = |users: &[ruma::OwnedUserId]| users.iter().map(ToString::to_string).collect();
    bounded(EventFilter {
        limit: filter.limit.and_then(|limit| usize::try_from(u64::from(limit)).ok()),
        types: filter.types.clone(),
        not_types: filter.not_types.clone(),
        senders: filter.senders.as_deref().map(names),
        not_senders: names(&filter.not_senders),
        contains_url: filter.url_filter.map(|url| url == UrlFilter::EventsWithUrl),
    })
}

fn plain_filter(filter: &Filter) -> Result<EventFilter, Error> {
    bounded(EventFilter { types: filter.types.clone(), not_types: filter.not_types.clone(), ..EventFilter::default() })
}

fn bounded(filter: EventFilter) -> Result<EventFilter, Error> {
    let (count, bytes) = (limits::FILTER_VALUES, limits::EVENT_KEY_BYTES);
    let refusal = || Error::InvalidParam(format!("a part of a filter names at most {count} types or senders of at most {bytes} bytes"));
    filter.is_within_bounds().then_some(filter).ok_or_else(refusal)
}
