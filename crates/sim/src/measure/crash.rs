//! `crash`: kills the server in the middle of its work, again and again, and looks for a broken promise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
use crate::pace::Turns;
use crate::process::Machine;
use crate::report::{Conditions, Report, Verification};
use crate::server::{Target, TargetOptions};
use crate::table::Table;
use crate::text::Script;
use crate::world::progress;

/// Repeats of one send: as long as a restart may take.
const RETRIES_MAX: u32 = 1_200;

/// How often to kill, and under which load.
#[derive(Clone, Debug)]
pub struct CrashOptions {
    /// The server, which has to be started here.
    pub target: TargetOptions,
    /// Senders, each with one recipient who long-polls.
    pub senders: u32,
    /// How often the process is killed.
    pub kills: u32,
    /// Length of one body.
    pub body_bytes: usize,
    /// Whether the conversations are sealed.
    pub sealed: bool,
}

/// The result of `crash`.
#[derive(Clone, Debug, Serialize)]
pub struct CrashReport {
    conditions: Conditions,
    kills: u32,
    senders: u32,
    /// Acknowledged messages.
    messages: u64,
    /// Requests that were repeated under the same transaction id.
    retried: u64,
    /// Messages given up.
    failed: u64,
    /// Polls that failed and went on from the last token.
    failed_polls: u64,
    /// From the start of the process to its first answer.
    restart_ms: LatencyMs,
    first_error: Option<String>,
    /// Timelines of recipients who went on from their last token.
    resumed: Verification,
    /// Timelines read from scratch at the end.
    scratch: Verification,
}

/// Runs the test.
pub async fn crash(options: &CrashOptions) -> Result<CrashReport, SimError> {
    if options.target.url.is_some() {
        return Err(SimError::Usage("crash kills the server: leave --url out, and it starts one of its own".to_owned()));
    }
    if !(1..=limits::KILLS_MAX).contains(&options.kills) {
        return Err(SimError::Usage(format!("use 1 to {} kills", limits::KILLS_MAX)));
    }
    let machine = Machine::now();
    let mut target = Target::open(&options.target).await?;
    let script = Script::new(options.target.seed, options.body_bytes);
    let mut crowd = Crowd::gather(target.origin(), script, options.senders, target.privacy(options.sealed)).await?;
    let audience = Seated::take(&crowd).await?.listen(None);
    let enough = Arc::new(AtomicBool::new(false));
    let speaking = speak_until(std::mem::take(&mut crowd.speakers), &crowd.script, &enough);
    let restarts = kill_repeatedly(&mut target, options).await?;
    enough.store(true, Ordering::Relaxed);
    let mut tally = Tally::default();
    for (speaker, part) in speaking.join_all().await {
        crowd.speakers.push(speaker);
        tally.merge(part);
    }
    crowd.speakers.sort_by_key(|speaker| speaker.index);
    let heard = audience.finish(&crowd.speakers, DRAIN_QUIET).await;
    progress("reading every timeline from scratch");
    let scratch = crowd.verify_from_scratch().await?;
    Ok(CrashReport {
        conditions: conditions(&options.target, &target, machine),
        kills: options.kills,
        senders: options.senders,
        messages: tally.acknowledged(),
        retried: tally.retried,
        failed: tally.failed,
        failed_polls: heard.failed_polls,
        restart_ms: restarts.latency(),
        first_error: tally.first_error,
        resumed: heard.verification,
        scratch,
    })
}

fn speak_until(speakers: Vec<Speaker>, script: &Script, enough: &Arc<AtomicBool>) -> JoinSet<(Speaker, Tally)> {
    let mut tasks = JoinSet::new();
    for mut speaker in speakers {
        let (script, turns) = (script.clone(), Turns::UntilRaised(Arc::clone(enough)));
        tasks.spawn(async move {
            let tally = speaker.speak(&script, turns, RETRIES_MAX).await;
            (speaker, tally)
        });
    }
    tasks
}

async fn kill_repeatedly(target: &mut Target, options: &CrashOptions) -> Result<Histogram, SimError> {
    let mut chance = StdRng::seed_from_u64(options.target.seed);
    let mut restarts = Histogram::default();
    for kill in 1..=options.kills {
        let alive = Duration::from_millis(chance.random_range(100..1_500));
        let down = Duration::from_millis(chance.random_range(0..300));
        progress(&format!("kill {kill} of {} in {} ms", options.kills, alive.as_millis()));
        tokio::time::sleep(alive).await;
        let start = Instant::now();
        target.crash(down).await?;
        restarts.record(start.elapsed().saturating_sub(down));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(restarts)
}

impl Report for CrashReport {
    fn tables(&self) -> Vec<Table> {
        let mut table = Table::new(self.conditions.title(&format!("crash: {} kills, {} senders", self.kills, self.senders)));
        let counts = [self.messages, self.failed, self.retried, self.failed_polls].map(count).join(" / ");
        table.row(["acknowledged / failed / retried sends / failed polls", &counts]);
        table.row(["restart p50 / max, ms", &format!("{} / {}", show(Some(self.restart_ms.p50)), show(Some(self.restart_ms.max)))]);
        table.row(["as received, going on from the last token", ""]);
        self.resumed.rows(&mut table);
        table.row(["as read from scratch", ""]);
        self.scratch.rows(&mut table);
        if let Some(error) = &self.first_error {
            table.row(["first failure", error]);
        }
        vec![table]
    }

    fn faults(&self) -> u64 {
        self.failed + self.resumed.faults.total() + self.scratch.faults.total()
    }
}
