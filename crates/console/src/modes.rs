//! What a member may know of modes: which policies hold here, and what a conversation says of itself.

use app::Error;
use app::modes::{Label, ModesInForce, Row};
use app::review::SealedFacts;
use axum::Json as Answer;
use axum::extract::{Path, State};
use model::conversation::Mode;
use model::id::RoomId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Desk;
use crate::error::{ErrorBody, Refusal};
use crate::session::Member;

/// Which modes conversations here may have, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModesAnswer {
    /// The policies, in the order in which they are tried.
    policies: Vec<PolicyAnswer>,
    /// What a request for encryption gets that is not allowed: `strip` (a readable conversation that says so first) or `refuse`.
    on_encryption_request: &'static str,
}

/// A policy: its rows are read from the top, the first that fits decides.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyAnswer {
    /// Name and version, as in `choice@1`.
    policy: String,
    rows: Vec<PolicyRow>,
}

/// What holds for those it fits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyRow {
    /// It fits when somebody of these age bands takes part; everybody when empty.
    anybody: Vec<&'static str>,
    allowed: Vec<&'static str>,
    default: &'static str,
    reason: String,
}

/// What a conversation says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LabelAnswer {
    room_id: String,
    /// `readable` or `sealed`; it never changes.
    mode: &'static str,
    /// The policy that decided, with its version.
    policy: String,
    tenant: String,
    retention: String,
    /// Who can read it, in plain words.
    readers: Vec<&'static str>,
    /// How to check this without trusting the server.
    check: String,
}

/// What can be known of an encrypted message without reading it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SealedAnswer {
    ciphertext_bytes: i64,
    /// The device whose token sent it.
    device_id: Option<String>,
    /// The Megolm session; its signature was verified.
    session_id: String,
    message_index: i64,
    /// When the session was first used.
    session_first_ms: i64,
    /// Whether the session is another device's or another room's.
    elsewhere: bool,
    /// Whether another event had this index of the session before.
    repeated: bool,
}

impl From<&SealedFacts> for SealedAnswer {
    fn from(facts: &SealedFacts) -> Self {
        Self {
            ciphertext_bytes: facts.ciphertext_bytes,
            device_id: facts.device_id.clone(),
            session_id: facts.session_id.clone(),
            message_index: facts.message_index,
            session_first_ms: facts.session_first.0,
            elsewhere: facts.elsewhere,
            repeated: facts.repeated,
        }
    }
}

/// The policies that hold here, in words for members.
#[utoipa::path(get, path = "/_frankly/v1/modes", responses((status = 200, body = ModesAnswer), (status = 401, body = ErrorBody)), security(("access_token" = [])))]
pub(crate) async fn modes(State(desk): State<Desk>, _: Member) -> Answer<ModesAnswer> {
    Answer(desk.app.modes_in_force().into())
}

/// Who can read a conversation that the caller is in or invited to.
#[utoipa::path(get, path = "/_frankly/v1/conversations/{room_id}", params(("room_id" = String, Path)), responses((status = 200, body = LabelAnswer), (status = 404, body = ErrorBody)), security(("access_token" = [])))]
pub(crate) async fn label(
    State(desk): State<Desk>,
    Member(caller): Member,
    Path(room_id): Path<String>,
) -> Result<Answer<LabelAnswer>, Refusal> {
    let room_id = RoomId::parse(room_id).map_err(|_| Error::InvalidParam("this is not a room ID".to_owned()))?;
    Ok(Answer(desk.app.label(&caller, room_id).await?.into()))
}

impl From<ModesInForce> for ModesAnswer {
    fn from(modes: ModesInForce) -> Self {
        let policies = modes
            .policies
            .iter()
            .map(|policy| PolicyAnswer { policy: policy.name().to_owned(), rows: policy.rows().iter().map(Into::into).collect() });
        Self { policies: policies.collect(), on_encryption_request: if modes.strips { "strip" } else { "refuse" } }
    }
}

impl From<&Row> for PolicyRow {
    fn from(row: &Row) -> Self {
        Self {
            anybody: row.anybody.iter().map(|band| band.as_str()).collect(),
            allowed: row.allowed.iter().map(|mode| mode.as_str()).collect(),
            default: row.default.as_str(),
            reason: row.reason.clone(),
        }
    }
}

impl From<Label> for LabelAnswer {
    fn from(label: Label) -> Self {
        let mode: Mode = label.terms.mode;
        Self {
            check: format!("frankly label verify '{}'", label.room_id),
            room_id: label.room_id.into(),
            mode: mode.as_str(),
            policy: label.terms.policy,
            tenant: label.terms.tenant,
            retention: label.terms.retention,
            readers: mode.readers().to_vec(),
        }
    }
}
