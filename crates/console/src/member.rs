//! What a member may know: who looked at their messages, and what became of their complaints.

use axum::Json as Answer;
use axum::extract::State;

use crate::Desk;
use crate::error::{ErrorBody, Refusal};
use crate::session::Member;
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
