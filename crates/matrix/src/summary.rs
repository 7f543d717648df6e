//! A room in a few words (spec "Room previews").

use app::Error;
use app::rooms::summary::Summary;
use axum::response::Response;
use http::StatusCode;
use ruma::RoomId;
use ruma::api::client::room::get_summary;
use serde_json::{Value, json};

use crate::error::{Refusal, json_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    // js-sdk asks by the first of MSC3266's two forms before it tries the second
    const EARLIER: &str = "/_matrix/client/unstable/im.nheko.summary/summary/{room_id_or_alias}";
    table.raw(summary).raw_at(&[EARLIER], &[], summary)
}

async fn summary(call: Call<get_summary::v1::Request>) -> Result<Response, Refusal> {
    let room_id = RoomId::parse(call.body.room_id_or_alias.as_str())
        .map_err(|_| Error::NotFound("rooms here have no aliases; ask by room ID".to_owned()))?;
    let summary = call.app.summary(call.who.as_deref(), &room_id).await?;
    Ok(json_response(StatusCode::OK, &body(&summary)))
}

fn body(summary: &Summary) -> Value {
    let mut body = json!({
        "room_id": summary.room_id,
        "room_version": summary.version,
        "membership": summary.membership.as_str(),
        "num_joined_members": summary.joined,
        "join_rule": summary.join_rule,
        "world_readable": summary.world_readable,
        "guest_can_join": false,
        "im.nheko.summary.room_version": summary.version,
    });
    let optional = [
        ("name", &summary.name),
        ("topic", &summary.topic),
        ("avatar_url", &summary.avatar_url),
        ("room_type", &summary.room_type),
        ("encryption", &summary.encryption),
        ("im.nheko.summary.encryption", &summary.encryption),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    body
}
