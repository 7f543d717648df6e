//! `frankly rules lint`: what is to be mended before a pack is used.

use std::process::ExitCode;

use clap::Args;
use policy::pack::Level;
use serde_json::json;

use super::{Format, Packs, add, print};

/// Look for faults, and for what a rule that acts must have
///
/// A rule that acts on messages needs two approvals of its present content, a review date, and tests of
/// both kinds. Faults for which a pack is not loaded are told with file and line.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly rules lint\n  frankly rules lint --format json\n\nExit status: 0 nothing to mend (warnings may be there), 1 there is, 2 wrong usage."
)]
pub(super) struct LintArgs {
    #[command(flatten)]
    packs: Packs,
}

pub(super) fn run(args: &LintArgs) -> anyhow::Result<ExitCode> {
    let rules = match crate::packs::load(args.packs.pack.as_deref()) {
        Ok(rules) => rules,
        Err(fault) if args.packs.format == Format::Json => {
            print(&json!({ "ok": false, "refused": format!("{fault:#}"), "remarks": [] }).to_string());
            return Ok(ExitCode::FAILURE);
        }
        Err(fault) => return Err(fault),
    };
    let today = crate::system::today().to_string();
    let remarks = rules.set().lint(&today);
    let errors = remarks.iter().filter(|remark| remark.level == Level::Error).count();
    if args.packs.format == Format::Json {
        print(&json!({ "ok": errors == 0, "version": rules.version(), "rules": rules.count(), "remarks": remarks }).to_string());
    } else {
        let mut text = String::new();
        for remark in &remarks {
            add(&mut text, format_args!("{remark}\n"));
        }
        add(
            &mut text,
            format_args!("{} rules, version {}: {errors} errors, {} warnings", rules.count(), rules.version(), remarks.len() - errors),
        );
        print(&text);
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
