//! `frankly audit schedule`: reviews that come again.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use audit::date::{Date, PageDate};
use audit::evidence::{EvidenceFile, FoundClaim, FoundSource};
use audit::exit::Exit;
use audit::schedule::{Occurrence, Planned, Review, SignOff, Signing, Standing, calendar, read_reviews, read_sign_offs, standing};
use audit::value::{Confidence, SourceKind, Value};
use clap::{Args, Subcommand};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// Plan reviews, see what is due, sign off, export a calendar
///
/// The plan is a YAML list that may be edited by hand; signatures stand in a file beside it. A review is done when two
/// people signed it off, each in one of its two roles.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, arg_required_else_help = true)]
pub(crate) struct ScheduleArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(AddArgs),
    Next(NextArgs),
    Sign(SignArgs),
    Ics(IcsArgs),
}

/// The plan.
#[derive(Debug, Args)]
struct Plan {
    /// The plan; signatures stand beside it, in FILE.signed.ndjson
    #[arg(long, value_name = "FILE", default_value = "reviews.yaml")]
    plan: PathBuf,
}

/// Add a review to the plan
#[derive(Debug, Args)]
#[command(after_help = "Example:
  frankly audit schedule add platforms --title 'Approved platforms' --starts 2026-04-06T10:00 \\
    --rule 'FREQ=MONTHLY;BYDAY=1MO' --role lead --role auditor")]
struct AddArgs {
    /// What it is called in commands: small letters, digits and -
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    plan: Plan,
    /// What is reviewed
    #[arg(long)]
    title: String,
    /// The platform that is reviewed
    #[arg(long, value_name = "ID")]
    platform: Option<String>,
    /// The control that is reviewed
    #[arg(long, value_name = "ID")]
    control: Option<String>,
    /// The first time, on the clock of the zone, as in 2026-03-02T09:00
    #[arg(long, value_name = "DATE-TIME")]
    starts: DateTime,
    /// The zone of that clock
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    zone: String,
    /// When it comes again: a rule of iCalendar (FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, COUNT, UNTIL)
    #[arg(long, value_name = "RULE")]
    rule: String,
    /// Days in which it is to be done
    #[arg(long, default_value_t = 7)]
    days: u16,
    /// Days before it at which a calendar reminds of it
    #[arg(long, default_value_t = 3)]
    remind_days: u16,
    /// A role that signs it off; twice
    #[arg(long, value_name = "ROLE", required = true)]
    role: Vec<String>,
}

/// Tell what is overdue, open and next; ends with 6 when something is overdue
#[derive(Debug, Args)]
#[command(after_help = "Example:
  frankly audit schedule next --now 2026-03-02T10:00:00Z")]
struct NextArgs {
    #[command(flatten)]
    plan: Plan,
    /// The present moment [default: now]
    #[arg(long, value_name = "MOMENT")]
    now: Option<Timestamp>,
    /// Write what stands as evidence of ORG-3, for `frankly audit run --evidence`
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

/// Sign off a review in a role
#[derive(Debug, Args)]
#[command(after_help = "Example:
  frankly audit schedule sign moderation-log --of 2026-03-02 --role 'privacy officer' --by p-17")]
struct SignArgs {
    /// Which review
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    plan: Plan,
    /// The day it began
    #[arg(long, value_name = "DATE")]
    of: Date,
    /// As which role
    #[arg(long)]
    role: String,
    /// Who signs, by a name or a pseudonym
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The present moment [default: now]
    #[arg(long, value_name = "MOMENT")]
    now: Option<Timestamp>,
}

/// Write the plan as a calendar with reminders
#[derive(Debug, Args)]
#[command(after_help = "Example:
  frankly audit schedule ics --to reviews.ics")]
struct IcsArgs {
    #[command(flatten)]
    plan: Plan,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The moment at which it is written [default: now]
    #[arg(long, value_name = "MOMENT")]
    now: Option<Timestamp>,
}

pub(crate) fn run(args: &ScheduleArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Add(args) => add(args),
        Command::Next(args) => next(args),
        Command::Sign(args) => sign(args),
        Command::Ics(args) => ics(args),
    }
}

fn now(typed: Option<Timestamp>) -> Timestamp {
    typed.unwrap_or_else(Timestamp::now)
}

fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

impl Plan {
    fn read(&self) -> anyhow::Result<Vec<Planned>> {
        let text = read(&self.plan)?;
        read_reviews(&text, zone).map_err(|error| anyhow!("{}: {error}", self.plan.display()))
    }

    /// As [`Self::read`]; without a review there is nothing to say.
    fn read_some(&self) -> anyhow::Result<Vec<Planned>> {
        let planned = self.read()?;
        if planned.is_empty() {
            bail!("{} has no review; `frankly audit schedule add` adds one", self.plan.display());
        }
        Ok(planned)
    }

    fn signed_file(&self) -> PathBuf {
        let mut name = self.plan.clone().into_os_string();
        name.push(".signed.ndjson");
        name.into()
    }

    fn signed(&self) -> anyhow::Result<Vec<SignOff>> {
        let path = self.signed_file();
        read_sign_offs(&read(&path)?).map_err(|error| anyhow!("{}: {error}", path.display()))
    }
}

