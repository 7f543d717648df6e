//! `frankly model train`: a model and its card, the same bytes from the same texts and seed.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use scan::Settings;

use super::data::{self, Input};
use super::{card, eval, print, progress};

/// Train a model from texts with labels; its card is written beside it
///
/// Each text is first judged by a model that has not seen it: shares are calibrated on that, and the figures
/// of the card are of that. Then a model of the same settings is trained on all. The same texts and the same
/// seed give the same bytes.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly model train --in labelled.ndjson:spam --out own.model --note 'Texts: our own, CC0'\n\nExit status: 0 written, 1 there was nothing to learn from, 2 wrong usage."
)]
pub(super) struct TrainArgs {
    /// Texts with labels: `FILE`, or `FILE:name` (field `label`), `FILE:-name` (none has it), `FILE:name=field.yes.no`; several by commas
    #[arg(long = "in", value_name = "FILE", required = true, num_args = 1..)]
    inputs: Vec<Input>,
    /// Where the model goes; the card goes to the same name with .md
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A line for the card: where texts are from, under which licence, what the model is not for
    #[arg(long, value_name = "TEXT")]
    note: Vec<String>,
    /// Parts of the split
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=20))]
    parts: u16,
    /// Decides split and order
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How often each text is seen
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    epochs: u16,
}

pub(super) fn run(args: &TrainArgs) -> anyhow::Result<ExitCode> {
    let data = data::read(&args.inputs)?;
    let settings = Settings { seed: args.seed, epochs: usize::from(args.epochs), ..Settings::default() };
    progress(&format!("{} texts from {} files", data.examples.len(), data.sources.len()));
    let trained =
        scan::train(&data.examples, data.sources.clone(), usize::from(args.parts), &settings, progress).map_err(anyhow::Error::msg)?;
    let rows = eval::table(&trained.measured, &data.sources, true, |_| false);
    let bytes = trained.model.write();
    std::fs::write(&args.out, &bytes).with_context(|| format!("cannot write {}", args.out.display()))?;
    let beside = args.out.with_extension("md");
    let text = card::write(&args.out, &trained.model, &rows, &trained.measured, &args.note, args.parts);
    std::fs::write(&beside, text).with_context(|| format!("cannot write {}", beside.display()))?;
    let mut lines = vec![eval::head().to_owned()];
    lines.extend(rows.iter().map(eval::line));
    lines.push(format!("{}: {} bytes; its card: {}", args.out.display(), bytes.len(), beside.display()));
    print(&lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}
