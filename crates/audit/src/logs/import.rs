//! Importing a log of another form into our own, without loss.

use std::io::{Read, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::row::{Automated, Field, Kind, Row};
use super::source::{Fault, Format, LogError, Source};
use super::time;

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Rows that were written.
    pub rows: u64,
    /// Rows that could not be read and were left out.
    pub left_out: u64,
    /// Lines with nothing on them.
    pub blank_lines: u64,
}

/// An entry as it is written; the names are those of [`Field`].
#[derive(Serialize)]
struct Written<'a> {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    automated: Option<Automated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<u8>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    minor: bool,
    #[serde(skip_serializing_if = "is_nothing")]
    amount: u64,
    #[serde(flatten)]
    texts: Map<String, Value>,
    /// What stood in the file, every column that is not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a Map<String, Value>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
fn is_nothing(amount: &u64) -> bool {
    *amount == 0
}

/// Fields that are texts.
const TEXTS: [Field; 9] =
    [Field::Id, Field::Case, Field::Category, Field::Outcome, Field::Reviewer, Field::Text, Field::Reason, Field::Reverses, Field::Basis];

/// Reads a log and writes it as our own. What is wrong is told as it comes.
pub fn import<R: Read>(
    input: R,
    format: &Format,
    output: &mut impl Write,
    mut told: impl FnMut(&Fault),
    mut progress: impl FnMut(u64),
) -> Result<Imported, LogError> {
    let mut source = Source::open(input, format)?;
    let mut imported = Imported::default();
    let mut faults = Vec::new();
    loop {
        let row = source.read_next(&mut faults)?.map(|row| written(&row));
        for fault in faults.drain(..) {
            imported.left_out += u64::from(fault.leaves_out());
            told(&fault);
        }
        let Some(mut written) = row else { break };
        let columns = columns(&source);
        written.source = columns.as_ref().or(source.imported());
        serde_json::to_writer(&mut *output, &written).map_err(std::io::Error::from)?;
        output.write_all(b"\n")?;
        imported.rows += 1;
        if imported.rows.is_multiple_of(65_536) {
            progress(source.bytes());
        }
    }
    imported.blank_lines = source.blank_lines();
    Ok(imported)
}

fn written(row: &Row<'_>) -> Written<'static> {
    let texts = TEXTS.iter().filter_map(|field| {
        let text = row.text_of(*field).filter(|text| !text.is_empty())?;
        Some((field.name().to_owned(), Value::String(String::from_utf8_lossy(text).into_owned())))
    });
    Written {
        kind: row.kind,
        sequence: row.sequence,
        at: row.at.map(time::show),
        began: row.began.map(time::show),
        applied: row.applied.map(time::show),
        automated: row.automated,
        severity: row.severity,
        minor: row.minor,
        amount: row.amount,
        texts: texts.collect(),
        source: None,
    }
}

/// The columns of a CSV row that are not empty.
fn columns<R: Read>(source: &Source<R>) -> Option<Map<String, Value>> {
    let record = source.record()?;
    let columns = source.header().iter().enumerate().filter_map(|(index, name)| {
        let text = record.field(index);
        (!text.is_empty()).then(|| (name.clone(), Value::String(String::from_utf8_lossy(&text).into_owned())))
    });
    Some(columns.collect())
}
