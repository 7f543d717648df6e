//! From HTTP to a typed call and back. The authentication scheme of ruma's request type decides
//! what a handler receives, so that no handler can forget to ask who calls.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use app::{App, Caller, Error};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use model::limits;
use model::person::AccountState;
use model::secret::Secret;
use ruma::api::auth_scheme::{AccessToken, AccessTokenOptional, AppserviceTokenOptional, AuthScheme, NoAccessToken, NoAuthentication};
use ruma::api::error::DeserializationError;
use ruma::api::{IncomingRequest, OutgoingResponse, OutgoingResponseExt};

use crate::error::Refusal;
use crate::part::Asked;

/// A request, understood: who asks, and what.
pub(crate) struct Call<T: IncomingRequest>
where
    T::Authentication: Identify,
{
    /// The server.
    pub(crate) app: Arc<App>,
    /// Who asks: a [`Caller`], perhaps one, or nobody, by the endpoint's authentication scheme.
    pub(crate) who: <T::Authentication as Identify>::Who,
    /// What is asked; boxed, for a handler that waits keeps it.
    pub(crate) body: Box<T>,
    /// The body as sent, for what ruma's types leave out.
    pub(crate) raw: Bytes,
    /// The query as sent, for the same.
    pub(crate) query: String,
    /// What the client has of a file already, and which part of it it wants.
    pub(crate) asked: Asked,
    /// The address the connection came from, when the server knows it.
    pub(crate) peer: Option<IpAddr>,
    /// The access token as sent, for endpoints that need none and answer more to those who show one.
    pub(crate) token: Option<Secret<String>>,
}

