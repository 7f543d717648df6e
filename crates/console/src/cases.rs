//! The staff's endpoints: log in, the queue, a case, the recorded read, the decision.

use app::Error;
use app::review::{CaseFilter, NewDecision, QueuePlace};
use axum::Json as Answer;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use model::case::CaseState;
use model::id::{AccessId, CaseId};
use model::limits;
use model::secret::Secret;
use serde::Deserialize;

use crate::Desk;
use crate::error::{ErrorBody, Refusal};
use crate::session::{Json, Reviewer, cookie, token};
use crate::types::{
    AccessPageAnswer, CaseDetailAnswer, CaseSummary, CasesAnswer, DecideBody, Done, LoginBody, Me, OverviewAnswer, RevealBody,
    RevealedAnswer, WebhooksAnswer,
};

/// Logs a member of staff in and sets the session cookie.
#[utoipa::path(post, path = "/_frankly/v1/console/login", request_body = LoginBody, responses((status = 200, body = Me), (status = 403, body = ErrorBody)))]
pub(crate) async fn login(State(desk): State<Desk>, Json(body): Json<LoginBody>) -> Result<Response, Refusal> {
    let (token, staff) = desk.app.staff_login(&body.user, &Secret::new(body.password)).await?;
    let set = [(header::SET_COOKIE, cookie(&desk.app, token.expose()))];
    Ok((set, Answer(Me::from(staff))).into_response())
}

/// Ends the session.
#[utoipa::path(post, path = "/_frankly/v1/console/logout", responses((status = 200, body = Done)))]
pub(crate) async fn logout(State(desk): State<Desk>, headers: HeaderMap) -> Result<Response, Refusal> {
    if let Some(token) = token(&headers) {
        desk.app.staff_logout(token).await?;
    }
    Ok(([(header::SET_COOKIE, cookie(&desk.app, ""))], Answer(Done {})).into_response())
}

/// Who is logged in.
#[utoipa::path(get, path = "/_frankly/v1/console/me", responses((status = 200, body = Me), (status = 401, body = ErrorBody)))]
pub(crate) async fn me(Reviewer(staff): Reviewer) -> Answer<Me> {
    Answer(staff.into())
}

/// What there is to do.
#[utoipa::path(get, path = "/_frankly/v1/console/overview", responses((status = 200, body = OverviewAnswer)))]
pub(crate) async fn overview(State(desk): State<Desk>, Reviewer(staff): Reviewer) -> Result<Answer<OverviewAnswer>, Refusal> {
    Ok(Answer(desk.app.overview(&staff).await?.into()))
}

/// Which cases are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(crate) struct CasesQuery {
    /// `open`, `claimed`, `decided` or `all`.
    state: Option<String>,
    /// Only this queue.
    queue: Option<String>,
    /// Cases in a page, at most 100.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of the queue, by priority, then by age.
#[utoipa::path(get, path = "/_frankly/v1/console/cases", params(CasesQuery), responses((status = 200, body = CasesAnswer), (status = 403, body = ErrorBody)))]
pub(crate) async fn cases(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
    Query(query): Query<CasesQuery>,
) -> Result<Answer<CasesAnswer>, Refusal> {
    let state = match query.state.as_deref() {
        None | Some("all" | "") => None,
        Some(name) => Some(CaseState::parse(name).ok_or_else(|| invalid("state is open, claimed, decided or all"))?),
    };
    let after = query.after.as_deref().filter(|text| !text.is_empty()).map(place).transpose()?;
    let queue = query.queue.filter(|queue| !queue.is_empty());
    let (page, now) = desk.app.cases(&staff, CaseFilter { state, queue, limit: query.limit, after }).await?;
    let next = page.next.map(|place| format!("{}.{}.{}.{}", place.state, place.priority, place.opened_ms, place.case_id));
    Ok(Answer(CasesAnswer { cases: page.cases.into_iter().map(|case| CaseSummary::of(case, now)).collect(), next }))
}

fn place(text: &str) -> Result<QueuePlace, Error> {
    let numbers: Vec<i64> = text.split('.').map_while(|part| part.parse().ok()).collect();
    match numbers.as_slice() {
        [state, priority, opened_ms, case_id] => {
            Ok(QueuePlace { state: *state, priority: *priority, opened_ms: *opened_ms, case_id: *case_id })
        }
        _ => Err(invalid("after is not a value that next had")),
    }
}

/// A case, without its message.
#[utoipa::path(get, path = "/_frankly/v1/console/cases/{id}", params(("id" = i64, Path)), responses((status = 200, body = CaseDetailAnswer), (status = 404, body = ErrorBody)))]
pub(crate) async fn case(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
    Path(id): Path<String>,
) -> Result<Answer<CaseDetailAnswer>, Refusal> {
    Ok(Answer(desk.app.case(&staff, case_id(&id)?).await?.into()))
}

