//! The two tables of the article, for any platforms. A cell is never empty: that is refused, not hidden.

use super::document::{Inline, Table};
use super::words;
use crate::date::days_between;
use crate::judge::{Assessment, Sheet, risk};
use crate::value::Value;

/// A table with an empty cell, which is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}, column {column} of a table is empty")]
pub struct EmptyCell {
    /// From 1.
    pub row: usize,
    /// From 1.
    pub column: usize,
}

impl Table {
    /// The table, when none of its cells is empty.
    ///
    /// # Errors
    /// With the place of the first that is.
    pub fn guarded(head: &[&str], rows: Vec<Vec<Vec<Inline>>>) -> Result<Self, EmptyCell> {
        let table = Self { head: head.iter().map(|&word| word.to_owned()).collect(), rows };
        match table.empty_cell() {
            Some((row, column)) => Err(EmptyCell { row, column }),
            None => Ok(table),
        }
    }
}

/// Platform · end-to-end encryption · moderation capability · stated rationale.
///
/// # Errors
/// When a cell would be empty.
pub fn first_table(made: &Assessment<'_>, sheets: &[&Sheet<'_>]) -> Result<Table, EmptyCell> {
    let rows = sheets.iter().map(|sheet| {
        let encryption = labelled(made, sheet, &[("one-to-one text", "ENC-1"), ("by default", "ENC-2")]);
        vec![name(sheet), encryption, moderation(made, sheet), rationale(made, sheet)]
    });
    Table::guarded(&["Platform", "End-to-end encryption of direct messages", "Moderation capability", "Stated rationale"], rows.collect())
}

/// Platform · privacy · moderation capability · detection of abuse · risk to privacy.
///
/// # Errors
/// When a cell would be empty.
pub fn second_table(made: &Assessment<'_>, sheets: &[&Sheet<'_>]) -> Result<Table, EmptyCell> {
    let rows = sheets.iter().map(|sheet| {
        let privacy = labelled(made, sheet, &[("by default", "ENC-2"), ("groups", "ENC-3"), ("backups", "ENC-5")]);
        vec![name(sheet), privacy, moderation(made, sheet), detection(made, sheet), privacy_risk(sheet)]
    });
    Table::guarded(
        &["Platform", "Privacy of direct messages", "Moderation capability", "Detection of abuse", "Risk to privacy, by the provider"],
        rows.collect(),
    )
}

fn name(sheet: &Sheet<'_>) -> Vec<Inline> {
    vec![Inline::Strong(sheet.platform.name.clone())]
}

fn labelled(made: &Assessment<'_>, sheet: &Sheet<'_>, controls: &[(&str, &str)]) -> Vec<Inline> {
    let mut cell = Vec::new();
    for (label, control) in controls {
        if !cell.is_empty() {
            cell.push(Inline::Break);
        }
        cell.push(Inline::text(format!("{label}: ")));
        cell.extend(words::answers(made, sheet.cell(control), |value| words::value(value).to_owned()));
    }
    cell
}

fn moderation(made: &Assessment<'_>, sheet: &Sheet<'_>) -> Vec<Inline> {
    words::answers(made, sheet.cell("MOD-1"), |value| {
        match value {
            Value::Proactive => "full: the provider can look at messages on its own",
            Value::Reactive => "limited: it acts on what is reported",
            Value::None => "none",
            other => words::value(other),
        }
        .to_owned()
    })
}

fn detection(made: &Assessment<'_>, sheet: &Sheet<'_>) -> Vec<Inline> {
    let mut cell = words::answers(made, sheet.cell("MOD-1"), |value| {
        match value {
            Value::Proactive => "proactive: scanning inside the system",
            Value::Reactive => "reactive: on reports of members",
            Value::None => "none",
            other => words::value(other),
        }
        .to_owned()
    });
    for (label, control) in [("what is scanned is said", "MOD-2"), ("reports by members", "MOD-3")] {
        cell.push(Inline::Break);
        cell.push(Inline::text(format!("{label}: ")));
        cell.extend(words::answers(made, sheet.cell(control), |value| words::value(value).to_owned()));
    }
    cell
}

fn privacy_risk(sheet: &Sheet<'_>) -> Vec<Inline> {
    let risk = risk(sheet);
    let mut cell = vec![Inline::Strong(risk.level.word().to_owned()), Inline::text(": ")];
    cell.push(Inline::text(risk.reasons.join("; ")));
    cell
}

fn rationale(made: &Assessment<'_>, sheet: &Sheet<'_>) -> Vec<Inline> {
    let registry = made.registry;
    let Some(rationale) = &sheet.platform.rationale else {
        return vec![
            Inline::Strong("unknown".to_owned()),
            Inline::text(format!(" (unconfirmed; looked for until {})", registry.retrieved)),
        ];
    };
    let seen = words::youngest(registry, &rationale.sources);
    let seen = seen.map_or_else(
        || format!("looked for until {}", registry.retrieved),
        |day| format!("seen {day}, {} days ago", days_between(day, made.as_of)),
    );
    vec![Inline::text(format!("{} ({}; {seen})", rationale.text, words::confidence(rationale.confidence)))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Settings;
    use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, read};

    fn plain(cell: &[Inline]) -> String {
        cell.iter()
            .map(|piece| match piece {
                Inline::Text(text) | Inline::Strong(text) | Inline::Quote(text) | Inline::Badge(_, text) | Inline::Link { text, .. } => {
                    text.as_str()
                }
                Inline::Break => " / ",
            })
            .collect()
    }

    #[test]
    fn no_cell_of_the_shipped_platforms_is_empty_and_each_has_confidence_and_date() {
        let day = "2026-11-28".parse().unwrap();
        let (registry, _) = read(PLATFORMS_FILE, PLATFORMS_YAML, day).unwrap();
        let made = Assessment::make(&registry, day, &Settings::default()).unwrap();
        let sheets: Vec<&Sheet<'_>> = made.sheets.iter().collect();
        let (first, second) = (first_table(&made, &sheets).unwrap(), second_table(&made, &sheets).unwrap());
        assert_eq!((first.rows.len(), second.rows.len()), (14, 14));
        let words = ["unconfirmed", "disputed", "reported", "vendor claim", "confirmed"];
        // the first column is the name, the last of the second table a judgement with its reasons
        let cells = first.rows.iter().flat_map(|row| &row[1..]).chain(second.rows.iter().flat_map(|row| &row[1..4]));
        for cell in cells.map(|cell| plain(cell)) {
            assert!(words.iter().any(|word| cell.contains(word)) && cell.contains("202"), "{cell}");
        }
        for row in &second.rows {
            assert!(plain(&row[4]).contains("ENC-2"), "the risk names what it rests on: {}", plain(&row[4]));
        }
    }

    #[test]
    fn a_table_with_an_empty_cell_is_refused_with_its_place() {
        let full = vec![Inline::text("a")];
        let empties = [vec![], vec![Inline::text(" ")], vec![Inline::Break]];
        for empty in empties {
            let refused = Table::guarded(&["a", "b"], vec![vec![full.clone(), full.clone()], vec![full.clone(), empty]]);
            assert_eq!(refused, Err(EmptyCell { row: 2, column: 2 }));
        }
        assert_eq!(Table::guarded(&["a", "b"], vec![vec![full]]), Err(EmptyCell { row: 1, column: 2 }), "a cell that is not there");
    }
}
