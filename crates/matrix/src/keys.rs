//! Keys for end-to-end encryption, and messages from device to device.

use std::collections::BTreeMap;

use app::keys::{CrossSigningUpload, KeyUpload, SignedKeys};
use app::to_device::ToDeviceMessages;
use axum::response::Response;
use http::StatusCode;
use ruma::api::client::keys::{claim_keys, get_key_changes, get_keys, upload_keys, upload_signatures, upload_signing_keys};
use ruma::api::client::to_device::send_event_to_device;
use ruma::encryption::OneTimeKey;
use ruma::serde::Raw;
use ruma::to_device::DeviceIdOrAllDevices;
use ruma::{OwnedDeviceId, OwnedOneTimeKeyId, OwnedUserId};
use serde_json::Value;

use crate::error::{Refusal, json_response, text_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table.raw(upload).raw(query).raw(claim).raw(changes).raw(cross_signing).raw(signatures).matrix(send_to_device)
}

fn text<T>(raw: Raw<T>) -> String {
    raw.into_json().get().to_owned()
}

/// Algorithm, ID with the algorithm, key.
fn named(keys: BTreeMap<OwnedOneTimeKeyId, Raw<OneTimeKey>>) -> Vec<(String, String, String)> {
    keys.into_iter().map(|(id, key)| (id.algorithm().to_string(), id.to_string(), text(key))).collect()
}

async fn upload(call: Call<upload_keys::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let upload = KeyUpload {
        device_keys: body.device_keys.map(text),
        one_time_keys: named(body.one_time_keys),
        fallback_keys: named(body.fallback_keys),
    };
    let counts = call.app.upload_keys(&call.who, upload).await?;
    Ok(text_response(format!("{{\"one_time_key_counts\":{counts}}}")))
}

async fn query(call: Call<get_keys::v3::Request>) -> Result<Response, Refusal> {
    Ok(json_response(StatusCode::OK, &call.app.query_keys(&call.who, call.body.device_keys).await?))
}

async fn claim(call: Call<claim_keys::v3::Request>) -> Result<Response, Refusal> {
    let mut wanted = BTreeMap::new();
    for (user, devices) in call.body.one_time_keys {
        for (device, algorithm) in devices {
            wanted.insert((user.clone(), device), algorithm.to_string());
        }
    }
    Ok(json_response(StatusCode::OK, &call.app.claim_keys(&call.who, wanted).await?))
}

async fn changes(call: Call<get_key_changes::v3::Request>) -> Result<Response, Refusal> {
    Ok(json_response(StatusCode::OK, &call.app.key_changes(&call.who, &call.body.from, &call.body.to).await?))
}

async fn cross_signing(call: Call<upload_signing_keys::v3::Request>) -> Result<Response, Refusal> {
    let body = call.body;
    let fields: Value = serde_json::from_slice(&call.raw).unwrap_or_default();
    let upload = CrossSigningUpload {
        master: body.master_key.map(text),
        self_signing: body.self_signing_key.map(text),
        user_signing: body.user_signing_key.map(text),
        auth: fields.get("auth").cloned(),
    };
    call.app.upload_cross_signing(&call.who, upload).await?;
    Ok(text_response("{}".to_owned()))
}

async fn signatures(call: Call<upload_signatures::v3::Request>) -> Result<Response, Refusal> {
    let mut signed = SignedKeys::new();
    for (user, keys) in &call.body.signed_keys {
        let by_name = keys.iter().map(|(name, key)| (name.to_owned(), key.get().to_owned())).collect();
        signed.insert(user.clone(), by_name);
    }
    Ok(json_response(StatusCode::OK, &call.app.upload_signatures(&call.who, signed).await?))
}

async fn send_to_device(call: Call<send_event_to_device::v3::Request>) -> Result<send_event_to_device::v3::Response, Refusal> {
    let body = call.body;
    let mut messages: BTreeMap<OwnedUserId, BTreeMap<Option<OwnedDeviceId>, String>> = BTreeMap::new();
    for (user, by_device) in body.messages {
        let of_user = messages.entry(user).or_default();
        for (device, content) in by_device {
            let device = match device {
                DeviceIdOrAllDevices::DeviceId(device) => Some(device),
                DeviceIdOrAllDevices::AllDevices => None,
            };
            of_user.insert(device, text(content));
        }
    }
    let sent = ToDeviceMessages { event_type: body.event_type.to_string(), txn_id: body.txn_id.to_string(), messages };
    call.app.send_to_device(&call.who, sent).await?;
    Ok(send_event_to_device::v3::Response::new())
}
