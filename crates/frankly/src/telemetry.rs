//! Logs and metrics. A line says what happened in its message and to what in its fields; no body,
//! token or key is ever a field.

use anyhow::{Context, anyhow};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// Upper bounds of the time histograms in seconds: 1 ms to 10 s, then the long polls.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// Upper bounds of the histograms that count things.
const COUNTS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Starts writing logs to standard error.
///
/// # Errors
/// When the filter cannot be understood.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).with_context(|| format!("log.filter {:?} is not understood", log.filter))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if log.json { builder.json().try_init() } else { builder.try_init() };
    started.map_err(|error| anyhow!("logging cannot start: {error}"))
}

/// Starts counting; the handle renders what `/metrics` answers.
///
/// # Errors
/// When another recorder was installed before.
pub(crate) fn meter() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_commands".to_owned()), &COUNTS))
        .and_then(PrometheusBuilder::install_recorder)
        .context("metrics cannot start")
}
