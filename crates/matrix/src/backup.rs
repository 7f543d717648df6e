//! Key backups: their versions and the keys in them.

use std::collections::BTreeMap;

use app::backup::{Backup, KeyRange};
use app::{App, Caller};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use ruma::RoomId;
use ruma::api::client::backup::{
    KeyBackupData, add_backup_keys, add_backup_keys_for_room, add_backup_keys_for_session, create_backup_version, delete_backup_keys,
    delete_backup_keys_for_room, delete_backup_keys_for_session, delete_backup_version, get_backup_info, get_backup_keys,
    get_backup_keys_for_room, get_backup_keys_for_session, get_latest_backup_info, update_backup_version,
};
use ruma::serde::Raw;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::error::{Refusal, json_response, streamed_response, text_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table
        .raw(create)
        .raw(newest)
        .raw(version)
        .raw(change)
        .raw(delete)
        .raw(put_keys)
        .raw(put_keys_of_room)
        .raw(put_key)
        .raw(keys)
        .raw(keys_of_room)
        .raw(key)
        .raw(delete_keys)
        .raw(delete_keys_of_room)
        .raw(delete_key)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which answer so")]
fn ok(body: &Value) -> Result<Response, Refusal> {
    Ok(json_response(StatusCode::OK, body))
}

async fn create(call: Call<create_backup_version::v3::Request>) -> Result<Response, Refusal> {
    let version = call.app.create_backup(&call.who, call.body.algorithm.json().get()).await?;
    ok(&json!({ "version": version }))
}

fn described(backup: &Backup) -> Result<Response, Refusal> {
    let auth_data: &RawValue =
        serde_json::from_str(&backup.auth_data).map_err(|error| app::Error::Internal(format!("stored data are not JSON: {error}")))?;
    ok(&json!({
        "algorithm": backup.algorithm,
        "auth_data": auth_data,
        "count": backup.count,
        "etag": backup.etag.to_string(),
        "version": backup.version.to_string(),
    }))
}

async fn newest(call: Call<get_latest_backup_info::v3::Request>) -> Result<Response, Refusal> {
    described(&call.app.backup(&call.who, None).await?)
}

async fn version(call: Call<get_backup_info::v3::Request>) -> Result<Response, Refusal> {
    described(&call.app.backup(&call.who, Some(&call.body.version)).await?)
}

async fn change(call: Call<update_backup_version::v3::Request>) -> Result<Response, Refusal> {
    let body = String::from_utf8_lossy(&call.raw);
    call.app.change_backup(&call.who, &call.body.version, &body).await?;
    ok(&json!({}))
}

async fn delete(call: Call<delete_backup_version::v3::Request>) -> Result<Response, Refusal> {
    call.app.delete_backup(&call.who, &call.body.version).await?;
    ok(&json!({}))
}

type Sessions = BTreeMap<String, String>;

fn sessions(sessions: BTreeMap<String, Raw<KeyBackupData>>) -> Sessions {
    sessions.into_iter().map(|(session, key)| (session, key.into_json().get().to_owned())).collect()
}

async fn put(app: &App, who: &Caller, version: &str, rooms: BTreeMap<String, Sessions>) -> Result<Response, Refusal> {
    let state = app.put_backup_keys(who, version, &rooms).await?;
    ok(&json!({"count": state.count, "etag": state.etag.to_string()}))
}

async fn put_keys(call: Call<add_backup_keys::v3::Request>) -> Result<Response, Refusal> {
    let rooms = call.body.rooms.into_iter().map(|(room, keys)| (room.to_string(), sessions(keys.sessions))).collect();
    put(&call.app, &call.who, &call.body.version, rooms).await
}

async fn put_keys_of_room(call: Call<add_backup_keys_for_room::v3::Request>) -> Result<Response, Refusal> {
    let rooms = BTreeMap::from([(call.body.room_id.to_string(), sessions(call.body.sessions))]);
    put(&call.app, &call.who, &call.body.version, rooms).await
}

async fn put_key(call: Call<add_backup_keys_for_session::v3::Request>) -> Result<Response, Refusal> {
    let one = BTreeMap::from([(call.body.session_id, call.body.session_data)]);
    let rooms = BTreeMap::from([(call.body.room_id.to_string(), sessions(one))]);
    put(&call.app, &call.who, &call.body.version, rooms).await
}

fn of_room(room_id: &RoomId) -> KeyRange {
    KeyRange { room_id: Some(room_id.to_string()), session_id: None }
}

fn of_session(room_id: &RoomId, session_id: String) -> KeyRange {
    KeyRange { room_id: Some(room_id.to_string()), session_id: Some(session_id) }
}

async fn keys(call: Call<get_backup_keys::v3::Request>) -> Result<Response, Refusal> {
    let pieces = call.app.backup_keys(&call.who, &call.body.version, None).await?;
    Ok(streamed_response(Body::from_stream(pieces)))
}

async fn keys_of_room(call: Call<get_backup_keys_for_room::v3::Request>) -> Result<Response, Refusal> {
    let pieces = call.app.backup_keys(&call.who, &call.body.version, Some(call.body.room_id.to_string())).await?;
    Ok(streamed_response(Body::from_stream(pieces)))
}

async fn key(call: Call<get_backup_keys_for_session::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    Ok(text_response(call.app.backup_key(&call.who, &body.version, body.room_id.to_string(), body.session_id).await?))
}

async fn take_out(app: &App, who: &Caller, version: &str, range: KeyRange) -> Result<Response, Refusal> {
    let state = app.delete_backup_keys(who, version, range).await?;
    ok(&json!({"count": state.count, "etag": state.etag.to_string()}))
}

async fn delete_keys(call: Call<delete_backup_keys::v3::Request>) -> Result<Response, Refusal> {
    take_out(&call.app, &call.who, &call.body.version, KeyRange::default()).await
}

async fn delete_keys_of_room(call: Call<delete_backup_keys_for_room::v3::Request>) -> Result<Response, Refusal> {
    take_out(&call.app, &call.who, &call.body.version, of_room(&call.body.room_id)).await
}

async fn delete_key(call: Call<delete_backup_keys_for_session::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    take_out(&call.app, &call.who, &body.version, of_session(&body.room_id, body.session_id)).await
}
