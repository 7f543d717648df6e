//! `mixed`: what people do, together: write, type, read, look.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::audience::{DRAIN_QUIET, Seated};
use crate::crowd::Crowd;
use crate::error::SimError;
use crate::figures::{count, show};
use crate::histogram::{Histogram, LatencyMs};
use crate::limits;
use crate::load::{Speaker, Tally};
use crate::measure::conditions;
use crate::measure::send::{describe, per_message};
use crate::pace::{Pace, Pacer, Turns};
use crate::process::{Machine, cpu_between};
use crate::report::{Conditions, Report, Verification, latency_cells};
use crate::sealed::Privacy;
use crate::server::{Target, TargetOptions};
use crate::table::Table;
use crate::text::Script;
use crate::world::progress;

/// The deeds, with their share in a hundred.
const SHARES: [(&str, u32); 4] = [("send", 50), ("typing", 25), ("receipt", 15), ("sync", 10)];

/// What is done at which rate, and where.
#[derive(Clone, Debug)]
pub struct MixedOptions {
    /// The server.
    pub target: TargetOptions,
    /// People who act, each with one recipient who long-polls.
    pub senders: u32,
    /// Deeds a second of all together.
    pub rate: u32,
    /// How long.
    pub lasting: Duration,
    /// Length of one body.
    pub body_bytes: usize,
}

/// Figures of one kind of deed.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    /// Which.
    pub kind: &'static str,
    /// How many succeeded.
    pub done: u64,
    /// How many failed.
    pub failed: u64,
    /// From the due time to the answer.
    pub latency_ms: LatencyMs,
}

/// The result of `mixed`.
#[derive(Clone, Debug, Serialize)]
pub struct MixedReport {
    conditions: Conditions,
    load: String,
    deeds: Vec<Deed>,
    server_cpu_us_per_deed: Option<f64>,
    first_error: Option<String>,
    failed_polls: u64,
    live: Verification,
    scratch: Verification,
}

struct Actor {
    speaker: Speaker,
    script: Script,
    chance: StdRng,
    since: Option<String>,
    last_event: Option<String>,
    done: [Histogram; SHARES.len()],
    failed: [u64; SHARES.len()],
    first_error: Option<String>,
}

impl Actor {
    async fn act(&mut self, mut turns: Turns) {
        while let Some(due) = turns.next().await {
            let kind = self.pick();
            match self.do_one(kind).await {
                Ok(()) => self.done[kind].record(due.elapsed()),
                Err(error) => {
                    self.failed[kind] += 1;
                    self.first_error.get_or_insert_with(|| error.to_string());
                }
            }
        }
    }

    fn pick(&mut self) -> usize {
        let mut draw = self.chance.random_range(0..100);
        for (kind, (_, share)) in SHARES.iter().enumerate() {
            match u32::checked_sub(draw, *share) {
                Some(rest) => draw = rest,
                None => return kind,
            }
        }
        unreachable!("the shares add up to a hundred")
    }

    async fn do_one(&mut self, kind: usize) -> Result<(), SimError> {
        let speaker = &mut self.speaker;
        match SHARES[kind].0 {
            "typing" => speaker.person.typing(&speaker.room.path).await,
            "receipt" => match &self.last_event {
                Some(event_id) => speaker.person.read(&speaker.room.path, event_id).await,
                None => Ok(()),
            },
            "sync" => {
                let page = speaker.person.sync(self.since.as_deref(), 0).await?;
                let sync = page.sync()?;
                let timeline = sync.timeline(&speaker.room.id);
                self.last_event =
                    timeline.and_then(|timeline| timeline.events.last()).map(|event| event.event_id.to_string()).or(self.last_event.take());
                self.since = Some(sync.next_batch.into_owned());
                Ok(())
            }
            _ => speaker.say_next(&self.script, limits::SEND_RETRIES_MAX, &mut Tally::default()).await,
        }
    }
}

