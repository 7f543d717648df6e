//! `frankly audit probe`: tries a running deployment, and keeps what it answered as evidence.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use audit::exit::Exit;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use model::label::CreateEvent;
use url::Url;
use watch::http::{Bounds, Client};
use watch::probe::{Account, Kind, Label, Mode, Outcome, People, Platform, Report, Target, probe};
use watch::tls::Trust;

/// Passwords come from the environment, so that no list of processes shows them.
const PASSWORD: &str = "FRANKLY_PROBE_PASSWORD";
const OTHER_PASSWORD: &str = "FRANKLY_PROBE_OTHER_PASSWORD";

/// Try a running deployment, and keep what it answered as evidence
///
/// Exit code 0: nothing failed; 1: a probe failed, or could not find out; 2: asked wrongly; 5: nobody answered.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct ProbeArgs {
    #[command(subcommand)]
    command: ProbeCommand,
}

#[derive(Debug, Subcommand)]
enum ProbeCommand {
    /// Any homeserver that speaks the Client-Server API of Matrix
    #[command(after_help = "Example:\n  frankly audit probe matrix http://127.0.0.1:8008")]
    Matrix(TargetArgs),
    /// Frankly, which promises more: labels, access that is shown, strangers kept away
    #[command(after_help = "Example:\n  frankly audit probe frankly http://127.0.0.1:8008 --register --out probes")]
    Frankly(TargetArgs),
}

#[derive(Debug, Args)]
struct TargetArgs {
    /// Where it answers
    url: Url,
    /// Id of the platform in the registry [default: matrix, or frankly-readable and frankly-sealed, each what is about it]
    #[arg(long, value_name = "ID")]
    platform: Option<String>,
    /// An account of an adult; its password is in `FRANKLY_PROBE_PASSWORD`
    #[arg(long, value_name = "USER", conflicts_with = "register")]
    user: Option<String>,
    /// Another adult, whom the first may write to; the password is in `FRANKLY_PROBE_OTHER_PASSWORD`
    #[arg(long, value_name = "USER", requires = "user")]
    other: Option<String>,
    /// The user id of somebody under age whom neither knows; nothing is sent to them unless the deployment fails
    #[arg(long, value_name = "USER_ID")]
    minor: Option<String>,
    /// Register two throw-away accounts, where anybody may
    #[arg(long)]
    register: bool,
    /// A message that should be gone by its age
    #[arg(long, value_name = "ROOM_ID/EVENT_ID")]
    expired: Option<String>,
    /// Write evidence.json, for `frankly audit run --evidence`, and the transcripts into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Certificate authorities to trust beside those of this machine, in PEM form
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ProbeArgs) -> anyhow::Result<Exit> {
    let (kind, name, args) = match &args.command {
        ProbeCommand::Matrix(args) => (Kind::Matrix, "matrix", args),
        ProbeCommand::Frankly(args) => (Kind::Frankly, "frankly", args),
    };
    let target = target(kind, args)?;
    let authorities = args.ca.as_ref().map(|file| std::fs::read(file).with_context(|| format!("cannot read {}", file.display())));
    let client = Client::new(Trust::new(authorities.transpose()?.as_deref())?, Bounds::default());
    let report = crate::cli::block_on(async { Ok(probe(&client, &target).await) })?;
    if let Some(folder) = &args.out {
        keep(folder, &report, &format!("frankly audit probe {name}"), &platforms(kind, args.platform.as_deref()))?;
    }
    let text = if args.json { serde_json::to_string_pretty(&report)? } else { in_words(&report) };
    println!("{}", text.trim_end());
    let worst = report.probes.iter().map(|probe| probe.outcome).max();
    Ok(match worst {
        _ if !report.reachable => Exit::Unreachable,
        Some(Outcome::Fail | Outcome::Error) => Exit::Violation,
        _ => Exit::Pass,
    })
}

fn target(kind: Kind, args: &TargetArgs) -> anyhow::Result<Target> {
    if !matches!(args.url.scheme(), "http" | "https") || args.url.host().is_none() {
        bail!("{}: an address begins with https:// or http://", args.url);
    }
    let account = |user: &Option<String>, variable: &str| match user {
        None => Ok(None),
        Some(user) => {
            let password = std::env::var(variable).with_context(|| format!("{variable} must hold the password of {user}"))?;
            Ok::<_, anyhow::Error>(Some(Account { user: user.clone(), password }))
        }
    };
    let people = People {
        member: account(&args.user, PASSWORD)?,
        other: account(&args.other, OTHER_PASSWORD)?,
        minor: args.minor.clone(),
        register: args.register,
    };
    let expired = args.expired.as_ref().map(|place| {
        let (room, event) = place.split_once('/').ok_or_else(|| anyhow!("--expired {place}: write ROOM_ID/EVENT_ID"))?;
        Ok::<_, anyhow::Error>((room.to_owned(), event.to_owned()))
    });
    Ok(Target {
        base: args.url.clone(),
        kind,
        people,
        expired: expired.transpose()?,
        verify_label,
        now: Timestamp::now(),
        nonce: format!("{:016x}", rand::random::<u64>()),
    })
}

/// Whether a room's ID is the hash of its create event, and what that says.
fn verify_label(room: &str, create: &str) -> Label {
    let Ok(event) = CreateEvent::parse(create) else { return Label::None };
    let Some(terms) = event.terms() else { return Label::None };
    match event.room_id() {
        Ok(id) if id.as_str() == room => Label::Verified(terms.mode.as_str().to_owned()),
        _ => Label::Wrong,
    }
}

/// The platforms of the registry that the deployment is evidence for.
fn platforms(kind: Kind, named: Option<&str>) -> Vec<Platform> {
    let platform = |id: &str, mode| Platform { id: id.to_owned(), mode };
    match (named, kind) {
        (Some(id), _) => vec![platform(id, Mode::Any)],
        (None, Kind::Matrix) => vec![platform("matrix", Mode::Any)],
        (None, Kind::Frankly) => vec![platform("frankly-readable", Mode::Readable), platform("frankly-sealed", Mode::Sealed)],
    }
}

/// Writes the evidence, and each transcript under its hash.
fn keep(folder: &Path, report: &Report, made_by: &str, platforms: &[Platform]) -> anyhow::Result<()> {
    let transcripts = folder.join("transcripts");
    std::fs::create_dir_all(&transcripts).with_context(|| format!("cannot make {}", transcripts.display()))?;
    for probe in &report.probes {
        let file = transcripts.join(format!("{}.json", probe.sha256));
        std::fs::write(&file, &probe.transcript).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let file = folder.join("evidence.json");
    let text = serde_json::to_string_pretty(&report.evidence(made_by, platforms))? + "\n";
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn in_words(report: &Report) -> String {
    let mut text = format!("{} at {}\n\n", report.target, report.at);
    for probe in &report.probes {
        let controls = probe.controls.join(", ");
        writeln!(text, "{:15} {:20} {:8} {}", probe.outcome.as_str(), probe.id, controls, probe.detail).expect("text takes text");
    }
    if !report.reachable {
        text.push_str("\nNobody answered: nothing is known of this deployment.\n");
    }
    text
}
