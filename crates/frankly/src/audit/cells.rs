//! Rows of CSV that a table program takes for nothing else.

/// A row without its end. A cell that such a program would take for a formula gets an apostrophe before it.
pub(crate) fn row(cells: &[String]) -> String {
    let quoted = |cell: &String| {
        let formula = cell.starts_with(['=', '+', '-', '@', '\t']);
        let cell = if formula { format!("'{cell}") } else { cell.clone() };
        if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    };
    cells.iter().map(quoted).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_and_no_formulas() {
        let cells = ["plain", "a,b", "say \"no\"", "=1+1", "-1"].map(str::to_owned);
        assert_eq!(super::row(&cells), "plain,\"a,b\",\"say \"\"no\"\"\",'=1+1,'-1");
    }
}
