//! `deliver`: how long a message takes from its due time to the recipient's long poll, and what that costs.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::audience::{DRAIN_QUIET, Seated};
use crate::crowd::Crowd;
use crate::error::SimError;
use crate::figures::{count, ratio, show};
use crate::histogram::LatencyMs;
use crate::load::Load;
use crate::measure::conditions;
use crate::measure::send::{describe, per_message};
use crate::pace::Pace;
use crate::process::{Machine, cpu_between};
use crate::report::{Conditions, Report, Verification, latency_cells};
use crate::server::{Target, TargetOptions};
use crate::table::Table;
use crate::text::Script;
use crate::world::progress;

/// What to send at which rate, and where.
#[derive(Clone, Debug)]
pub struct DeliverOptions {
    /// The server.
    pub target: TargetOptions,
    /// Senders, each with one recipient who long-polls.
    pub senders: u32,
    /// Messages a second from all senders together.
    pub rate: u32,
    /// How long.
    pub lasting: Duration,
    /// Length of one body.
    pub body_bytes: usize,
    /// Whether the conversations are sealed.
    pub sealed: bool,
    /// Runs the same load against the null server just before.
    pub against_null: bool,
}

/// Figures of one server.
#[derive(Clone, Debug, Serialize)]
pub struct DeliverFigures {
    /// Messages of the load that a recipient received.
    pub delivered: u64,
    /// From the due time to the receipt.
    pub delivery_ms: LatencyMs,
    /// From the due time to the sender's acknowledgement.
    pub send_ms: LatencyMs,
    /// Processor time of the server for one delivered message: its sending, its storing, its delivery.
    pub server_cpu_us_per_message: Option<f64>,
    /// Messages that were given up.
    pub failed: u64,
    /// Polls that failed.
    pub failed_polls: u64,
    /// 429 answers waited for.
    pub limited: u64,
    /// The first reason for a failure.
    pub first_error: Option<String>,
    /// The timelines as the long polls gave them.
    pub live: Verification,
    /// The timelines read again from scratch.
    pub scratch: Verification,
}

/// The result of `deliver`.
#[derive(Clone, Debug, Serialize)]
pub struct DeliverReport {
    conditions: Conditions,
    load: String,
    #[serde(flatten)]
    figures: DeliverFigures,
    null: Option<DeliverFigures>,
    /// 99th percentile of the delivery, as a multiple of the null server's.
    p99_to_null: Option<f64>,
}

/// Runs the measurement.
pub async fn deliver(options: &DeliverOptions) -> Result<DeliverReport, SimError> {
    let pace = Pace::Open { rate: options.rate, lasting: options.lasting }.checked()?;
    let machine = Machine::now();
    let null = if options.against_null {
        progress("the same load against the null server first");
        Some(measure(&Target::null(&options.target.exe).await?, options, pace).await?)
    } else {
        None
    };
    let target = Target::open(&options.target).await?;
    let figures = measure(&target, options, pace).await?;
    let p99_to_null = null.as_ref().and_then(|null| ratio(figures.delivery_ms.p99, null.delivery_ms.p99));
    let conditions = conditions(&options.target, &target, machine);
    Ok(DeliverReport { conditions, load: describe(options.senders, pace), figures, null, p99_to_null })
}

async fn measure(target: &Target, options: &DeliverOptions, pace: Pace) -> Result<DeliverFigures, SimError> {
    let script = Script::new(options.target.seed, options.body_bytes);
    let mut crowd = Crowd::gather(target.origin(), script, options.senders, target.privacy(options.sealed)).await?;
    let seated = Seated::take(&crowd).await?;
    progress("sending while recipients poll");
    let before = target.usage();
    let start = Instant::now() + Duration::from_millis(100);
    let audience = seated.listen(pace.schedule(start, options.senders));
    let load = Load::start(std::mem::take(&mut crowd.speakers), &crowd.script, pace, start);
    let (speakers, tally, _) = load.finish().await;
    let heard = audience.finish(&speakers, DRAIN_QUIET).await;
    let after = target.usage();
    crowd.speakers = speakers;
    let scratch = crowd.verify_from_scratch().await?;
    Ok(DeliverFigures {
        delivered: heard.latency.len(),
        delivery_ms: heard.latency.latency(),
        send_ms: tally.latency.latency(),
        server_cpu_us_per_message: per_message(cpu_between(before, after), heard.latency.len()),
        failed: tally.failed,
        failed_polls: heard.failed_polls,
        limited: crowd.limited(),
        first_error: tally.first_error,
        live: heard.verification,
        scratch,
    })
}

impl DeliverFigures {
    fn rows(&self, table: &mut Table) {
        let counts = [self.delivered, self.failed, self.failed_polls, self.limited].map(count).join(" / ");
        table.row(["delivered / failed sends / failed polls / 429", &counts]);
        table.row(["delivery p50 / p95 / p99 / max, ms", &latency_cells(&self.delivery_ms)]);
        table.row(["sending p50 / p95 / p99 / max, ms", &latency_cells(&self.send_ms)]);
        table.row(["server CPU per delivered message, µs", &show(self.server_cpu_us_per_message)]);
        table.row(["as received by long polls", ""]);
        self.live.rows(table);
        table.row(["as read again from scratch", ""]);
        self.scratch.rows(table);
        if let Some(error) = &self.first_error {
            table.row(["first failure", error]);
        }
    }
}

impl Report for DeliverReport {
    fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        if let Some(null) = &self.null {
            let mut table = Table::new(format!("null server: {}", self.load));
            null.rows(&mut table);
            tables.push(table);
        }
        let mut table = Table::new(self.conditions.title(&format!("deliver: {}", self.load)));
        self.figures.rows(&mut table);
        if let Some(times) = self.p99_to_null {
            table.row(["delivery p99 as a multiple of the null server's", &show(Some(times))]);
        }
        tables.push(table);
        tables
    }

    fn faults(&self) -> u64 {
        self.figures.live.faults.total() + self.figures.scratch.faults.total() + self.figures.failed
    }
}
