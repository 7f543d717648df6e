//! Which handler answers which path. Method and paths come from ruma's metadata of the request
//! type, so that every historical path of an endpoint is served. Handlers are erased to one type
//! at registration: axum's generics are compiled once.

use std::pin::Pin;
use std::sync::Arc;

use app::{App, Error};
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use ruma::api::auth_scheme::AuthScheme;
use ruma::api::path_builder::PathBuilder;
use ruma::api::{IncomingRequest, Metadata};

use crate::error::Refusal;
use crate::extract::{Call, Identify, Streamed, render, serve, serve_streamed};

/// All endpoints of the Client-Server API, with CORS on every answer and Matrix errors for the rest.
pub fn router(app: Arc<App>) -> Router {
    // one line an endpoint family; each family's file lists its own endpoints
    let table = Table { router: Router::new() };
    let table = crate::rooms::routes(table);
    let table = crate::summary::routes(table);
    let table = crate::send::routes(table);
    let table = crate::sync::routes(table);
    let table = crate::sliding::routes(table);
    let table = crate::history::routes(table);
    let table = crate::relations::routes(table);
    let table = crate::search::routes(table);
    let table = crate::account_data::routes(table);
    let table = crate::push_rules::routes(table);
    let table = crate::pushers::routes(table);
    let table = crate::reports::routes(table);
    let table = crate::sessions::routes(table);
    let table = crate::people::routes(table);
    let table = crate::server::routes(table);
    let table = crate::keys::routes(table);
    let table = crate::media::routes(table);
    let table = crate::backup::routes(table);
    table
        .router
        .merge(crate::server::well_known())
        .merge(crate::media::unauthenticated())
        .fallback(|| async { Refusal(Error::Unrecognized("this server does not know this path".to_owned())) })
        .method_not_allowed_fallback(|| async {
            let mut response = Refusal(Error::Unrecognized("this path does not take this method".to_owned())).into_response();
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response
        })
        .layer(axum::middleware::from_fn(cors))
        .with_state(app)
}

type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;
type Endpoint = Arc<dyn Fn(Arc<App>, Vec<String>, Request<Body>) -> Answer + Send + Sync>;

/// The routes, as they are being collected.
pub(crate) struct Table {
    router: Router<Arc<App>>,
}

impl Table {
    /// Serves `handler` on every path of its request type.
    #[must_use]
    pub(crate) fn matrix<T, F, Fut>(self, handler: F) -> Self
    where
        T: IncomingRequest + Send + 'static,
        T::Authentication: Identify,
        <T::Authentication as AuthScheme>::Output: Send,
        F: Fn(Call<T>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T::OutgoingResponse, Refusal>> + Send + 'static,
        T::OutgoingResponse: Send,
    {
        let paths: Vec<&'static str> = T::PATH_BUILDER.all_paths().collect();
        self.matrix_at(&paths, &[], handler)
    }

    /// Serves `handler` on these paths, with `more` as its last path arguments.
    #[must_use]
    pub(crate) fn matrix_at<T, F, Fut>(self, paths: &[&str], more: &'static [&'static str], handler: F) -> Self
    where
        T: IncomingRequest + Send + 'static,
        T::Authentication: Identify,
        <T::Authentication as AuthScheme>::Output: Send,
        F: Fn(Call<T>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T::OutgoingResponse, Refusal>> + Send + 'static,
        T::OutgoingResponse: Send,
    {
        self.raw_at(paths, more, move |call| {
            let answer = handler(call);
            async move { answer.await.map(render) }
        })
    }

    /// Serves a handler that writes its answer itself, on every path of its request type.
    #[must_use]
    pub(crate) fn raw<T, F, Fut>(self, handler: F) -> Self
    where
        T: IncomingRequest + Send + 'static,
        T::Authentication: Identify,
        <T::Authentication as AuthScheme>::Output: Send,
        F: Fn(Call<T>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response, Refusal>> + Send + 'static,
    {
        let paths: Vec<&'static str> = T::PATH_BUILDER.all_paths().collect();
        self.raw_at(&paths, &[], handler)
    }

    /// Serves a handler that takes the body as it comes, on every path of its request type.
    #[must_use]
    pub(crate) fn streamed<T, F, Fut>(mut self, handler: F) -> Self
    where
        T: IncomingRequest + Send + 'static,
        T::Authentication: Identify,
        <T::Authentication as AuthScheme>::Output: Send,
        F: Fn(Streamed<T>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response, Refusal>> + Send + 'static,
    {
        let endpoint: Endpoint =
            Arc::new(move |app, path_args, request| Box::pin(serve_streamed::<T, F, Fut>(app, path_args, request, handler.clone())));
        for path in T::PATH_BUILDER.all_paths() {
            self.router = mount(self.router, path, &<T as Metadata>::METHOD, Arc::clone(&endpoint));
        }
        self
    }

    /// As [`Table::raw`], on these paths, with `more` as the last path arguments.
    #[must_use]
    pub(crate) fn raw_at<T, F, Fut>(mut self, paths: &[&str], more: &'static [&'static str], handler: F) -> Self
    where
        T: IncomingRequest + Send + 'static,
        T::Authentication: Identify,
        <T::Authentication as AuthScheme>::Output: Send,
        F: Fn(Call<T>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response, Refusal>> + Send + 'static,
    {
        let endpoint: Endpoint = Arc::new(move |app, mut path_args, request| {
            path_args.extend(more.iter().map(|&argument| argument.to_owned()));
            Box::pin(serve::<T, F, Fut>(app, path_args, request, handler.clone()))
        });
        for path in paths {
            self.router = mount(self.router, path, &<T as Metadata>::METHOD, Arc::clone(&endpoint));
        }
        self
    }
}

fn mount(router: Router<Arc<App>>, path: &str, method: &Method, endpoint: Endpoint) -> Router<Arc<App>> {
    let filter = MethodFilter::try_from(method.clone()).expect("Matrix uses the common methods only");
    let answer = move |State(app): State<Arc<App>>, params: Result<RawPathParams, RawPathParamsRejection>, request: Request<Body>| {
        let Ok(params) = params else {
            let refusal = Refusal(Error::InvalidParam("the path is not UTF-8".to_owned()));
            return Box::pin(async { refusal.into_response() }) as Answer;
        };
        let path_args = params.iter().map(|(_, value)| value.to_owned()).collect();
        endpoint(app, path_args, request)
    };
    router.route(path, on(filter, answer))
}

const CORS: [(HeaderName, HeaderValue); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS")),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("X-Requested-With, Content-Type, Authorization")),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
];

/// Answers preflights before anything else and puts the CORS headers on every answer (spec "Web browser clients").
async fn cors(request: Request<Body>, next: axum::middleware::Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    response.headers_mut().extend(CORS);
    response
}
