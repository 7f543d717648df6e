//! Logs of several forms, read as rows of one.

use std::borrow::Cow;
use std::io::{self, Read};

use serde::Deserialize;

use super::csv::{Broken, CsvReader, Dialect, Next, Record};
use super::dsa::{self, Generation};
use super::lines::{LineReader, NextLine};
use super::row::{Field, Kind, Row, shown};
use super::{LINE_BYTES, time};

/// The form of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Frankly's own: one JSON object a line.
    Own,
    /// Statements of reasons as the European database exports them.
    Dsa,
    /// Any CSV file, with the columns named.
    Csv(ColumnMap),
}

/// Which column of a CSV file tells what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnMap {
    /// Fields and the columns they are taken from.
    pub columns: Vec<(Field, String)>,
    /// How the fields are written.
    pub dialect: Dialect,
}

/// Why a log cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file or a temporary one could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There is nothing in the file.
    #[error("there is nothing in it")]
    Empty,
    /// The file is not UTF-8.
    #[error("line 1: written in {0}; convert it to UTF-8 first")]
    Encoding(&'static str),
    /// The header is broken.
    #[error("line 1: the header cannot be read: {0}")]
    Header(Broken),
    /// The header names a column twice.
    #[error("line 1: two columns are called {0}")]
    TwiceInHeader(String),
    /// The columns are not those of a statement of reasons.
    #[error("line 1: not the columns of a statement of reasons; missing: {missing}; unknown: {unknown}")]
    NotDsa {
        /// Columns that should be there.
        missing: String,
        /// Columns that should not.
        unknown: String,
    },
    /// A column of the map is not in the file.
    #[error("line 1: no column is called {wanted}; there are: {present}")]
    NoColumn {
        /// What the map names.
        wanted: String,
        /// What the file has.
        present: String,
    },
    /// The times of a log span more hours or days than are counted.
    #[error("its times span more than {0} days or hours: a clock was wrong")]
    TooManyUnits(usize),
    /// What was sorted on the way came back otherwise than it was written.
    #[error("a temporary file is damaged")]
    Damaged,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: What,
}

/// Kinds of faults.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// No record; the row is left out.
    #[error("{0}; the row is left out")]
    Broken(#[from] Broken),
    /// Another number of columns than the header has; the row is left out.
    #[error("{found} columns instead of {expected}; the row is left out")]
    Columns {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Bytes that are no UTF-8; the row is kept.
    #[error("not UTF-8 from byte {0} of the row on")]
    Encoding(usize),
    /// A text that is no value of its column; the row is kept without it.
    #[error("{column}: “{value}” is not understood")]
    Value {
        /// The column or field.
        column: String,
        /// The text, cut.
        value: String,
    },
    /// No entry of our own log; the line is left out.
    #[error("{0}; the line is left out")]
    Json(String),
}

impl Fault {
    /// Whether the row was left out.
    pub fn leaves_out(&self) -> bool {
        matches!(self.what, What::Broken(_) | What::Columns { .. } | What::Json(_))
    }
}

/// A log that is being read.
#[derive(Debug)]
pub struct Source<R>(Inner<R>);

#[derive(Debug)]
enum Inner<R> {
    Csv(CsvSource<R>),
    Own(OwnSource<R>),
}

#[derive(Debug)]
struct CsvSource<R> {
    reader: CsvReader<R>,
    header: Vec<String>,
    /// Columns by the field they tell of, the first that is not empty counts.
    fields: Vec<(Field, usize)>,
    generation: Option<Generation>,
}

#[derive(Debug)]
struct OwnSource<R> {
    reader: LineReader<R>,
    entry: Entry,
    line: u64,
}

impl<R: Read> Source<R> {
    /// Opens a log; the header of a CSV file is read and checked.
    pub fn open(input: R, format: &Format) -> Result<Self, LogError> {
        match format {
            Format::Own => Ok(Self(Inner::Own(OwnSource { reader: LineReader::new(input, LINE_BYTES), entry: Entry::default(), line: 0 }))),
            Format::Dsa => CsvSource::open_dsa(input).map(|source| Self(Inner::Csv(source))),
            Format::Csv(map) => CsvSource::open_mapped(input, map).map(|source| Self(Inner::Csv(source))),
        }
    }

    /// The next row. What is wrong on the way to it is put to the faults.
    pub fn read_next(&mut self, faults: &mut Vec<Fault>) -> Result<Option<Row<'_>>, LogError> {
        match &mut self.0 {
            Inner::Csv(source) => source.read_next(faults),
            Inner::Own(source) => source.read_next(faults),
        }
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        match &self.0 {
            Inner::Csv(source) => source.reader.bytes(),
            Inner::Own(source) => source.reader.bytes(),
        }
    }

    /// Lines with nothing on them.
    pub fn blank_lines(&self) -> u64 {
        match &self.0 {
            Inner::Csv(source) => source.reader.blank_lines(),
            Inner::Own(source) => source.reader.blank_lines(),
        }
    }

    /// The columns of a CSV file.
    pub fn header(&self) -> &[String] {
        match &self.0 {
            Inner::Csv(source) => &source.header,
            Inner::Own(_) => &[],
        }
    }

    /// The fields of the row read last, as they stand in a CSV file.
    pub fn record(&self) -> Option<Record<'_>> {
        match &self.0 {
            Inner::Csv(source) => Some(source.reader.record()),
            Inner::Own(_) => None,
        }
    }

    /// What stood in the file from which the row read last was imported.
    pub fn imported(&self) -> Option<&serde_json::Map<String, serde_json::Value>> {
        match &self.0 {
            Inner::Csv(_) => None,
            Inner::Own(source) => source.entry.source.as_ref(),
        }
    }

    /// Which form of statements of reasons it is.
    pub fn generation(&self) -> Option<Generation> {
        match &self.0 {
            Inner::Csv(source) => source.generation,
            Inner::Own(_) => None,
        }
    }
}

