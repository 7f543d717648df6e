//! The staff API, the members' privacy API, and the embedded console pages.

mod cases;
mod error;
mod host;
mod host_types;
mod live;
mod member;
mod modes;
mod openapi;
pub mod pages;
mod session;
mod types;

use std::sync::Arc;

use app::{App, Error};
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use http::{HeaderName, HeaderValue, Method, header};
use model::limits;
use tokio::sync::Semaphore;
use tower_http::cors::{Any, CorsLayer};

use crate::error::Refusal;

/// What every handler has.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) app: Arc<App>,
    /// Places for live streams.
    pub(crate) listeners: Arc<Semaphore>,
}

/// Everything under `/_frankly`: the JSON API at `/_frankly/v1` and the pages.
pub fn router(app: Arc<App>) -> Router {
    let desk = Desk { app, listeners: Arc::new(Semaphore::new(limits::CONSOLE_LISTENERS)) };
    let staff = Router::new()
        .route("/_frankly/v1/console/login", post(cases::login))
        .route("/_frankly/v1/console/logout", post(cases::logout))
        .route("/_frankly/v1/console/me", get(cases::me))
        .route("/_frankly/v1/console/overview", get(cases::overview))
        .route("/_frankly/v1/console/cases", get(cases::cases))
        .route("/_frankly/v1/console/cases/{id}", get(cases::case))
        .route("/_frankly/v1/console/cases/{id}/claim", post(cases::claim))
        .route("/_frankly/v1/console/cases/{id}/unclaim", post(cases::unclaim))
        .route("/_frankly/v1/console/cases/{id}/reveal", post(cases::reveal))
        .route("/_frankly/v1/console/cases/{id}/decide", post(cases::decide))
        .route("/_frankly/v1/console/access", get(cases::access))
        .route("/_frankly/v1/console/webhooks", get(cases::webhooks))
        .route("/_frankly/v1/console/webhooks/{id}/replay", post(cases::replay))
        .route("/_frankly/v1/console/events", get(live::events))
        .layer(middleware::from_fn(session::guard));
    let host = Router::new()
        .route("/_frankly/v1/host/people", post(host::people))
        .route("/_frankly/v1/host/people/{id}", get(host::person))
        .route("/_frankly/v1/host/people/{id}/close", post(host::close))
        .route("/_frankly/v1/host/relations", post(host::relations))
        .layer(DefaultBodyLimit::max(limits::HOST_REQUEST_BYTES));
    // members' own pages may live elsewhere: their token is the authority, no cookie is
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]);
    let members = Router::new()
        .route("/_frankly/v1/access", get(member::access))
        .route("/_frankly/v1/reports", get(member::reports))
        .route("/_frankly/v1/wards", get(member::wards))
        .route("/_frankly/v1/wards/{user}", put(member::narrow_ward))
        .route("/_frankly/v1/modes", get(modes::modes))
        .route("/_frankly/v1/conversations/{room_id}", get(modes::label))
        .route("/_frankly/v1/openapi.json", get(openapi::serve))
        .layer(cors);
    let api = staff
        .merge(members)
        // its own bound for bodies lies within the one below, and wins
        .merge(host)
        .route("/_frankly/v1/{*rest}", get(unknown).post(unknown).put(unknown).delete(unknown))
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::max(limits::CONSOLE_REQUEST_BYTES))
        .layer(middleware::map_response(sealed_headers))
        .with_state(desk);
    api.merge(pages::router())
}

async fn unknown() -> Refusal {
    Refusal(Error::Unrecognized("this server does not know this path or method".to_owned()))
}

/// JSON is for the program that asked: not kept, not framed, not guessed at.
async fn sealed_headers(response: Response) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 4] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    ];
    let mut response = response.into_response();
    response.headers_mut().extend(HEADERS);
    response
}
