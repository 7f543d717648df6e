//! matrix-sdk and matrix-sdk-ui, client libraries that are not ours, against a running Frankly server.
//!
//! Element X is made of these two; the phones here sync, keep their stores and send as it does.

mod checks;
mod drive;
mod ears;
mod peer;
mod phone;
mod watch;

use anyhow::{Result, bail};

const USAGE: &str = "usage: frankly-e2e-rust drive
         checks the server at FRANKLY_URL, everything once
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
        "drive" => runtime.block_on(drive::run()),
        "peer" => runtime.block_on(peer::run(rest.to_vec())),
        _ => bail!("{USAGE}"),
    };
    runtime.shutdown_background();
    outcome
}
