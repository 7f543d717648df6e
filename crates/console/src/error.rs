//! The one place where an [`app::Error`] becomes an answer of the console API.

use app::Error;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Error);

/// The body of an answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// `M_…` as in Matrix, or `FRANKLY_…`.
    errcode: &'static str,
    /// A plain sentence.
    error: String,
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, errcode) = particulars(&self.0);
        if status.is_server_error() {
            tracing::error!(error = ?self.0, "a console request failed inside the server");
        }
        let body = ErrorBody { errcode, error: self.0.to_string() };
        let mut response = (status, axum::Json(body)).into_response();
        if let Error::LimitExceeded { retry_after_ms } = self.0 {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1_000)));
        }
        response
    }
}

fn particulars(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, "M_FORBIDDEN"),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "M_NOT_FOUND"),
        Error::BadJson(_) | Error::TooManyParts(_) => (StatusCode::BAD_REQUEST, "M_BAD_JSON"),
        Error::NotJson(_) => (StatusCode::BAD_REQUEST, "M_NOT_JSON"),
        Error::InvalidParam(_) => (StatusCode::BAD_REQUEST, "M_INVALID_PARAM"),
        Error::MissingParam(_) => (StatusCode::BAD_REQUEST, "M_MISSING_PARAM"),
        Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE"),
        Error::MissingToken => (StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN"),
        Error::UnknownToken | Error::TokenEnded => (StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN"),
        Error::UserLocked => (StatusCode::UNAUTHORIZED, "M_USER_LOCKED"),
        Error::UserSuspended => (StatusCode::FORBIDDEN, "M_USER_SUSPENDED"),
        Error::UserDeactivated => (StatusCode::FORBIDDEN, "M_USER_DEACTIVATED"),
        Error::Unrecognized(_) => (StatusCode::NOT_FOUND, "M_UNRECOGNIZED"),
        Error::LimitExceeded { .. } | Error::Busy => (StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED"),
        Error::Claimed(_) => (StatusCode::CONFLICT, "FRANKLY_CLAIMED"),
        Error::Decided(_) => (StatusCode::CONFLICT, "FRANKLY_DECIDED"),
        // what only the Matrix API answers
        Error::UserInUse
        | Error::InvalidUsername(_)
        | Error::UnsupportedRoomVersion(_)
        | Error::InvalidRoomState(_)
        | Error::UnknownPos
        | Error::Unknown(_)
        | Error::InviteBlocked(_)
        | Error::InvalidSignature(_)
        | Error::WrongRoomKeysVersion { .. }
        | Error::NotYetUploaded
        | Error::KeyTooLarge
        | Error::ProfileTooLarge
        | Error::CannotOverwriteMedia
        | Error::UserLimit { .. }
        | Error::Safety { .. }
        | Error::Uiaa(_) => (StatusCode::BAD_REQUEST, "M_UNKNOWN"),
        Error::Store(_) | Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN"),
    }
}
