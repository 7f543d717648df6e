//! What was said, and who is there.

use app::history::{HistoryRequest, MembersRequest};
use axum::response::Response;
use ruma::api::Direction;
use ruma::api::client::context::get_context;
use ruma::api::client::membership::{get_member_events, joined_members, joined_rooms};
use ruma::api::client::message::get_message_events;
use ruma::api::client::room::get_room_event;
use ruma::api::client::state::{get_state_event_for_key, get_state_events};

use crate::error::{Refusal, text_response};
use crate::extract::Call;
use crate::router::Table;
use crate::sync::event_filter;

pub(crate) fn routes(table: Table) -> Table {
    const STATE: &str = "/_matrix/client/v3/rooms/{room_id}/state/{event_type}";
    const STATE_SLASH: &str = "/_matrix/client/v3/rooms/{room_id}/state/{event_type}/";
    const STATE_R0: &str = "/_matrix/client/r0/rooms/{room_id}/state/{event_type}";
    table.raw(messages).raw(event).raw(context).raw(members).raw(joined).matrix(rooms).raw(state).raw(state_event).raw_at(
        &[STATE, STATE_SLASH, STATE_R0],
        &[""],
        state_event,
    )
}

async fn messages(call: Call<get_message_events::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let request = HistoryRequest {
        room_id: body.room_id,
        backwards: body.dir == Direction::Backward,
        from: body.from,
        to: body.to,
        limit: number(body.limit),
        filter: event_filter(&body.filter)?,
    };
    Ok(text_response(call.app.history(&call.who, request).await?))
}

async fn event(call: Call<get_room_event::v3::Request>) -> Result<Response, Refusal> {
    Ok(text_response(call.app.event(&call.who, &call.body.room_id, &call.body.event_id).await?))
}

async fn context(call: Call<get_context::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    Ok(text_response(call.app.context(&call.who, &body.room_id, &body.event_id, number(body.limit)).await?))
}

async fn members(call: Call<get_member_events::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let request = MembersRequest {
        at: body.at,
        membership: body.membership.map(|membership| membership.to_string()),
        not_membership: body.not_membership.map(|membership| membership.to_string()),
    };
    Ok(text_response(call.app.members(&call.who, &body.room_id, request).await?))
}

async fn joined(call: Call<joined_members::v3::Request>) -> Result<Response, Refusal> {
    Ok(text_response(call.app.joined_members(&call.who, &call.body.room_id).await?))
}

async fn rooms(call: Call<joined_rooms::v3::Request>) -> Result<joined_rooms::v3::Response, Refusal> {
    Ok(joined_rooms::v3::Response::new(call.app.joined_rooms(&call.who).await?))
}

async fn state(call: Call<get_state_events::v3::Request>) -> Result<Response, Refusal> {
    Ok(text_response(call.app.state(&call.who, &call.body.room_id).await?))
}

async fn state_event(call: Call<get_state_event_for_key::v3::Request>) -> Result<Response, Refusal> {
    use get_state_event_for_key::v3::StateEventFormat;
    let body = call.body;
    let whole = matches!(body.format, StateEventFormat::Event);
    Ok(text_response(call.app.state_event(&call.who, &body.room_id, &body.event_type.to_string(), &body.state_key, whole).await?))
}

fn number(limit: ruma::UInt) -> usize {
    usize::try_from(u64::from(limit)).unwrap_or(usize::MAX)
}
