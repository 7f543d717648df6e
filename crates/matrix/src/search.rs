//! Looking for words in what one may read.

use app::Error;
use app::search::SearchRequest;
use axum::response::Response;
use model::filter::RoomFilter;
use ruma::api::client::search::search_events;
use ruma::api::client::search::search_events::v3::{Criteria, GroupingKey, OrderBy, SearchKeys};

use crate::error::{Refusal, text_response};
use crate::extract::Call;
use crate::router::Table;
use crate::sync::event_filter;

pub(crate) fn routes(table: Table) -> Table {
    table.raw(search)
}

async fn search(call: Call<search_events::v3::Request>) -> Result<Response, Refusal> {
    let Some(criteria) = call.body.search_categories.room_events else {
        return Ok(text_response("{\"search_categories\":{}}".to_owned()));
    };
    // the type fills in a context that nobody asked for
    let wants_context = serde_json::from_slice::<serde_json::Value>(&call.raw)
        .is_ok_and(|body| body.pointer("/search_categories/room_events/event_context").is_some());
    let request = search_request(criteria, call.body.next_batch, wants_context)?;
    Ok(text_response(call.app.search(&call.who, request).await?))
}

fn search_request(criteria: Criteria, from: Option<String>, wants_context: bool) -> Result<SearchRequest, Error> {
    let number = |limit: ruma::UInt| usize::try_from(u64::from(limit)).unwrap_or(usize::MAX);
    let context = &criteria.event_context;
    let room = &criteria.filter;
    Ok(SearchRequest {
        term: criteria.search_term,
        keys: keys(criteria.keys.as_deref()),
        rooms: RoomFilter {
            rooms: room.rooms.as_ref().map(|rooms| rooms.iter().cloned().collect()),
            not_rooms: room.not_rooms.iter().cloned().collect(),
        },
        filter: event_filter(room)?,
        by_rank: criteria.order_by != Some(OrderBy::Recent),
        from,
        around: wants_context.then(|| (number(context.before_limit), number(context.after_limit))),
        with_state: criteria.include_state.unwrap_or(false),
        group_by_room: criteria.groupings.group_by.iter().any(|grouping| grouping.key == Some(GroupingKey::RoomId)),
    })
}

/// The keys of contents to look in; keys the server does not know find nothing.
fn keys(asked: Option<&[SearchKeys]>) -> Vec<&'static str> {
    let known = [(SearchKeys::ContentBody, "body"), (SearchKeys::ContentName, "name"), (SearchKeys::ContentTopic, "topic")];
    known.into_iter().filter(|(key, _)| asked.is_none_or(|asked| asked.contains(key))).map(|(_, name)| name).collect()
}
