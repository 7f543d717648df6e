//! Who asks: staff by their cookie, members by their Matrix token. A request that changes anything
//! must carry a header that no foreign page can set.

use std::sync::Arc;

use app::review::Staff;
use app::{App, Caller, Error};
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use model::limits;
use model::person::AccountState;
use serde::de::DeserializeOwned;

use crate::Desk;
use crate::error::Refusal;

const COOKIE: &str = "frankly_staff";
const GUARD: &str = "x-frankly-console";

/// A member of staff, by their cookie.
pub(crate) struct Reviewer(pub(crate) Staff);

impl FromRequestParts<Desk> for Reviewer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let token = token(&parts.headers).ok_or(Error::MissingToken)?;
        Ok(Self(desk.app.staff(token).await?))
    }
}

/// A member, by their access token.
pub(crate) struct Member(pub(crate) Arc<Caller>);

impl FromRequestParts<Desk> for Member {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Error::MissingToken)?;
        let caller = desk.app.authenticate(token).await?;
        if caller.state == AccountState::Locked {
            return Err(Error::UserLocked.into());
        }
        Ok(Self(caller))
    }
}

/// A JSON body, refused in the words of the Matrix API.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Desk> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, desk: &Desk) -> Result<Self, Refusal> {
        let too_large = |_| Error::TooLarge(format!("a request may have at most {} bytes", limits::CONSOLE_REQUEST_BYTES));
        let bytes = Bytes::from_request(request, desk).await.map_err(too_large)?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Refusal(if error.is_data() {
                Error::BadJson(format!("the body has another form than expected: {error}"))
            } else {
                Error::NotJson("the body is not JSON".to_owned())
            })
        })
    }
}

/// The token in the cookie.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// The cookie that carries a token; an empty token ends it.
pub(crate) fn cookie(app: &App, token: &str) -> HeaderValue {
    let age_s = if token.is_empty() { 0 } else { limits::STAFF_SESSION_MS / 1_000 };
    let secure = if app.config.base_url.starts_with("https://") { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/_frankly; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).expect("a token is letters and digits")
}

/// Refuses requests that change something and lack the header.
pub(crate) async fn guard(request: Request<Body>, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || request.headers().get(GUARD).is_some_and(|value| value == "1") {
        return next.run(request).await;
    }
    Refusal(Error::Forbidden("requests of the console carry the header X-Frankly-Console: 1".to_owned())).into_response()
}