impl<R: Read> CsvSource<R> {
    fn open(input: R, dialect: Dialect) -> Result<Self, LogError> {
        let mut reader = CsvReader::new(input, dialect, LINE_BYTES);
        match reader.peek()? {
            [] => return Err(LogError::Empty),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return Err(LogError::Encoding("UTF-16")),
            [_, 0, ..] | [0, _, ..] => return Err(LogError::Encoding("UTF-16 or UTF-32")),
            [0xEF, 0xBB, 0xBF, ..] => reader.skip(3),
            _ => {}
        }
        match reader.read_next()? {
            Next::End => return Err(LogError::Empty),
            Next::Broken(_, broken) => return Err(LogError::Header(broken)),
            Next::Record => {}
        }
        let record = reader.record();
        let header: Vec<String> = (0..record.len()).map(|index| String::from_utf8_lossy(&record.field(index)).trim().to_owned()).collect();
        for (index, name) in header.iter().enumerate() {
            if header[..index].contains(name) {
                return Err(LogError::TwiceInHeader(name.clone()));
            }
        }
        Ok(Self { reader, header, fields: Vec::new(), generation: None })
    }

    fn open_dsa(input: R) -> Result<Self, LogError> {
        let mut source = Self::open(input, Dialect { delimiter: b',', backslash: true })?;
        source.generation = Generation::of(&source.header);
        if source.generation.is_none() {
            let has = |name: &&str| source.header.iter().any(|column| column == name);
            let missing: Vec<&str> = dsa::COLUMNS.iter().copied().filter(|name| *name != dsa::SINCE_2025 && !has(name)).collect();
            let unknown: Vec<String> =
                source.header.iter().filter(|name| !dsa::COLUMNS.contains(&name.as_str())).map(|name| shown(name.as_bytes())).collect();
            return Err(LogError::NotDsa { missing: list(&missing), unknown: list(&unknown) });
        }
        source.fields = dsa::FIELDS.iter().filter_map(|(field, name)| Some((*field, source.column(name)?))).collect();
        Ok(source)
    }

    fn open_mapped(input: R, map: &ColumnMap) -> Result<Self, LogError> {
        let mut source = Self::open(input, map.dialect)?;
        for (field, name) in &map.columns {
            let no_column = || LogError::NoColumn { wanted: name.clone(), present: list(&source.header) };
            let column = source.column(name).ok_or_else(no_column)?;
            source.fields.push((*field, column));
        }
        Ok(source)
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    fn read_next(&mut self, faults: &mut Vec<Fault>) -> Result<Option<Row<'_>>, LogError> {
        loop {
            match self.reader.read_next()? {
                Next::End => return Ok(None),
                Next::Broken(line, broken) => faults.push(Fault { line, what: broken.into() }),
                Next::Record => {
                    let (found, line) = (self.reader.record().len(), self.reader.record().line);
                    if found == self.header.len() {
                        break;
                    }
                    faults.push(Fault { line, what: What::Columns { found, expected: self.header.len() } });
                }
            }
        }
        Ok(Some(self.row(faults)))
    }

