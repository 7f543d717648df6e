//! matrix-sdk and matrix-sdk-ui, client libraries that are not ours, against a running Frankly server.
//!
//! Element X is made of these two; the phones here sync, keep their stores and send as it does.

mod books;
mod checks;
mod drive;
mod ears;
mod handset;
mod peer;
mod phone;
mod server;
mod traffic;
mod watch;
mod worker;

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: frankly-e2e-rust drive
         checks the server at FRANKLY_URL, everything once, then 500 messages with restarts and kills
       frankly-e2e-rust long
         5,000 sealed messages with restarts and kills
       frankly-e2e-rust peer --url URL --user USER --password PASSWORD [--register]
         logs in, accepts invitations, answers every text with \"echo: \" and the text, ends on \"bye\";
         prints a line of JSON for each event it could or could not decrypt";

/// The library's futures are large, and those of a build without optimisation more so.
const STACK_BYTES: usize = 16 * 1024 * 1024;

fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(std::env::var("E2E_LOG").unwrap_or_else(|_| "off".to_owned())))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    // the main thread's stack is not ours to choose
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(command)?.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs what the command line names.
fn command() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = arguments.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let outcome = match command {
        "drive" => runtime.block_on(drive()),
        "long" => runtime.block_on(long()),
        "phone" => runtime.block_on(worker::run(rest)),
        "peer" => runtime.block_on(peer::run(rest.to_vec())),
        _ => bail!("{USAGE}"),
    };
    runtime.shutdown_background();
    outcome
}

/// Two people, 500 messages.
const SHORT: traffic::Plan = traffic::Plan {
    name: "short",
    devices: &[1, 1],
    rooms: &[&[0, 1]],
    messages: 500,
    rounds: 10,
    session_messages: 40,
    late_device: false,
};

/// Five people with seven devices, six conversations, 5,040 messages.
const LONG: traffic::Plan = traffic::Plan {
    name: "long",
    devices: &[2, 2, 1, 1, 1],
    rooms: &[&[0, 1], &[1, 2], &[3, 4], &[0, 2, 3], &[1, 3, 4], &[0, 1, 2, 3, 4]],
    messages: 5040,
    rounds: 42,
    session_messages: 25,
    late_device: true,
};

async fn drive() -> Result<()> {
    let url = url()?;
    let world = drive::run(&url).await?;
    traffic::run(SHORT, &url, drive::PASSWORD).await?;
    drive::afterwards(&world).await?;
    println!("{} checks passed", checks::passed());
    Ok(())
}

async fn long() -> Result<()> {
    traffic::run(LONG, &url()?, drive::PASSWORD).await?;
    println!("{} checks passed", checks::passed());
    Ok(())
}

fn url() -> Result<String> {
    std::env::var("FRANKLY_URL").context("FRANKLY_URL is where the server listens")
}
