//! The command line: what may be typed, and which file carries it out.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Overrides;
use crate::serve;

/// Direct messages that say who can read them.
#[derive(Debug, Parser)]
#[command(name = "frankly", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(ServeArgs),
    Scan(crate::scan::ScanArgs),
    Rules(crate::rules::RulesArgs),
    Model(crate::linear::ModelArgs),
    Demo(crate::demo::DemoArgs),
    User(crate::user::UserArgs),
    HostKey(crate::host_key::HostKeyArgs),
    Backup(crate::backup::BackupArgs),
    Restore(crate::backup::RestoreArgs),
    Restored(crate::backup::RestoredArgs),
    Label(crate::label::LabelArgs),
    Bench(crate::bench::BenchArgs),
    Audit(crate::audit::AuditArgs),
}

/// Run the server
///
/// Each flag wins over its variable (`FRANKLY_LISTEN` for --listen), and that over the configuration file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  frankly serve --data ./data --server-name chat.example.org\n  frankly serve --dev")]
pub(crate) struct ServeArgs {
    /// Configuration file [default: ./frankly.toml if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the embedded database [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Address to listen on [default: 127.0.0.1:8008]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The name in user IDs; kept in the database from the first start on
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// PostgreSQL instead of the embedded database, as in `postgres://user@host/name`
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Folder of YAML rule packs instead of those built in; read again when its files change, and on SIGHUP
    #[arg(long, value_name = "DIR")]
    packs: Option<String>,
    /// For development: open registration, no rate limits, quick password hashes; loopback addresses only
    #[arg(long)]
    dev: bool,
}

impl ServeArgs {
    /// The flags as overrides of configuration keys.
    fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::default();
        overrides.put("data", self.data.as_deref());
        overrides.put("listen", self.listen.as_deref());
        overrides.put("server_name", self.server_name.as_deref());
        overrides.put("database", self.database.as_deref());
        overrides.put("packs", self.packs.as_deref());
        overrides.put("dev", self.dev.then_some("true"));
        overrides
    }
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Carries out what was typed.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => {
            let options = crate::config::load(args.config.as_deref(), &args.overrides())?;
            crate::telemetry::start(&options.log)?;
            on(workers(), serve::run(options))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Scan(args) => crate::scan::run(&args),
        Command::Rules(args) => crate::rules::run(&args),
        Command::Model(args) => crate::linear::run(&args),
        Command::Demo(args) => block_on(crate::demo::run(args)),
        Command::HostKey(args) => block_on(crate::host_key::run(args)),
        Command::User(args) => block_on(crate::user::run(args)),
        Command::Backup(args) => crate::backup::back_up(&args),
        Command::Restore(args) => crate::backup::restore(&args),
        Command::Restored(args) => block_on(crate::backup::restored(args)),
        Command::Label(args) => block_on(crate::label::run(args)),
        Command::Bench(args) => block_on(crate::bench::run(args)),
        Command::Audit(args) => Ok(crate::audit::run(&args)),
    }
}

/// Runs a future on a runtime of its own, on all processors.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    on(processors(), future)
}

fn on<T>(threads: usize, future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?.block_on(future)
}

/// Threads that answer requests: one for two processors. The store's threads want the others, and threads that wake one
/// another for each message cost more than they carry.
fn workers() -> usize {
    processors().div_ceil(2)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
