//! `frankly audit`: judges messaging platforms by dated evidence. Needs no server.

mod catalog;
mod cells;
mod drift;
mod logs;
mod probe;
mod schedule;

use std::process::ExitCode;

use audit::date::Date;
use audit::exit::Exit;
use clap::{Args, Subcommand};

const AFTER_HELP: &str = "Example:
  frankly audit catalog list --profile article-minimum

Exit codes:
  0  nothing to complain about
  1  the policy is violated, or a finding is at or above the threshold
  2  asked wrongly: the command line, or a file named on it
  3  evidence is older than it may be
  4  the registry is at fault, or a quote is not in its source
  5  what should be probed cannot be reached
  6  a review is overdue";

/// Judge messaging platforms by dated, quoted evidence
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = AFTER_HELP)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Catalog(catalog::CatalogArgs),
    Logs(logs::LogsArgs),
    Schedule(schedule::ScheduleArgs),
    Drift(drift::DriftArgs),
    Probe(probe::ProbeArgs),
}

/// The day of judgement.
#[derive(Debug, Args)]
pub(crate) struct AsOf {
    /// Judge as of this day [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
}

#[expect(dead_code, reason = "the commands that judge ask for it")]
impl AsOf {
    /// The day that was typed, or today (in UTC, so that every machine says the same).
    pub(crate) fn day(&self) -> Date {
        self.as_of.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date())
    }
}

/// Carries out a command; what goes wrong is told with a code of its own.
pub(crate) fn run(args: &AuditArgs) -> ExitCode {
    let outcome = match &args.command {
        Command::Catalog(args) => catalog::run(args),
        Command::Logs(args) => logs::run(args),
        Command::Schedule(args) => schedule::run(args),
        Command::Drift(args) => drift::run(args),
        Command::Probe(args) => probe::run(args),
    };
    match outcome {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            eprintln!("frankly audit: {error:#}");
            ExitCode::from(Exit::Usage.code())
        }
    }
}
