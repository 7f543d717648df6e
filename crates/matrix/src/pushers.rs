//! Pushers and notifications.

use app::Error;
use app::push::NewPusher;
use axum::response::Response;
use http::StatusCode;
use ruma::api::client::push::set_pusher::v3::PusherAction;
use ruma::api::client::push::{PusherKind, get_notifications, get_pushers, set_pusher};
use serde_json::{Map, Value, json};

use crate::error::{Refusal, json_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table.raw(pushers).raw(set).raw(notifications)
}

async fn pushers(call: Call<get_pushers::v3::Request>) -> Result<Response, Refusal> {
    Ok(json_response(StatusCode::OK, &call.app.pushers(&call.who).await?))
}

async fn set(call: Call<set_pusher::v3::Request>) -> Result<Response, Refusal> {
    let mut sent = serde_json::from_slice::<Map<String, Value>>(&call.raw).unwrap_or_default();
    // ruma takes a pusher without a kind for one to be deleted, which only `null` means
    if !sent.contains_key("kind") {
        return Err(Error::MissingParam("kind is needed".to_owned()).into());
    }
    match call.body.action {
        PusherAction::Delete(ids) => call.app.remove_pusher(&call.who, ids.app_id, ids.pushkey).await?,
        PusherAction::Post(post) => {
            if !matches!(post.pusher.kind, PusherKind::Http(_)) {
                return Err(Error::InvalidParam("messages are pushed to HTTP gateways only".to_owned()).into());
            }
            // the data as sent: what ruma does not know is kept for the gateway too
            let data = sent.remove("data").unwrap_or_default();
            let pusher = post.pusher;
            let new = NewPusher {
                app_id: pusher.ids.app_id,
                pushkey: pusher.ids.pushkey,
                app_display_name: pusher.app_display_name,
                device_display_name: pusher.device_display_name,
                profile_tag: pusher.profile_tag,
                lang: pusher.lang,
                data,
                append: post.append,
            };
            call.app.set_pusher(&call.who, new).await?;
        }
        _ => return Err(Error::InvalidParam("a pusher is set or deleted".to_owned()).into()),
    }
    Ok(json_response(StatusCode::OK, &json!({})))
}

async fn notifications(call: Call<get_notifications::v3::Request>) -> Result<Response, Refusal> {
    let limit = call.body.limit.map_or(20, |limit| usize::try_from(u64::from(limit)).unwrap_or(usize::MAX));
    let highlights_only = call.body.only.as_deref() == Some("highlight");
    let page = call.app.notifications(&call.who, call.body.from.as_deref(), limit, highlights_only).await?;
    Ok(json_response(StatusCode::OK, &page))
}