impl<T: IncomingRequest> Call<T>
where
    T::Authentication: Identify,
{
    /// Whoever showed a token, where the endpoint asks for none; a token that is not good shows nobody.
    pub(crate) async fn asker(&self) -> Result<Option<Arc<Caller>>, Error> {
        let Some(token) = &self.token else { return Ok(None) };
        match self.app.authenticate(token.expose()).await {
            Ok(caller) => Ok(Some(caller).filter(|caller| caller.state != AccountState::Locked)),
            Err(Error::UnknownToken) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// A request whose body is not read yet: bytes of any length.
pub(crate) struct Streamed<T: IncomingRequest>
where
    T::Authentication: Identify,
{
    /// The server.
    pub(crate) app: Arc<App>,
    /// Who asks, as in [`Call`].
    pub(crate) who: <T::Authentication as Identify>::Who,
    /// What is asked, as if its body were empty.
    pub(crate) body: T,
    /// The headers as sent.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) stream: Body,
}

/// Turns a scheme's token into what the handler is given.
pub(crate) trait Identify: AuthScheme {
    /// What the handler is given.
    type Who: Send;

    /// Finds out who it is.
    fn identify(app: &App, token: Self::Output, path: &str) -> impl Future<Output = Result<Self::Who, Error>> + Send;
}

impl Identify for NoAuthentication {
    type Who = ();

    async fn identify(_: &App, (): (), _: &str) -> Result<(), Error> {
        Ok(())
    }
}

impl Identify for NoAccessToken {
    type Who = ();

    async fn identify(_: &App, (): (), _: &str) -> Result<(), Error> {
        Ok(())
    }
}

impl Identify for AccessToken {
    type Who = Arc<Caller>;

    async fn identify(app: &App, token: String, path: &str) -> Result<Arc<Caller>, Error> {
        unlocked(app.authenticate(&token).await?, path)
    }
}

impl Identify for AccessTokenOptional {
    type Who = Option<Arc<Caller>>;

    async fn identify(app: &App, token: Option<String>, path: &str) -> Result<Option<Arc<Caller>>, Error> {
        match token {
            Some(token) => unlocked(app.authenticate(&token).await?, path).map(Some),
            None => Ok(None),
        }
    }
}

/// Application services are not offered: their token is not asked for.
impl Identify for AppserviceTokenOptional {
    type Who = ();

    async fn identify(_: &App, _: Option<String>, _: &str) -> Result<(), Error> {
        Ok(())
    }
}

/// A locked account may only log out (spec "Account locking").
fn unlocked(caller: Arc<Caller>, path: &str) -> Result<Arc<Caller>, Error> {
    let logs_out = path.ends_with("/logout") || path.ends_with("/logout/all");
    if caller.state == AccountState::Locked && !logs_out {
        return Err(Error::UserLocked);
    }
    Ok(caller)
}

/// Reads, understands, and gives what `handler` answers.
pub(crate) async fn serve<T, F, Fut>(app: Arc<App>, path_args: Vec<String>, request: Request<Body>, handler: F) -> Response
where
    T: IncomingRequest,
    T::Authentication: Identify,
    F: FnOnce(Call<T>) -> Fut,
    Fut: Future<Output = Result<Response, Refusal>>,
{
    let call = match Box::pin(understand::<T>(app, path_args, request)).await {
        Ok(call) => call,
        Err(error) => return Refusal(error).into_response(),
    };
    handler(call).await.unwrap_or_else(IntoResponse::into_response)
}

async fn understand<T>(app: Arc<App>, path_args: Vec<String>, request: Request<Body>) -> Result<Call<T>, Error>
where
    T: IncomingRequest,
    T::Authentication: Identify,
{
    let token = T::Authentication::extract_authentication(&request).map_err(|_| Error::MissingToken)?;
    let who = T::Authentication::identify(&app, token, request.uri().path()).await?;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(|token| Secret::new(token.to_owned()));
    let (head, body) = request.into_parts();
    let raw = read_body(body).await?;
    // what a type ignores is not checked to be text; only media are anything else
    if head.uri.path().starts_with("/_matrix/client/") && std::str::from_utf8(&raw).is_err() {
        return Err(Error::NotJson("the body is not UTF-8".to_owned()));
    }
    // clients send empty bodies where an empty object is meant, and JSON without saying so
    let bytes: &[u8] = if raw.is_empty() && head.method != http::Method::GET { b"{}" } else { &raw };
    if head.method == http::Method::POST && head.uri.path().ends_with("/login") {
        names_login_type(bytes)?;
    }
    let asked = Asked::in_headers(&head.headers);
    let arguments: Vec<&str> = path_args.iter().map(String::as_str).collect();
    let parsed = T::try_from_http_request_inner(Request::from_parts(head, bytes), &arguments);
    let body = Box::new(parsed.map_err(|error| misunderstood(&error, bytes))?);
    Ok(Call { app, who, body, raw, query, asked, peer, token: shown })
}

/// Understands all but the body, and gives what `handler` answers.
pub(crate) async fn serve_streamed<T, F, Fut>(app: Arc<App>, path_args: Vec<String>, request: Request<Body>, handler: F) -> Response
where
    T: IncomingRequest,
    T::Authentication: Identify,
    F: FnOnce(Streamed<T>) -> Fut,
    Fut: Future<Output = Result<Response, Refusal>>,
{
    let understood = async {
        // nothing of the body is read before it is known who asks
        let token = T::Authentication::extract_authentication(&request).map_err(|_| Error::MissingToken)?;
        let (head, stream) = request.into_parts();
        let who = T::Authentication::identify(&app, token, head.uri.path()).await?;
        let headers = head.headers.clone();
        let arguments: Vec<&str> = path_args.iter().map(String::as_str).collect();
        let nothing: &[u8] = &[];
        let parsed = T::try_from_http_request_inner(Request::from_parts(head, nothing), &arguments);
        let body = parsed.map_err(|error| misunderstood(&error, nothing))?;
        Ok(Streamed { app, who, body, headers, stream })
    };
    match Box::pin(understood).await {
        Ok(call) => handler(call).await.unwrap_or_else(IntoResponse::into_response),
        Err(error) => Refusal(error).into_response(),
    }
}

/// ruma's log-in request panics over an object without a type, even where the body goes on behind it and is not JSON.
fn names_login_type(bytes: &[u8]) -> Result<(), Error> {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes) {
        Ok(fields) if fields.contains_key("type") => Ok(()),
        Ok(_) => Err(Error::MissingParam("type is needed".to_owned())),
        Err(error) => Err(misunderstood(&error.into(), bytes)),
    }
}

/// The whole body, within [`limits::REQUEST_BYTES`] and [`limits::REQUEST_READ_MS`].
pub(crate) async fn read_body(body: Body) -> Result<Bytes, Error> {
    let collected = Limited::new(body, limits::REQUEST_BYTES).collect();
    match tokio::time::timeout(Duration::from_millis(limits::REQUEST_READ_MS), collected).await {
        Err(_) => Err(Error::Unknown("the request body took too long".to_owned())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Error::TooLarge(format!("a request body may have at most {} bytes", limits::REQUEST_BYTES)))
        }
        Ok(Err(_)) => Err(Error::Unknown("the request body ended early".to_owned())),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// Which error a request earns that does not fit its type.
fn misunderstood(error: &DeserializationError, body: &[u8]) -> Error {
    match error {
        DeserializationError::Json(_) if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() => {
            Error::NotJson("the body is not JSON".to_owned())
        }
        DeserializationError::Utf8(_) => Error::NotJson("the request is not UTF-8".to_owned()),
        DeserializationError::Json(error) if error.to_string().starts_with("missing field") => {
            Error::BadJson(format!("the body lacks a field: {error}"))
        }
        DeserializationError::Json(error) => Error::BadJson(format!("the body has another form than expected: {error}")),
        DeserializationError::Query(error) => Error::InvalidParam(format!("a query parameter is not understood: {error}")),
        DeserializationError::Ident(error) => Error::InvalidParam(format!("an identifier in the path is not valid: {error}")),
        DeserializationError::Header(error) => Error::InvalidParam(format!("a header is not understood: {error}")),
        _ => Error::BadJson("the request is not understood".to_owned()),
    }
}

pub(crate) fn render<R: OutgoingResponse>(answer: R) -> Response {
    match answer.try_into_http_response::<Vec<u8>>() {
        Ok(response) => {
            let mut response = response.map(Body::from);
            response.headers_mut().entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => Refusal(Error::Internal(error.to_string())).into_response(),
    }
}
