//! What a member may know: who looked at their messages, and what became of their complaints.

use app::Error;
use axum::Json as Answer;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use model::contact::ContactLimit;

use crate::Desk;
use crate::error::{ErrorBody, Refusal};
use crate::host_types::{WardBody, WardsAnswer};
use crate::session::{Json, Member};
use crate::types::{OwnAccessAnswer, OwnReportsAnswer};

/// Who looked at the caller's messages.
#[utoipa::path(get, path = "/_frankly/v1/access", responses((status = 200, body = OwnAccessAnswer), (status = 401, body = ErrorBody)), security(("access_token" = [])))]
pub(crate) async fn access(State(desk): State<Desk>, Member(caller): Member) -> Result<Answer<OwnAccessAnswer>, Refusal> {
    let rows = desk.app.access_of(&caller.user_id).await?;
    Ok(Answer(OwnAccessAnswer { records: rows.into_iter().map(Into::into).collect() }))
}

/// The caller's complaints and where they stand.
#[utoipa::path(get, path = "/_frankly/v1/reports", responses((status = 200, body = OwnReportsAnswer), (status = 401, body = ErrorBody)), security(("access_token" = [])))]
pub(crate) async fn reports(State(desk): State<Desk>, Member(caller): Member) -> Result<Answer<OwnReportsAnswer>, Refusal> {
    let rows = desk.app.reports_of(&caller.user_id).await?;
    Ok(Answer(OwnReportsAnswer { reports: rows.into_iter().map(Into::into).collect() }))
}

/// Those whom the caller watches over as their guardian.
#[utoipa::path(get, path = "/_frankly/v1/wards", responses((status = 200, body = WardsAnswer), (status = 401, body = ErrorBody)), security(("access_token" = [])))]
pub(crate) async fn wards(State(desk): State<Desk>, Member(caller): Member) -> Result<Answer<WardsAnswer>, Refusal> {
    let wards = desk.app.wards(&caller).await?;
    Ok(Answer(WardsAnswer { wards: wards.into_iter().map(Into::into).collect() }))
}

/// Narrows who can have conversations with somebody the caller watches over, or takes that limit back. It never widens
/// what the contact policy allows.
#[utoipa::path(put, path = "/_frankly/v1/wards/{user}", params(("user" = String, Path, description = "Whole user ID or local part")), request_body = WardBody, responses((status = 200, body = WardBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)), security(("access_token" = [])))]
pub(crate) async fn narrow_ward(
    State(desk): State<Desk>,
    Member(caller): Member,
    user: Result<Path<String>, PathRejection>,
    Json(body): Json<WardBody>,
) -> Result<Answer<WardBody>, Refusal> {
    let Path(user) = user.map_err(|_| Error::InvalidParam("the path is not UTF-8".to_owned()))?;
    let unknown = || Error::InvalidParam("contact_limit is friends, guardian or null".to_owned());
    let limit = body.contact_limit.as_deref().map(|name| ContactLimit::parse(name).ok_or_else(unknown)).transpose()?;
    let ward = desk.app.user_named(&user).map_err(|error| Error::InvalidParam(error.to_string()))?;
    desk.app.narrow_ward(&caller, &ward, limit).await?;
    Ok(Answer(body))
}
