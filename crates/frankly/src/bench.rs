//! `frankly bench`: measures a Matrix homeserver on this machine and checks that it kept its promises.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use sim::measure::{crash, deliver, grow, idle, mixed, selftest, send, sync};
use sim::null::{Fault, NullOptions, NullServer, Temper};
use sim::pace::Pace;
use sim::report::Report;
use sim::server::TargetOptions;

/// Exit code after a fault: a promise was broken, or nothing could be measured.
const FAULTY: u8 = 1;

/// Measure a Matrix homeserver on this machine
///
/// Without --url each measurement starts `frankly serve --dev` on a free loopback port with an empty folder, and
/// removes both afterwards. Exit code 0: measured, and every promise kept; 1: a message was lost, doubled, out of
/// order or altered, or a request failed; 2: wrong usage.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    command: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// How fast and how cheaply messages are taken
    #[command(after_help = "Examples:\n  frankly bench send --senders 64 --seconds 20 --against-null\n  \
        frankly bench send --senders 64 --sealed\n  \
        frankly bench send --rate 500 --seconds 30 --json\n  \
        frankly bench send --url http://127.0.0.1:8008 --server-pid 4711 --messages 10000")]
    Send(SendArgs),
    /// How long a message takes to the recipient's long poll
    #[command(after_help = "Example:\n  frankly bench deliver --rate 500 --seconds 20 --against-null")]
    Deliver(DeliverArgs),
    /// What a sync costs as a person's rooms grow
    #[command(after_help = "Examples:\n  frankly bench sync --rooms 10,100,1000 --messages-per-room 10\n  \
        frankly bench sync --rooms 10,1000 --sliding")]
    Sync(SyncArgs),
    /// What a connection costs that waits for nothing
    #[command(after_help = "Example:\n  frankly bench idle --connections 1000 --seconds 20")]
    Idle(IdleArgs),
    /// Sending, typing, receipts and syncs together
    #[command(after_help = "Example:\n  frankly bench mixed --rate 500 --seconds 20")]
    Mixed(MixedArgs),
    /// What a send costs as the store grows
    #[command(after_help = "Example:\n  frankly bench grow --messages 1000000")]
    Grow(GrowArgs),
    /// Kill the server under load, again and again, and look for a broken promise
    #[command(after_help = "Examples:\n  frankly bench crash --kills 20\n  frankly bench crash --kills 200 --seed 7")]
    Crash(CrashArgs),
    /// Serve the null server: the least that takes a durable message and delivers it
    #[command(after_help = "Example:\n  frankly bench null --listen 127.0.0.1:9009 --data /tmp")]
    Null(NullArgs),
    /// Show that the checks find injected faults
    #[command(after_help = "Example:\n  frankly bench selftest")]
    Selftest(SelftestArgs),
}

#[derive(Args, Debug)]
struct TargetArgs {
    /// A running server on this machine, by plain http; without it one is started
    #[arg(long)]
    url: Option<String>,
    /// Process of the running server, to read its CPU time and memory
    #[arg(long, requires = "url")]
    server_pid: Option<u32>,
    /// Data folder of the running server, to read its size
    #[arg(long, requires = "url")]
    data: Option<PathBuf>,
    /// Database of the started server, such as postgres://…
    #[arg(long, conflicts_with = "url")]
    database: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args, Debug)]
struct OutputArgs {
    /// Seed of everything random; drawn and printed when left out
    #[arg(long)]
    seed: Option<u64>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct SendArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Senders, each with one recipient in one room
    #[arg(long, default_value_t = 8)]
    senders: u32,
    /// How long to send
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Send this many messages instead
    #[arg(long, conflicts_with_all = ["seconds", "rate"])]
    messages: Option<u64>,
    /// Open loop: this many messages a second, with latency from the moment each was due
    #[arg(long)]
    rate: Option<u32>,
    /// Conversations are sealed: messages are encrypted, with key claims and room keys to devices
    #[arg(long)]
    sealed: bool,
    /// Length of one body
    #[arg(long, default_value_t = 120)]
    body_bytes: usize,
    /// Run the same load against the null server just before, and print the ratio
    #[arg(long)]
    against_null: bool,
}

