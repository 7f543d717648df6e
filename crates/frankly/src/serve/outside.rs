//! Everything the server answers: the Matrix API, the console, health and metrics.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use app::App;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, Request, StatusCode, header};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

/// How often the metrics' memory is tidied.
const METER_UPKEEP: Duration = Duration::from_secs(5);

/// All that is served on one address.
pub(super) fn router(app: Arc<App>, meter: PrometheusHandle) -> Router {
    let upkeep = meter.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(METER_UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    let own = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready).with_state(Arc::clone(&app)))
        .route("/metrics", get(async move |State(app): State<Arc<App>>| metrics_of(&app, &meter)).with_state(Arc::clone(&app)));
    own.merge(console::router(Arc::clone(&app)))
        .merge(matrix::router(app))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn(observe))
}

/// Everything that is counted, and which rules are in force: one line, so that no old version stays behind.
fn metrics_of(app: &App, meter: &PrometheusHandle) -> String {
    let (version, rules) = app.rules_in_force();
    for (label, psi) in app.model_drift() {
        if let Some(psi) = psi {
            metrics::gauge!("frankly_model_drift_psi", "label" => label).set(psi);
        }
    }
    format!("{}# TYPE frankly_packs_info gauge\nfrankly_packs_info{{version=\"{version}\"}} {rules}\n", meter.render())
}

/// Whether the store answers.
async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(error = ?error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
        }
    }
}

/// Gives every request a number, a span and a place in the metrics.
async fn observe(request: Request<Body>, next: Next) -> Response {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    // the path without its query: some clients put tokens there
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let waits = request.uri().path().ends_with("/sync");
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let class = match response.status().as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "1xx",
    };
    metrics::counter!("frankly_http_requests_total", "status" => class).increment(1);
    if !waits {
        metrics::histogram!("frankly_http_request_seconds").record(began.elapsed().as_secs_f64());
    }
    tracing::debug!(parent: &span, status = response.status().as_u16(), "answered");
    response.headers_mut().insert("x-request-id", HeaderValue::from(id));
    response
}

/// A bug must not look like a broken network: the client gets a Matrix error.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request panicked");
    metrics::counter!("frankly_http_panics_total").increment(1);
    let body = r#"{"errcode":"M_UNKNOWN","error":"internal error"}"#;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (StatusCode::INTERNAL_SERVER_ERROR, headers, body).into_response()
}
