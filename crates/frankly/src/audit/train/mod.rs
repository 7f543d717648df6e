//! `frankly audit train`: lessons, a quiz, and records of who passed it.

mod files;
mod quiz;
mod tell;

use std::path::PathBuf;

use anyhow::{Context, bail};
use audit::controls::SHIPPED;
use audit::date::Date;
use audit::exit::Exit;
use audit::registry::{Platform, Registry};
use audit::train::{BANK, Lesson, Told, lesson, page};
use clap::{Args, Subcommand};

use super::input::RegistryArgs;

/// Train people: lessons about the platforms in use, a quiz, signed records
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct TrainArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Start(StartArgs),
    Quiz(quiz::QuizArgs),
    Status(tell::StatusArgs),
    Export(tell::ExportArgs),
}

/// The platforms that are taught
#[derive(Debug, Args)]
struct Taught {
    /// Ids of platforms in the registry
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    platform: Vec<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Show the lessons about platforms, six screens each
///
/// They are made of the registry, so that they change when what is known changes. With --html they become one page for
/// any browser, with a quiz, that needs nothing from elsewhere.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:
  frankly audit train start --platform signal
  frankly audit train start --platform whatsapp,tiktok --html lessons.html --seed 7"
)]
struct StartArgs {
    #[command(flatten)]
    taught: Taught,
    /// Write a page instead
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// What the quiz of the page is drawn by
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(args: &TrainArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Start(args) => start(args),
        Command::Quiz(args) => quiz::run(args),
        Command::Status(args) => tell::status(args),
        Command::Export(args) => tell::export(args),
    }
}

fn start(args: &StartArgs) -> anyhow::Result<Exit> {
    let lessons = args.taught.lessons()?;
    if let Some(path) = &args.html {
        let text = page(&lessons, &BANK.draw(args.seed, &[]), args.taught.registry.day());
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}: {} lessons and a quiz with seed {}", path.display(), lessons.len(), args.seed);
        return Ok(Exit::Pass);
    }
    for lesson in &lessons {
        println!("{}\n{}\n", lesson.name, "=".repeat(lesson.name.chars().count()));
        for (number, screen) in (1..).zip(&lesson.screens) {
            println!("{number}. {}", screen.title);
            screen.known.iter().for_each(|line| println!("   {line}"));
            screen.steps.iter().for_each(|line| println!("   → {line}"));
            println!();
        }
    }
    Ok(Exit::Pass)
}

impl Taught {
    fn lessons(&self) -> anyhow::Result<Vec<Lesson>> {
        let today = self.registry.day();
        let (registry, _) = self.registry.load()?;
        let one = |id: &String| {
            let Some(platform) = registry.platform(id) else {
                let ids: Vec<&str> = registry.platforms.iter().map(|platform| platform.id.as_str()).collect();
                bail!("{} has no platform {id}; it has {}", registry.file, ids.join(", "));
            };
            Ok(lesson(id, &platform.name, &told(&registry, platform), question, today))
        };
        self.platform.iter().map(one).collect()
    }
}

fn question(control: &str) -> Option<&'static str> {
    SHIPPED.all().find(|(_, one)| one.id == control).map(|(_, control)| control.question.as_str())
}

/// What the registry says of a platform, and when its sources were last seen to say so.
fn told(registry: &Registry, platform: &Platform) -> Vec<Told> {
    let seen = |sources: &[String]| -> Option<Date> {
        sources.iter().filter_map(|id| registry.sources.get(id)).map(|source| source.seen_on(registry.retrieved).0).max()
    };
    let claims = platform.claims.iter().filter(|claim| claim.withdrawn.is_none());
    let told = claims.map(|claim| Told {
        control: claim.control.clone(),
        value: claim.value,
        confidence: claim.confidence,
        scope: claim.scope.words(),
        seen: seen(&claim.sources),
        note: claim.note.clone(),
    });
    told.collect()
}