#[derive(Args, Debug)]
struct DeliverArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Senders, each with one recipient who long-polls
    #[arg(long, default_value_t = 32)]
    senders: u32,
    /// Messages a second of all senders together
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// How long to send
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Conversations are sealed: messages are encrypted, with key claims and room keys to devices
    #[arg(long)]
    sealed: bool,
    /// Length of one body
    #[arg(long, default_value_t = 120)]
    body_bytes: usize,
    /// Run the same load against the null server just before, and print the ratio
    #[arg(long)]
    against_null: bool,
}

#[derive(Args, Debug)]
struct SyncArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Numbers of rooms to measure at, growing
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000")]
    rooms: Vec<u32>,
    /// Messages in each room
    #[arg(long, default_value_t = 10)]
    messages_per_room: u32,
    /// People on the other side of the rooms
    #[arg(long, default_value_t = 20)]
    others: u32,
    /// Least repeats of each sync
    #[arg(long, default_value_t = 20)]
    repeats: u32,
    /// How long each kind of sync is repeated at least
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Measure sliding sync, too
    #[arg(long)]
    sliding: bool,
    /// Conversations are sealed: messages are encrypted, with key claims and room keys to devices
    #[arg(long)]
    sealed: bool,
    /// Length of one body
    #[arg(long, default_value_t = 120)]
    body_bytes: usize,
}

#[derive(Args, Debug)]
struct IdleArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Long polls that wait at the same time
    #[arg(long, default_value_t = 1_000)]
    connections: u32,
    /// People they belong to, one poll each unless given; a server may answer all but a few polls of one device early
    #[arg(long)]
    people: Option<u32>,
    /// How long to watch
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

#[derive(Args, Debug)]
struct MixedArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// People who act, each with one recipient who long-polls
    #[arg(long, default_value_t = 32)]
    senders: u32,
    /// Deeds a second of all together
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// How long
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Length of one body
    #[arg(long, default_value_t = 120)]
    body_bytes: usize,
}

#[derive(Args, Debug)]
struct GrowArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Senders, each as fast as it is answered
    #[arg(long, default_value_t = 64)]
    senders: u32,
    /// Stored messages at the end
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Messages that are measured before each decade
    #[arg(long, default_value_t = 5_000)]
    probe: u64,
    /// Length of one body
    #[arg(long, default_value_t = 120)]
    body_bytes: usize,
}

#[derive(Args, Debug)]
struct CrashArgs {
    /// How often the server is killed
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// Senders, each with one recipient who long-polls
    #[arg(long, default_value_t = 8)]
    senders: u32,
    /// Database of the server, such as postgres://…; it must be empty
    #[arg(long)]
    database: Option<String>,
    /// Conversations are sealed: messages are encrypted, with key claims and room keys to devices
    #[arg(long)]
    sealed: bool,
    /// Length of one body
    #[arg(long, default_value_t = 120)]
    body_bytes: usize,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args, Debug)]
struct NullArgs {
    /// Loopback address to listen on
    #[arg(long, default_value = "127.0.0.1:9009")]
    listen: SocketAddr,
    /// Folder of the journal; without it nothing is written to disk
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct SelftestArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs one measurement, or stops it and its server at Ctrl-C.
pub(crate) async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    tokio::select! {
        done = Box::pin(dispatch(args.command)) => done,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("cannot listen for Ctrl-C")?;
            eprintln!("bench: interrupted; nothing was measured");
            Ok(ExitCode::from(FAULTY))
        }
    }
}

