//! `frankly audit drift diff` and `ack`: what was told, and who took note of it.

use std::path::PathBuf;

use anyhow::{Context, bail};
use audit::drift::finding::{Acknowledged, Finding};
use audit::drift::monitor::stale;
use audit::evidence::EvidenceFile;
use audit::exit::Exit;
use clap::Args;
use jiff::Timestamp;
use watch::folder::Folder;

/// Show what was found and nobody has taken note of, with the words before and after
///
/// Exit code 0 whether there is anything or not.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  frankly audit drift diff --folder drift")]
pub(crate) struct DiffArgs {
    /// The folder of `drift fetch`
    #[arg(long, value_name = "DIR", default_value = "drift")]
    folder: PathBuf,
    /// Also what somebody took note of, and what did not stay
    #[arg(long)]
    all: bool,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    /// Write the claims that changes make stale to this file, for `frankly audit run --evidence`
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

pub(super) fn diff(args: &DiffArgs) -> anyhow::Result<Exit> {
    let ledger = Folder::open(&args.folder)?.ledger()?;
    let findings: Vec<&Finding> = ledger.findings.iter().filter(|finding| args.all || finding.is_open()).collect();
    if let Some(file) = &args.evidence {
        let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let evidence = EvidenceFile { stale: stale(ledger.open()), ..EvidenceFile::new("frankly audit drift", today) };
        let text = serde_json::to_string_pretty(&evidence)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
        return Ok(Exit::Pass);
    }
    let mut text = String::new();
    for finding in &findings {
        super::replay::describe(&mut text, finding);
    }
    println!("{text}{} to look at", ledger.open().count());
    Ok(Exit::Pass)
}

/// Take note of a finding: claims it made stale are judged by their age again
///
/// Check the claims first, and change them in the registry where they no longer hold.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  frankly audit drift ack 5f0c2b7e9a13d846 --by ana --note 'claim ENC-1 renewed'")]
pub(crate) struct AckArgs {
    /// The id of the finding
    id: String,
    /// Who takes note
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What they say of it
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Take the page as it is now for the document: after a suspected page for robots turned out to be it
    #[arg(long)]
    accept: bool,
    /// The folder of `drift fetch`
    #[arg(long, value_name = "DIR", default_value = "drift")]
    folder: PathBuf,
}

pub(super) fn acknowledge(args: &AckArgs) -> anyhow::Result<Exit> {
    let folder = Folder::open(&args.folder)?;
    let mut ledger = folder.ledger()?;
    let Some(finding) = ledger.get(&args.id).cloned() else { bail!("there is no finding {}", args.id) };
    let at = Timestamp::now();
    if args.accept {
        let mut memory = folder.memory(&finding.about)?;
        memory.watched.accept(at);
        folder.remember(&finding.about, &memory)?;
    }
    ledger.acknowledge(&args.id, Acknowledged { by: args.by.clone(), at, note: args.note.clone() });
    folder.write_ledger(&ledger)?;
    println!("{} of {}, {}: noted", finding.kind.as_str(), finding.about.service, finding.about.document);
    Ok(Exit::Pass)
}
