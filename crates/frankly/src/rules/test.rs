//! `frankly rules test`: the tests that packs bring along, and whether they would notice a changed rule.

use std::process::ExitCode;

use clap::Args;
use policy::pack::{Mutant, Trial};
use serde_json::json;

use super::{Format, Packs, add, print};

/// Run the tests of the packs
///
/// With --mutate each comparison, negation, conjunction, list entry, key, pattern and placeholder word is
/// changed or left out in turn; a change that no test notices is told.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly rules test\n  frankly rules test --mutate --format json\n\nExit status: 0 all hold, 1 a test failed or a change went unnoticed, 2 wrong usage."
)]
pub(super) struct TestArgs {
    #[command(flatten)]
    packs: Packs,
    /// Also change the rules, and see whether the tests notice
    #[arg(long)]
    mutate: bool,
}

pub(super) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let rules = crate::packs::load_untested(args.packs.pack.as_deref())?;
    let trials = rules.trials()?;
    let failed: Vec<&Trial> = trials.iter().filter(|trial| !trial.passed()).collect();
    let mutants = if args.mutate { rules.mutants()? } else { Vec::new() };
    let survived: Vec<&Mutant> = mutants.iter().filter(|mutant| !mutant.noticed).collect();
    let holds = failed.is_empty() && survived.is_empty();
    if args.packs.format == Format::Json {
        let changes = args.mutate.then(|| json!({ "tried": mutants.len(), "unnoticed": survived }));
        print(&json!({ "ok": holds, "version": rules.version(), "tests": trials.len(), "failed": failed, "changes": changes }).to_string());
    } else {
        let mut text = String::new();
        for trial in &failed {
            add(
                &mut text,
                format_args!(
                    "{}:{}: {}: expected {}, got {}: {}\n",
                    trial.file, trial.line, trial.subject, trial.expected, trial.got, trial.what
                ),
            );
        }
        for mutant in &survived {
            add(&mut text, format_args!("{}:{}: {}: no test notices {}\n", mutant.file, mutant.line, mutant.subject, mutant.change));
        }
        add(&mut text, format_args!("{} tests, {} failed", trials.len(), failed.len()));
        if args.mutate {
            add(&mut text, format_args!("; {} changes, {} unnoticed", mutants.len(), survived.len()));
        }
        print(&text);
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
