//! `frankly audit run`: judges, and writes everything down.

use std::path::PathBuf;

use anyhow::Context;
use audit::exit::Exit;
use audit::judge::{Assessment, State};
use audit::oscal;
use audit::report::ResultFile;
use audit::value::Weight;
use clap::Args;

use super::input::count;
use super::judging::JudgingArgs;

/// Judge platforms and write results, as JSON and as OSCAL
///
/// Ends with 1 when --fail-on is given and a control of that weight is not met, and with 3 when one is stale.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  frankly audit run\n  frankly audit run --profile public-sector --out results")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    judging: JudgingArgs,
    /// Folder for results.json, catalog.json, profile.json, mapping.json, assessment-plan.json, assessment-results.json and poam.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// End badly when a control of this weight or more is not met or stale: low, medium, high, critical
    #[arg(long, value_name = "WEIGHT", value_parser = weight)]
    fail_on: Option<Weight>,
}

/// A weight by its word.
pub(crate) fn weight(word: &str) -> Result<Weight, String> {
    Weight::from_word(word).ok_or_else(|| "low, medium, high or critical".to_owned())
}

pub(crate) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    let registry = args.judging.load()?;
    let made = args.judging.judge(&registry)?;
    if let Some(folder) = &args.out {
        write(&made, folder)?;
    }
    print(&made);
    Ok(args.fail_on.map_or(Exit::Pass, |least| exit(&made, least)))
}

fn exit(made: &Assessment<'_>, least: Weight) -> Exit {
    let has = |state: State| made.subjects().flat_map(|sheet| &sheet.cells).any(|cell| cell.state == state && cell.weight() >= least);
    match (has(State::NotMet), has(State::Stale)) {
        (true, _) => Exit::Violation,
        (false, true) => Exit::Stale,
        (false, false) => Exit::Pass,
    }
}

fn write(made: &Assessment<'_>, folder: &std::path::Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut files = vec![
        ("results.json", ResultFile::of(made).to_json()),
        ("catalog.json", oscal::catalog().to_json()),
        ("mapping.json", oscal::mapping().to_json()),
        ("assessment-plan.json", oscal::plan(made).to_json()),
        ("assessment-results.json", oscal::results(made).to_json()),
    ];
    let profile = made.profile.and_then(|profile| oscal::profile(&profile.id));
    files.extend(profile.map(|profile| ("profile.json", profile.to_json())));
    files.extend(oscal::poam(made).map(|poam| ("poam.json", poam.to_json())));
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn print(made: &Assessment<'_>) {
    let profile = made.profile.map_or("all controls", |profile| profile.id.as_str());
    println!("as of {}, {profile}, {}", made.as_of, count(made.sheets.len(), "platform"));
    println!("{:22} {:>5} {:>8} {:>9} {:>8} {:>6} {:>5}", "", "met", "not met", "disputed", "unknown", "stale", "n/a");
    for sheet in made.subjects() {
        let counts = sheet.counts();
        println!(
            "{:22} {:>5} {:>8} {:>9} {:>8} {:>6} {:>5}",
            sheet.platform.id, counts.met, counts.not_met, counts.disputed, counts.unknown, counts.stale, counts.not_applicable
        );
    }
}
