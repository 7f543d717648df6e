//! `idle`: what a connection costs that waits for nothing.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::error::SimError;
use crate::figures::{count, float, ratio, show};
use crate::limits;
use crate::measure::conditions;
use crate::person::Person;
use crate::process::{Machine, Usage};
use crate::report::{Conditions, Report};
use crate::server::{Target, TargetOptions};
use crate::table::Table;
use crate::world::{Names, people, progress};

/// How many connections, and where.
#[derive(Clone, Debug)]
pub struct IdleOptions {
    /// The server; its process has to be known.
    pub target: TargetOptions,
    /// Long polls that wait at the same time.
    pub connections: u32,
    /// People they belong to; fewer than connections means several polls of one device.
    pub people: u32,
    /// How long the polls wait before memory is read.
    pub lasting: Duration,
}

/// The result of `idle`.
#[derive(Clone, Debug, Serialize)]
pub struct IdleReport {
    conditions: Conditions,
    connections: u32,
    people: u32,
    /// Resident memory before anybody is registered.
    start_kib: u64,
    /// Resident memory with everybody registered and no poll.
    base_kib: u64,
    /// Resident memory with all polls waiting.
    loaded_kib: u64,
    /// Growth for each waiting poll.
    bytes_per_connection: Option<f64>,
    /// Processor time of the server while the polls waited, as a share of one core.
    cpu_percent_waiting: Option<f64>,
    failed_polls: u64,
}

/// Runs the measurement.
pub async fn idle(options: &IdleOptions) -> Result<IdleReport, SimError> {
    if !(1..=limits::CONNECTIONS_MAX).contains(&options.connections) || options.people == 0 {
        return Err(SimError::Usage(format!("use 1 to {} connections and at least one person", limits::CONNECTIONS_MAX)));
    }
    let machine = Machine::now();
    let target = Target::open(&options.target).await?;
    let start = rss(&target)?;
    let people_count = options.people.min(options.connections);
    let people = people(target.origin(), &Names::fresh(), "i", people_count).await?;
    let pollers = pollers(people, options.connections).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let base = rss(&target)?;
    progress(&format!("opening {} polls", options.connections));
    let mut polls = JoinSet::new();
    let opening = Arc::new(Semaphore::new(64));
    for (mut person, since) in pollers {
        let slot = Arc::clone(&opening).acquire_owned().await.expect("the semaphore is never closed");
        polls.spawn(async move {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                drop(slot);
            });
            keep_polling(&mut person, since).await;
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let waiting = rss(&target)?;
    tokio::time::sleep(options.lasting).await;
    let loaded = rss(&target)?;
    let failed_polls = std::iter::from_fn(|| polls.try_join_next()).count() as u64;
    let grown = float(loaded.rss_kib.saturating_sub(base.rss_kib)) * 1_024.0;
    let busy_us = float(loaded.cpu_us - waiting.cpu_us);
    Ok(IdleReport {
        conditions: conditions(&options.target, &target, machine),
        connections: options.connections,
        people: people_count,
        start_kib: start.rss_kib,
        base_kib: base.rss_kib,
        loaded_kib: loaded.rss_kib,
        bytes_per_connection: ratio(grown, f64::from(options.connections)),
        cpu_percent_waiting: ratio(busy_us, options.lasting.as_secs_f64() * 1e4),
        failed_polls,
    })
}

/// A connection and a token for each poll; the connections of one person share its device.
async fn pollers(people: Vec<Person>, connections: u32) -> Result<Vec<(Person, String)>, SimError> {
    let mut tokens = Vec::with_capacity(people.len());
    for mut person in people {
        let token = person.sync(None, 0).await?.sync()?.next_batch.into_owned();
        tokens.push((person.beside(), token));
    }
    let nth = (0..connections as usize).map(|index| &tokens[index % tokens.len()]);
    Ok(nth.map(|(person, token)| (person.beside(), token.clone())).collect())
}

/// Polls until a poll fails.
async fn keep_polling(person: &mut Person, mut since: String) {
    while let Ok(page) = person.sync(Some(&since), limits::POLL_TIMEOUT_MS).await {
        let Ok(sync) = page.sync() else { return };
        since = sync.next_batch.into_owned();
    }
}

fn rss(target: &Target) -> Result<Usage, SimError> {
    target
        .usage()
        .ok_or_else(|| SimError::Usage("memory is read from the server's process: add --server-pid, or leave --url out".to_owned()))
}

impl Report for IdleReport {
    fn tables(&self) -> Vec<Table> {
        let mib = |kib: u64| show(Some(float(kib) / 1_024.0));
        let mut table = Table::new(self.conditions.title("idle"));
        table.row(["connections / people", &format!("{} / {}", count(self.connections.into()), count(self.people.into()))]);
        table.row(["resident memory at the start, MiB", &mib(self.start_kib)]);
        table.row(["with everybody registered, MiB", &mib(self.base_kib)]);
        table.row(["with all polls waiting, MiB", &mib(self.loaded_kib)]);
        table.row(["bytes per waiting poll", &show(self.bytes_per_connection)]);
        table.row(["server CPU while waiting, % of a core", &show(self.cpu_percent_waiting)]);
        table.row(["failed polls", &count(self.failed_polls)]);
        vec![table]
    }

    fn faults(&self) -> u64 {
        self.failed_polls
    }
}
