//! `grow`: what a send costs as the store grows, decade by decade.

use std::time::Instant;

use serde::Serialize;

use crate::crowd::Crowd;
use crate::error::SimError;
use crate::figures::{count, float, ratio, show};
use crate::histogram::LatencyMs;
use crate::limits;
use crate::load::Load;
use crate::measure::conditions;
use crate::measure::send::per_message;
use crate::pace::Pace;
use crate::process::{Machine, cpu_between};
use crate::report::{Conditions, Report, Verification, latency_cells};
use crate::sealed::Privacy;
use crate::server::{Target, TargetOptions};
use crate::table::Table;
use crate::text::Script;
use crate::world::progress;

/// How far to grow, and where.
#[derive(Clone, Debug)]
pub struct GrowOptions {
    /// The server.
    pub target: TargetOptions,
    /// Senders, closed loop.
    pub senders: u32,
    /// Stored messages at the end.
    pub messages: u64,
    /// Messages that are measured just before each decade is reached.
    pub probe: u64,
    /// Length of one body.
    pub body_bytes: usize,
}

/// The cost of a send when about this many messages are stored.
#[derive(Clone, Debug, Serialize)]
pub struct GrowStage {
    /// Messages stored when the probe ended.
    pub stored: u64,
    /// Messages of the probe.
    pub probe: u64,
    /// Messages a second during the probe.
    pub messages_per_s: f64,
    /// From the request to the acknowledgement.
    pub latency_ms: LatencyMs,
    /// Processor time of the server for one.
    pub server_cpu_us_per_message: Option<f64>,
}

/// The result of `grow`.
#[derive(Clone, Debug, Serialize)]
pub struct GrowReport {
    conditions: Conditions,
    senders: u32,
    stages: Vec<GrowStage>,
    /// Server CPU of a send in the last stage as a multiple of that in the first.
    growth: Option<f64>,
    failed: u64,
    verification: Verification,
}

/// Runs the measurement.
pub async fn grow(options: &GrowOptions) -> Result<GrowReport, SimError> {
    if options.messages > limits::MESSAGES_MAX || options.probe == 0 || options.probe * 2 > options.messages {
        return Err(SimError::Usage(format!("use at most {} messages, and at least twice the probe", limits::MESSAGES_MAX)));
    }
    let machine = Machine::now();
    let target = Target::open(&options.target).await?;
    let script = Script::new(options.target.seed, options.body_bytes);
    let mut crowd = Crowd::gather(target.origin(), script, options.senders, Privacy::Readable).await?;
    let (mut stages, mut failed) = (Vec::new(), 0);
    for goal in decades(options.probe, options.messages) {
        let stored: u64 = crowd.speakers.iter().map(|speaker| speaker.sent.acknowledged()).sum();
        let fill = goal.saturating_sub(stored + options.probe);
        if fill > 0 {
            progress(&format!("filling up to {} messages", count(goal)));
            failed += run(&mut crowd, fill).await.failed;
        }
        let before = target.usage();
        let round = run(&mut crowd, options.probe).await;
        let cpu = cpu_between(before, target.usage());
        failed += round.failed;
        stages.push(GrowStage { stored: goal, server_cpu_us_per_message: per_message(cpu, round.stage.probe), ..round.stage });
    }
    let verification = crowd.verify_from_scratch().await?;
    let cpu = |stage: Option<&GrowStage>| stage?.server_cpu_us_per_message;
    let growth = cpu(stages.last()).zip(cpu(stages.first())).and_then(|(last, first)| ratio(last, first));
    let conditions = conditions(&options.target, &target, machine);
    Ok(GrowReport { conditions, senders: options.senders, stages, growth, failed, verification })
}

struct Round {
    stage: GrowStage,
    failed: u64,
}

async fn run(crowd: &mut Crowd, messages: u64) -> Round {
    let speakers = std::mem::take(&mut crowd.speakers);
    let load = Load::start(speakers, &crowd.script, Pace::ClosedCount(messages), Instant::now());
    let (speakers, tally, wall) = load.finish().await;
    crowd.speakers = speakers;
    let stage = GrowStage {
        stored: 0,
        probe: tally.acknowledged(),
        messages_per_s: ratio(float(tally.acknowledged()), wall.as_secs_f64()).unwrap_or(0.0),
        latency_ms: tally.latency.latency(),
        server_cpu_us_per_message: None,
    };
    Round { stage, failed: tally.failed }
}

/// Powers of ten from the first that holds two probes, then the end itself.
fn decades(probe: u64, messages: u64) -> Vec<u64> {
    let powers = std::iter::successors(Some(10_u64), |power| power.checked_mul(10));
    let mut goals: Vec<u64> = powers.skip_while(|power| *power < 2 * probe).take_while(|power| *power < messages).collect();
    goals.push(messages);
    goals
}

impl Report for GrowReport {
    fn tables(&self) -> Vec<Table> {
        let mut table = Table::new(self.conditions.title(&format!("grow: closed loop, {} senders", self.senders)));
        table.row(["stored messages", "probe", "messages/s", "server CPU per send, µs", "p50 / p95 / p99 / max, ms"]);
        for stage in &self.stages {
            let cpu = show(stage.server_cpu_us_per_message);
            let rate = show(Some(stage.messages_per_s));
            table.row([&count(stage.stored), &count(stage.probe), &rate, &cpu, &latency_cells(&stage.latency_ms)]);
        }
        let mut sum = Table::new("after growing");
        sum.row(["CPU of the last as a multiple of the first", &show(self.growth)]);
        sum.row(["failed", &count(self.failed)]);
        self.verification.rows(&mut sum);
        vec![table, sum]
    }

    fn faults(&self) -> u64 {
        self.failed + self.verification.faults.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_end_at_the_goal() {
        assert_eq!(decades(2_000, 100_000), [10_000, 100_000]);
        assert_eq!(decades(500, 25_000), [1_000, 10_000, 25_000]);
        assert_eq!(decades(5, 10), [10]);
    }
}
