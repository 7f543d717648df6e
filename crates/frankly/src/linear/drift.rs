//! `frankly model drift`: whether messages are still like those a model was trained on.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use model::body::PlainBody;
use scan::Drift;
use serde_json::json;

use super::{Format, load, print};
use crate::rules::input;

/// Compare how shares are spread over your messages with how they were in training: NDJSON in
///
/// Prints the population stability index of each label: below 0.1 nothing has changed to speak of, above
/// 0.25 the model judges texts that it was not made for. At least 500 messages are needed.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly model drift < messages.ndjson\n  frankly model drift --format json < messages.ndjson\n\nExit status: 0 fine or too few messages to say, 1 a label is above --most, 2 wrong usage."
)]
pub(super) struct DriftArgs {
    /// A model instead of the built-in one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// The index above which the exit status is 1
    #[arg(long, value_name = "PSI", default_value_t = 0.25)]
    most: f64,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &DriftArgs) -> anyhow::Result<ExitCode> {
    let model = load(args.model.as_deref())?;
    let drift = Drift::default();
    let mut messages = 0_u64;
    input::each(|line| {
        messages += 1;
        drift.count(&model.labels(&PlainBody::of_text(&line.text)));
    })?;
    let found: Vec<(&str, Option<f64>)> = drift.against(&model).collect();
    if args.format == Format::Json {
        let labels: Vec<_> = found.iter().map(|(label, psi)| json!({ "label": label, "psi": psi })).collect();
        print(&json!({ "messages": messages, "labels": labels }).to_string());
    } else {
        let said = |psi: &Option<f64>| psi.map_or_else(|| "too few messages to say".to_owned(), |psi| format!("{psi:.3}"));
        let lines: Vec<String> = found.iter().map(|(label, psi)| format!("{label:<12} {}", said(psi))).collect();
        print(&format!("{messages} messages\n{}", lines.join("\n")));
    }
    let is_high = found.iter().any(|(_, psi)| psi.is_some_and(|psi| psi > args.most));
    Ok(if is_high { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
