//! Moderation logs: any bytes are read to their end, and every line is a row or is named.

use audit::logs::import::import;
use audit::logs::row::Field;
use audit::logs::settings::Settings;
use audit::logs::source::{ColumnMap, Format};
use audit::logs::{Beside, Checked, InMemory, review};

/// A log of any of the three forms: refused, or reviewed; what is imported is a log again, of as many rows.
pub fn log(bytes: &[u8]) -> bool {
    let map = [(Field::Id, "id"), (Field::At, "at"), (Field::Category, "category")].map(|(field, column)| (field, column.to_owned()));
    let cases = [(Field::Id, "Case"), (Field::At, "Closed")].map(|(field, column)| (field, column.to_owned()));
    let mapped = |columns: &[(Field, String)]| Format::Csv(ColumnMap { columns: columns.to_vec(), ..ColumnMap::default() });
    let formats = [Format::Own, Format::Dsa, mapped(&map), mapped(&cases)];
    // each is tried, whatever came of the others
    formats.iter().filter(|format| of_form(bytes, format)).count() > 0
}

fn of_form(bytes: &[u8], format: &Format) -> bool {
    const NOW_S: i64 = 1_795_850_400;
    let settings = Settings { evidence: 3, ..Settings::default() };
    let Ok(found) = review(bytes, format, &settings, &Beside::default(), NOW_S, &mut InMemory::default(), |_| ()) else { return false };
    assert_eq!(found.bytes, bytes.len() as u64, "a log is read to its end");
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    for finding in found.checks.iter().flat_map(Checked::findings) {
        assert!(finding.count > 0 && !finding.says.is_empty(), "a finding says what it is");
        assert!(
            finding.evidence.iter().all(|evidence| evidence.line.is_none_or(|line| (1..=lines).contains(&line))),
            "evidence lies in the file"
        );
    }
    let mut own = Vec::new();
    let mut told = 0_u64;
    let imported =
        import(bytes, format, &mut own, |fault| told += u64::from(fault.leaves_out()), |_| ()).expect("what is reviewed is imported");
    assert_eq!((imported.rows, imported.left_out), (found.rows, told), "both read the same");
    if imported.rows == 0 {
        return false;
    }
    let mut twice = Vec::new();
    let again = import(&own[..], &Format::Own, &mut twice, |fault| panic!("what was imported is imported again: {fault:?}"), |_| ());
    assert_eq!(again.expect("it is a log").rows, imported.rows, "without loss");
    assert_eq!(own, twice, "and means the same");
    true
}
