//! `frankly audit train status` and `export`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use audit::date::{Date, PageDate};
use audit::evidence::{EvidenceFile, FoundClaim, FoundSource};
use audit::exit::Exit;
use audit::train::{Chain, Standing, standing};
use audit::value::{Confidence, SourceKind, Value};
use clap::{Args, ValueEnum};

use super::super::input::AsOf;
use super::files::Kept;

/// Who is looked at
#[derive(Debug, Args)]
struct Whom {
    #[command(flatten)]
    kept: Kept,
    /// Who should have passed: a file with a name or pseudonym a line
    #[arg(long, value_name = "FILE")]
    people: Option<PathBuf>,
    /// The public half of the key, for who does not have the key
    #[arg(long, value_name = "BASE64")]
    public: Option<String>,
    #[command(flatten)]
    as_of: AsOf,
}

/// Tell who passed, until when it counts, and who is to be asked again; ends with 3 when somebody's does not count
#[derive(Debug, Args)]
#[command(after_help = "Example:
  frankly audit train status")]
pub(super) struct StatusArgs {
    #[command(flatten)]
    whom: Whom,
}

/// Write the records, as a table, as JSON, or as evidence of ORG-2
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  frankly audit train export
  frankly audit train export --report evidence")]
pub(super) struct ExportArgs {
    #[command(flatten)]
    whom: Whom,
    /// What to write
    #[arg(long, value_enum, default_value = "csv")]
    report: Report,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Report {
    /// A row for each quiz
    Csv,
    /// All records
    Json,
    /// For `frankly audit run --evidence`
    Evidence,
}

impl Whom {
    fn read(&self) -> anyhow::Result<(Chain, Vec<Standing>, Date)> {
        let chain = self.kept.chain(self.public.as_deref())?;
        let people: Vec<String> = match &self.people {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
                text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
            }
            None => Vec::new(),
        };
        let today = self.as_of.day();
        let standing = standing(&chain, &people, today);
        Ok((chain, standing, today))
    }
}

pub(super) fn status(args: &StatusArgs) -> anyhow::Result<Exit> {
    let (_, people, today) = args.whom.read()?;
    if people.is_empty() {
        println!("nobody has taken a quiz");
    }
    for one in &people {
        let passed = match (one.passed, one.until) {
            (Some(passed), Some(until)) if one.valid => format!("passed {passed}, counts until {until}"),
            (Some(passed), Some(until)) => format!("passed {passed}, EXPIRED {until}"),
            _ => "NOT PASSED".to_owned(),
        };
        let again = match one.again {
            Some((questions, from)) if from <= today => format!("; {questions} questions are to be asked again"),
            Some((questions, from)) => format!("; {questions} questions are to be asked again from {from} on"),
            None => String::new(),
        };
        println!("{:20} {passed}{again}", one.person);
    }
    Ok(if people.iter().all(|one| one.valid) { Exit::Pass } else { Exit::Stale })
}

pub(super) fn export(args: &ExportArgs) -> anyhow::Result<Exit> {
    let (chain, people, today) = args.whom.read()?;
    let mut out = std::io::stdout().lock();
    match args.report {
        Report::Csv => {
            writeln!(out, "person,platforms,right,of,passed,at,until,lesson")?;
            for record in &chain.records {
                let cells = [
                    record.person.clone(),
                    record.platforms.join(" "),
                    record.right.to_string(),
                    record.of.to_string(),
                    record.passed.to_string(),
                    record.at.to_string(),
                    record.until.to_string(),
                    record.lesson.clone(),
                ];
                writeln!(out, "{}", super::super::cells::row(&cells))?;
            }
        }
        Report::Json => writeln!(out, "{}", serde_json::to_string_pretty(&chain.records)?)?,
        Report::Evidence => writeln!(out, "{}", serde_json::to_string_pretty(&evidence(&people, today))?)?,
    }
    Ok(Exit::Pass)
}

/// What the records say of ORG-2: users are trained and quizzed within twelve months.
fn evidence(people: &[Standing], today: Date) -> EvidenceFile {
    let valid = people.iter().filter(|one| one.valid).count();
    let value = match (people.len(), valid) {
        (0, _) => Value::Unknown,
        (all, valid) if all == valid => Value::Yes,
        (_, 0) => Value::No,
        _ => Value::Partial,
    };
    let mut file = EvidenceFile::new("frankly audit train", today);
    let title = "signed records of training".to_owned();
    file.sources.insert(
        "training".to_owned(),
        FoundSource { kind: SourceKind::Probe, title, url: None, date: PageDate::from(today), sha256: None },
    );
    file.claims.push(FoundClaim {
        platform: "organisation".to_owned(),
        control: "ORG-2".to_owned(),
        value,
        confidence: Confidence::Confirmed,
        sources: vec!["training".to_owned()],
        quote: None,
        note: Some(format!("{valid} of {} people passed within twelve months", people.len())),
    });
    file
}
