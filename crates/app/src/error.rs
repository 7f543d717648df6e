//! What a use case may answer instead of success. Each variant has one Matrix error code.

use model::id::CaseId;
use store::StoreError;

/// Why a request was not carried out. The texts are for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not allowed (`M_FORBIDDEN`).
    #[error("{0}")]
    Forbidden(String),
    /// Not there, or not visible to the caller (`M_NOT_FOUND`).
    #[error("{0}")]
    NotFound(String),
    /// JSON of the wrong form (`M_BAD_JSON`).
    #[error("{0}")]
    BadJson(String),
    /// More pieces of text than are looked at (`M_BAD_JSON`).
    #[error(transparent)]
    TooManyParts(#[from] model::body::TooManyParts),
    /// Not JSON (`M_NOT_JSON`).
    #[error("{0}")]
    NotJson(String),
    /// A parameter has a value that means nothing (`M_INVALID_PARAM`).
    #[error("{0}")]
    InvalidParam(String),
    /// The place in a connection of sliding sync is not known any more; begin anew (`M_UNKNOWN_POS`).
    #[error("this position is not known any more; begin anew without one")]
    UnknownPos,
    /// A parameter is missing (`M_MISSING_PARAM`).
    #[error("{0}")]
    MissingParam(String),
    /// More bytes than the bound (`M_TOO_LARGE`).
    #[error("{0}")]
    TooLarge(String),
    /// No access token was sent (`M_MISSING_TOKEN`).
    #[error("no access token was sent")]
    MissingToken,
    /// The access token is not known (`M_UNKNOWN_TOKEN`).
    #[error("the access token is not known; log in again")]
    UnknownToken,
    /// The access token has ended and can be refreshed; the session goes on (`M_UNKNOWN_TOKEN` with `soft_logout`).
    #[error("the access token has ended; refresh it, or log in again with the same device")]
    TokenEnded,
    /// The account is locked (`M_USER_LOCKED`).
    #[error("this account is locked")]
    UserLocked,
    /// The account may read, not write (`M_USER_SUSPENDED`).
    #[error("this account is suspended: it may read and leave, not write")]
    UserSuspended,
    /// The account is closed (`M_USER_DEACTIVATED`).
    #[error("this account is closed")]
    UserDeactivated,
    /// The name is taken (`M_USER_IN_USE`).
    #[error("this name is taken")]
    UserInUse,
    /// The name has characters that are not allowed (`M_INVALID_USERNAME`).
    #[error("{0}")]
    InvalidUsername(String),
    /// The room version cannot be made here (`M_UNSUPPORTED_ROOM_VERSION`).
    #[error("{0}")]
    UnsupportedRoomVersion(String),
    /// The initial state of a room makes no sense (`M_INVALID_ROOM_STATE`).
    #[error("{0}")]
    InvalidRoomState(String),
    /// The endpoint is not served (`M_UNRECOGNIZED`).
    #[error("{0}")]
    Unrecognized(String),
    /// Too many requests (`M_LIMIT_EXCEEDED`).
    #[error("too many requests; try again in {retry_after_ms} ms")]
    LimitExceeded {
        /// Milliseconds to wait.
        retry_after_ms: u64,
    },
    /// Something unspecific about the request (`M_UNKNOWN`, 400).
    #[error("{0}")]
    Unknown(String),
    /// The invited person does not take invitations (`M_INVITE_BLOCKED`).
    #[error("{0}")]
    InviteBlocked(String),
    /// The bytes of media have not come yet (`M_NOT_YET_UPLOADED`, 504).
    #[error("these media were announced and have not come yet")]
    NotYetUploaded,
    /// The address has its file already (`M_CANNOT_OVERWRITE_MEDIA`).
    #[error("there is a file at this address already")]
    CannotOverwriteMedia,
    /// The caller is at a bound of their account (`M_USER_LIMIT_EXCEEDED`).
    #[error("{message}")]
    UserLimit {
        /// Plain words: which bound, and what can be done.
        message: String,
        /// Where there is more to read.
        info_uri: String,
    },
    /// The name of a profile field is too long (`M_KEY_TOO_LARGE`).
    #[error("the name of a profile field has at most {} bytes", model::limits::PROFILE_KEY_BYTES)]
    KeyTooLarge,
    /// The profile would be too large (`M_PROFILE_TOO_LARGE`).
    #[error("a profile has at most {} bytes", model::limits::PROFILE_BYTES)]
    ProfileTooLarge,
    /// A signature is missing or was not made by the key it names (`M_INVALID_SIGNATURE`).
    #[error("{0}")]
    InvalidSignature(String),
    /// Another version of the key backup is the newest (`M_WRONG_ROOM_KEYS_VERSION`).
    #[error("version {current_version} of your key backup is the newest")]
    WrongRoomKeysVersion {
        /// The newest version.
        current_version: i64,
    },
    /// The message was stopped by the scanner (`ORG.MATRIX.MSC4387_SAFETY`, 403).
    #[error("{message}")]
    Safety {
        /// Plain words: what was stopped, and how to appeal.
        message: String,
        /// The harms found, named as in MSC4456.
        harms: Vec<String>,
        /// The case, to be named in an appeal; absent on a replay that did not keep it.
        case: Option<CaseId>,
    },
    /// More authentication is needed: the UIAA answer as JSON (401).
    #[error("more authentication is needed")]
    Uiaa(serde_json::Value),
    /// The staff desk: another reviewer holds the case.
    #[error("{0}")]
    Claimed(String),
    /// The staff desk: the case has been decided.
    #[error("{0}")]
    Decided(String),
    /// The server is at a bound of its own; try again later (`M_LIMIT_EXCEEDED`).
    #[error("the server is busy; try again in a moment")]
    Busy,
    /// The store failed; told to nobody but the log.
    #[error("internal error")]
    Store(#[source] StoreError),
    /// Something that cannot be the caller's fault; told to nobody but the log.
    #[error("internal error")]
    Internal(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        use model::event::EventError;
        match error {
            StoreError::Event(inner @ (EventError::TooLarge | EventError::KeyTooLong(_))) => Self::TooLarge(inner.to_string()),
            StoreError::Event(inner @ EventError::Malformed(_)) => Self::BadJson(inner.to_string()),
            StoreError::Stale => Self::Busy,
            StoreError::Nul => Self::InvalidParam("a name or ID has the character U+0000".to_owned()),
            other => Self::Store(other),
        }
    }
}

impl From<model::keys::KeyError> for Error {
    fn from(error: model::keys::KeyError) -> Self {
        use model::keys::KeyError;
        match error {
            KeyError::Json(inner) => inner.into(),
            KeyError::Form(text) => Self::InvalidParam(text),
            KeyError::Signature(text) => Self::InvalidSignature(text),
        }
    }
}

impl From<model::json::JsonError> for Error {
    fn from(error: model::json::JsonError) -> Self {
        match error {
            model::json::JsonError::NotJson(text) => Self::NotJson(text),
            model::json::JsonError::BadJson(text) => Self::BadJson(text),
        }
    }
}
