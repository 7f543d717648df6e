//! `frankly audit catalog`: what is asked of platforms.

use std::path::{Path, PathBuf};

use anyhow::bail;
use audit::controls::SHIPPED;
use audit::exit::Exit;
use audit::oscal;
use clap::{Args, Subcommand};

use super::judging::put;

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
    /// Print the controls, a profile of them or the mapping to other lists as OSCAL
    #[command(
        after_help = "Examples:\n  frankly audit catalog export\n  frankly audit catalog export --profile minors-first\n  frankly audit catalog export --mapping"
    )]
    Export {
        /// A profile instead of the catalog
        #[arg(long, value_name = "ID")]
        profile: Option<String>,
        /// The mapping to other lists instead of the catalog
        #[arg(long, conflicts_with = "profile")]
        mapping: bool,
        /// Where to write it [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &CatalogArgs) -> anyhow::Result<Exit> {
    match &args.command {
        CatalogCommand::List { profile } => list(profile.as_deref()),
        CatalogCommand::Export { profile, mapping, out } => export(profile.as_deref(), *mapping, out.as_deref()),
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

fn export(profile: Option<&str>, mapping: bool, out: Option<&Path>) -> anyhow::Result<Exit> {
    let document = match profile {
        Some(id) => match oscal::profile(id) {
            Some(document) => document,
            None => bail!("there is no profile {id}; there are {}", profile_ids().join(", ")),
        },
        None if mapping => oscal::mapping(),
        None => oscal::catalog(),
    };
    put(&document.to_json(), out)?;
    Ok(Exit::Pass)
}

fn profile_ids() -> Vec<&'static str> {
    SHIPPED.profiles.iter().map(|profile| profile.id.as_str()).collect()
}
