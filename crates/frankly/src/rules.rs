//! `frankly rules`: rule packs looked at, tested, explained and measured, without a server.

mod approve;
mod bench;
mod explain;
pub(crate) mod input;
mod lint;
mod shadow;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::Format;

/// Rule packs
#[derive(Args, Debug)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    List(ListArgs),
    Lint(lint::LintArgs),
    Test(test::TestArgs),
    Explain(explain::ExplainArgs),
    Shadow(shadow::ShadowArgs),
    Bench(bench::BenchArgs),
    Approve(approve::ApproveArgs),
    Export(approve::ExportArgs),
}

/// Which packs, and how the answer is written.
#[derive(Args, Debug)]
struct Packs {
    /// Directory of YAML rule packs instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pack: Option<PathBuf>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The rules, with harm, law, owner and who approved them
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  frankly rules list\n  frankly rules list --format json\n\nExit status: 0 fine, 1 a pack is at fault, 2 wrong usage."
)]
struct ListArgs {
    #[command(flatten)]
    packs: Packs,
}

/// Carries `frankly rules` out.
pub(crate) fn run(args: &RulesArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        RulesCommand::List(args) => list(args),
        RulesCommand::Lint(args) => lint::run(args),
        RulesCommand::Test(args) => test::run(args),
        RulesCommand::Explain(args) => explain::run(args),
        RulesCommand::Shadow(args) => shadow::run(args),
        RulesCommand::Bench(args) => bench::run(args),
        RulesCommand::Approve(args) => approve::run(args),
        RulesCommand::Export(args) => approve::export(args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let rules = crate::packs::load(args.packs.pack.as_deref())?;
    let cards = rules.set().cards();
    if args.packs.format == Format::Json {
        print(&serde_json::json!({ "version": rules.version(), "rules": cards }).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{} rules, version {}\n", cards.len(), rules.version());
    for card in cards {
        let approved = if card.approved_by.is_empty() { "nobody".to_owned() } else { card.approved_by.join(", ") };
        add(
            &mut text,
            format_args!(
                "\n{}  {}\n  {} {}, severity {}, {}{}; owner {}, again by {}; approved by {approved}\n",
                card.rule,
                card.title,
                card.status,
                card.verdict,
                card.severity,
                card.harm,
                if card.sealed { ", in sealed conversations too" } else { "" },
                card.owner,
                card.review_by
            ),
        );
    }
    print(text.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn print(text: &str) {
    crate::serve::announce(text);
}

/// Writes on at the end of a text.
fn add(text: &mut String, piece: std::fmt::Arguments<'_>) {
    std::fmt::Write::write_fmt(text, piece).expect("writing to a string does not fail");
}
