//! `frankly audit diff`: what is not as it was between two runs.

use std::path::PathBuf;

use audit::exit::Exit;
use audit::report::{ChangeKind, changes};
use audit::value::Weight;
use clap::Args;

use super::input::count;
use super::judging::results_of;
use super::run::weight;

/// Compare the results of two runs
///
/// Ends with 1 when --fail-on is given and something of that weight became worse, or is new and open.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  frankly audit diff old.json new.json")]
pub(crate) struct DiffArgs {
    /// results.json of the earlier run
    old: PathBuf,
    /// results.json of the later run
    new: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// End badly when something of this weight or more became worse: low, medium, high, critical
    #[arg(long, value_name = "WEIGHT", value_parser = weight)]
    fail_on: Option<Weight>,
}

pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<Exit> {
    let found = changes(&results_of(&args.old)?, &results_of(&args.new)?);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        for change in &found {
            println!("{:9} {:8} {:20} {:7} {}", change.kind.word(), change.weight.word(), change.platform, change.control, change.what);
        }
        println!("{}", count(found.len(), "change"));
    }
    let is_bad = |kind: ChangeKind, open: bool| kind == ChangeKind::Worse || (kind == ChangeKind::New && open);
    let bad = args.fail_on.is_some_and(|least| {
        found.iter().any(|change| change.weight >= least && is_bad(change.kind, change.now.is_some_and(audit::judge::State::is_open)))
    });
    Ok(if bad { Exit::Violation } else { Exit::Pass })
}
