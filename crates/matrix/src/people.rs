//! Profiles, the directory, and what staff do with accounts.

use axum::response::Response;
use http::StatusCode;
use model::person::AccountState;
use ruma::api::client::admin::{is_user_locked, is_user_suspended, lock_user, suspend_user};
use ruma::api::client::profile::{get_avatar_url, get_display_name, get_profile, set_avatar_url, set_display_name};
use ruma::api::client::user_directory::search_users;
use serde_json::{Map, Value, json};

use crate::error::{Refusal, json_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table
        .raw(profile)
        .raw(display_name)
        .raw(avatar_url)
        .raw(put_display_name)
        .raw(put_avatar_url)
        .raw(search)
        .raw(locked)
        .raw(lock)
        .raw(suspended)
        .raw(suspend)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which answer so")]
fn ok(body: &Value) -> Result<Response, Refusal> {
    Ok(json_response(StatusCode::OK, body))
}

/// An object of the fields that have a value.
fn present<const N: usize>(fields: [(&str, Option<String>); N]) -> Value {
    Value::Object(fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::String(value?)))).collect::<Map<_, _>>())
}

async fn profile(call: Call<get_profile::v3::Request>) -> Result<Response, Refusal> {
    let person = call.app.profile(call.asker().await?.as_deref(), &call.body.user_id).await?;
    ok(&present([("displayname", person.display_name), ("avatar_url", person.avatar_url)]))
}

async fn display_name(call: Call<get_display_name::v3::Request>) -> Result<Response, Refusal> {
    let person = call.app.profile(call.asker().await?.as_deref(), &call.body.user_id).await?;
    ok(&present([("displayname", person.display_name)]))
}

async fn avatar_url(call: Call<get_avatar_url::v3::Request>) -> Result<Response, Refusal> {
    let person = call.app.profile(call.asker().await?.as_deref(), &call.body.user_id).await?;
    ok(&present([("avatar_url", person.avatar_url)]))
}

async fn put_display_name(call: Call<set_display_name::v3::Request>) -> Result<Response, Refusal> {
    call.app.set_display_name(&call.who, &call.body.user_id, call.body.displayname).await?;
    ok(&json!({}))
}

async fn put_avatar_url(call: Call<set_avatar_url::v3::Request>) -> Result<Response, Refusal> {
    let url = call.body.avatar_url.map(|url| url.to_string());
    call.app.set_avatar_url(&call.who, &call.body.user_id, url).await?;
    ok(&json!({}))
}

async fn search(call: Call<search_users::v3::Request>) -> Result<Response, Refusal> {
    let limit = usize::try_from(u64::from(call.body.limit)).unwrap_or(usize::MAX);
    let found = call.app.search_people(&call.who, &call.body.search_term, limit.saturating_add(1)).await?;
    let limited = found.len() > limit;
    let results: Vec<Value> = found
        .into_iter()
        .take(limit)
        .map(|person| {
            present([
                ("user_id", Some(person.user_id.to_string())),
                ("display_name", person.display_name),
                ("avatar_url", person.avatar_url),
            ])
        })
        .collect();
    ok(&json!({"results": results, "limited": limited}))
}

async fn locked(call: Call<is_user_locked::v1::Request>) -> Result<Response, Refusal> {
    let state = call.app.account_state(&call.who, &call.body.user_id).await?;
    ok(&json!({"locked": state == AccountState::Locked}))
}

async fn lock(call: Call<lock_user::v1::Request>) -> Result<Response, Refusal> {
    let state = if call.body.locked { AccountState::Locked } else { AccountState::Active };
    let user = call.body.user_id;
    call.app.restrict(&call.who, &user, state).await?;
    ok(&json!({"locked": call.body.locked}))
}

async fn suspended(call: Call<is_user_suspended::v1::Request>) -> Result<Response, Refusal> {
    let state = call.app.account_state(&call.who, &call.body.user_id).await?;
    ok(&json!({"suspended": state == AccountState::Suspended}))
}

async fn suspend(call: Call<suspend_user::v1::Request>) -> Result<Response, Refusal> {
    let state = if call.body.suspended { AccountState::Suspended } else { AccountState::Active };
    let user = call.body.user_id;
    call.app.restrict(&call.who, &user, state).await?;
    ok(&json!({"suspended": call.body.suspended}))
}
