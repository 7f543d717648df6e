//! `frankly model`: the linear model trained, measured and looked at.

mod card;
mod data;
mod drift;
mod eval;
mod train;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use scan::Model;

use crate::cli::Format;

/// The linear model that judges texts by their pieces
#[derive(Args, Debug)]
pub(crate) struct ModelArgs {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    Train(train::TrainArgs),
    Eval(eval::EvalArgs),
    Info(InfoArgs),
    Drift(drift::DriftArgs),
}

/// What a model is: its labels, thresholds, and what it was trained on
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  frankly model info\n  frankly model info --format json\n\nExit status: 0 fine, 1 the file is no model, 2 wrong usage."
)]
struct InfoArgs {
    /// A model instead of the built-in one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Carries `frankly model` out.
pub(crate) fn run(args: &ModelArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ModelCommand::Train(args) => train::run(args),
        ModelCommand::Eval(args) => eval::run(args),
        ModelCommand::Info(args) => info(args),
        ModelCommand::Drift(args) => drift::run(args),
    }
}

/// The model of a file, or the built-in one.
fn load(file: Option<&Path>) -> anyhow::Result<Model> {
    match file {
        None => Ok(crate::packs::built_in_model().as_ref().clone()),
        Some(file) => crate::packs::read_model(file).with_context(|| format!("{} cannot be used", file.display())),
    }
}

fn info(args: &InfoArgs) -> anyhow::Result<ExitCode> {
    let model = load(args.model.as_deref())?;
    let settings = model.settings();
    if args.format == Format::Json {
        let labels: Vec<_> =
            model.heads().iter().map(|head| serde_json::json!({ "label": head.name, "threshold": head.threshold })).collect();
        print(
            &serde_json::json!({ "labels": labels, "sources": model.sources(), "seed": settings.seed, "epochs": settings.epochs })
                .to_string(),
        );
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = vec![format!("seed {}, {} rounds", settings.seed, settings.epochs)];
    lines.extend(model.heads().iter().map(|head| format!("label {:<12} threshold {:.3}", head.name, head.threshold)));
    lines.extend(model.sources().iter().map(|source| format!("trained on {:<28} {:>7} texts  {}", source.name, source.rows, source.print)));
    print(&lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

fn print(text: &str) {
    crate::serve::announce(text);
}

/// How far the work is, for whoever watches a terminal.
fn progress(line: &str) {
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        eprintln!("{line}");
    }
}
