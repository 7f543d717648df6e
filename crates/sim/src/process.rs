//! What the operating system counts for a process: processor time and resident memory.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::error::SimError;
use crate::figures::float;

/// Microseconds of one clock tick in `/proc/PID/stat`: Linux shows 100 ticks a second to programs on every
/// architecture that Rust servers run on.
const TICK_US: u64 = 10_000;

/// Processor time and memory of a process at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// User and system time of all threads since the start, in microseconds; steps of 10,000.
    pub cpu_us: u64,
    /// Resident memory, in KiB.
    pub rss_kib: u64,
}

impl Usage {
    /// Reads the counters of process `pid`.
    pub fn of(pid: u32) -> Result<Self, SimError> {
        let read = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            fs::read_to_string(&path).map_err(|source| SimError::io(format!("reading {path}"), source))
        };
        let cpu_us = parse_stat(&read("stat")?).ok_or_else(|| SimError::Start(format!("/proc/{pid}/stat has an unknown form")))?;
        Ok(Self { cpu_us, rss_kib: parse_rss(&read("status")?).unwrap_or(0) })
    }

    /// Reads the counters if there is a process to read, and nothing if there is none any more.
    pub fn of_optional(pid: Option<u32>) -> Option<Self> {
        pid.and_then(|pid| Self::of(pid).ok())
    }
}

/// Microseconds between two readings, if both exist.
pub(crate) fn cpu_between(before: Option<Usage>, after: Option<Usage>) -> Option<f64> {
    Some(float(after?.cpu_us.saturating_sub(before?.cpu_us)))
}

fn parse_stat(stat: &str) -> Option<u64> {
    // The second field is the program's name in brackets and may itself hold spaces and brackets.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * TICK_US)
}

fn parse_rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The machine and its load at the start of a run: a figure means little without it.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processors that this process may use.
    pub cores: usize,
    /// Mean number of runnable tasks over the last minute, other programs included.
    pub load_average_1m: Option<f64>,
}

impl Machine {
    /// Reads it from the operating system.
    pub fn now() -> Self {
        let load = fs::read_to_string("/proc/loadavg").ok();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            load_average_1m: load.and_then(|line| line.split_whitespace().next()?.parse().ok()),
        }
    }
}

/// Sum of the sizes of all files under `folder`, in bytes. Files that vanish meanwhile count as empty.
pub fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_confuse() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 9 0 100 1 2";
        assert_eq!(parse_stat(stat), Some(3_000_000));
        assert_eq!(parse_stat("42 (x) S 1"), None);
    }

    #[test]
    fn memory_is_the_resident_part() {
        assert_eq!(parse_rss("Name:\tx\nVmPeak:\t 9 kB\nVmRSS:\t    5120 kB\n"), Some(5_120));
    }

    #[test]
    fn our_own_process_is_readable() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.rss_kib > 100);
        assert!(Usage::of(u32::MAX).is_err());
    }

    #[test]
    fn a_folder_is_its_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("a"), [0; 10]).unwrap();
        fs::write(folder.path().join("inner/b"), [0; 7]).unwrap();
        assert_eq!(folder_bytes(folder.path()), 17);
    }
}