/// A file, or nothing where there is none.
fn read(path: &Path) -> anyhow::Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Adds text at the end of a file, and has it on the disk.
fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let open = || -> std::io::Result<File> { OpenOptions::new().create(true).append(true).open(path) };
    let write = |mut file: File| file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    open().and_then(write).with_context(|| format!("cannot write {}", path.display()))
}

fn add(args: &AddArgs) -> anyhow::Result<Exit> {
    let Ok(roles) = <[String; 2]>::try_from(args.role.clone()) else { bail!("two roles sign off a review: --role twice") };
    let review = Review {
        id: args.id.clone(),
        title: args.title.clone(),
        platform: args.platform.clone(),
        control: args.control.clone(),
        starts: args.starts,
        zone: args.zone.clone(),
        rule: args.rule.clone(),
        days: args.days,
        remind_days: args.remind_days,
        roles,
    };
    let planned = Planned::new(review, zone)?;
    let before = read(&args.plan.plan)?;
    if args.plan.read()?.iter().any(|other| other.review.id == args.id) {
        bail!("{}: there is a review {} already", args.plan.plan.display(), args.id);
    }
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    append(&args.plan.plan, &format!("{gap}{}", planned.to_yaml()))?;
    println!("{}: {} begins {}", args.plan.plan.display(), args.id, args.starts);
    Ok(Exit::Pass)
}

fn next(args: &NextArgs) -> anyhow::Result<Exit> {
    let planned = args.plan.read_some()?;
    let signed = args.plan.signed()?;
    let now = now(args.now);
    // a review that comes once in four years is still to be seen
    let standings = standing(&planned, &signed, now, SignedDuration::from_hours(24 * 366 * 5));
    let overdue: usize = standings.iter().map(|standing| standing.overdue.len()).sum();
    for (word, list) in [("OVERDUE", overdue_of as Listed), ("open", open_of)] {
        for standing in &standings {
            for (occurrence, missing) in list(standing) {
                let deadline = Zoned::new(occurrence.deadline, occurrence.begins.time_zone().clone());
                println!(
                    "{word:8} {} of {}: until {}; missing: {}",
                    id(standing),
                    occurrence.begins.date(),
                    shown(&deadline),
                    missing.join(", ")
                );
            }
        }
    }
    let mut coming: Vec<(&Standing<'_>, &Occurrence)> =
        standings.iter().filter_map(|standing| Some((standing, standing.next.as_ref()?))).collect();
    coming.sort_by_key(|(_, occurrence)| occurrence.begins.timestamp());
    for (standing, occurrence) in coming {
        println!("next     {} on {}: {}", id(standing), shown(&occurrence.begins), standing.planned.review.title);
    }
    if let Some(path) = &args.evidence {
        let file = evidence(&args.plan.plan, now, overdue, planned.len());
        std::fs::write(path, serde_json::to_string_pretty(&file)? + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    if overdue > 0 {
        eprintln!("frankly audit: {overdue} reviews are overdue");
        return Ok(Exit::Overdue);
    }
    Ok(Exit::Pass)
}

type Listed = for<'a, 'b> fn(&'b Standing<'a>) -> &'b [(Occurrence, Vec<&'a str>)];

fn overdue_of<'a, 'b>(standing: &'b Standing<'a>) -> &'b [(Occurrence, Vec<&'a str>)] {
    &standing.overdue
}

fn open_of<'a, 'b>(standing: &'b Standing<'a>) -> &'b [(Occurrence, Vec<&'a str>)] {
    &standing.open
}

fn id<'a>(standing: &Standing<'a>) -> &'a str {
    &standing.planned.review.id
}

fn shown(moment: &Zoned) -> String {
    moment.strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// What the plan says of ORG-3: reviews are held on schedule.
fn evidence(plan: &Path, now: Timestamp, overdue: usize, reviews: usize) -> EvidenceFile {
    let day = now.to_zoned(TimeZone::UTC).date();
    let mut file = EvidenceFile::new("frankly audit schedule", day);
    let title = plan.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    file.sources
        .insert("plan".to_owned(), FoundSource { kind: SourceKind::Probe, title, url: None, date: PageDate::from(day), sha256: None });
    file.claims.push(FoundClaim {
        platform: "organisation".to_owned(),
        control: "ORG-3".to_owned(),
        value: if overdue == 0 { Value::Yes } else { Value::No },
        confidence: Confidence::Confirmed,
        sources: vec!["plan".to_owned()],
        quote: None,
        note: Some(format!("{reviews} reviews planned, {overdue} times overdue")),
    });
    file
}

fn sign(args: &SignArgs) -> anyhow::Result<Exit> {
    let planned = args.plan.read_some()?;
    let signed = args.plan.signed()?;
    let signing = Signing { review: &args.id, of: args.of, role: &args.role, by: &args.by, at: now(args.now) };
    let sign_off = signing.sign(&planned, &signed)?;
    append(&args.plan.signed_file(), &(serde_json::to_string(&sign_off)? + "\n"))?;
    println!("{} of {} is signed off as {} by {}", sign_off.review, sign_off.of, sign_off.role, sign_off.by);
    Ok(Exit::Pass)
}

fn ics(args: &IcsArgs) -> anyhow::Result<Exit> {
    let planned = args.plan.read_some()?;
    let text = calendar(&planned, now(args.now));
    match &args.to {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            println!("{}: {} reviews", path.display(), planned.len());
        }
        None => print!("{text}"),
    }
    Ok(Exit::Pass)
}
