//! Small tables beside a log: figures, traffic, labels, points of a chart.

use std::io::Read;

use super::charts::Point;
use super::checks::categories::{Counted, Disclosed};
use super::csv::{Broken, CsvReader, Dialect, Next};
use super::row::shown;
use super::source::LogError;
use super::{LINE_BYTES, time};

/// What is wrong with a table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It cannot be read at all.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A line that cannot be read.
    #[error("line {0}: {1}")]
    Broken(u64, Broken),
    /// Another number of columns than the header has.
    #[error("line {0}: {1} columns instead of {2}")]
    Columns(u64, usize, usize),
    /// A text that is no value of its column.
    #[error("line {0}: “{1}” is no {2}")]
    Value(u64, String, &'static str),
    /// A column that is missing.
    #[error("line 1: no column is called {0}")]
    NoColumn(String),
}

/// Rows of a table, in memory: only what a person makes is read so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub header: Vec<String>,
    /// Line and texts of each row.
    pub rows: Vec<(u64, Vec<String>)>,
}

impl Table {
    /// Reads a table; any fault ends it.
    pub fn read(input: impl Read) -> Result<Self, TableError> {
        let mut reader = CsvReader::new(input, Dialect::default(), LINE_BYTES);
        if reader.peek().map_err(LogError::from)?.starts_with(&[0xEF, 0xBB, 0xBF]) {
            reader.skip(3);
        }
        let mut table = Self { header: Vec::new(), rows: Vec::new() };
        loop {
            match reader.read_next().map_err(LogError::from)? {
                Next::End if table.header.is_empty() => return Err(LogError::Empty.into()),
                Next::End => return Ok(table),
                Next::Broken(line, broken) => return Err(TableError::Broken(line, broken)),
                Next::Record => {}
            }
            let record = reader.record();
            let texts = (0..record.len()).map(|index| {
                let text = record.field(index);
                String::from_utf8(text.trim_ascii().to_vec()).map_err(|_| TableError::Value(record.line, shown(&text), "UTF-8"))
            });
            let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
            if table.header.is_empty() {
                table.header = texts;
            } else if texts.len() == table.header.len() {
                table.rows.push((record.line, texts));
            } else {
                return Err(TableError::Columns(record.line, texts.len(), table.header.len()));
            }
        }
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Result<usize, TableError> {
        self.header.iter().position(|column| column == name).ok_or_else(|| TableError::NoColumn(name.to_owned()))
    }

    /// Figures that were disclosed, in the columns `of`, `value` and `count`.
    pub fn disclosed(&self) -> Result<Vec<Disclosed>, TableError> {
        let (of, value, count) = (self.column("of")?, self.column("value")?, self.column("count")?);
        let figure = |(line, texts): &(u64, Vec<String>)| {
            let counted =
                Counted::named(&texts[of]).ok_or_else(|| TableError::Value(*line, texts[of].clone(), "all, kind, category or outcome"))?;
            Ok(Disclosed { line: *line, of: counted, value: texts[value].clone(), count: whole(*line, &texts[count])? })
        };
        self.rows.iter().map(figure).collect()
    }

    /// How much traffic there was in each hour, in the columns `at` and `count`.
    pub fn traffic(&self) -> Result<Vec<(i64, u64)>, TableError> {
        let (at, count) = (self.column("at")?, self.column("count")?);
        let hour = |(line, texts): &(u64, Vec<String>)| {
            let moment = time::parse(texts[at].as_bytes()).ok_or_else(|| TableError::Value(*line, texts[at].clone(), "moment"))?;
            Ok((moment, whole(*line, &texts[count])?))
        };
        self.rows.iter().map(hour).collect()
    }

    /// Points of a chart, in the columns `label`, `count` and, where it is not 1, `size`.
    pub fn points(&self) -> Result<Vec<Point>, TableError> {
        let (label, count) = (self.column("label")?, self.column("count")?);
        let size = self.column("size").ok();
        let point = |(line, texts): &(u64, Vec<String>)| {
            let size = size.map_or(Ok(1.0), |size| number(*line, &texts[size]))?;
            Ok(Point { label: texts[label].clone(), count: number(*line, &texts[count])?, size })
        };
        self.rows.iter().map(point).collect()
    }
}

fn whole(line: u64, text: &str) -> Result<u64, TableError> {
    text.parse().map_err(|_| TableError::Value(line, text.to_owned(), "whole number"))
}

fn number(line: u64, text: &str) -> Result<f64, TableError> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| TableError::Value(line, text.to_owned(), "number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_traffic_and_points() {
        let table = Table::read(&b"\xEF\xBB\xBFof,value,count\ncategory,SPAM,12\nall,,40\n"[..]).unwrap();
        let figures = table.disclosed().unwrap();
        assert_eq!((figures[0].of, figures[0].value.as_str(), figures[0].count, figures[0].line), (Counted::Category, "SPAM", 12, 2));
        assert_eq!(figures[1].of, Counted::All);
        let table = Table::read(&b"at,count\n2026-11-28 07:00,5\n"[..]).unwrap();
        assert_eq!(table.traffic().unwrap(), [(1_795_849_200, 5)]);
        let table = Table::read(&b"label,count\nmon,5\n"[..]).unwrap();
        assert!((table.points().unwrap()[0].size - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn faults_name_their_line() {
        let fault = |text: &str| match Table::read(text.as_bytes()) {
            Ok(table) => table.disclosed().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(fault(""), "there is nothing in it");
        assert_eq!(fault("of,value\n"), "line 1: no column is called count");
        assert_eq!(fault("of,value,count\nall,,x\n"), "line 2: “x” is no whole number");
        assert_eq!(fault("of,value,count\nsome,,1\n"), "line 2: “some” is no all, kind, category or outcome");
        assert_eq!(fault("of,value,count\nall,1\n"), "line 2: 2 columns instead of 3");
        assert_eq!(fault("of,value,count\nall,\"x,1\n"), "line 2: column 2: a quote that never closes");
    }
}
