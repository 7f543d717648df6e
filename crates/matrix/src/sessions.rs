//! Registering, logging in and out, devices, passwords.

use app::Error;
use app::accounts::devices::Device;
use app::accounts::login::{NewDevice, Session};
use app::accounts::refresh::Tokens;
use app::accounts::register::NewAccount;
use axum::response::Response;
use http::StatusCode;
use model::id::OwnedDeviceId;
use model::secret::Secret;
use ruma::api::client::account::{change_password, deactivate, get_username_availability, register, whoami};
use ruma::api::client::device::{delete_device, delete_devices, get_device, get_devices, update_device};
use ruma::api::client::session::{get_login_types, login, logout, logout_all, refresh_token};
use serde_json::{Value, json};

use crate::error::{Refusal, json_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table
        .raw(login_types)
        .raw(log_in)
        .raw(refresh)
        .raw(register_account)
        .raw(available)
        .raw(log_out)
        .raw(log_out_everywhere)
        .raw(who_am_i)
        .raw(devices)
        .raw(device)
        .raw(rename_device)
        .raw(drop_device)
        .raw(drop_devices)
        .raw(new_password)
        .raw(close_account)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which answer so")]
fn ok(body: &Value) -> Result<Response, Refusal> {
    Ok(json_response(StatusCode::OK, body))
}

/// The body as JSON. Log-in, registration and UIAA have more forms than types tell apart.
fn fields(raw: &[u8]) -> Result<Value, Error> {
    if raw.is_empty() {
        return Ok(json!({}));
    }
    let body: Value = serde_json::from_slice(raw).map_err(|_| Error::NotJson("the body is not JSON".to_owned()))?;
    if body.is_object() { Ok(body) } else { Err(Error::BadJson("the body is not an object".to_owned())) }
}

fn text(body: &Value, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn new_device(body: &Value) -> NewDevice {
    NewDevice {
        device_id: text(body, "device_id").map(OwnedDeviceId::from),
        display_name: text(body, "initial_device_display_name"),
        refreshes: body.get("refresh_token").and_then(Value::as_bool).unwrap_or(false),
    }
}

async fn login_types(call: Call<get_login_types::v3::Request>) -> Result<Response, Refusal> {
    let mut flows = vec![json!({"type": "m.login.password"})];
    if call.app.config.jwt.is_some() {
        flows.push(json!({"type": "org.matrix.login.jwt"}));
    }
    ok(&json!({ "flows": flows }))
}

async fn log_in(call: Call<login::v3::Request>) -> Result<Response, Refusal> {
    let body = fields(&call.raw)?;
    call.app.admit_stranger(call.peer)?;
    let session = match body.get("type").and_then(Value::as_str) {
        Some("m.login.password") => {
            let named = body.pointer("/identifier/user").and_then(Value::as_str).map(str::to_owned).or_else(|| text(&body, "user"));
            let user = named.ok_or_else(|| Error::MissingParam("identifier.user is needed".to_owned()))?;
            let password = text(&body, "password").ok_or_else(|| Error::MissingParam("password is needed".to_owned()))?;
            call.app.log_in(&user, &Secret::new(password), new_device(&body)).await?
        }
        Some("org.matrix.login.jwt") => {
            let token = text(&body, "token").ok_or_else(|| Error::MissingParam("token is needed".to_owned()))?;
            call.app.log_in_by_jwt(&token, new_device(&body)).await?
        }
        _ => return Err(Error::Unknown("this kind of log-in is not offered here".to_owned()).into()),
    };
    ok(&session_json(&session, &call.app.config))
}

fn session_json(session: &Session, config: &app::Config) -> Value {
    let mut body = tokens_json(&session.tokens);
    body["user_id"] = json!(session.user_id);
    body["device_id"] = json!(session.device_id);
    body["home_server"] = json!(config.server_name);
    body["well_known"] = json!({"m.homeserver": {"base_url": config.base_url}});
    body
}

fn tokens_json(tokens: &Tokens) -> Value {
    let mut body = json!({"access_token": tokens.access.expose()});
    if let (Some(token), Some(expires_in_ms)) = (&tokens.refresh, tokens.expires_in_ms()) {
        body["refresh_token"] = json!(token.expose());
        body["expires_in_ms"] = json!(expires_in_ms);
    }
    body
}

async fn refresh(call: Call<refresh_token::v3::Request>) -> Result<Response, Refusal> {
    ok(&tokens_json(&call.app.refresh(&call.body.refresh_token).await?))
}

async fn register_account(call: Call<register::v3::Request>) -> Result<Response, Refusal> {
    if call.body.kind == register::RegistrationKind::Guest {
        return Err(Error::Forbidden("there are no guests here".to_owned()).into());
    }
    let body = fields(&call.raw)?;
    call.app.admit_stranger(call.peer)?;
    let new = NewAccount {
        username: text(&body, "username"),
        password: text(&body, "password"),
        device: new_device(&body),
        inhibit_login: body.get("inhibit_login").and_then(Value::as_bool).unwrap_or(false),
        auth: body.get("auth").cloned(),
    };
    match call.app.register(new).await? {
        (_, Some(session)) => ok(&session_json(&session, &call.app.config)),
        (user_id, None) => ok(&json!({"user_id": user_id, "home_server": call.app.config.server_name})),
    }
}

async fn available(call: Call<get_username_availability::v3::Request>) -> Result<Response, Refusal> {
    call.app.name_is_free_to_strangers(&call.body.username).await?;
    ok(&json!({"available": true}))
}

async fn log_out(call: Call<logout::v3::Request>) -> Result<Response, Refusal> {
    call.app.log_out(&call.who, false).await?;
    ok(&json!({}))
}

async fn log_out_everywhere(call: Call<logout_all::v3::Request>) -> Result<Response, Refusal> {
    call.app.log_out(&call.who, true).await?;
    ok(&json!({}))
}

async fn who_am_i(call: Call<whoami::v3::Request>) -> Result<Response, Refusal> {
    ok(&json!({"user_id": call.who.user_id, "device_id": call.who.device_id, "is_guest": false}))
}

async fn devices(call: Call<get_devices::v3::Request>) -> Result<Response, Refusal> {
    let devices = call.app.devices(&call.who).await?;
    ok(&json!({"devices": devices.iter().map(json_device).collect::<Vec<_>>()}))
}

async fn device(call: Call<get_device::v3::Request>) -> Result<Response, Refusal> {
    ok(&json_device(&call.app.device(&call.who, &call.body.device_id).await?))
}

async fn rename_device(call: Call<update_device::v3::Request>) -> Result<Response, Refusal> {
    call.app.rename_device(&call.who, call.body.device_id, call.body.display_name).await?;
    ok(&json!({}))
}

async fn drop_device(call: Call<delete_device::v3::Request>) -> Result<Response, Refusal> {
    let auth = fields(&call.raw)?.get("auth").cloned();
    call.app.delete_devices(&call.who, vec![call.body.device_id], auth.as_ref()).await?;
    ok(&json!({}))
}

async fn drop_devices(call: Call<delete_devices::v3::Request>) -> Result<Response, Refusal> {
    let auth = fields(&call.raw)?.get("auth").cloned();
    call.app.delete_devices(&call.who, call.body.devices, auth.as_ref()).await?;
    ok(&json!({}))
}

async fn new_password(call: Call<change_password::v3::Request>) -> Result<Response, Refusal> {
    let auth = fields(&call.raw)?.get("auth").cloned();
    let who = call.who.ok_or(Error::MissingToken)?;
    let password = Secret::new(call.body.new_password);
    call.app.change_password(&who, password, call.body.logout_devices, auth.as_ref()).await?;
    ok(&json!({}))
}

async fn close_account(call: Call<deactivate::v3::Request>) -> Result<Response, Refusal> {
    let auth = fields(&call.raw)?.get("auth").cloned();
    let who = call.who.ok_or(Error::MissingToken)?;
    call.app.deactivate(&who, call.body.erase, auth.as_ref()).await?;
    ok(&json!({"id_server_unbind_result": "no-support"}))
}

fn json_device(device: &Device) -> Value {
    json!({"device_id": device.device_id, "display_name": device.display_name, "last_seen_ts": device.last_seen_ms})
}
