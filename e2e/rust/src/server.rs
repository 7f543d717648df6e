//! The server under test: killing it, and reading what it counted.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use matrix_sdk::reqwest;
use tokio::process::Command;

/// How long a killed server may take to be back.
const BACK: Duration = Duration::from_mins(1);
/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// A server that `e2e/with_server.py --restart` starts again when it is killed.
pub(crate) struct Server {
    url: String,
    pid_file: String,
    /// What earlier lives of it counted.
    counted: Counts,
    /// How often it was killed.
    pub(crate) kills: usize,
}

/// What a server counted about sealed messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Sessions used elsewhere and indices used twice.
    pub(crate) oddities: u64,
    /// Messages that were not taken.
    pub(crate) refusals: u64,
}

impl Server {
    /// The server of this run.
    pub(crate) fn found() -> Result<Self> {
        let found = |name: &str| std::env::var(name).with_context(|| format!("{name} is set by e2e/with_server.py"));
        Ok(Self { url: found("FRANKLY_URL")?, pid_file: found("FRANKLY_PID_FILE")?, counted: Counts::default(), kills: 0 })
    }

    /// Ends it without a warning, and waits until it is back.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.counted = self.counts().await?;
        let old = self.pid()?;
        let killed = Command::new("kill").args(["-KILL", &old]).status().await?;
        ensure!(killed.success(), "the server could not be killed");
        self.kills += 1;
        let end = Instant::now() + BACK;
        while Instant::now() < end {
            let ready = reqwest::get(format!("{}/readyz", self.url)).await.is_ok_and(|answer| answer.status().is_success());
            if ready && self.pid()? != old {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the server did not come back")
    }

    /// What it counted in all of its lives.
    pub(crate) async fn counts(&self) -> Result<Counts> {
        let page = reqwest::get(format!("{}/metrics", self.url)).await?.error_for_status()?.text().await?;
        ensure!(page.contains("frankly_http_requests_total"), "this is not the server's page of counters");
        Ok(Counts {
            oddities: self.counted.oddities + sum(&page, "frankly_sealed_oddities_total")?,
            refusals: self.counted.refusals + sum(&page, "frankly_sealed_refusals_total")?,
        })
    }

    fn pid(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.pid_file)?.trim().to_owned())
    }
}

/// The sum over all labels of a counter.
fn sum(page: &str, name: &str) -> Result<u64> {
    let lines = page.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    let values = lines.map(|line| line.rsplit(' ').next().unwrap_or_default());
    let mut total = 0;
    for value in values {
        total += value.parse::<u64>().with_context(|| format!("{name} counts {value}"))?;
    }
    Ok(total)
}
