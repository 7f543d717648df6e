//! Aligned tables for people; machines take the JSON form.

use std::fmt::{self, Write};

/// A title and rows of cells; the first row is the heading. The first column is set left, the others right.
#[derive(Clone, Debug)]
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.map(str::to_owned).to_vec());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell_width = |column: usize| move |row: &Vec<String>| row.get(column).map_or(0, |cell| cell.chars().count());
        let widths: Vec<usize> = (0..columns).map(|column| self.rows.iter().map(cell_width(column)).max().unwrap_or(0)).collect();
        writeln!(out, "{}", self.title)?;
        for row in &self.rows {
            let mut line = String::from("  ");
            for (column, cell) in row.iter().enumerate() {
                let width = widths[column];
                if column == 0 {
                    write!(line, "{cell:<width$}")?;
                } else {
                    write!(line, "  {cell:>width$}")?;
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new("send");
        table.row(["", "us", "null"]);
        table.row(["messages/s", "9", "1,000"]);
        assert_eq!(table.to_string(), "send\n              us   null\n  messages/s   9  1,000\n");
    }
}
