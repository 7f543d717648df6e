//! `frankly audit catalog`: what is asked of platforms.

use anyhow::bail;
use audit::controls::SHIPPED;
use audit::exit::Exit;
use clap::{Args, Subcommand};

/// Show the controls by which platforms are judged
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// List the controls, one a line
    #[command(after_help = "Example:\n  frankly audit catalog list --profile journalist")]
    List {
        /// Only those of a profile
        #[arg(long, value_name = "ID")]
        profile: Option<String>,
    },
}

pub(crate) fn run(args: &CatalogArgs) -> anyhow::Result<Exit> {
    match &args.command {
        CatalogCommand::List { profile } => list(profile.as_deref()),
    }
}

fn list(profile: Option<&str>) -> anyhow::Result<Exit> {
    let chosen = match profile {
        None => None,
        Some(id) => match SHIPPED.profile(id) {
            Some(profile) => Some(&profile.controls),
            None => bail!("there is no profile {id}; there are {}", profile_ids().join(", ")),
        },
    };
    for (_, control) in SHIPPED.all().filter(|(_, control)| chosen.is_none_or(|ids| ids.contains(&control.id))) {
        println!("{:7} {:9} {}", control.id, control.weight.word(), control.question);
    }
    Ok(Exit::Pass)
}

fn profile_ids() -> Vec<&'static str> {
    SHIPPED.profiles.iter().map(|profile| profile.id.as_str()).collect()
}
