//! `frankly audit report`: what was found, for people and for other tools.

use std::path::PathBuf;

use audit::exit::Exit;
use audit::oscal;
use audit::report::{self, Report, ResultFile};
use clap::{Args, ValueEnum};

use super::judging::{JudgingArgs, put, results_of};

/// Write a report: for people (md, html, svg) or for other tools (json, csv, oscal, sarif, junit)
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  frankly audit report --format html --out report.html\n  frankly audit report --platform tiktok --platform whatsapp --tables\n  frankly audit report --format csv"
)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    judging: JudgingArgs,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Results of an earlier run, to say what changed since
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// A platform to show in tables of its own first; give two to compare them
    #[arg(long, value_name = "ID")]
    compare: Vec<String>,
    /// The two tables alone
    #[arg(long)]
    tables: bool,
    /// What to put before links to files that lie beside the registry, in Markdown
    #[arg(long, value_name = "PATH", default_value = "")]
    base: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Markdown
    Md,
    /// One HTML file that loads nothing
    Html,
    /// The chart alone
    Svg,
    /// Results as data
    Json,
    /// One line for each claim
    Csv,
    /// OSCAL assessment results
    Oscal,
    /// SARIF 2.1.0
    Sarif,
    /// The XML of test results that every CI shows
    Junit,
}

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let registry = args.judging.load()?;
    let made = args.judging.judge(&registry)?;
    if let Some(missing) = args.compare.iter().find(|id| made.sheet(id).is_none()) {
        anyhow::bail!("there is no platform {missing} in this report");
    }
    let previous = args.previous.as_deref().map(results_of).transpose()?;
    let blocks = || report::report(&made, &Report { previous: previous.as_ref(), pair: args.compare.clone(), tables_only: args.tables });
    let text = match args.format {
        Format::Md => report::to_markdown(&blocks()?, &args.base),
        Format::Html => report::to_html("Messaging platforms, judged by their evidence", &blocks()?),
        Format::Svg => report::chart(&made),
        Format::Json => ResultFile::of(&made).to_json(),
        Format::Csv => report::to_csv(&ResultFile::of(&made)),
        Format::Oscal => oscal::results(&made).to_json(),
        Format::Sarif => report::to_sarif(&report::notes(&made), &[]),
        Format::Junit => report::to_junit("frankly audit", &report::suites(&ResultFile::of(&made))),
    };
    put(&text, args.out.as_deref())?;
    if let Some(path) = &args.out {
        println!("{}", path.display());
    }
    Ok(Exit::Pass)
}
