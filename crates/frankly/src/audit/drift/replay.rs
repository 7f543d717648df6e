//! `frankly audit drift replay`: what would have been told of a history of documents.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use audit::drift::finding::{Finding, State};
use audit::drift::track::Hold;
use audit::evidence::EvidenceFile;
use audit::exit::Exit;
use clap::Args;
use jiff::SignedDuration;
use serde_json::json;
use watch::replay::{Replayed, Wish, replay};

/// Replay a git repository of documents, one commit for each recorded change
///
/// The layout is that of Open Terms Archive: Service/Document.md. Nothing is fetched. The same repository gives the same answer.
///
/// Messages that begin with "Apply technical" or "Refilter" say that a page was extracted otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  frankly audit drift replay versions --platform 'Example Chat=example'")]
pub(crate) struct ReplayArgs {
    /// The folder of the repository; a bare one will do
    repository: PathBuf,
    /// Only the documents of this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Which platform of the registry a service is; may be given more than once
    #[arg(long, value_name = "SERVICE=ID")]
    platform: Vec<String>,
    /// Hours for which a change must stay before it is told
    #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(i64).range(12..=2_160))]
    hold: i64,
    /// Leave out findings that did not stay
    #[arg(long)]
    standing: bool,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    /// Write the claims that changes make stale to this file, for `frankly audit run --evidence`
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

pub(super) fn run(args: &ReplayArgs) -> anyhow::Result<Exit> {
    let mut wish = Wish { service: args.service.clone(), ..Wish::default() };
    wish.hold = Hold { hold: SignedDuration::from_hours(args.hold), ..wish.hold };
    for pair in &args.platform {
        let (service, id) = pair.split_once('=').ok_or_else(|| anyhow!("--platform {pair}: write SERVICE=ID"))?;
        wish.platforms.insert(service.to_owned(), id.to_owned());
    }
    let bar = std::io::stderr().is_terminal();
    let replayed = replay(&args.repository, &wish, |done, all| {
        if bar && (done % 50 == 0 || done == all) {
            let end = if done == all { "\n" } else { "" };
            let _unseen = write!(std::io::stderr(), "\r{done} of {all} commits{end}");
        }
    })?;
    if let Some(file) = &args.evidence {
        let made_on = replayed.span.map(|(_, last)| last).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
        let mut evidence = EvidenceFile::new("frankly audit drift replay", made_on);
        evidence.stale = audit::drift::monitor::stale(replayed.ledger.findings.iter());
        let text = serde_json::to_string_pretty(&evidence)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let shown = |finding: &&Finding| !args.standing || finding.state != State::Retracted;
    let findings: Vec<&Finding> = replayed.ledger.findings.iter().filter(shown).collect();
    let text = if args.json { as_json(&replayed, &findings)? } else { in_words(&replayed, &findings) };
    println!("{}", text.trim_end());
    Ok(Exit::Pass)
}

fn as_json(replayed: &Replayed, findings: &[&Finding]) -> anyhow::Result<String> {
    let answer = json!({
        "commits": replayed.commits,
        "span": replayed.span,
        "tally": replayed.tally,
        "left_out": replayed.left_out,
        "findings": findings,
    });
    Ok(serde_json::to_string_pretty(&answer)?)
}

fn in_words(replayed: &Replayed, findings: &[&Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        describe(&mut text, finding);
    }
    let tally = &replayed.tally;
    let fewer = 100 * tally.raw_changes.saturating_sub(tally.alerts) / tally.raw_changes.max(1);
    let mut line = |name: &str, number: usize| writeln!(text, "{name:32}{number:8}").expect("text takes text");
    line("commits", replayed.commits);
    line("documents", tally.documents);
    line("recorded changes", tally.raw_changes);
    tally.classes.iter().for_each(|(name, number)| line(&format!("  {name}"), *number));
    line("alerts", tally.alerts);
    tally.findings.iter().for_each(|(name, number)| line(&format!("  {name}"), *number));
    line("  retracted", tally.retracted);
    line("waiting at the end", tally.waiting);
    replayed.left_out.iter().for_each(|(name, number)| line(&format!("left out: {name}"), *number));
    writeln!(text, "{fewer} % fewer alerts than recorded changes; told after {} hours at most", tally.delay_hours_max)
        .expect("text takes text");
    text
}

/// A finding as people read it.
pub(super) fn describe(text: &mut String, finding: &Finding) {
    let about = &finding.about;
    let head = [finding.severity.as_str(), finding.state.as_str(), finding.kind.as_str()].join(" ");
    writeln!(text, "{}  {head}: {}, {}  {}", finding.told, about.service, about.document, finding.id).expect("text takes text");
    if !finding.touches.is_empty() {
        writeln!(text, "    touches {}", finding.touches.join(", ")).expect("text takes text");
    }
    if !finding.note.is_empty() {
        writeln!(text, "    {}", finding.note).expect("text takes text");
    }
    for quote in &finding.quotes {
        let sides = [("-", &quote.before), ("+", &quote.after)];
        for (sign, side) in sides.iter().filter_map(|(sign, side)| side.as_ref().map(|side| (sign, side))) {
            writeln!(text, "    {sign} {side}").expect("text takes text");
        }
    }
    if finding.quotes_left_out > 0 {
        writeln!(text, "    and {} more", finding.quotes_left_out).expect("text takes text");
    }
    text.push('\n');
}
