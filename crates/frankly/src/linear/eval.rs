//! `frankly model eval`: how good a model is on texts that it has not seen.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use scan::{Figures, Measured, Settings, Source};
use serde::Serialize;
use serde_json::json;

use super::data::{self, Data, Input};
use super::{Format, load, print, progress};

/// Measure: AUC, recall at 1 % false positives, F1, calibration
///
/// Without --model the texts are split into parts, each judged by a model trained on the others, once with
/// the text folded and once without. With --model that model is asked; a file that it was trained on is told.
/// The file holds lines with `text` and `labels`, or `label` when it is given as `FILE:name`.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly model eval --in labelled.ndjson:spam\n  frankly model eval --model built-in --in labelled.ndjson:spam --format json\n\nExit status: 0 measured, 1 there was nothing to measure, 2 wrong usage."
)]
pub(super) struct EvalArgs {
    /// Texts with labels: `FILE`, or `FILE:name` (field `label`), `FILE:-name` (none has it), `FILE:name=field.yes.no`; several by commas
    #[arg(long = "in", value_name = "FILE", required = true, num_args = 1..)]
    inputs: Vec<Input>,
    /// Ask this model, or `built-in`
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Parts of the split
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=20), conflicts_with = "model")]
    parts: u16,
    /// Decides split and order
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "model")]
    seed: u64,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Figures of one label on one source.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) source: String,
    pub(super) folded: bool,
    /// Whether the model was trained on this very file.
    pub(super) seen: bool,
    #[serde(flatten)]
    pub(super) figures: Figures,
}

pub(super) fn run(args: &EvalArgs) -> anyhow::Result<ExitCode> {
    let data = data::read(&args.inputs)?;
    let mut rows = Vec::new();
    if let Some(path) = &args.model {
        let model = load(Some(path.as_path()).filter(|path| path.as_os_str() != "built-in"))?;
        let known = |source: &Source| model.sources().iter().any(|seen| seen.print == source.print);
        rows.extend(table(&scan::measure(&model, &data.examples), &data.sources, true, known));
    } else {
        for fold in [true, false] {
            let settings = Settings { seed: args.seed, fold, ..Settings::default() };
            let told = |line: &str| progress(&format!("{line}{}", if fold { "" } else { ", not folded" }));
            let measured = scan::cross_validate(&data.examples, usize::from(args.parts), &settings, told).map_err(anyhow::Error::msg)?;
            rows.extend(table(&measured, &data.sources, fold, |_| false));
        }
    }
    anyhow::ensure!(!rows.is_empty(), "nothing to measure: for no label are there texts with it and texts without");
    let text = if args.format == Format::Json { json!({ "figures": rows }).to_string() } else { in_words(&rows, &data) };
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// A row for each label and source that has both kinds of texts, and one for all sources together.
pub(super) fn table(measured: &[(String, Vec<Measured>)], sources: &[Source], folded: bool, seen: impl Fn(&Source) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for (label, all) in measured {
        for (index, source) in sources.iter().enumerate() {
            let of_source: Vec<Measured> = all.iter().filter(|one| one.source == index).copied().collect();
            if let Some(figures) = Figures::of_label(label, &of_source) {
                rows.push(Row { label: label.clone(), source: source.name.clone(), folded, seen: seen(source), figures });
            }
        }
        if let Some(figures) = Figures::of_label(label, all).filter(|_| sources.len() > 1) {
            let seen = sources.iter().any(&seen);
            rows.push(Row { label: label.clone(), source: "all together".to_owned(), folded, seen, figures });
        }
    }
    rows
}

fn in_words(rows: &[Row], data: &Data) -> String {
    let mut lines = vec![format!("{} texts", data.examples.len()), head().to_owned()];
    lines.extend(rows.iter().map(line));
    if rows.iter().any(|row| row.seen) {
        lines.push("* the model was trained on this file: these are no figures of what it would do".to_owned());
    }
    lines.join("\n")
}

/// The head of a table of [`line()`]s.
pub(super) fn head() -> &'static str {
    "label        texts from                 folded   rows   with    AUC  recall at 1 %     F1    FPR  calibration"
}

pub(super) fn line(row: &Row) -> String {
    let Row { label, source, folded, seen, figures } = row;
    format!(
        "{label:<12} {source:<26} {:<6} {:>6} {:>6}  {:.3}          {:.3}  {:.3}  {:.4}        {:.3}{}",
        if *folded { "yes" } else { "no" },
        figures.rows,
        figures.yes,
        figures.auc,
        figures.recall_at_1_percent,
        figures.f1,
        figures.false_positive_rate,
        figures.calibration_error,
        if *seen { " *" } else { "" }
    )
}
