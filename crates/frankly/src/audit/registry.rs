//! `frankly audit registry`: checks the registry, keeps snapshots of sources, looks for quotes in them.

use std::path::PathBuf;

use anyhow::Context;
use audit::exit::Exit;
use audit::registry::{PLATFORMS_YAML, REGISTRY_SCHEMA, Verdict, verify};
use clap::{Args, Subcommand};

use super::input::{RegistryArgs, count, text_of};
use super::snapshots::{self, Snapshots};

/// Check a registry of platforms, and its quotes against snapshots of their sources
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct RegistryCommandArgs {
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    /// Name every fault with file, line and column
    #[command(after_help = "Example:\n  frankly audit registry lint")]
    Lint(RegistryArgs),
    /// Look for each quote in the snapshot of its source
    ///
    /// Ends with 4 when a quote is not there, or when the snapshot is not the one that the registry names.
    #[command(after_help = "Examples:\n  frankly audit registry verify\n  frankly audit registry verify --snapshots snapshots --root .")]
    Verify(VerifyArgs),
    /// Keep a snapshot of a source, by its SHA-256
    ///
    /// A whole archive at once, out of a clone: --git OpenTermsArchive/contrib-versions=../contrib-versions
    #[command(after_help = "Example:\n  frankly audit registry snapshot --source ota-sig-pp page.html")]
    Snapshot(SnapshotArgs),
    /// Print sources and platforms for a registry from declarations of Open Terms Archive
    #[command(name = "import-ota", after_help = "Example:\n  frankly audit registry import-ota Chat.json")]
    ImportOta {
        /// Declarations in JSON, one service a file
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the registry that is built in, to start one of your own
    #[command(after_help = "Example:\n  frankly audit registry show")]
    Show {
        /// Print its JSON schema, for editors
        #[arg(long)]
        schema: bool,
    },
}

#[derive(Debug, Args)]
struct VerifyArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// Folder of snapshots
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    snapshots: PathBuf,
    /// Folder in which sources with a `file` lie
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Count a quote without a snapshot as a fault
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Args)]
struct SnapshotArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// Folder of snapshots
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    snapshots: PathBuf,
    /// Id of the source that FILE is a copy of
    #[arg(long, value_name = "ID", requires = "file")]
    source: Option<String>,
    /// The copy
    #[arg(value_name = "FILE", requires = "source")]
    file: Option<PathBuf>,
    /// Take every source of this archive out of a clone of it, at the commits that the registry names
    #[arg(long, value_name = "ARCHIVE=DIR", conflicts_with = "source", required_unless_present = "source")]
    git: Option<String>,
}

pub(crate) fn run(args: &RegistryCommandArgs) -> anyhow::Result<Exit> {
    match &args.command {
        RegistryCommand::Lint(args) => lint(args),
        RegistryCommand::Verify(args) => check_quotes(args),
        RegistryCommand::Snapshot(args) => keep(args),
        RegistryCommand::ImportOta { files } => import(files),
        RegistryCommand::Show { schema } => {
            print!("{}", if *schema { REGISTRY_SCHEMA } else { PLATFORMS_YAML });
            Ok(Exit::Pass)
        }
    }
}

fn lint(args: &RegistryArgs) -> anyhow::Result<Exit> {
    let (registry, doubts) = args.load()?;
    for doubt in &doubts {
        println!("{doubt}");
    }
    let claims = registry.platforms.iter().map(|platform| platform.claims.len()).sum();
    println!(
        "{}: no faults, {}; {}, {}, {}",
        registry.file,
        count(doubts.len(), "doubt"),
        count(registry.platforms.len(), "platform"),
        count(claims, "claim"),
        count(registry.sources.len(), "source"),
    );
    Ok(Exit::Pass)
}

fn check_quotes(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let (registry, _) = args.registry.load()?;
    let snapshots = Snapshots::open(&args.snapshots)?;
    let mut unreadable = None;
    let checked = verify(&registry, |source| {
        snapshots.of(source, &args.root).unwrap_or_else(|error| {
            unreadable.get_or_insert(error);
            audit::registry::Snapshot::Missing
        })
    });
    if let Some(error) = unreadable {
        return Err(error);
    }
    let number = |wanted: Verdict| checked.iter().filter(|one| one.verdict == wanted).count();
    for one in checked.iter().filter(|one| one.verdict != Verdict::Found) {
        println!("{} ({})", one.fault, one.platform);
    }
    println!(
        "{} found, {} not found, {} in another snapshot than the one named, {} without a snapshot",
        count(number(Verdict::Found), "quote"),
        number(Verdict::NotFound),
        number(Verdict::WrongHash),
        number(Verdict::NoSnapshot)
    );
    let broken = number(Verdict::NotFound) + number(Verdict::WrongHash) > 0 || (args.strict && number(Verdict::NoSnapshot) > 0);
    Ok(if broken { Exit::Registry } else { Exit::Pass })
}

fn keep(args: &SnapshotArgs) -> anyhow::Result<Exit> {
    let (registry, _) = args.registry.load()?;
    let mut snapshots = Snapshots::open(&args.snapshots)?;
    let kept = match (&args.git, &args.source, &args.file) {
        (Some(git), _, _) => snapshots::from_git(&registry, git, &mut snapshots)?,
        (None, Some(source), Some(file)) => vec![snapshots::from_file(&registry, source, file, &mut snapshots)?],
        _ => anyhow::bail!("name a source and a file, or --git"),
    };
    snapshots.save()?;
    for (source, sha256) in kept {
        println!("{source}: sha256: {sha256}");
    }
    Ok(Exit::Pass)
}

fn import(files: &[PathBuf]) -> anyhow::Result<Exit> {
    let mut services = Vec::new();
    for file in files {
        let text = text_of(file, model::limits::AUDIT_REGISTRY_BYTES)?;
        services.push(audit::registry::ota_service(&text).with_context(|| file.display().to_string())?);
    }
    print!("{}", audit::registry::ota_registry(&services));
    Ok(Exit::Pass)
}
