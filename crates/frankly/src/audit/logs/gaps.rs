//! `frankly audit logs gaps`: what a log leaves open.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use audit::exit::Exit;
use audit::logs::settings::Settings;
use audit::logs::{Beside, Checked, Review, Severity, State, review, time};
use clap::{Args, ValueEnum};

use super::input::{LogInput, TemporaryRuns, in_file, table};

/// Find gaps in a log: missing days, late decisions, duplicates, reads without a ground
///
/// Each check has a threshold that --set changes, and names the lines that show what it found. A check that had
/// nothing to look at says so and is not passed. The checks G1 to G13 are described in docs/audit-logs.md.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:
  frankly audit logs gaps moderation.ndjson
  frankly audit logs gaps sor-2026-03-01-full.csv --set g8_share=0.5 --fail-on medium
  frankly audit logs gaps cases.csv --map id=Case --map at=Closed --report json"
)]
pub(super) struct GapsArgs {
    #[command(flatten)]
    input: LogInput,
    /// Thresholds in a YAML file
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A threshold, as in `g3_hours=48` or `calendar.unit=hour`; wins over the file; more than once
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Figures disclosed elsewhere: a CSV file with the columns of, value, count
    #[arg(long, value_name = "FILE")]
    disclosed: Option<PathBuf>,
    /// How much traffic there was in each hour: a CSV file with the columns at, count
    #[arg(long, value_name = "FILE")]
    traffic: Option<PathBuf>,
    /// The least severity of a finding that makes the command end with 1
    #[arg(long, value_enum, default_value = "high")]
    fail_on: Least,
    /// How to tell what was found
    #[arg(long, value_enum, default_value = "text")]
    report: Report,
    /// The present moment, as in 2026-11-28T07:20:00Z [default: now]
    #[arg(long, value_name = "MOMENT")]
    now: Option<String>,
    /// Print the thresholds as YAML and end
    #[arg(long)]
    show_settings: bool,
}

/// The least severity that counts.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Least {
    /// Any finding
    Low,
    /// Medium and high
    Medium,
    /// High alone
    High,
    /// None: findings are told and the command ends with 0
    Never,
}

impl Least {
    fn counts(self, severity: Severity) -> bool {
        match self {
            Self::Low => true,
            Self::Medium => severity >= Severity::Medium,
            Self::High => severity >= Severity::High,
            Self::Never => false,
        }
    }
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Report {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(args: &GapsArgs) -> anyhow::Result<Exit> {
    let settings = settings(args)?;
    let mut out = std::io::stdout().lock();
    if args.show_settings {
        writeln!(out, "{}", settings.to_yaml())?;
        return Ok(Exit::Pass);
    }
    let now = match &args.now {
        Some(text) => time::parse(text.as_bytes()).with_context(|| format!("“{text}” is no moment; write 2026-11-28T07:20:00Z"))?,
        None => jiff::Timestamp::now().as_second(),
    };
    let mut beside = Beside::default();
    if let Some(path) = &args.disclosed {
        beside.disclosed = Some(table(path)?.disclosed().map_err(|error| in_file(path, &error))?);
    }
    if let Some(path) = &args.traffic {
        beside.traffic = table(path)?.traffic().map_err(|error| in_file(path, &error))?;
    }
    let name = args.input.name();
    let (input, mut progress) = args.input.open()?;
    let mut runs = TemporaryRuns::default();
    let found = review(input, &args.input.format()?, &settings, &beside, now, &mut runs, |bytes| progress.at(bytes));
    let took = progress.end();
    let found = found.map_err(|error| anyhow!("{name}: {error}"))?;
    match args.report {
        Report::Text => text(&mut out, &name, &found, took)?,
        Report::Json => writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?,
    }
    let violates = found.worst().is_some_and(|worst| args.fail_on.counts(worst));
    Ok(if violates { Exit::Violation } else { Exit::Pass })
}

fn settings(args: &GapsArgs) -> anyhow::Result<Settings> {
    let file = match &args.settings {
        Some(path) => Some(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?),
        None => None,
    };
    let place = args.settings.as_ref().map_or_else(|| "--set".to_owned(), |path| path.display().to_string());
    Settings::read(file.as_deref(), &args.set).map_err(|error| anyhow!("{place}: {error}"))
}

fn text(out: &mut impl Write, name: &str, review: &Review, took: Duration) -> std::io::Result<()> {
    let megabytes_s = u128::from(review.bytes) / 1_000 / took.as_millis().max(1);
    write!(out, "{name}: {} rows, {} bytes", review.rows, review.bytes)?;
    if let Some(generation) = review.generation {
        write!(out, ", statements of reasons ({generation:?})")?;
    }
    if let (Some(first), Some(last)) = (&review.first, &review.last) {
        write!(out, ", {first} to {last}")?;
    }
    if review.blank_lines > 0 {
        write!(out, ", {} blank lines", review.blank_lines)?;
    }
    writeln!(out)?;
    let kinds: Vec<String> = review.kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    writeln!(out, "{}; read in {:.1} s, {megabytes_s} MB/s\n", kinds.join(", "), took.as_secs_f64())?;
    for checked in &review.checks {
        check(out, name, checked)?;
    }
    Ok(())
}

fn check(out: &mut impl Write, name: &str, checked: &Checked) -> std::io::Result<()> {
    let id = format!("{:?}", checked.check);
    let title = checked.check.title();
    match &checked.state {
        State::Passed { looked_at } => writeln!(out, "{id:5}  pass         {title}\n                    {looked_at}"),
        State::NotChecked { because } => writeln!(out, "{id:5}  not checked  {title}\n                    {because}"),
        State::Found { findings } => {
            writeln!(out, "{id:5}  FOUND        {title}\n                    threshold: {}", checked.threshold)?;
            for finding in findings {
                let severity = format!("{:?}", finding.severity).to_lowercase();
                writeln!(out, "                    {severity}: {}", finding.says)?;
                for evidence in &finding.evidence {
                    let place = evidence.line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
                    writeln!(out, "                      {place}: {}", evidence.shows)?;
                }
                let shown = u64::try_from(finding.evidence.len()).unwrap_or(u64::MAX);
                if shown < finding.count && shown > 0 {
                    writeln!(out, "                      … and {} more", finding.count - shown)?;
                }
            }
            Ok(())
        }
    }
}