/// Takes a case for ten minutes, or shows a sign of life on it.
#[utoipa::path(post, path = "/_frankly/v1/console/cases/{id}/claim", params(("id" = i64, Path)), responses((status = 200, body = CaseDetailAnswer), (status = 409, body = ErrorBody)))]
pub(crate) async fn claim(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
    Path(id): Path<String>,
) -> Result<Answer<CaseDetailAnswer>, Refusal> {
    Ok(Answer(desk.app.claim(&staff, case_id(&id)?).await?.into()))
}

/// Gives a case back to the queue.
#[utoipa::path(post, path = "/_frankly/v1/console/cases/{id}/unclaim", params(("id" = i64, Path)), responses((status = 200, body = CaseDetailAnswer)))]
pub(crate) async fn unclaim(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
    Path(id): Path<String>,
) -> Result<Answer<CaseDetailAnswer>, Refusal> {
    Ok(Answer(desk.app.unclaim(&staff, case_id(&id)?).await?.into()))
}

/// Opens the message of a claimed case; the read is on record before the text is selected.
#[utoipa::path(post, path = "/_frankly/v1/console/cases/{id}/reveal", params(("id" = i64, Path)), request_body = RevealBody, responses((status = 200, body = RevealedAnswer), (status = 403, body = ErrorBody)))]
pub(crate) async fn reveal(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
    Path(id): Path<String>,
    Json(body): Json<RevealBody>,
) -> Result<Answer<RevealedAnswer>, Refusal> {
    if body.window > limits::REVEAL_WINDOW_EVENTS {
        return Err(invalid("window is 0 to 5").into());
    }
    Ok(Answer(desk.app.reveal(&staff, case_id(&id)?, body.reason, body.window).await?.into()))
}

/// Decides a claimed case; its effects are in force when this answers.
#[utoipa::path(post, path = "/_frankly/v1/console/cases/{id}/decide", params(("id" = i64, Path)), request_body = DecideBody, responses((status = 200, body = CaseDetailAnswer), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn decide(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
    Path(id): Path<String>,
    Json(body): Json<DecideBody>,
) -> Result<Answer<CaseDetailAnswer>, Refusal> {
    let decision = NewDecision { outcome: body.outcome, note: body.note, tell_sender: body.tell_sender };
    Ok(Answer(desk.app.decide(&staff, case_id(&id)?, decision).await?.into()))
}

/// Which records are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(crate) struct AccessQuery {
    /// Records in a page, at most 100.
    limit: Option<usize>,
    /// `next` of the page before.
    before: Option<i64>,
}

/// Access records: all for auditors and privacy officers, their own for reviewers.
#[utoipa::path(get, path = "/_frankly/v1/console/access", params(AccessQuery), responses((status = 200, body = AccessPageAnswer), (status = 403, body = ErrorBody)))]
pub(crate) async fn access(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
    Query(query): Query<AccessQuery>,
) -> Result<Answer<AccessPageAnswer>, Refusal> {
    let limit = query.limit.unwrap_or(limits::ACCESS_PAGE_ROWS / 2).clamp(1, limits::ACCESS_PAGE_ROWS);
    let rows = desk.app.access_page(&staff, query.before.map(AccessId), Some(limit)).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.access_id.to_string());
    Ok(Answer(AccessPageAnswer { records: rows.into_iter().map(Into::into).collect(), next }))
}

/// Which deliveries are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(crate) struct WebhooksQuery {
    /// `pending`, `delivered` or `failed`.
    state: Option<String>,
}

/// Deliveries to the webhook.
#[utoipa::path(get, path = "/_frankly/v1/console/webhooks", params(WebhooksQuery), responses((status = 200, body = WebhooksAnswer), (status = 403, body = ErrorBody)))]
pub(crate) async fn webhooks(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
    Query(query): Query<WebhooksQuery>,
) -> Result<Answer<WebhooksAnswer>, Refusal> {
    let state = query.state.as_deref().filter(|state| !state.is_empty());
    let deliveries = desk.app.webhooks(&staff, state).await?;
    Ok(Answer(WebhooksAnswer { deliveries: deliveries.into_iter().map(Into::into).collect() }))
}

/// Sends a delivery again.
#[utoipa::path(post, path = "/_frankly/v1/console/webhooks/{id}/replay", params(("id" = i64, Path)), responses((status = 200, body = Done), (status = 404, body = ErrorBody)))]
pub(crate) async fn replay(State(desk): State<Desk>, Reviewer(staff): Reviewer, Path(id): Path<String>) -> Result<Answer<Done>, Refusal> {
    let id = id.parse().map_err(|_| Error::NotFound("there is no such delivery".to_owned()))?;
    desk.app.replay_webhook(&staff, id).await?;
    Ok(Answer(Done {}))
}

fn case_id(text: &str) -> Result<CaseId, Error> {
    text.parse().map(CaseId).map_err(|_| Error::NotFound("there is no such case".to_owned()))
}

fn invalid(text: &str) -> Error {
    Error::InvalidParam(text.to_owned())
}
