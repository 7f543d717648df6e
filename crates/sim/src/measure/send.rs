//! `send`: how fast and how cheaply messages are taken, and whether they are all there afterwards.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::crowd::Crowd;
use crate::error::SimError;
use crate::figures::{count, float, ratio, show};
use crate::histogram::LatencyMs;
use crate::load::{Load, Tally};
use crate::measure::conditions;
use crate::pace::Pace;
use crate::process::{Machine, Usage, cpu_between};
use crate::report::{Conditions, Report, Verification, latency_cells};
use crate::server::{Target, TargetOptions};
use crate::table::Table;
use crate::text::Script;
use crate::world::progress;

/// What to send, and where.
#[derive(Clone, Debug)]
pub struct SendOptions {
    /// The server.
    pub target: TargetOptions,
    /// Senders, each with one recipient in one room.
    pub senders: u32,
    /// Closed or open loop.
    pub pace: Pace,
    /// Length of one body.
    pub body_bytes: usize,
    /// Whether the conversations are sealed.
    pub sealed: bool,
    /// Runs the same load against the null server just before.
    pub against_null: bool,
}

/// Figures of one server.
#[derive(Clone, Debug, Serialize)]
pub struct SendFigures {
    /// Time from the first request to the last answer.
    pub wall_s: f64,
    /// Acknowledged messages.
    pub messages: u64,
    /// Acknowledged messages a second.
    pub messages_per_s: f64,
    /// From the due time (open loop) or the request (closed loop) to the acknowledgement.
    pub latency_ms: LatencyMs,
    /// Processor time of the server for one acknowledged message.
    pub server_cpu_us_per_message: Option<f64>,
    /// Processor time of this tool for one acknowledged message; a null server in it would be counted here.
    pub tool_cpu_us_per_message: Option<f64>,
    /// Growth of the database for one message.
    pub database_bytes_per_message: Option<f64>,
    /// Messages that were given up.
    pub failed: u64,
    /// Requests repeated after a 5xx or a broken connection.
    pub retried: u64,
    /// 429 answers waited for.
    pub limited: u64,
    /// The first reason for a failure.
    pub first_error: Option<String>,
    /// Every recipient's timeline, read from scratch.
    pub verification: Verification,
}

/// The result of `send`.
#[derive(Clone, Debug, Serialize)]
pub struct SendReport {
    conditions: Conditions,
    load: String,
    #[serde(flatten)]
    figures: SendFigures,
    null: Option<SendFigures>,
    /// Messages a second, as a share of the null server's.
    share_of_null: Option<f64>,
}

/// Runs the measurement.
pub async fn send(options: &SendOptions) -> Result<SendReport, SimError> {
    let pace = options.pace.checked()?;
    let machine = Machine::now();
    let null = if options.against_null {
        progress("the same load against the null server first");
        let mut target = Target::null(&options.target.exe).await?;
        Some(measure(&mut target, options, pace).await?)
    } else {
        None
    };
    let mut target = Target::open(&options.target).await?;
    let figures = measure(&mut target, options, pace).await?;
    let share_of_null = null.as_ref().and_then(|null| ratio(figures.messages_per_s, null.messages_per_s));
    let conditions = conditions(&options.target, &target, machine);
    Ok(SendReport { conditions, load: describe(options.senders, pace), figures, null, share_of_null })
}

pub(crate) fn describe(senders: u32, pace: Pace) -> String {
    match pace {
        Pace::ClosedFor(lasting) => format!("closed loop, {senders} senders, {} s", lasting.as_secs()),
        Pace::ClosedCount(messages) => format!("closed loop, {senders} senders, {} messages", count(messages)),
        Pace::Open { rate, lasting } => {
            format!("open loop, {} messages/s from {senders} senders, {} s", count(rate.into()), lasting.as_secs())
        }
    }
}

async fn measure(target: &mut Target, options: &SendOptions, pace: Pace) -> Result<SendFigures, SimError> {
    let script = Script::new(options.target.seed, options.body_bytes);
    let mut crowd = Crowd::gather(target.origin(), script, options.senders, target.privacy(options.sealed)).await?;
    let stored_before = target.stored_bytes().await?;
    crowd.warm_up().await?;
    progress("sending");
    let (before, tool_before) = (target.usage(), Usage::of(std::process::id()).ok());
    let load = Load::start(std::mem::take(&mut crowd.speakers), &crowd.script, pace, Instant::now());
    let (speakers, tally, wall) = load.finish().await;
    let (after, tool_after) = (target.usage(), Usage::of(std::process::id()).ok());
    crowd.speakers = speakers;
    progress("checking every recipient's timeline");
    let verification = crowd.verify_from_scratch().await?;
    let stored_after = target.stored_bytes().await?;
    let stored = stored_before.zip(stored_after).map(|(before, after)| float(after.saturating_sub(before)));
    let stored_messages = tally.acknowledged() + u64::from(options.senders);
    Ok(SendFigures {
        server_cpu_us_per_message: per_message(cpu_between(before, after), tally.acknowledged()),
        tool_cpu_us_per_message: per_message(cpu_between(tool_before, tool_after), tally.acknowledged()),
        database_bytes_per_message: per_message(stored, stored_messages),
        limited: crowd.limited(),
        verification,
        ..figures(tally, wall)
    })
}

fn figures(tally: Tally, wall: Duration) -> SendFigures {
    SendFigures {
        wall_s: wall.as_secs_f64(),
        messages: tally.acknowledged(),
        messages_per_s: ratio(float(tally.acknowledged()), wall.as_secs_f64()).unwrap_or(0.0),
        latency_ms: tally.latency.latency(),
        server_cpu_us_per_message: None,
        tool_cpu_us_per_message: None,
        database_bytes_per_message: None,
        failed: tally.failed,
        retried: tally.retried,
        limited: 0,
        first_error: tally.first_error,
        verification: Verification::default(),
    }
}

pub(crate) fn per_message(sum: Option<f64>, messages: u64) -> Option<f64> {
    ratio(sum?, float(messages))
}

impl SendFigures {
    fn rows(&self, table: &mut Table) {
        table.row(["messages/s", &show(Some(self.messages_per_s))]);
        table.row(["acknowledged / failed / retried / 429", &self.counts()]);
        table.row(["latency p50 / p95 / p99 / max, ms", &latency_cells(&self.latency_ms)]);
        table.row(["server CPU per message, µs", &show(self.server_cpu_us_per_message)]);
        table.row(["load generator CPU per message, µs", &show(self.tool_cpu_us_per_message)]);
        table.row(["database bytes per message", &show(self.database_bytes_per_message)]);
        self.verification.rows(table);
        if let Some(error) = &self.first_error {
            table.row(["first failure", error]);
        }
    }

    fn counts(&self) -> String {
        [self.messages, self.failed, self.retried, self.limited].map(count).join(" / ")
    }
}

impl Report for SendReport {
    fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        if let Some(null) = &self.null {
            let mut table = Table::new(format!("null server: {}", self.load));
            null.rows(&mut table);
            tables.push(table);
        }
        let mut table = Table::new(self.conditions.title(&format!("send: {}", self.load)));
        self.figures.rows(&mut table);
        if let Some(share) = self.share_of_null {
            table.row(["share of the null server's messages/s, %", &show(Some(share * 100.0))]);
        }
        tables.push(table);
        tables
    }

    fn faults(&self) -> u64 {
        self.figures.verification.faults.total() + self.figures.failed
    }
}
