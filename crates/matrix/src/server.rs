//! What the server says of itself, and correct empty answers for what it does not offer.

use std::sync::Arc;

use app::App;
use app::modes::Outlook;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use ruma::api::client::account::get_3pids;
use ruma::api::client::directory::{get_public_rooms, get_public_rooms_filtered};
use ruma::api::client::discovery::get_capabilities;
use ruma::api::client::presence::{get_presence, set_presence};
use ruma::api::client::thirdparty::get_protocols;
use ruma::api::client::voip::get_turn_server_info;
use serde_json::{Value, json};

use crate::error::{Refusal, json_response};
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table
        .raw(capabilities)
        .raw(threepids)
        .raw(protocols)
        .raw(turn_server)
        .raw(public_rooms)
        .raw(public_rooms_filtered)
        .raw(put_presence)
        .raw(presence)
}

/// The documents that anybody gets, whatever token they show.
pub(crate) fn well_known() -> Router<Arc<App>> {
    Router::new()
        .route("/.well-known/matrix/client", get(well_known_client))
        .route("/.well-known/matrix/support", get(well_known_support))
        .route("/_matrix/client/versions", get(versions))
}

#[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which answer so")]
fn ok(body: &Value) -> Result<Response, Refusal> {
    Ok(json_response(StatusCode::OK, body))
}

async fn versions(State(app): State<Arc<App>>) -> Response {
    let versions: Vec<String> = (1..=12).map(|minor| format!("v1.{minor}")).collect();
    let forced = app.outlook() == Outlook::SealedOnly;
    let unstable = json!({
        "org.matrix.e2e_cross_signing": true,
        "org.matrix.msc2285.stable": true,
        "org.matrix.msc3440.stable": true,
        "org.matrix.msc3771": true,
        "org.matrix.msc3773": true,
        "org.matrix.msc3916.stable": true,
        "org.matrix.msc3981": true,
        "org.matrix.msc4186": true,
        "org.matrix.msc4222": true,
        "org.matrix.msc4380.stable": true,
        "org.matrix.simplified_msc3575": true,
        "uk.tcpip.msc4133": true,
        "uk.tcpip.msc4133.stable": true,
        "io.element.e2ee_forced.public": forced,
        "io.element.e2ee_forced.private": forced,
        "io.element.e2ee_forced.trusted_private": forced,
    });
    json_response(StatusCode::OK, &json!({"versions": versions, "unstable_features": unstable}))
}

async fn capabilities(call: Call<get_capabilities::v3::Request>) -> Result<Response, Refusal> {
    let moderates = call.app.is_account_moderator(&call.who).await?;
    let mut capabilities = json!({
        "m.room_versions": {"default": "12", "available": {"12": "stable"}},
        "m.change_password": {"enabled": true},
        "m.profile_fields": {"enabled": true},
        "m.set_displayname": {"enabled": true},
        "m.set_avatar_url": {"enabled": true},
        "m.3pid_changes": {"enabled": false},
        "m.get_login_token": {"enabled": false},
    });
    if moderates {
        capabilities["m.account_moderation"] = json!({"lock": true, "suspend": true});
    }
    ok(&json!({ "capabilities": capabilities }))
}

async fn well_known_client(State(app): State<Arc<App>>) -> Response {
    let encryption = match app.outlook() {
        Outlook::ReadableOnly => json!({"default": false, "force_disable": true}),
        Outlook::Mixed => json!({"default": false}),
        Outlook::MixedSealedFirst | Outlook::SealedOnly => json!({"default": true}),
    };
    let body = json!({"m.homeserver": {"base_url": app.config.base_url}, "io.element.e2ee": encryption});
    json_response(StatusCode::OK, &body)
}

async fn well_known_support(State(app): State<Arc<App>>) -> Response {
    let contact = &app.config.appeal_contact;
    let body = if contact.starts_with("http") {
        json!({ "support_page": contact })
    } else {
        json!({"contacts": [{"role": "m.role.admin", "email_address": contact}]})
    };
    json_response(StatusCode::OK, &body)
}

async fn threepids(_: Call<get_3pids::v3::Request>) -> Result<Response, Refusal> {
    ok(&json!({"threepids": []}))
}

async fn protocols(_: Call<get_protocols::v3::Request>) -> Result<Response, Refusal> {
    ok(&json!({}))
}

async fn turn_server(_: Call<get_turn_server_info::v3::Request>) -> Result<Response, Refusal> {
    ok(&json!({}))
}

async fn public_rooms(_: Call<get_public_rooms::v3::Request>) -> Result<Response, Refusal> {
    ok(&json!({"chunk": [], "total_room_count_estimate": 0}))
}

async fn public_rooms_filtered(_: Call<get_public_rooms_filtered::v3::Request>) -> Result<Response, Refusal> {
    ok(&json!({"chunk": [], "total_room_count_estimate": 0}))
}

/// Presence is taken and not kept.
async fn put_presence(_: Call<set_presence::v3::Request>) -> Result<Response, Refusal> {
    ok(&json!({}))
}

async fn presence(_: Call<get_presence::v3::Request>) -> Result<Response, Refusal> {
    ok(&json!({"presence": "offline"}))
}
