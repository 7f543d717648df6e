//! How long a run over 100 platforms takes, each with a claim about every control.
//!
//! `cargo run --release -p frankly-audit --example speed`

use std::fmt::Write as _;
use std::time::Instant;

use audit::controls::{SHIPPED, Subject};
use audit::judge::{Assessment, Settings};
use audit::registry;
use audit::report::{Report, ResultFile, report, to_html};
use audit::{date::Date, oscal};

const PLATFORMS: usize = 100;

fn text() -> String {
    let mut text = format!("schema: {}\nretrieved: 2026-06-01\nsources:\n", registry::SCHEMA);
    for number in 0..PLATFORMS {
        writeln!(text, "  page-{number}: {{kind: vendor_page, url: \"https://chat-{number}.example.org/\", date: 2026-05-01}}")
            .expect("memory");
    }
    text += "platforms:\n";
    for number in 0..PLATFORMS {
        writeln!(text, "  - id: chat-{number}\n    name: Chat {number}\n    claims:").expect("memory");
        for (group, control) in SHIPPED.all().filter(|(group, _)| group.subject == Subject::Platform) {
            let value = control.met_by[(number + group.controls.len()) % control.met_by.len()];
            writeln!(
                text,
                "      - {{control: {}, value: \"{value}\", confidence: confirmed, sources: [page-{number}], quote: \"words of the page about {}\"}}",
                control.id, control.id
            )
            .expect("memory");
        }
    }
    text
}

fn main() {
    let text = text();
    let day: Date = "2026-06-01".parse().expect("a day");
    let begun = Instant::now();
    let (registry, _) = registry::read("synthetic.yaml", &text, day).expect("it keeps the rules");
    let read = begun.elapsed();
    let made = Assessment::make(&registry, day, &Settings::default()).expect("all controls");
    let judged = begun.elapsed();
    let written = [ResultFile::of(&made).to_json(), oscal::plan(&made).to_json(), oscal::results(&made).to_json()];
    let poam = oscal::poam(&made).map_or(0, |poam| poam.to_json().len());
    let documents = begun.elapsed();
    let page = to_html("speed", &report(&made, &Report::default()).expect("no empty cell"));
    let whole = begun.elapsed();
    println!(
        "{} platforms, {} cells, {} bytes of YAML",
        made.sheets.len(),
        made.subjects().map(|sheet| sheet.cells.len()).sum::<usize>(),
        text.len()
    );
    println!(
        "read {read:?}, judged after {judged:?}, results and OSCAL ({} bytes) after {documents:?}",
        written.iter().map(String::len).sum::<usize>() + poam
    );
    println!("HTML ({} bytes) after {whole:?}", page.len());
}
