//! A report as Markdown (`CommonMark` with tables).

use std::fmt::Write as _;

use super::document::{Block, Inline, Table};

/// The text; `base` is put before links to files beside the registry.
pub fn to_markdown(blocks: &[Block], base: &str) -> String {
    let mut out = String::new();
    for one in blocks {
        block(&mut out, one, base);
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("a string takes what is written");
}

fn block(out: &mut String, one: &Block, base: &str) {
    match one {
        Block::Heading(level, text) => put(out, format_args!("{} {}\n\n", "#".repeat(usize::from(*level)), escape(text))),
        Block::Paragraph(line) => put(out, format_args!("{}\n\n", inlines(line, base))),
        Block::List(items) => {
            for item in items {
                put(out, format_args!("- {}\n", inlines(item, base)));
            }
            out.push('\n');
        }
        Block::Table(one) | Block::Picture { table: one, .. } => table(out, one, base),
        Block::Verbatim(text) => {
            // longer than any row of backticks inside
            let fence = "`".repeat(text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
            put(out, format_args!("{fence}text\n{}\n{fence}\n\n", text.trim_end()));
        }
        Block::Details(summary, blocks) => {
            put(out, format_args!("<details>\n<summary>{}</summary>\n\n", crate::markup::escape(summary)));
            for inner in blocks {
                block(out, inner, base);
            }
            out.push_str("</details>\n\n");
        }
    }
}

fn table(out: &mut String, table: &Table, base: &str) {
    let heads: Vec<String> = table.head.iter().map(|head| escape(head)).collect();
    put(out, format_args!("| {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len())));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| inlines(cell, base).replace('\n', " ")).collect();
        put(out, format_args!("| {} |\n", cells.join(" | ")));
    }
    out.push('\n');
}

fn inlines(line: &[Inline], base: &str) -> String {
    let mut out = String::new();
    for piece in line {
        match piece {
            Inline::Strong(text) | Inline::Badge(_, text) => put(&mut out, format_args!("**{}**", escape(text.trim()))),
            Inline::Quote(text) => put(&mut out, format_args!("“{}”", escape(text))),
            Inline::Link { text, href, is_file: true } => put(&mut out, format_args!("[{}]({base}{})", escape(text), target(href))),
            Inline::Link { text, href, .. } if href.starts_with("https://") || href.starts_with("http://") => {
                put(&mut out, format_args!("[{}]({})", escape(text), target(href)));
            }
            Inline::Text(text) | Inline::Link { text, .. } => out.push_str(&escape(text)),
            Inline::Break => out.push_str("<br>"),
        }
    }
    out
}

/// A link target that ends where it should.
fn target(href: &str) -> String {
    let mut out = String::with_capacity(href.len());
    for letter in href.chars() {
        match letter {
            ' ' => out.push_str("%20"),
            '(' => out.push_str("%28"),
            ')' => out.push_str("%29"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '|' => out.push_str("%7C"),
            '\n' | '\r' | '\t' => {}
            letter => out.push(letter),
        }
    }
    out
}

/// A text in which nothing is markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~') {
            out.push('\\');
        }
        out.push(letter);
    }
    // spaces at the ends join words to what stands beside them
    let (before, after) = (text.starts_with(char::is_whitespace), text.ends_with(char::is_whitespace));
    format!("{}{out}{}", if before && !out.is_empty() { " " } else { "" }, if after { " " } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_registry_becomes_markup_or_ends_a_cell() {
        let evil = "a | b\n# c *d* [e](javascript:x) <img src=x> `f`";
        let table = Table { head: vec!["h".to_owned()], rows: vec![vec![vec![Inline::text(evil)]]] };
        let text = to_markdown(&[Block::Table(table)], "");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("a \\| b \\# c \\*d\\* \\[e\\](javascript:x) \\<img src=x\\> \\`f\\`"), "{text}");
        let link = Inline::Link { text: "x".to_owned(), href: "https://a.example.org/b)c d".to_owned(), is_file: false };
        assert_eq!(to_markdown(&[Block::Paragraph(vec![link])], ""), "[x](https://a.example.org/b%29c%20d)\n");
    }

    #[test]
    fn files_are_linked_from_where_the_report_lies() {
        let link = Inline::Link { text: "x".to_owned(), href: "docs/a.md".to_owned(), is_file: true };
        assert_eq!(to_markdown(&[Block::Paragraph(vec![link])], "../../"), "[x](../../docs/a.md)\n");
    }
}
