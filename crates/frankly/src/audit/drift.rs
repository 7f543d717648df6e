//! `frankly audit drift`: watches pages and tells what changed.

mod fetch;
mod findings;
mod replay;

use audit::exit::Exit;
use clap::{Args, Subcommand};

/// Watch policies, help pages and feeds, and tell of changes that matter
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct DriftArgs {
    #[command(subcommand)]
    command: DriftCommand,
}

#[derive(Debug, Subcommand)]
enum DriftCommand {
    Fetch(fetch::FetchArgs),
    Diff(findings::DiffArgs),
    Ack(findings::AckArgs),
    Replay(replay::ReplayArgs),
}

pub(crate) fn run(args: &DriftArgs) -> anyhow::Result<Exit> {
    match &args.command {
        DriftCommand::Fetch(args) => crate::cli::block_on(fetch::run(args)),
        DriftCommand::Diff(args) => findings::diff(args),
        DriftCommand::Ack(args) => findings::acknowledge(args),
        DriftCommand::Replay(args) => replay::run(args),
    }
}
