//! Results as CSV, one claim a line; a control without a claim has its line too.

use super::snapshot::{ClaimEntry, Entry, ResultFile};

const HEAD: [&str; 16] = [
    "platform",
    "platform_name",
    "control",
    "weight",
    "state",
    "reason",
    "value",
    "scope",
    "confidence",
    "seen",
    "age_days",
    "expires",
    "age",
    "quote",
    "note",
    "sources",
];

/// The table.
pub fn to_csv(results: &ResultFile) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut put = |row: Vec<String>| writer.write_record(row).expect("memory takes what is written, and each row has the same length");
    put(HEAD.map(str::to_owned).to_vec());
    for entry in &results.cells {
        if entry.claims.is_empty() {
            put(row(entry, None));
        }
        for claim in &entry.claims {
            put(row(entry, Some(claim)));
        }
    }
    String::from_utf8(writer.into_inner().expect("memory takes what is written")).expect("what was text is text")
}

fn row(entry: &Entry, claim: Option<&ClaimEntry>) -> Vec<String> {
    let of = |field: fn(&ClaimEntry) -> String| claim.map_or_else(String::new, field);
    let cells = [
        entry.platform.clone(),
        entry.platform_name.clone(),
        entry.control.clone(),
        entry.weight.word().to_owned(),
        entry.state.word().to_owned(),
        entry.reason.clone(),
        claim.map_or_else(|| "unknown".to_owned(), |claim| claim.value.word().to_owned()),
        of(|claim| claim.scope.clone()),
        claim.map_or_else(|| "unconfirmed".to_owned(), |claim| claim.confidence.word().to_owned()),
        of(|claim| claim.seen.map_or_else(String::new, |day| day.to_string())),
        of(|claim| claim.age_days.map_or_else(String::new, |days| days.to_string())),
        of(|claim| claim.expires.map_or_else(String::new, |day| day.to_string())),
        of(|claim| claim.age.clone()),
        of(|claim| claim.quote.clone().unwrap_or_default()),
        of(|claim| claim.note.clone().unwrap_or_default()),
        of(|claim| claim.sources.join(" ")),
    ];
    cells.into_iter().map(harmless).collect()
}

/// What a spreadsheet would take for a formula begins with an apostrophe.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Assessment, Settings};
    use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, read};

    #[test]
    fn every_cell_has_a_line_and_every_line_all_columns() {
        let day = "2026-11-28".parse().unwrap();
        let text = PLATFORMS_YAML.replacen("quote: \"Direct message content\"", "quote: \"=cmd()\"", 1);
        let (registry, _) = read(PLATFORMS_FILE, &text, day).unwrap();
        let results = ResultFile::of(&Assessment::make(&registry, day, &Settings::default()).unwrap());
        let text = to_csv(&results);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let lines: usize = results.cells.iter().map(|entry| entry.claims.len().max(1)).sum();
        assert_eq!(rows.len(), lines);
        assert!(rows.iter().all(|row| row.len() == HEAD.len()));
        assert!(rows.iter().any(|row| &row[13] == "'=cmd()"), "no formula of a source runs in a spreadsheet");
    }
}
