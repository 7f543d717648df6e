//! `frankly audit logs import`: another log as our own.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use audit::exit::Exit;
use audit::logs::import::import;
use clap::Args;

use super::input::LogInput;

/// Turn a log of another form into Frankly's own, without loss
///
/// Every column that is not empty is kept under `source`. Rows that cannot be read are named and left out, and the
/// command then ends with 1.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  frankly audit logs import sor-2026-03-01-full.csv --to statements.ndjson
  frankly audit logs import cases.csv --map id=Case --map at=Closed --to cases.ndjson")]
pub(super) struct ImportArgs {
    #[command(flatten)]
    input: LogInput,
    /// The file to write; it must not be there yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

pub(super) fn run(args: &ImportArgs) -> anyhow::Result<Exit> {
    let name = args.input.name();
    let format = args.input.format()?;
    let (input, mut progress) = args.input.open()?;
    let mut output: BufWriter<Box<dyn Write>> = BufWriter::new(match &args.to {
        Some(path) => Box::new(File::create_new(path).with_context(|| format!("cannot make {}", path.display()))?),
        None => Box::new(io::stdout().lock()),
    });
    let told = |fault: &audit::logs::source::Fault| eprintln!("{name}:{}: {}", fault.line, fault.what);
    let imported = import(input, &format, &mut output, told, |bytes| progress.at(bytes));
    progress.end();
    let imported = imported.map_err(|error| anyhow!("{name}: {error}"))?;
    output.flush()?;
    let told = format!("{name}: {} rows imported, {} left out, {} blank lines", imported.rows, imported.left_out, imported.blank_lines);
    // what comes out is the log itself where it goes to no file
    match &args.to {
        Some(_) => println!("{told}"),
        None => eprintln!("{told}"),
    }
    Ok(if imported.left_out == 0 { Exit::Pass } else { Exit::Violation })
}
