//! `frankly audit logs sample`: decisions for a second look.

use std::io::Write;

use anyhow::{anyhow, bail};
use audit::exit::Exit;
use audit::logs::row::Field;
use audit::logs::source::Source;
use audit::logs::stats::sample::{Sample, Sampler, Wanted};
use clap::{Args, ValueEnum};

use super::super::cells::row;
use super::input::LogInput;

/// Draw decisions for a second look: by a seed, from every stratum, all critical ones
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  frankly audit logs sample moderation.ndjson --seed 7 --half-width 0.05
  frankly audit logs sample moderation.ndjson --seed 7 --by category,outcome --blind")]
pub(super) struct SampleArgs {
    #[command(flatten)]
    input: LogInput,
    /// The number by which chance is drawn; the same draws the same
    #[arg(long, value_name = "NUMBER")]
    seed: u64,
    /// How far the estimate of a share may be off
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    half_width: f64,
    /// How sure that is to be
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    confidence: f64,
    /// The share that is expected; 0.5 needs the largest sample
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    expect: f64,
    /// Fields by which to stratify
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', default_value = "category,outcome,reviewer")]
    by: Vec<String>,
    /// Leave out what was decided and by whom, for who looks a second time
    #[arg(long)]
    blind: bool,
    /// How to write the sample
    #[arg(long, value_enum, default_value = "csv")]
    report: Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Report {
    /// A row for each decision
    Csv,
    /// All of it, strata and weights too
    Json,
}

pub(super) fn run(args: &SampleArgs) -> anyhow::Result<Exit> {
    let name = args.input.name();
    if args.blind && args.report == Report::Json {
        bail!("--blind goes with --report csv: strata tell what was decided");
    }
    let wanted = Wanted { half_width: args.half_width, confidence: args.confidence, share: args.expect };
    let mut sampler = Sampler::new(wanted, args.seed, args.by.iter().map(|name| field(name)).collect::<anyhow::Result<_>>()?)?;
    let format = args.input.format()?;
    let (input, mut progress) = args.input.open()?;
    let mut faults = Vec::new();
    let mut left_out = 0_u64;
    let here = |error| anyhow!("{name}: {error}");
    let mut source = Source::open(input, &format).map_err(here)?;
    loop {
        let row = source.read_next(&mut faults).map_err(here)?;
        for fault in faults.drain(..) {
            left_out += u64::from(fault.leaves_out());
            eprintln!("{name}:{}: {}", fault.line, fault.what);
        }
        let Some(row) = row else { break };
        sampler.row(&row)?;
        let bytes = source.bytes();
        progress.at(bytes);
    }
    progress.end();
    let sample = sampler.finish();
    let mut out = std::io::stdout().lock();
    match args.report {
        Report::Json => writeln!(out, "{}", serde_json::to_string_pretty(&sample)?)?,
        Report::Csv => csv(&mut out, &sample, args)?,
    }
    Ok(if left_out == 0 { Exit::Pass } else { Exit::Violation })
}

fn csv(out: &mut impl Write, sample: &Sample, args: &SampleArgs) -> std::io::Result<()> {
    let fields = if args.blind { Vec::new() } else { args.by.clone() };
    let cells = [vec!["line".to_owned(), "id".to_owned()], fields, vec!["why".to_owned(), "label".to_owned()]].concat();
    writeln!(out, "{}", row(&cells))?;
    for drawn in &sample.rows {
        let stratum = if args.blind { Vec::new() } else { drawn.stratum.clone() };
        let why = if drawn.critical && !args.blind { "critical" } else { "drawn" };
        let cells = [vec![drawn.line.to_string(), drawn.id.clone()], stratum, vec![why.to_owned(), String::new()]].concat();
        writeln!(out, "{}", row(&cells))?;
    }
    Ok(())
}

fn field(name: &str) -> anyhow::Result<Field> {
    match Field::named(name) {
        Some(field @ (Field::Category | Field::Outcome | Field::Reviewer)) => Ok(field),
        _ => bail!("strata are made of category, outcome and reviewer, not of {name}"),
    }
}
