//! What every measurement prints.

use serde::Serialize;

use crate::figures::{count, show};
use crate::histogram::LatencyMs;
use crate::process::Machine;
use crate::table::Table;
use crate::verify::Faults;

/// The result of one measurement.
pub trait Report: Serialize {
    /// Tables for people.
    fn tables(&self) -> Vec<Table>;
    /// Faults found; any makes the command fail.
    fn faults(&self) -> u64;
}

/// What is needed to repeat a run.
#[derive(Clone, Debug, Serialize)]
pub struct Conditions {
    /// The seed of everything random.
    pub seed: u64,
    /// The server's address.
    pub address: String,
    /// True if the tool started the server itself.
    pub spawned: bool,
    /// The machine at the start.
    pub machine: Machine,
}

impl Conditions {
    pub(crate) fn title(&self, what: &str) -> String {
        let load = self.machine.load_average_1m.map_or_else(|| "-".to_owned(), |load| format!("{load:.1}"));
        let server = if self.spawned { "own server" } else { "given server" };
        format!("{what}  [seed {}, {server} at {}, {} cores, load average {load}]", self.seed, self.address, self.machine.cores)
    }
}

/// What was checked after a load.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verification {
    /// Timelines that were read whole.
    pub timelines: u64,
    /// Text messages found in them.
    pub messages: u64,
    /// Faults found.
    #[serde(flatten)]
    pub faults: Faults,
}

impl Verification {
    pub(crate) fn add(&mut self, other: &Self) {
        self.timelines += other.timelines;
        self.messages += other.messages;
        self.faults.add(other.faults);
    }

    pub(crate) fn rows(&self, table: &mut Table) {
        let found = format!("{} in {}", count(self.messages), count(self.timelines));
        table.row(["verified messages in timelines", &found]);
        let faults = self.faults;
        let split = format!("{} / {} / {} / {}", faults.lost, faults.duplicated, faults.misordered, faults.mismatched);
        table.row(["lost / duplicated / misordered / mismatched", &split]);
    }
}

pub(crate) fn latency_cells(latency: &LatencyMs) -> String {
    let cells = [latency.p50, latency.p95, latency.p99, latency.max].map(|figure| show(Some(figure)));
    cells.join(" / ")
}
