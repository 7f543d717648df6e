//! `selftest`: shows that the checks find what they are for, against a server that breaks its promises on purpose.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::audience::Seated;
use crate::crowd::Crowd;
use crate::error::SimError;
use crate::figures::count;
use crate::load::Load;
use crate::null::{Fault, NullOptions, NullServer, Temper};
use crate::pace::Pace;
use crate::report::{Report, Verification};
use crate::sealed::Privacy;
use crate::table::Table;
use crate::text::Script;
use crate::verify::Faults;

const SENDERS: u32 = 4;
const MESSAGES: u64 = 400;
/// In the middle of the load, so that messages stand before and after it.
const STRUCK: u64 = 150;
/// A dropped message never comes; this long without another one is proof enough on a server in this process.
const QUIET: Duration = Duration::from_secs(1);

/// One server and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// What the server does wrong.
    pub name: &'static str,
    /// What has to be found.
    pub expected: Faults,
    /// What was found by long polls.
    pub live: Faults,
    /// What was found from scratch.
    pub scratch: Faults,
}

/// The result of `selftest`.
#[derive(Clone, Debug, Serialize)]
pub struct SelftestReport {
    seed: u64,
    cases: Vec<Case>,
}

impl Case {
    /// True if exactly the injected fault was found, both ways.
    pub fn is_passed(&self) -> bool {
        self.live == self.expected && self.scratch == self.expected
    }
}

impl SelftestReport {
    /// All cases.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }
}

/// Runs all cases.
pub async fn selftest(seed: u64) -> Result<SelftestReport, SimError> {
    let none = Faults::default();
    let hard = Temper { challenges: true, limits_every: 7, stumbles_every: 11 };
    let easy = Temper::default();
    let plans = [
        ("none", Fault::None, easy, none),
        ("none, but 429, 503 after storing, and two-step registration", Fault::None, hard, none),
        ("drops one acknowledged message", Fault::Drop { at: STRUCK }, easy, Faults { lost: 1, ..none }),
        ("stores one twice", Fault::Duplicate { at: STRUCK }, easy, Faults { duplicated: 1, ..none }),
        ("swaps two", Fault::Swap { at: STRUCK }, easy, Faults { misordered: 1, ..none }),
        ("alters one body", Fault::Alter { at: STRUCK }, easy, Faults { mismatched: 1, ..none }),
    ];
    let mut cases = Vec::new();
    for (name, fault, temper, expected) in plans {
        let (live, scratch) = run(seed, fault, temper).await?;
        cases.push(Case { name, expected, live: live.faults, scratch: scratch.faults });
    }
    Ok(SelftestReport { seed, cases })
}

async fn run(seed: u64, fault: Fault, temper: Temper) -> Result<(Verification, Verification), SimError> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = NullServer::bind(NullOptions { listen, data: None, fault, temper }).await?;
    let origin = Arc::new(server.origin()?);
    tokio::select! {
        () = server.run() => unreachable!("the server runs until it is dropped"),
        result = drive(&origin, seed) => result,
    }
}

async fn drive(origin: &Arc<crate::http::Origin>, seed: u64) -> Result<(Verification, Verification), SimError> {
    let mut crowd = Crowd::gather(origin, Script::new(seed, 80), SENDERS, Privacy::Readable).await?;
    let audience = Seated::take(&crowd).await?.listen(None);
    let speakers = std::mem::take(&mut crowd.speakers);
    let load = Load::start(speakers, &crowd.script, Pace::ClosedCount(MESSAGES), Instant::now());
    crowd.speakers = load.finish().await.0;
    let live = audience.finish(&crowd.speakers, QUIET).await.verification;
    Ok((live, crowd.verify_from_scratch().await?))
}

impl Report for SelftestReport {
    fn tables(&self) -> Vec<Table> {
        let mut table = Table::new(format!("selftest: lost / duplicated / misordered / mismatched  [seed {}]", self.seed));
        table.row(["the server", "expected", "by long polls", "from scratch", ""]);
        for case in &self.cases {
            let cells = [case.expected, case.live, case.scratch]
                .map(|faults| [faults.lost, faults.duplicated, faults.misordered, faults.mismatched].map(count).join(" / "));
            let passed = if case.is_passed() { "passed" } else { "FAILED" };
            table.row([case.name, &cells[0], &cells[1], &cells[2], passed]);
        }
        vec![table]
    }

    fn faults(&self) -> u64 {
        self.cases.iter().filter(|case| !case.is_passed()).count() as u64
    }
}
