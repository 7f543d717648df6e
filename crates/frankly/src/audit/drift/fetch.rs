//! `frankly audit drift fetch`: one look at every declared document.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use audit::drift::declaration::{Declaration, read};
use audit::drift::finding::Finding;
use audit::drift::lexicon::Severity;
use audit::drift::monitor::Class;
use audit::drift::ota::import;
use audit::drift::track::Hold;
use audit::exit::Exit;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use watch::fetch::{Fetcher, Manners};
use watch::folder::Folder;
use watch::http::{Bounds, Client};
use watch::look::{Looker, Outcome};
use watch::tls::Trust;

/// Look once at every declared page and feed, and tell what is new
///
/// Meant to run twice a day. robots.txt is obeyed, hosts are asked one question at a time and with a pause.
///
/// Pages that did not change are not sent again. Raw pages are kept by their hash.
///
/// Declarations are YAML of our own, or JSON of Open Terms Archive (one file a service). docs/audit-drift.md tells of both.
///
/// Exit code 0: nothing new; 1: a new finding at or above --fail-on; 2: the declarations are at fault; 5: nothing was fetched.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  frankly audit drift fetch --declarations watch.yaml --folder drift")]
pub(crate) struct FetchArgs {
    /// A file of declarations, or a folder of them
    #[arg(long, value_name = "PATH")]
    declarations: PathBuf,
    /// Where pages and what is remembered of them are kept
    #[arg(long, value_name = "DIR", default_value = "drift")]
    folder: PathBuf,
    /// Only the documents of this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Hours for which a change must stay before it is told
    #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(i64).range(12..=2_160))]
    hold: i64,
    /// End with 1 when something new is at least this grave: low, medium, high
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    fail_on: String,
    /// Certificate authorities to trust beside those of this machine, in PEM form
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

pub(super) async fn run(args: &FetchArgs) -> anyhow::Result<Exit> {
    let threshold = Severity::parse(&args.fail_on).ok_or_else(|| anyhow!("--fail-on {}: low, medium or high", args.fail_on))?;
    let mut declarations = declared(&args.declarations)?;
    if let Some(service) = &args.service {
        declarations.retain(|declaration| declaration.about.service == *service);
    }
    if declarations.is_empty() {
        bail!("nothing is declared");
    }
    let authorities = args.ca.as_ref().map(|file| std::fs::read(file).with_context(|| format!("cannot read {}", file.display())));
    let client = Client::new(Trust::new(authorities.transpose()?.as_deref())?, Bounds::default());
    let folder = Folder::open(&args.folder)?;
    let mut ledger = folder.ledger()?;
    let hold = Hold { hold: SignedDuration::from_hours(args.hold), ..Hold::default() };
    let mut looker = Looker::new(Fetcher::new(client, Manners::default()), folder, hold);
    let mut gravest = None;
    let mut failed = 0;
    for declaration in &declarations {
        let before = ledger.clone();
        let look = looker.look(declaration, Timestamp::now(), &mut ledger).await?;
        let outcome = look.outcome;
        println!("{}, {}: {}", declaration.about.service, declaration.about.document, in_words(&outcome));
        look.notes.iter().for_each(|note| println!("  {note}"));
        failed += usize::from(matches!(outcome, Outcome::Failed(_)));
        for finding in ledger.findings.iter().filter(|finding| is_news(before.get(&finding.id), finding)) {
            let mut text = String::new();
            super::replay::describe(&mut text, finding);
            print!("{text}");
            gravest = gravest.max(Some(finding.severity));
        }
    }
    if failed == declarations.len() {
        return Ok(Exit::Unreachable);
    }
    Ok(if gravest.is_some_and(|gravest| gravest >= threshold) { Exit::Violation } else { Exit::Pass })
}

fn is_news(before: Option<&Finding>, finding: &Finding) -> bool {
    finding.is_open() && before.is_none_or(|before| !before.is_open() && before.acknowledged.is_none())
}

fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Text(Class::Revert(back)) => format!("as it was {back} texts ago"),
        Outcome::Text(class) => class.name().to_owned(),
        Outcome::Same => "as it was".to_owned(),
        Outcome::Feed(entries) => format!("{entries} entries"),
        Outcome::Failed(why) => format!("FAILED: {why}"),
    }
}

/// All declarations of a file or of the files of a folder, by name.
fn declared(path: &Path) -> anyhow::Result<Vec<Declaration>> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        files = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml" || extension == "json"));
        files.sort();
    }
    let mut all = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
        let read = if file.extension().is_some_and(|extension| extension == "json") {
            import(&name, &text).map(|imported| {
                imported.notes.iter().for_each(|note| eprintln!("{name}: {note}"));
                imported.declarations
            })
        } else {
            read(&name, &text)
        };
        all.extend(read.map_err(|faults| anyhow!(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?);
    }
    Ok(all)
}