    fn row(&self, faults: &mut Vec<Fault>) -> Row<'_> {
        let record = self.reader.record();
        let mut row = Row { line: record.line, ..Row::default() };
        if let Err(error) = std::str::from_utf8(record.bytes) {
            faults.push(Fault { line: record.line, what: What::Encoding(error.valid_up_to() + 1) });
        }
        for (field, column) in &self.fields {
            if row.text_of(*field).is_some_and(|text| !text.is_empty()) {
                continue;
            }
            let text = record.field(*column);
            if !row.put(*field, text.clone()) {
                let what = What::Value { column: self.header[*column].clone(), value: shown(&text) };
                faults.push(Fault { line: record.line, what });
            }
        }
        if self.generation.is_some() {
            row.minor = &*row.category == dsa::MINORS.as_bytes();
        }
        row
    }
}

fn list<T: AsRef<str>>(names: &[T]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("“{}”", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// An entry of our own log as it stands in its file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    kind: Option<Kind>,
    id: String,
    sequence: Option<u64>,
    at: Option<Moment>,
    began: Option<Moment>,
    applied: Option<Moment>,
    case: String,
    category: String,
    outcome: String,
    reviewer: String,
    automated: Option<super::row::Automated>,
    text: String,
    reason: String,
    reverses: String,
    basis: String,
    severity: Option<u8>,
    minor: bool,
    amount: u64,
    /// What stood in the file it was imported from.
    source: Option<serde_json::Map<String, serde_json::Value>>,
}

/// A moment as text, or in milliseconds since 1970 as the server counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Ms(i64),
    Text(String),
}

impl<R: Read> OwnSource<R> {
    fn read_next(&mut self, faults: &mut Vec<Fault>) -> Result<Option<Row<'_>>, LogError> {
        loop {
            match self.reader.read_next()? {
                NextLine::End => return if self.line == 0 && faults.is_empty() { Err(LogError::Empty) } else { Ok(None) },
                NextLine::TooLong(line) => faults.push(Fault { line, what: Broken::TooLong(LINE_BYTES).into() }),
                NextLine::Line(line) => {
                    self.line = line;
                    match serde_json::from_slice(self.reader.text()) {
                        Ok(entry) => {
                            self.entry = entry;
                            break;
                        }
                        Err(error) => faults.push(Fault { line, what: What::Json(error.to_string()) }),
                    }
                }
            }
        }
        Ok(Some(self.row(faults)))
    }

    fn row<'a>(&'a self, faults: &mut Vec<Fault>) -> Row<'a> {
        let entry = &self.entry;
        let text = |text: &'a str| Cow::Borrowed(text.as_bytes());
        let mut moment = |name: &str, moment: &Option<Moment>| {
            let (read, text) = match moment {
                None => return None,
                Some(Moment::Ms(ms)) => (Some(ms.div_euclid(1_000)).filter(|moment| time::WRITABLE.contains(moment)), ms.to_string()),
                Some(Moment::Text(text)) => (time::parse(text.as_bytes()), text.clone()),
            };
            if read.is_none() {
                let what = What::Value { column: name.to_owned(), value: shown(text.as_bytes()) };
                faults.push(Fault { line: self.line, what });
            }
            read
        };
        let (at, began, applied) = (moment("at", &entry.at), moment("began", &entry.began), moment("applied", &entry.applied));
        let severity = entry.severity.filter(|severity| *severity <= super::row::CRITICAL);
        if severity != entry.severity {
            let value = entry.severity.map(|severity| severity.to_string()).unwrap_or_default();
            faults.push(Fault { line: self.line, what: What::Value { column: "severity".to_owned(), value } });
        }
        if entry.kind.is_none() {
            faults.push(Fault { line: self.line, what: What::Value { column: "kind".to_owned(), value: String::new() } });
        }
        Row {
            line: self.line,
            kind: entry.kind.unwrap_or_default(),
            id: text(&entry.id),
            sequence: entry.sequence,
            at,
            began,
            applied,
            case: text(&entry.case),
            category: text(&entry.category),
            outcome: text(&entry.outcome),
            reviewer: text(&entry.reviewer),
            automated: entry.automated,
            text: text(&entry.text),
            reason: text(&entry.reason),
            reverses: text(&entry.reverses),
            basis: text(&entry.basis),
            severity,
            minor: entry.minor,
            amount: entry.amount,
        }
    }
}
