//! The log that a command reads, and how far it has come.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use audit::logs::Runs;
use audit::logs::csv::Dialect;
use audit::logs::row::Field;
use audit::logs::source::{ColumnMap, Format};
use audit::logs::table::Table;
use clap::{Args, ValueEnum};

/// The form of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Frankly's own: one JSON object a line
    Own,
    /// Statements of reasons as the European database exports them, with 37 or 38 columns, or light
    Dsa,
    /// Any CSV file, with its columns named by --map
    Csv,
}

/// Which log to read
#[derive(Debug, Args)]
pub(super) struct LogInput {
    /// The log; `-` is what comes in
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its form [default: own for .ndjson, .jsonl and `-`; csv with --map; else dsa]
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// A field and the column it is taken from, as in `id=Case number`; more than once
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<String>,
    /// What stands between the columns of a CSV file
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    delimiter: char,
}

impl LogInput {
    /// What the file is called in messages.
    pub(super) fn name(&self) -> String {
        self.file.display().to_string()
    }

    /// Its form, as it was typed or as the name of the file says.
    pub(super) fn format(&self) -> anyhow::Result<Format> {
        let ends = |ends: &str| self.file.extension().is_some_and(|extension| extension == ends);
        let guessed = || match () {
            () if !self.map.is_empty() => Form::Csv,
            () if ends("ndjson") || ends("jsonl") || self.is_standard_input() => Form::Own,
            () => Form::Dsa,
        };
        match self.format.unwrap_or_else(guessed) {
            Form::Csv if self.map.is_empty() => bail!("name the columns: --map id=… --map at=… (fields are {})", field_names()),
            Form::Csv => Ok(Format::Csv(self.column_map()?)),
            _ if !self.map.is_empty() => bail!("--map goes with --format csv"),
            Form::Own => Ok(Format::Own),
            Form::Dsa => Ok(Format::Dsa),
        }
    }

    fn column_map(&self) -> anyhow::Result<ColumnMap> {
        let delimiter = u8::try_from(self.delimiter).ok().filter(u8::is_ascii).filter(|byte| !b"\"\r\n".contains(byte));
        let delimiter = delimiter.with_context(|| format!("“{}” cannot stand between columns", self.delimiter))?;
        let column = |pair: &String| {
            let (name, column) = pair.split_once('=').with_context(|| format!("“{pair}” is not FIELD=COLUMN"))?;
            let field = Field::named(name).with_context(|| format!("there is no field {name}; there are {}", field_names()))?;
            anyhow::Ok((field, column.to_owned()))
        };
        let columns = self.map.iter().map(column).collect::<anyhow::Result<_>>()?;
        Ok(ColumnMap { columns, dialect: Dialect { delimiter, backslash: false } })
    }

    fn is_standard_input(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    /// Opens it, and a progress bar as long as it.
    pub(super) fn open(&self) -> anyhow::Result<(Box<dyn Read>, Progress)> {
        if self.is_standard_input() {
            return Ok((Box::new(io::stdin().lock()), Progress::new(None)));
        }
        let file = File::open(&self.file).with_context(|| format!("cannot read {}", self.name()))?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            bail!("{} is a folder", self.name());
        }
        Ok((Box::new(file), Progress::new(metadata.is_file().then_some(metadata.len()))))
    }
}

/// The names of all fields.
pub(super) fn field_names() -> String {
    Field::NAMES.map(|(name, _)| name).join(", ")
}

/// Reads a small table beside a log.
pub(super) fn table(path: &Path) -> anyhow::Result<Table> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Table::read(file).map_err(|error| in_file(path, &error))
}

/// A complaint with the file it is about.
pub(super) fn in_file(path: &Path, error: &impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{}: {error}", path.display())
}

/// Tells people at a terminal how far a long reading has come.
#[derive(Debug)]
pub(super) struct Progress {
    total: Option<u64>,
    began: Instant,
    told: Option<Instant>,
    shows: bool,
}

impl Progress {
    const EVERY: Duration = Duration::from_millis(200);

    fn new(total: Option<u64>) -> Self {
        Self { total, began: Instant::now(), told: None, shows: io::stderr().is_terminal() }
    }

    /// Tells the bytes that were read.
    pub(super) fn at(&mut self, bytes: u64) {
        if !self.shows || self.told.is_some_and(|told| told.elapsed() < Self::EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let rate = bytes / 1_000_000 * 1_000 / u64::try_from(self.began.elapsed().as_millis().max(1)).unwrap_or(u64::MAX);
        match self.total.filter(|total| *total > 0) {
            Some(total) => {
                let tenths = usize::try_from(bytes * 30 / total).unwrap_or(30).min(30);
                eprint!("\r[{}{}] {:3} %, {rate} MB/s", "#".repeat(tenths), " ".repeat(30 - tenths), bytes * 100 / total);
            }
            None => eprint!("\r{} MB, {rate} MB/s", bytes / 1_000_000),
        }
    }

    /// Takes the bar away and gives the time that it took.
    pub(super) fn end(&mut self) -> Duration {
        if self.told.take().is_some() {
            eprint!("\r{:60}\r", "");
        }
        self.began.elapsed()
    }
}

/// Sorted runs in temporary files that have no name, so that nothing is left behind.
#[derive(Debug, Default)]
pub(super) struct TemporaryRuns(Vec<File>);

impl Runs for TemporaryRuns {
    fn keep(&mut self, run: &[u8]) -> io::Result<()> {
        let mut file = tempfile::tempfile()?;
        io::Write::write_all(&mut file, run)?;
        self.0.push(file);
        Ok(())
    }

    fn give_back(&mut self) -> io::Result<Vec<Box<dyn Read>>> {
        std::mem::take(&mut self.0)
            .into_iter()
            .map(|mut file| {
                file.rewind()?;
                Ok(Box::new(file) as Box<dyn Read>)
            })
            .collect()
    }
}