/// Runs the measurement.
pub async fn mixed(options: &MixedOptions) -> Result<MixedReport, SimError> {
    let pace = Pace::Open { rate: options.rate, lasting: options.lasting }.checked()?;
    let machine = Machine::now();
    let target = Target::open(&options.target).await?;
    let script = Script::new(options.target.seed, options.body_bytes);
    let mut crowd = Crowd::gather(target.origin(), script, options.senders, Privacy::Readable).await?;
    let seated = Seated::take(&crowd).await?;
    progress("people act while others poll");
    let before = target.usage();
    let start = Instant::now() + Duration::from_millis(100);
    // Which messages are due when is decided by chance, so the audience records no latency.
    let audience = seated.listen(None);
    let speakers = std::mem::take(&mut crowd.speakers);
    let actors = act_together(speakers, &crowd.script, options, start).await;
    let mut report = MixedReport {
        conditions: conditions(&options.target, &target, machine),
        load: describe(options.senders, pace).replace("messages/s", "deeds/s"),
        deeds: deeds(&actors),
        server_cpu_us_per_deed: None,
        first_error: actors.iter().find_map(|actor| actor.first_error.clone()),
        failed_polls: 0,
        live: Verification::default(),
        scratch: Verification::default(),
    };
    crowd.speakers = actors.into_iter().map(|actor| actor.speaker).collect();
    let heard = audience.finish(&crowd.speakers, DRAIN_QUIET).await;
    let done = report.deeds.iter().map(|deed| deed.done).sum();
    report.server_cpu_us_per_deed = per_message(cpu_between(before, target.usage()), done);
    (report.failed_polls, report.live) = (heard.failed_polls, heard.verification);
    report.scratch = crowd.verify_from_scratch().await?;
    Ok(report)
}

async fn act_together(speakers: Vec<Speaker>, script: &Script, options: &MixedOptions, start: Instant) -> Vec<Actor> {
    let schedule = crate::pace::Schedule::new(start, options.rate, options.lasting, options.senders);
    let pacer = Pacer::start(schedule);
    let mut tasks = JoinSet::new();
    for speaker in speakers {
        let sender = speaker.index;
        let turns = Turns::Paced { schedule, released: pacer.released(sender), sender, taken: 0 };
        let mut actor = Actor {
            speaker,
            script: script.clone(),
            chance: StdRng::seed_from_u64(options.target.seed ^ u64::from(sender)),
            since: None,
            last_event: None,
            done: std::array::from_fn(|_| Histogram::default()),
            failed: [0; SHARES.len()],
            first_error: None,
        };
        tasks.spawn(async move {
            actor.act(turns).await;
            actor
        });
    }
    let mut actors = tasks.join_all().await;
    actors.sort_by_key(|actor| actor.speaker.index);
    actors
}

fn deeds(actors: &[Actor]) -> Vec<Deed> {
    let sum = |(kind, (name, _)): (usize, &(&'static str, u32))| {
        let mut all = Histogram::default();
        for actor in actors {
            all.merge(&actor.done[kind]);
        }
        let failed = actors.iter().map(|actor| actor.failed[kind]).sum();
        Deed { kind: name, done: all.len(), failed, latency_ms: all.latency() }
    };
    SHARES.iter().enumerate().map(sum).collect()
}

impl Report for MixedReport {
    fn tables(&self) -> Vec<Table> {
        let mut table = Table::new(self.conditions.title(&format!("mixed: {}", self.load)));
        table.row(["deed", "done", "failed", "p50 / p95 / p99 / max, ms"]);
        for deed in &self.deeds {
            table.row([deed.kind, &count(deed.done), &count(deed.failed), &latency_cells(&deed.latency_ms)]);
        }
        let mut sum = Table::new("all together");
        sum.row(["server CPU per deed, deliveries included, µs", &show(self.server_cpu_us_per_deed)]);
        sum.row(["failed polls", &count(self.failed_polls)]);
        sum.row(["as received by long polls", ""]);
        self.live.rows(&mut sum);
        sum.row(["as read again from scratch", ""]);
        self.scratch.rows(&mut sum);
        if let Some(error) = &self.first_error {
            sum.row(["first failure", error]);
        }
        vec![table, sum]
    }

    fn faults(&self) -> u64 {
        let failed: u64 = self.deeds.iter().map(|deed| deed.failed).sum();
        failed + self.live.faults.total() + self.scratch.faults.total()
    }
}