async fn dispatch(command: Bench) -> anyhow::Result<ExitCode> {
    match command {
        Bench::Send(args) => {
            let pace = args.pace();
            let SendArgs { senders, sealed, body_bytes, against_null, .. } = args;
            let (target, json) = args.target.split()?;
            let options = send::SendOptions { target, senders, pace, body_bytes, sealed, against_null };
            print(json, send::send(&options).await)
        }
        Bench::Deliver(args) => {
            let DeliverArgs { senders, rate, seconds, sealed, body_bytes, against_null, .. } = args;
            let ((target, json), lasting) = (args.target.split()?, Duration::from_secs(seconds));
            let options = deliver::DeliverOptions { target, senders, rate, lasting, body_bytes, sealed, against_null };
            print(json, deliver::deliver(&options).await)
        }
        Bench::Sync(args) => {
            let SyncArgs { rooms, messages_per_room, others, repeats, seconds, sliding, sealed, body_bytes, target } = args;
            let ((target, json), lasting) = (target.split()?, Duration::from_secs(seconds));
            let options = sync::SyncOptions { target, rooms, messages_per_room, others, repeats, lasting, body_bytes, sliding, sealed };
            print(json, sync::sync(&options).await)
        }
        Bench::Idle(args) => {
            let IdleArgs { connections, people, seconds, target } = args;
            let ((target, json), lasting) = (target.split()?, Duration::from_secs(seconds));
            print(json, idle::idle(&idle::IdleOptions { target, connections, people: people.unwrap_or(connections), lasting }).await)
        }
        Bench::Mixed(args) => {
            let MixedArgs { senders, rate, seconds, body_bytes, target } = args;
            let ((target, json), lasting) = (target.split()?, Duration::from_secs(seconds));
            print(json, mixed::mixed(&mixed::MixedOptions { target, senders, rate, lasting, body_bytes }).await)
        }
        Bench::Grow(args) => {
            let GrowArgs { senders, messages, probe, body_bytes, target } = args;
            let (target, json) = target.split()?;
            print(json, grow::grow(&grow::GrowOptions { target, senders, messages, probe, body_bytes }).await)
        }
        Bench::Crash(args) => {
            let CrashArgs { kills, senders, database, sealed, body_bytes, output } = args;
            let (target, json) = TargetArgs { url: None, server_pid: None, data: None, database, output }.split()?;
            print(json, crash::crash(&crash::CrashOptions { target, senders, kills, body_bytes, sealed }).await)
        }
        Bench::Null(args) => null(args).await,
        Bench::Selftest(args) => print(args.output.json, selftest::selftest(args.output.seed()).await),
    }
}

async fn null(args: NullArgs) -> anyhow::Result<ExitCode> {
    let NullArgs { listen, data } = args;
    let server = NullServer::bind(NullOptions { listen, data, fault: Fault::None, temper: Temper::default() }).await?;
    eprintln!("the null server listens on http://{}; Ctrl-C ends it", server.origin()?.address());
    server.run().await;
    Ok(ExitCode::SUCCESS)
}

fn print<R: Report>(json: bool, result: Result<R, sim::SimError>) -> anyhow::Result<ExitCode> {
    let report = match result {
        Ok(report) => report,
        Err(sim::SimError::Usage(why)) => {
            eprintln!("bench: {why}");
            return Ok(ExitCode::from(2));
        }
        Err(error) => {
            eprintln!("bench: {error}");
            return Ok(ExitCode::from(FAULTY));
        }
    };
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        for table in report.tables() {
            writeln!(out, "{table}")?;
        }
    }
    if report.faults() == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("bench: {} faults: a message was lost, doubled, out of order or altered, or a request failed", report.faults());
    Ok(ExitCode::from(FAULTY))
}

impl SendArgs {
    fn pace(&self) -> Pace {
        let lasting = Duration::from_secs(self.seconds);
        match (self.messages, self.rate) {
            (Some(messages), _) => Pace::ClosedCount(messages),
            (None, Some(rate)) => Pace::Open { rate, lasting },
            (None, None) => Pace::ClosedFor(lasting),
        }
    }
}

impl OutputArgs {
    fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| rand::random::<u32>().into())
    }
}

impl TargetArgs {
    fn split(self) -> anyhow::Result<(TargetOptions, bool)> {
        let exe = std::env::current_exe().context("cannot find this program's file, to start the server from it")?;
        let Self { url, server_pid, data, database, output } = self;
        let seed = output.seed();
        Ok((TargetOptions { url, server_pid, data, database, seed, exe }, output.json))
    }
}
