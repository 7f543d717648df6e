//! `frankly audit logs agree`: how far reviewers agree.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use audit::exit::Exit;
use audit::logs::stats::agree::{Confusion, Kappa, Level, alpha, kappa};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::input::{in_file, table};

/// Say how far reviewers agree beyond chance
///
/// The file is a CSV table with a row for each item and a column for each reviewer; an empty cell is an item that this
/// reviewer did not label. Two reviewers get Cohen's kappa with its interval of 95 %, the kappa adjusted for prevalence
/// and bias, and the table of their labels; any number get Krippendorff's alpha.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Example:
  frankly audit logs agree labels.csv --columns first,second --at-least 0.6"
)]
pub(super) struct AgreeArgs {
    /// The table of labels
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The columns of the reviewers
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', required = true)]
    columns: Vec<String>,
    /// How far apart two labels are, for alpha
    #[arg(long, value_enum, default_value = "nominal")]
    level: Measurement,
    /// End with 1 when alpha is lower
    #[arg(long, value_name = "ALPHA")]
    at_least: Option<f64>,
    /// How to tell it
    #[arg(long, value_enum, default_value = "text")]
    report: Report,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Measurement {
    /// Labels are the same or not
    Nominal,
    /// Labels are numbers that have an order
    Ordinal,
    /// Labels are numbers whose differences count
    Interval,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Report {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Serialize)]
struct Agreement {
    items: usize,
    reviewers: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    kappa: Option<Kappa>,
    alpha: f64,
}

pub(super) fn run(args: &AgreeArgs) -> anyhow::Result<Exit> {
    if args.columns.len() < 2 {
        bail!("name two columns at least");
    }
    let table = table(&args.file)?;
    let columns =
        args.columns.iter().map(|name| table.column(name)).collect::<Result<Vec<_>, _>>().map_err(|error| in_file(&args.file, &error))?;
    let level = match args.level {
        Measurement::Nominal => Level::Nominal,
        Measurement::Ordinal => Level::Ordinal,
        Measurement::Interval => Level::Interval,
    };
    let labels = |texts: &'_ [String]| -> Vec<String> { columns.iter().map(|column| texts[*column].clone()).collect() };
    let rows: Vec<Vec<String>> = table.rows.iter().map(|(_, texts)| labels(texts)).collect();
    let given = |row: &'_ [String]| -> Vec<String> { row.iter().filter(|label| !label.is_empty()).cloned().collect() };
    let items: Vec<Vec<String>> = rows.iter().map(|row| given(row)).collect();
    let items: Vec<Vec<&str>> = items.iter().map(|item| item.iter().map(String::as_str).collect()).collect();
    let here = |error| anyhow!("{}: {error}", args.file.display());
    let kappa = match args.columns.len() {
        2 => {
            let both = rows.iter().filter(|row| row.iter().all(|label| !label.is_empty()));
            Some(kappa(Confusion::of(both.map(|row| (row[0].as_str(), row[1].as_str())))).map_err(here)?)
        }
        _ => None,
    };
    let agreement = Agreement { items: rows.len(), reviewers: columns.len(), kappa, alpha: alpha(&items, level).map_err(here)? };
    let mut out = std::io::stdout().lock();
    match args.report {
        Report::Json => writeln!(out, "{}", serde_json::to_string_pretty(&agreement)?)?,
        Report::Text => text(&mut out, &agreement, args)?,
    }
    let low = args.at_least.is_some_and(|least| agreement.alpha < least);
    Ok(if low { Exit::Violation } else { Exit::Pass })
}

fn text(out: &mut impl Write, agreement: &Agreement, args: &AgreeArgs) -> std::io::Result<()> {
    writeln!(out, "{} items, {} reviewers", agreement.items, agreement.reviewers)?;
    writeln!(out, "Krippendorff's alpha       {:.4}", agreement.alpha)?;
    let Some(kappa) = &agreement.kappa else { return Ok(()) };
    writeln!(out, "Cohen's kappa              {:.4}, 95 % between {:.4} and {:.4}", kappa.kappa, kappa.interval.0, kappa.interval.1)?;
    writeln!(out, "prevalence- and bias-adjusted {:.4}", kappa.adjusted)?;
    writeln!(out, "agree on {:.1} % of {} items; {:.1} % by chance", kappa.observed * 100.0, kappa.items, kappa.expected * 100.0)?;
    let labels = &kappa.confusion.labels;
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max(6);
    writeln!(out, "\n{:width$}  {} says", args.columns[0], args.columns[1])?;
    writeln!(out, "{:width$}  {}", "says", labels.iter().map(|label| format!("{label:>width$}")).collect::<Vec<_>>().join("  "))?;
    for (label, counts) in labels.iter().zip(&kappa.confusion.counts) {
        let counts: Vec<String> = counts.iter().map(|count| format!("{count:>width$}")).collect();
        writeln!(out, "{label:width$}  {}", counts.join("  "))?;
    }
    Ok(())
}
