//! `frankly audit`: judges messaging platforms by dated evidence. Needs no server.

mod catalog;
mod cells;
mod check;
mod diff;
mod drift;
mod input;
mod judging;
mod logs;
mod probe;
mod registry;
mod report;
mod run;
mod schedule;
mod snapshots;
mod train;

use std::process::ExitCode;

use audit::exit::Exit;
use clap::{Args, Subcommand};

use self::input::Refused;

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
    Registry(registry::RegistryCommandArgs),
    Catalog(catalog::CatalogArgs),
    Run(run::RunArgs),
    Report(report::ReportArgs),
    Check(check::CheckArgs),
    Diff(diff::DiffArgs),
    Logs(logs::LogsArgs),
    Schedule(schedule::ScheduleArgs),
    Drift(drift::DriftArgs),
    Probe(probe::ProbeArgs),
    Train(train::TrainArgs),
}

/// Carries out a command; what goes wrong is told with a code of its own.
pub(crate) fn run(args: &AuditArgs) -> ExitCode {
    let outcome = match &args.command {
        Command::Registry(args) => registry::run(args),
        Command::Catalog(args) => catalog::run(args),
        Command::Run(args) => run::run(args),
        Command::Report(args) => report::run(args),
        Command::Check(args) => check::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Logs(args) => logs::run(args),
        Command::Schedule(args) => schedule::run(args),
        Command::Drift(args) => drift::run(args),
        Command::Probe(args) => probe::run(args),
        Command::Train(args) => train::run(args),
    };
    match outcome {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            eprintln!("frankly audit: {error:#}");
            ExitCode::from(error.downcast_ref::<Refused>().map_or(Exit::Usage, |refused| refused.exit).code())
        }
    }
}
