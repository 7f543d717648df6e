//! `frankly rules approve`: two people let a rule act; `frankly rules export`: the built-in packs as files.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use super::{add, print};
use crate::packs::{APPROVALS, BUILT_IN, BUILT_IN_APPROVALS};

/// Approve a rule as it is now
///
/// Adds an entry to approvals.yaml beside the packs: rule, content hash, name, date. When two different
/// people have done so the rule may be live; whoever changes it after that starts again.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly rules export packs && frankly rules approve frankly-en/th-001 --by rosa --pack packs\n\nExit status: 0 recorded, 1 there is no such rule or the list cannot be written, 2 wrong usage."
)]
pub(super) struct ApproveArgs {
    /// The rule, as in `frankly-en/th-001`
    rule: String,
    /// Who approves
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Directory of the packs
    #[arg(long, value_name = "DIR")]
    pack: PathBuf,
}

/// Write the built-in packs into a folder, to change them or to approve their rules yourselves
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  frankly rules export packs\n\nExit status: 0 written, 1 the folder is not empty or cannot be written, 2 wrong usage."
)]
pub(super) struct ExportArgs {
    /// A folder that is empty or not there yet
    directory: PathBuf,
}

pub(super) fn run(args: &ApproveArgs) -> anyhow::Result<ExitCode> {
    let by = args.by.trim();
    if by.is_empty() || by.len() > 100 || !by.chars().all(|c| c.is_alphanumeric() || " @._:-".contains(c)) {
        bail!("--by takes a name of letters, digits, spaces and @._:-");
    }
    let rules = crate::packs::load(Some(&args.pack))?;
    let cards = rules.set().cards();
    let Some(card) = cards.iter().find(|card| card.rule == args.rule) else {
        bail!("there is no rule {}; see `frankly rules list`", args.rule);
    };
    if card.approved_by.contains(&by.to_lowercase()) {
        bail!("{by} approved this rule already; it takes somebody else");
    }
    let today = crate::system::today();
    let path = args.pack.join(APPROVALS);
    let mut text = if path.exists() { std::fs::read_to_string(&path)? } else { String::from("approvals:\n") };
    text = text.replace("approvals: []", "approvals:");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    add(&mut text, format_args!("  - {{rule: \"{}\", hash: \"{}\", by: [\"{by}\"], on: \"{today}\"}}\n", card.rule, card.hash));
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, text).with_context(|| format!("cannot write {}", fresh.display()))?;
    std::fs::rename(&fresh, &path).with_context(|| format!("cannot write {}", path.display()))?;
    let count = card.approved_by.len() + 1;
    print(&format!("{} {} is approved by {count} of {}", card.rule, card.hash, policy::pack::APPROVERS));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let directory = &args.directory;
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    if std::fs::read_dir(directory)?.next().is_some() {
        bail!("{} is not empty", directory.display());
    }
    for (name, text) in BUILT_IN.into_iter().chain([BUILT_IN_APPROVALS]) {
        let path = directory.join(name.trim_start_matches("packs/"));
        let mut file = std::fs::File::create_new(&path).with_context(|| format!("cannot write {}", path.display()))?;
        file.write_all(text.as_bytes())?;
    }
    print(&format!("{} packs are in {}", BUILT_IN.len(), directory.display()));
    Ok(ExitCode::SUCCESS)
}
