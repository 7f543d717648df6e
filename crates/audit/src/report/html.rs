//! A report as one HTML file: nothing is loaded from elsewhere, nothing runs, it prints.

use std::fmt::Write as _;

use super::document::{Block, Inline, Table};
use crate::markup::escape;

const STYLE: &str = "
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1,h2,h3{line-height:1.2}
h2{margin-top:2.5rem;border-bottom:1px solid #8888}
table{border-collapse:collapse;width:100%;font-size:.9rem}
.scroll{overflow-x:auto}
th,td{border:1px solid #8888;padding:.35rem .5rem;text-align:left;vertical-align:top}
thead th{background:#8882}
.badge{border:1px solid currentColor;border-radius:.3rem;padding:0 .35rem;white-space:nowrap;font-size:.85em}
.met{color:#1b7837}.notmet{color:#b2182b}.disputed{color:#762a83}.stale{color:#8a5a00}.unknown,.na{color:#555}
@media (prefers-color-scheme:dark){.met{color:#7fd08f}.notmet{color:#ff9a8f}.disputed{color:#dcaeea}.stale{color:#fdb863}.unknown,.na{color:#bbb}}
pre{white-space:pre-wrap;border:1px solid #8888;padding:.75rem}
svg{max-width:100%;height:auto}
details>summary{cursor:pointer;font-weight:600}
@media print{body{max-width:none;font-size:10pt}details>*{display:block}a{color:inherit}tr{break-inside:avoid}}
";

/// The file.
pub fn to_html(title: &str, blocks: &[Block]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(title)
    );
    for one in blocks {
        block(&mut out, one);
    }
    out + "</main>\n</body>\n</html>\n"
}

fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("a string takes what is written");
}

fn block(out: &mut String, one: &Block) {
    match one {
        Block::Heading(level, text) => put(out, format_args!("<h{level} id=\"{}\">{}</h{level}>\n", anchor(text), escape(text))),
        Block::Paragraph(line) => put(out, format_args!("<p>{}</p>\n", inlines(line))),
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                put(out, format_args!("<li>{}</li>\n", inlines(item)));
            }
            out.push_str("</ul>\n");
        }
        Block::Table(one) => table(out, one),
        Block::Verbatim(text) => put(out, format_args!("<pre>{}</pre>\n", escape(text))),
        Block::Details(summary, blocks) => {
            put(out, format_args!("<details>\n<summary>{}</summary>\n", escape(summary)));
            for inner in blocks {
                block(out, inner);
            }
            out.push_str("</details>\n");
        }
        Block::Picture { svg, table: numbers } => {
            put(out, format_args!("<figure>\n{svg}</figure>\n"));
            block(out, &Block::Details("The same in numbers".to_owned(), vec![Block::Table(numbers.clone())]));
        }
    }
}

fn table(out: &mut String, table: &Table) {
    out.push_str("<div class=\"scroll\" tabindex=\"0\">\n<table>\n<thead><tr>");
    for head in &table.head {
        put(out, format_args!("<th scope=\"col\">{}</th>", escape(head)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (number, cell) in row.iter().enumerate() {
            let tag = if number == 0 { "th" } else { "td" };
            let scope = if number == 0 { " scope=\"row\"" } else { "" };
            put(out, format_args!("<{tag}{scope}>{}</{tag}>", inlines(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn inlines(line: &[Inline]) -> String {
    let mut out = String::new();
    for piece in line {
        match piece {
            Inline::Strong(text) => put(&mut out, format_args!("<strong>{}</strong>", escape(text))),
            Inline::Quote(text) => put(&mut out, format_args!("<q>{}</q>", escape(text))),
            Inline::Badge(kind, text) => put(&mut out, format_args!("<span class=\"badge {kind}\">{}</span>", escape(text))),
            // an address of a registry may be anything: only the web is linked to
            Inline::Link { text, href, is_file } if *is_file || href.starts_with("https://") || href.starts_with("http://") => {
                put(&mut out, format_args!("<a href=\"{}\" rel=\"noreferrer\">{}</a>", escape(href), escape(text)));
            }
            Inline::Text(text) | Inline::Link { text, .. } => out.push_str(&escape(text)),
            Inline::Break => out.push_str("<br>"),
        }
    }
    out
}

/// The id of a heading.
fn anchor(text: &str) -> String {
    let words: Vec<String> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_registry_becomes_markup() {
        let evil = "<script>alert(1)</script>\" onload='x' &";
        let blocks = [
            Block::Heading(2, evil.to_owned()),
            Block::Paragraph(vec![
                Inline::text(evil),
                Inline::Quote(evil.to_owned()),
                Inline::Link { text: evil.to_owned(), href: format!("https://a.example.org/{evil}"), is_file: false },
                Inline::Link { text: "run".to_owned(), href: "javascript:alert(1)".to_owned(), is_file: false },
            ]),
            Block::Verbatim(evil.to_owned()),
        ];
        let page = to_html(evil, &blocks);
        assert!(!page.contains("<script") && !page.contains("javascript:") && !page.contains("onload='"), "{page}");
        assert!(page.contains("&lt;script&gt;"));
    }
}
