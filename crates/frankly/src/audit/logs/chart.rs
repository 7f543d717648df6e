//! `frankly audit logs chart`: shares and rates over time.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use audit::exit::Exit;
use audit::logs::charts::{Chart, ChartKind, Point, svg, terminal};
use audit::logs::row::{Field, Kind};
use audit::logs::series::{Counted, series};
use audit::logs::settings::Unit;
use audit::logs::table::Table;
use clap::{Args, ValueEnum};

use super::input::{LogInput, field_names};

/// Chart a log: how many entries a day, or what share of them
///
/// A p-chart of a share or a u-chart of a rate, with limits at three standard deviations, the rules 1 to 4 of Western
/// Electric and a moving average (EWMA). Ends with 1 when --fail is given and a point completes a rule.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:
  frankly audit logs chart moderation.ndjson --kind flag
  frankly audit logs chart moderation.ndjson --kind decision --share outcome=removed --svg out.svg
  frankly audit logs chart points.csv --table --as u"
)]
pub(super) struct ChartArgs {
    #[command(flatten)]
    input: LogInput,
    /// The file is a table of points: label, count and, where it is not 1, size
    #[arg(long)]
    table: bool,
    /// Which chart a table is for
    #[arg(long = "as", value_enum, requires = "table")]
    chart: Option<Form>,
    /// Count days or hours
    #[arg(long, value_enum, default_value = "day")]
    unit: UnitArg,
    /// Only entries of this kind: report, flag, order, decision, reversal, read or traffic
    #[arg(long)]
    kind: Option<String>,
    /// Chart the share of them whose field says this
    #[arg(long, value_name = "FIELD=TEXT")]
    share: Option<String>,
    /// Allow for days that vary more than chance (Laney's chart)
    #[arg(long)]
    overdispersed: bool,
    /// Draw it into this file too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// End with 1 when a point completes a rule
    #[arg(long)]
    fail: bool,
    /// How to tell it
    #[arg(long, value_enum, default_value = "text")]
    report: Report,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// The share of cases that are so
    P,
    /// How many for each unit of opportunity
    U,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum UnitArg {
    /// Days, in UTC
    Day,
    /// Hours
    Hour,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Report {
    /// In characters
    Text,
    /// For programs
    Json,
}

/// Points of the terminal's chart.
const SHOWN: usize = 100;

pub(super) fn run(args: &ChartArgs) -> anyhow::Result<Exit> {
    let name = args.input.name();
    let here = |error: &dyn std::fmt::Display| anyhow!("{name}: {error}");
    let kind = match (args.chart, &args.share) {
        (Some(Form::P), _) | (None, Some(_)) => ChartKind::P,
        (Some(Form::U), _) | (None, None) => ChartKind::U,
    };
    let points = points(args, &name)?;
    let chart = Chart::new(kind, points, args.overdispersed).map_err(|error| here(&error))?;
    let mut out = std::io::stdout().lock();
    match args.report {
        Report::Text => write!(out, "{}", terminal(&chart, SHOWN))?,
        Report::Json => writeln!(out, "{}", serde_json::to_string_pretty(&chart)?)?,
    }
    if let Some(path) = &args.svg {
        std::fs::write(path, svg(&chart, &title(args, &name))).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let shifted = args.fail && chart.signals().next().is_some();
    Ok(if shifted { Exit::Violation } else { Exit::Pass })
}

fn points(args: &ChartArgs, name: &str) -> anyhow::Result<Vec<Point>> {
    let (input, mut progress) = args.input.open()?;
    if args.table {
        if args.chart.is_none() {
            bail!("say which chart it is: --as p or --as u");
        }
        let table = Table::read(input).and_then(|table| table.points());
        return table.map_err(|error| anyhow!("{name}: {error}"));
    }
    let unit = match args.unit {
        UnitArg::Day => Unit::Day,
        UnitArg::Hour => Unit::Hour,
    };
    let kind = match &args.kind {
        Some(kind) => Some(Kind::named(kind.as_bytes()).with_context(|| format!("there is no kind {kind}"))?),
        None => None,
    };
    let share = match &args.share {
        Some(share) => Some(field_and_text(share)?),
        None => None,
    };
    let told = |fault: &audit::logs::source::Fault| eprintln!("{name}:{}: {}", fault.line, fault.what);
    let points = series(input, &args.input.format()?, &Counted { unit, kind, share }, told, |bytes| progress.at(bytes));
    progress.end();
    points.map_err(|error| anyhow!("{name}: {error}"))
}

fn field_and_text(pair: &str) -> anyhow::Result<(Field, String)> {
    let (name, text) = pair.split_once('=').with_context(|| format!("“{pair}” is not FIELD=TEXT"))?;
    let field = Field::named(name).with_context(|| format!("there is no field {name}; there are {}", field_names()))?;
    Ok((field, text.to_owned()))
}

fn title(args: &ChartArgs, name: &str) -> String {
    let of = args.kind.as_deref().unwrap_or("all entries");
    match (&args.share, args.table) {
        (_, true) => name.to_owned(),
        (Some(share), false) => format!("{name}: {of}, share with {share}"),
        (None, false) => format!("{name}: {of}"),
    }
}
