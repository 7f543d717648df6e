//! The card of a model: what it is, what it was made of, what it can do, what it cannot.

use std::path::Path;

use scan::{Measured, Model};

use super::eval::Row;

/// The card in Markdown.
pub(super) fn write(
    path: &Path,
    model: &Model,
    rows: &[Row],
    measured: &[(String, Vec<Measured>)],
    notes: &[String],
    parts: u16,
) -> String {
    let settings = model.settings();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut lines = vec![
        format!("# Model card: {name}"),
        String::new(),
        "A linear model over hashed pieces of the folded text (two to five characters, one to three words), one weight of one byte for each \
         piece and label, calibrated by Platt's method."
            .to_owned(),
        String::new(),
        format!("Seed {}, {} rounds, step {}, decay {}.", settings.seed, settings.epochs, settings.rate, settings.decay),
        String::new(),
        "## Texts".to_owned(),
        String::new(),
        "| file | texts | checksum |".to_owned(),
        "|---|---:|---|".to_owned(),
    ];
    lines.extend(model.sources().iter().map(|source| format!("| {} | {} | {} |", source.name, source.rows, source.print)));
    lines.push(String::new());
    lines.extend(notes.iter().map(|note| format!("- {note}")));
    lines.extend([
        String::new(),
        "## Figures".to_owned(),
        String::new(),
        format!(
            "Each text judged by a model of the same settings trained without its part of {parts}; thresholds chosen on the other parts. Shares are \
             calibrated to the mix of these texts: where fewer messages have the label, a share promises too much."
        ),
        String::new(),
        "| label | texts from | rows | with | AUC | recall at 1 % false positives | F1 | recall | false positives | calibration error |".to_owned(),
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|".to_owned(),
    ]);
    lines.extend(rows.iter().map(|row| {
        let figures = &row.figures;
        format!(
            "| {} | {} | {} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.4} | {:.3} |",
            row.label,
            row.source,
            figures.rows,
            figures.yes,
            figures.auc,
            figures.recall_at_1_percent,
            figures.f1,
            figures.recall,
            figures.false_positive_rate,
            figures.calibration_error
        )
    }));
    lines.extend([
        String::new(),
        "What a rule would do that asks for a share, all texts together:".to_owned(),
        String::new(),
        "| label | share | found of those with it | wrong of 10,000 without it |".to_owned(),
        "|---|---:|---:|---:|".to_owned(),
    ]);
    for (label, measured) in measured {
        lines.extend([0.5, 0.8, 0.9, 0.98].map(|share| at(label, measured, share)));
    }
    lines.extend([
        String::new(),
        "## Limits".to_owned(),
        String::new(),
        "- It counts pieces of text. It knows nothing of who speaks to whom, of irony, quotation, or words reclaimed by those they were meant for."
            .to_owned(),
        "- It judges the languages and manners of its texts; others it has not seen.".to_owned(),
        "- A share is a reason to look, not a finding of fact about a person.".to_owned(),
    ]);
    lines.join("\n") + "\n"
}

/// What is found, and what is taken wrongly, from a share on.
#[expect(clippy::cast_precision_loss, reason = "counts of texts")]
fn at(label: &str, measured: &[Measured], share: f32) -> String {
    let count = |yes: bool, least: f32| measured.iter().filter(|one| one.yes == yes && one.share >= least).count() as f64;
    let part = |yes: bool| count(yes, share) / count(yes, 0.0).max(1.0);
    format!("| {label} | {share} | {:.3} | {:.1} |", part(true), part(false) * 10_000.0)
}
