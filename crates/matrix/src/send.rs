//! Saying and taking back.

use app::Error;
use app::rooms::redact::Redaction;
use app::rooms::send::Message;
use ruma::api::client::message::send_message_event;
use ruma::api::client::redact::redact_event;
use ruma::{EventId, OwnedEventId};
use serde::Deserialize;

use crate::error::Refusal;
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table.matrix(send).matrix(redact)
}

async fn send(call: Call<send_message_event::v3::Request>) -> Result<send_message_event::v3::Response, Refusal> {
    if call.raw.is_empty() {
        return Err(Error::NotJson("an event has a content: send at least {}".to_owned()).into());
    }
    let body = call.body;
    let (event_type, content) = (body.event_type.to_string(), body.body.json().get().to_owned());
    if event_type == "m.room.redaction" {
        let redaction = redaction_from_content(body.room_id, body.txn_id.to_string(), &content)?;
        let event_id = call.app.redact(&call.who, redaction).await?;
        return Ok(send_message_event::v3::Response::new(event_id));
    }
    let message = Message { room_id: body.room_id, event_type, txn_id: body.txn_id.to_string(), content };
    let event_id = call.app.send(&call.who, message).await?;
    Ok(send_message_event::v3::Response::new(event_id))
}

/// A redaction sent as an event names its target in the content (spec v1.18).
fn redaction_from_content(room_id: ruma::OwnedRoomId, txn_id: String, content: &str) -> Result<Redaction, Error> {
    #[derive(Deserialize)]
    struct Content {
        redacts: String,
        reason: Option<String>,
    }
    let content: Content =
        serde_json::from_str(content).map_err(|_| Error::BadJson("a redaction names the event it redacts".to_owned()))?;
    let target: OwnedEventId = EventId::parse(content.redacts).map_err(|_| Error::BadJson("redacts is not an event ID".to_owned()))?;
    Ok(Redaction { room_id, target, reason: content.reason, txn_id })
}

async fn redact(call: Call<redact_event::v3::Request>) -> Result<redact_event::v3::Response, Refusal> {
    let body = call.body;
    let redaction = Redaction { room_id: body.room_id, target: body.event_id, reason: body.reason, txn_id: body.txn_id.to_string() };
    let event_id = call.app.redact(&call.who, redaction).await?;
    Ok(redact_event::v3::Response::new(event_id))
}
