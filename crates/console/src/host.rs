//! The host platform's API: its people, and what connects them, told in bulk. Each item stands or falls by itself;
//! telling the same twice changes nothing.

use app::Error;
use app::host::{HostKey, HostPerson, HostRelation, RelationKind, Told};
use axum::Json as Answer;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, State};
use bytes::Bytes;
use http::request::Parts;
use http::{Request, header};
use model::limits;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Desk;
use crate::error::{ErrorBody, Refusal};
use crate::host_types::{
    CloseBody, ClosedAnswer, ItemAnswer, ItemsAnswer, PeopleBody, PersonAnswer, RelationsBody, ToldPerson, ToldRelation, ToldRelationKind,
};

/// The host platform, by a key that the operator made.
pub(crate) struct Host(HostKey);

impl FromRequestParts<Desk> for Host {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Error::MissingToken)?;
        Ok(Self(desk.app.host(key).await?))
    }
}

/// A JSON body of up to [`limits::HOST_REQUEST_BYTES`], refused in the words of the Matrix API.
pub(crate) struct Json<T>(T);

impl<T: DeserializeOwned> FromRequest<Desk> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, desk: &Desk) -> Result<Self, Refusal> {
        let too_large = |_| Error::TooLarge(format!("a request may have at most {} bytes; send it in parts", limits::HOST_REQUEST_BYTES));
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

/// Makes accounts, or brings them up to date. What an item leaves out stays as it is.
#[utoipa::path(post, path = "/_frankly/v1/host/people", request_body = PeopleBody, responses((status = 200, body = ItemsAnswer), (status = 401, body = ErrorBody), (status = 413, body = ErrorBody)), security(("host_key" = [])))]
pub(crate) async fn people(
    State(desk): State<Desk>,
    Host(host): Host,
    Json(body): Json<PeopleBody>,
) -> Result<Answer<ItemsAnswer>, Refusal> {
    let people = body.people.iter().map(|item| understood::<ToldPerson>(item).map(HostPerson::from)).collect();
    let told = desk.app.host_tells_people(&host, people).await?;
    Ok(Answer(answer(&told, body.people.iter().map(|item| named(item, "id")))))
}

/// Tells who follows and who blocks whom.
#[utoipa::path(post, path = "/_frankly/v1/host/relations", request_body = RelationsBody, responses((status = 200, body = ItemsAnswer), (status = 401, body = ErrorBody), (status = 413, body = ErrorBody)), security(("host_key" = [])))]
pub(crate) async fn relations(
    State(desk): State<Desk>,
    Host(host): Host,
    Json(body): Json<RelationsBody>,
) -> Result<Answer<ItemsAnswer>, Refusal> {
    let relations = body.relations.iter().map(|item| understood::<ToldRelation>(item).map(HostRelation::from)).collect();
    let told = desk.app.host_tells_relations(&host, relations).await?;
    Ok(Answer(answer(&told, body.relations.iter().map(|item| named(item, "from")))))
}

/// One person, as Frankly knows them.
#[utoipa::path(get, path = "/_frankly/v1/host/people/{id}", params(("id" = String, Path, description = "Local part or whole user ID")), responses((status = 200, body = PersonAnswer), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)), security(("host_key" = [])))]
pub(crate) async fn person(
    State(desk): State<Desk>,
    Host(host): Host,
    id: Result<Path<String>, PathRejection>,
) -> Result<Answer<PersonAnswer>, Refusal> {
    let Path(id) = id.map_err(|_| Error::InvalidParam("the path is not UTF-8".to_owned()))?;
    Ok(Answer(desk.app.host_reads_person(&host, &id).await?.into()))
}

/// Closes an account for good: its person is logged out, leaves every conversation, and their name is never given again.
/// With `erase`, what they said is given from then on to those alone who were there when it was said. Asking again
/// changes nothing; `erase` can be asked for later.
#[utoipa::path(post, path = "/_frankly/v1/host/people/{id}/close", params(("id" = String, Path, description = "Local part or whole user ID")), request_body = CloseBody, responses((status = 200, body = ClosedAnswer), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)), security(("host_key" = [])))]
pub(crate) async fn close(
    State(desk): State<Desk>,
    Host(host): Host,
    id: Result<Path<String>, PathRejection>,
    Json(body): Json<CloseBody>,
) -> Result<Answer<ClosedAnswer>, Refusal> {
    let Path(id) = id.map_err(|_| Error::InvalidParam("the path is not UTF-8".to_owned()))?;
    let (user_id, closed) = desk.app.host_closes_person(&host, &id, body.erase).await?;
    Ok(Answer(ClosedAnswer::of(&user_id, closed)))
}

/// An item in its form, or what is wrong with it.
fn understood<T: DeserializeOwned>(item: &Value) -> Result<T, String> {
    T::deserialize(item).map_err(|error| error.to_string())
}

/// What an item calls itself, as far as it does.
fn named<'a>(item: &'a Value, key: &str) -> &'a str {
    item.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn answer<'a>(told: &[Told], ids: impl Iterator<Item = &'a str>) -> ItemsAnswer {
    ItemsAnswer { results: told.iter().zip(ids).map(|(told, id)| ItemAnswer::of(id, told)).collect() }
}

impl From<ToldPerson> for HostPerson {
    fn from(told: ToldPerson) -> Self {
        let ToldPerson { id, display_name, age_band, jurisdiction, guardian, contact_limit } = told;
        Self { id, display_name, age_band, jurisdiction, guardian, contact_limit }
    }
}

impl From<ToldRelation> for HostRelation {
    fn from(told: ToldRelation) -> Self {
        let kind = match told.kind {
            ToldRelationKind::Follows => RelationKind::Follows,
            ToldRelationKind::Mutual => RelationKind::Mutual,
            ToldRelationKind::Blocks => RelationKind::Blocks,
        };
        Self { from: told.from, to: told.to, kind, active: told.active }
    }
}
