//! Profiles, the directory, and what staff do with accounts.

use app::Error;
use axum::response::Response;
use http::StatusCode;
use model::json::parse_object;
use model::person::AccountState;
use ruma::api::client::admin::{is_user_locked, is_user_suspended, lock_user, suspend_user};
use ruma::api::client::profile::{
    delete_profile_field, get_avatar_url, get_display_name, get_profile, get_profile_field, set_avatar_url, set_display_name,
    set_profile_field,
};
use ruma::api::client::user_directory::search_users;
use serde_json::{Map, Value, json};

use crate::error::{Refusal, json_response};
use crate::extract::Call;
use crate::router::Table;

const DISPLAY_NAME: &str = "/_matrix/client/v3/profile/{user_id}/displayname";
const AVATAR_URL: &str = "/_matrix/client/v3/profile/{user_id}/avatar_url";

pub(crate) fn routes(table: Table) -> Table {
    table
        .raw(profile)
        .raw(display_name)
        .raw(avatar_url)
        .raw(put_display_name)
        .raw(put_avatar_url)
        .raw(field)
        .raw(put_field)
        .raw(drop_field)
        // paths of their own, since the same are served for other methods
        .raw_at(&[DISPLAY_NAME], &["displayname"], drop_field)
        .raw_at(&[AVATAR_URL], &["avatar_url"], drop_field)
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
    let (person, fields) = call.app.whole_profile(call.asker().await?.as_deref(), &call.body.user_id).await?;
    let mut body = present([("displayname", person.display_name), ("avatar_url", person.avatar_url)]);
    for (key, value) in fields {
        body[key] = value.into();
    }
    ok(&body)
}

async fn field(call: Call<get_profile_field::v3::Request>) -> Result<Response, Refusal> {
    let (asker, key) = (call.asker().await?, call.body.field.as_str());
    let body = match key {
        "displayname" => present([(key, call.app.profile(asker.as_deref(), &call.body.user_id).await?.display_name)]),
        "avatar_url" => present([(key, call.app.profile(asker.as_deref(), &call.body.user_id).await?.avatar_url)]),
        _ => json!({key: Value::from(call.app.profile_field(asker.as_deref(), &call.body.user_id, key).await?)}),
    };
    ok(&body)
}

/// The value is taken from the body as sent: ruma's type does not keep numbers apart that events cannot hold.
async fn put_field(call: Call<set_profile_field::v3::Request>) -> Result<Response, Refusal> {
    let (name, user) = (call.body.value.field_name(), &call.body.user_id);
    let key = name.as_str();
    let text = std::str::from_utf8(&call.raw).map_err(|_| Error::NotJson("the body is not UTF-8".to_owned()))?;
    let value = parse_object(text).map_err(Error::from)?.remove(key);
    let value = value.ok_or_else(|| Error::MissingParam(format!("the body has no {key}")))?;
    match key {
        "displayname" => call.app.set_display_name(&call.who, user, value.as_str().map(str::to_owned)).await?,
        "avatar_url" => call.app.set_avatar_url(&call.who, user, value.as_str().map(str::to_owned)).await?,
        _ => call.app.set_profile_field(&call.who, user, key, value).await?,
    }
    ok(&json!({}))
}

async fn drop_field(call: Call<delete_profile_field::v3::Request>) -> Result<Response, Refusal> {
    call.app.remove_profile_field(&call.who, &call.body.user_id, call.body.field.as_str()).await?;
    ok(&json!({}))
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
    call.app.restrict(&call.who, &call.body.user_id, AccountState::Locked, call.body.locked).await?;
    ok(&json!({"locked": call.body.locked}))
}

async fn suspended(call: Call<is_user_suspended::v1::Request>) -> Result<Response, Refusal> {
    let state = call.app.account_state(&call.who, &call.body.user_id).await?;
    ok(&json!({"suspended": state == AccountState::Suspended}))
}

async fn suspend(call: Call<suspend_user::v1::Request>) -> Result<Response, Refusal> {
    call.app.restrict(&call.who, &call.body.user_id, AccountState::Suspended, call.body.suspended).await?;
    ok(&json!({"suspended": call.body.suspended}))
}
