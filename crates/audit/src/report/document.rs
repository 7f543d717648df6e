//! The parts of a report, before they become Markdown or HTML.

/// A block of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading of a level from 1.
    Heading(u8, String),
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// Items.
    List(Vec<Vec<Inline>>),
    /// A table.
    Table(Table),
    /// Text to copy as it is.
    Verbatim(String),
    /// Something to open.
    Details(String, Vec<Block>),
    /// A picture: SVG for pages, and a table that says the same.
    Picture {
        /// The picture.
        svg: String,
        /// The table.
        table: Table,
    },
}

/// A table that has no empty cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Heads of the columns.
    pub head: Vec<String>,
    /// Rows of cells.
    pub rows: Vec<Vec<Vec<Inline>>>,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Inline {
    /// Text.
    Text(String),
    /// Text that stands out.
    Strong(String),
    /// Words of a source.
    Quote(String),
    /// A label of few words; its kind colours it, its words say it.
    Badge(&'static str, String),
    /// A link.
    Link {
        /// What it is called.
        text: String,
        /// Where to.
        href: String,
        /// Whether it leads to a file beside the registry.
        is_file: bool,
    },
    /// The end of a line inside a cell.
    Break,
}

impl Inline {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Whether a reader sees anything of it.
    fn is_visible(&self) -> bool {
        match self {
            Self::Text(text) | Self::Strong(text) | Self::Quote(text) | Self::Badge(_, text) | Self::Link { text, .. } => {
                text.chars().any(char::is_alphanumeric)
            }
            Self::Break => false,
        }
    }
}

impl Table {
    /// The first empty cell, by row and column from 1.
    pub fn empty_cell(&self) -> Option<(usize, usize)> {
        self.rows.iter().enumerate().find_map(|(row, cells)| {
            let empty = cells.iter().position(|cell| !cell.iter().any(Inline::is_visible));
            let missing = (cells.len() != self.head.len()).then_some(cells.len());
            empty.or(missing).map(|column| (row + 1, column + 1))
        })
    }
}
