//! Account data, tags, receipts, read markers, typing.

use app::Error;
use app::account_data::ReadUpTo;
use axum::response::Response;
use ruma::api::client::config::{get_global_account_data, get_room_account_data, set_global_account_data, set_room_account_data};
use ruma::api::client::read_marker::set_read_marker;
use ruma::api::client::receipt::create_receipt;
use ruma::api::client::tag::{create_tag, delete_tag, get_tags};
use ruma::api::client::typing::create_typing_event;
use ruma::events::receipt::ReceiptThread;
use serde_json::json;

use crate::error::{Refusal, text_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table
        .raw(get_global)
        .matrix(put_global)
        .raw(get_of_room)
        .matrix(put_of_room)
        .raw(tags)
        .matrix(put_tag)
        .matrix(remove_tag)
        .matrix(receipt)
        .matrix(read_markers)
        .matrix(typing)
}

async fn get_global(call: Call<get_global_account_data::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    Ok(text_response(call.app.account_data(&call.who, &body.user_id, None, &body.event_type.to_string()).await?))
}

async fn put_global(call: Call<set_global_account_data::v3::Request>) -> Result<set_global_account_data::v3::Response, Refusal> {
    let body = call.body;
    let data_type = body.event_type.to_string();
    call.app.put_account_data(&call.who, &body.user_id, None, &data_type, body.data.json().get()).await?;
    Ok(set_global_account_data::v3::Response::new())
}

async fn get_of_room(call: Call<get_room_account_data::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let data_type = body.event_type.to_string();
    Ok(text_response(call.app.account_data(&call.who, &body.user_id, Some(&body.room_id), &data_type).await?))
}

async fn put_of_room(call: Call<set_room_account_data::v3::Request>) -> Result<set_room_account_data::v3::Response, Refusal> {
    let body = call.body;
    let data_type = body.event_type.to_string();
    call.app.put_account_data(&call.who, &body.user_id, Some(&body.room_id), &data_type, body.data.json().get()).await?;
    Ok(set_room_account_data::v3::Response::new())
}

async fn tags(call: Call<get_tags::v3::Request>) -> Result<Response, Refusal> {
    let tags = call.app.tags(&call.who, &call.body.user_id, &call.body.room_id).await?;
    Ok(text_response(json!({"tags": tags}).to_string()))
}

async fn put_tag(call: Call<create_tag::v3::Request>) -> Result<create_tag::v3::Response, Refusal> {
    let body = *call.body;
    let info = serde_json::to_value(&body.tag_info).map_err(|error| Error::BadJson(error.to_string()))?;
    let change = |tags: &mut serde_json::Map<String, serde_json::Value>| drop(tags.insert(body.tag, info));
    call.app.change_tags(&call.who, &body.user_id, &body.room_id, change).await?;
    Ok(create_tag::v3::Response::new())
}

async fn remove_tag(call: Call<delete_tag::v3::Request>) -> Result<delete_tag::v3::Response, Refusal> {
    let body = call.body;
    let change = |tags: &mut serde_json::Map<String, serde_json::Value>| drop(tags.remove(&body.tag));
    call.app.change_tags(&call.who, &body.user_id, &body.room_id, change).await?;
    Ok(delete_tag::v3::Response::new())
}

async fn receipt(call: Call<create_receipt::v3::Request>) -> Result<create_receipt::v3::Response, Refusal> {
    use create_receipt::v3::ReceiptType;
    let body = call.body;
    let thread_id = match &body.thread {
        ReceiptThread::Unthreaded => String::new(),
        ReceiptThread::Main => "main".to_owned(),
        ReceiptThread::Thread(root) => root.to_string(),
        _ => return Err(Error::InvalidParam("thread_id is main or an event ID".to_owned()).into()),
    };
    let mut upto = ReadUpTo { thread_id, ..ReadUpTo::default() };
    match body.receipt_type {
        ReceiptType::Read => upto.read = Some(body.event_id),
        ReceiptType::ReadPrivate => upto.read_private = Some(body.event_id),
        ReceiptType::FullyRead if upto.thread_id.is_empty() => upto.fully_read = Some(body.event_id),
        ReceiptType::FullyRead => return Err(Error::InvalidParam("the read marker is of the room, not of a thread".to_owned()).into()),
        _ => return Err(Error::InvalidParam("this kind of receipt is not known".to_owned()).into()),
    }
    call.app.read_up_to(&call.who, &body.room_id, upto).await?;
    Ok(create_receipt::v3::Response::new())
}

async fn read_markers(call: Call<set_read_marker::v3::Request>) -> Result<set_read_marker::v3::Response, Refusal> {
    let body = call.body;
    let upto = ReadUpTo {
        fully_read: body.fully_read,
        read: body.read_receipt,
        read_private: body.private_read_receipt,
        thread_id: String::new(),
    };
    call.app.read_up_to(&call.who, &body.room_id, upto).await?;
    Ok(set_read_marker::v3::Response::new())
}

async fn typing(call: Call<create_typing_event::v3::Request>) -> Result<create_typing_event::v3::Response, Refusal> {
    use create_typing_event::v3::Typing;
    let body = call.body;
    if body.user_id != call.who.user_id {
        return Err(Error::Forbidden("nobody types for somebody else".to_owned()).into());
    }
    let timeout_ms = match body.state {
        Typing::No => None,
        Typing::Yes(info) => Some(u64::try_from(info.timeout.as_millis()).unwrap_or(u64::MAX)),
    };
    call.app.set_typing(&call.who, &body.room_id, timeout_ms).await?;
    Ok(create_typing_event::v3::Response::new())
}
