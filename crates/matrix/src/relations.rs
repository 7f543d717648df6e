//! Events found by what they relate to, or by when they were sent.

use app::relations::{RelationsRequest, ThreadsRequest};
use axum::response::Response;
use ruma::api::Direction;
use ruma::api::client::relations::{
    get_relating_events, get_relating_events_with_rel_type, get_relating_events_with_rel_type_and_event_type,
};
use ruma::api::client::room::get_event_by_timestamp;
use ruma::api::client::threads::get_threads;
use serde_json::json;

use crate::error::{Refusal, text_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table.raw(all).raw(of_kind).raw(of_kind_and_type).raw(at_time).raw(threads)
}

fn number(limit: Option<ruma::UInt>) -> usize {
    limit.map_or(5, |limit| usize::try_from(u64::from(limit)).unwrap_or(usize::MAX))
}

async fn all(call: Call<get_relating_events::v1::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let request = RelationsRequest {
        room_id: body.room_id,
        event_id: body.event_id,
        rel_type: None,
        event_type: None,
        backwards: body.dir == Direction::Backward,
        from: body.from,
        limit: number(body.limit),
        recurse: body.recurse,
    };
    Ok(text_response(call.app.relations(&call.who, request).await?))
}

async fn of_kind(call: Call<get_relating_events_with_rel_type::v1::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let request = RelationsRequest {
        room_id: body.room_id,
        event_id: body.event_id,
        rel_type: Some(body.rel_type.to_string()),
        event_type: None,
        backwards: body.dir == Direction::Backward,
        from: body.from,
        limit: number(body.limit),
        recurse: body.recurse,
    };
    Ok(text_response(call.app.relations(&call.who, request).await?))
}

async fn of_kind_and_type(call: Call<get_relating_events_with_rel_type_and_event_type::v1::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let request = RelationsRequest {
        room_id: body.room_id,
        event_id: body.event_id,
        rel_type: Some(body.rel_type.to_string()),
        event_type: Some(body.event_type.to_string()),
        backwards: body.dir == Direction::Backward,
        from: body.from,
        limit: number(body.limit),
        recurse: body.recurse,
    };
    Ok(text_response(call.app.relations(&call.who, request).await?))
}

async fn at_time(call: Call<get_event_by_timestamp::v1::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let (at_ms, backwards) = (i64::from(body.ts.get()), body.dir == Direction::Backward);
    let (event_id, sent_ms) = call.app.event_at(&call.who, &body.room_id, at_ms, backwards).await?;
    Ok(text_response(json!({"event_id": event_id, "origin_server_ts": sent_ms}).to_string()))
}

async fn threads(call: Call<get_threads::v1::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let request = ThreadsRequest {
        room_id: body.room_id,
        participated: body.include == get_threads::v1::IncludeThreads::Participated,
        from: body.from,
        limit: body.limit.map_or(20, |limit| usize::try_from(u64::from(limit)).unwrap_or(usize::MAX)),
    };
    Ok(text_response(call.app.threads(&call.who, request).await?))
}
