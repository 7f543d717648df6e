//! The one place where an [`app::Error`] becomes a status and an errcode.

use app::Error;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Error);

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, errcode, extra) = particulars(&self.0);
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = ?self.0, "a request failed inside the server");
        }
        let mut body = match extra {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        if !errcode.is_empty() {
            body.insert("errcode".to_owned(), errcode.into());
            body.insert("error".to_owned(), self.0.to_string().into());
        }
        let mut response = json_response(status, &Value::Object(body));
        if let Error::LimitExceeded { retry_after_ms } = self.0 {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1000)));
        }
        response
    }
}

/// Status, errcode and further fields of an error.
fn particulars(error: &Error) -> (StatusCode, &'static str, Value) {
    let none = Value::Null;
    match error {
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, "M_FORBIDDEN", none),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "M_NOT_FOUND", none),
        Error::BadJson(_) | Error::TooManyParts(_) => (StatusCode::BAD_REQUEST, "M_BAD_JSON", none),
        Error::NotJson(_) => (StatusCode::BAD_REQUEST, "M_NOT_JSON", none),
        Error::InvalidParam(_) => (StatusCode::BAD_REQUEST, "M_INVALID_PARAM", none),
        Error::UnknownPos => (StatusCode::BAD_REQUEST, "M_UNKNOWN_POS", none),
        Error::MissingParam(_) => (StatusCode::BAD_REQUEST, "M_MISSING_PARAM", none),
        Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", none),
        Error::MissingToken => (StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", none),
        Error::UnknownToken => (StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN", json!({"soft_logout": false})),
        Error::TokenEnded => (StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN", json!({"soft_logout": true})),
        Error::UserLocked => (StatusCode::UNAUTHORIZED, "M_USER_LOCKED", json!({"soft_logout": true})),
        Error::UserSuspended => (StatusCode::FORBIDDEN, "M_USER_SUSPENDED", none),
        Error::UserDeactivated => (StatusCode::FORBIDDEN, "M_USER_DEACTIVATED", none),
        Error::UserInUse => (StatusCode::BAD_REQUEST, "M_USER_IN_USE", none),
        Error::InvalidUsername(_) => (StatusCode::BAD_REQUEST, "M_INVALID_USERNAME", none),
        Error::UnsupportedRoomVersion(_) => (StatusCode::BAD_REQUEST, "M_UNSUPPORTED_ROOM_VERSION", none),
        Error::InvalidRoomState(_) => (StatusCode::BAD_REQUEST, "M_INVALID_ROOM_STATE", none),
        Error::Unrecognized(_) => (StatusCode::NOT_FOUND, "M_UNRECOGNIZED", none),
        Error::LimitExceeded { retry_after_ms } => {
            (StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED", json!({"retry_after_ms": retry_after_ms}))
        }
        Error::Unknown(_) => (StatusCode::BAD_REQUEST, "M_UNKNOWN", none),
        Error::InviteBlocked(_) => (StatusCode::FORBIDDEN, "M_INVITE_BLOCKED", none),
        Error::NotYetUploaded => (StatusCode::GATEWAY_TIMEOUT, "M_NOT_YET_UPLOADED", none),
        Error::CannotOverwriteMedia => (StatusCode::CONFLICT, "M_CANNOT_OVERWRITE_MEDIA", none),
        Error::UserLimit { info_uri, .. } => (StatusCode::FORBIDDEN, "M_USER_LIMIT_EXCEEDED", json!({"info_uri": info_uri})),
        Error::KeyTooLarge => (StatusCode::BAD_REQUEST, "M_KEY_TOO_LARGE", none),
        Error::ProfileTooLarge => (StatusCode::BAD_REQUEST, "M_PROFILE_TOO_LARGE", none),
        Error::InvalidSignature(_) => (StatusCode::BAD_REQUEST, "M_INVALID_SIGNATURE", none),
        Error::WrongRoomKeysVersion { current_version } => {
            (StatusCode::FORBIDDEN, "M_WRONG_ROOM_KEYS_VERSION", json!({"current_version": current_version.to_string()}))
        }
        Error::Safety { harms, case, .. } => {
            (StatusCode::FORBIDDEN, "ORG.MATRIX.MSC4387_SAFETY", json!({"harms": harms, "org.frankly.case": case}))
        }
        Error::Uiaa(answer) => (StatusCode::UNAUTHORIZED, "", answer.clone()),
        Error::Claimed(_) => (StatusCode::CONFLICT, "FRANKLY_CLAIMED", none),
        Error::Decided(_) => (StatusCode::CONFLICT, "FRANKLY_DECIDED", none),
        Error::Busy => (StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED", json!({"retry_after_ms": 250})),
        Error::Store(_) | Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", none),
    }
}

/// A JSON answer.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = text_response(body.to_string());
    *response.status_mut() = status;
    response
}

/// A success whose JSON is written already.
pub(crate) fn text_response(body: String) -> Response {
    streamed_response(Body::from(body))
}

/// A success whose JSON is written while it is sent.
pub(crate) fn streamed_response(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
