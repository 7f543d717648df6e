//! `frankly audit logs`: reviews of moderation logs.

mod agree;
mod chart;
mod gaps;
mod import;
mod input;
mod sample;

use audit::exit::Exit;
use clap::{Args, Subcommand};

/// Review moderation logs: gaps, samples for a second look, agreement of reviewers
///
/// A log is read once, in bounded memory, however large it is. What cannot be read is told with its line.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct LogsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::ImportArgs),
    Gaps(Box<gaps::GapsArgs>),
    Sample(sample::SampleArgs),
    Agree(agree::AgreeArgs),
    Chart(chart::ChartArgs),
}

pub(crate) fn run(args: &LogsArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Import(args) => import::run(args),
        Command::Gaps(args) => gaps::run(args),
        Command::Sample(args) => sample::run(args),
        Command::Agree(args) => agree::run(args),
        Command::Chart(args) => chart::run(args),
    }
}
