//! `frankly demo`: a deployment that lasts until Ctrl-C, with people who have already talked.

mod sealed;
mod story;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::{config, serve, telemetry};

/// Start a fresh deployment with a handful of people; Ctrl-C removes it
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  frankly demo --listen 127.0.0.1:9000")]
pub(crate) struct DemoArgs {
    /// Address to listen on, of this machine only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8008")]
    listen: SocketAddr,
}

/// Runs until it is told to stop, then removes everything.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    // first of all, so that nothing stays behind whenever it comes
    let stop = serve::stop_signal();
    let folder = tempfile::Builder::new().prefix("frankly-demo-").tempdir().context("cannot make a temporary folder")?;
    let listener = serve::bind(args.listen).await?;
    let address = listener.local_addr()?;
    let options = config::for_demo(folder.path(), address)?;
    telemetry::start(&options.log)?;
    let app = serve::open_app(&options).await?;
    let told = story::tell(&app).await.context("the demo's people could not be made")?;
    serve::announce(&card(address, folder.path(), &told));
    serve::serve(Arc::clone(&app), listener, serve::Files::default(), Vec::new(), stop).await?;
    drop(app);
    folder.close().context("the temporary folder could not be removed")?;
    Ok(ExitCode::SUCCESS)
}

/// What a visitor needs to look around.
fn card(address: SocketAddr, folder: &Path, told: &story::Told) -> String {
    use std::fmt::Write;
    let mut text = format!(
        "\n  Frankly is running. Everything here is gone after Ctrl-C.\n\n  \
         Chat server    http://{address}   (any Matrix client that takes a password)\n  \
         Safety console http://{address}/_frankly/console/\n\n  \
         Everybody's password is {}\n\n",
        story::PASSWORD
    );
    for person in story::PEOPLE {
        // writing to a String cannot fail
        let _infallible = writeln!(text, "    {:<6} {}", person.name, person.who);
    }
    let _infallible = write!(
        text,
        "\n  {} messages were delivered, {} withheld, {} refused.\n\n  \
         Five minutes:\n  \
         1. Log in to the console as rosa: the queue shows what was withheld and refused.\n  \
         2. Open a case. The message is hidden until you say why you read it; that is recorded.\n  \
         3. Decide: release the message, or keep it back and warn, suspend or lock its sender.\n  \
         4. Log in as ana in a Matrix client: the first notice says who can read the conversation.\n  \
         5. Log in to the console as otto, the auditor: who read what, when and why, and no message.\n  \
         6. ana and ben also talked where nobody else can read: frankly label verify '{sealed}' --data {data}\n  \
         7. Look for what they said there: grep -ra '{words}' {data} finds nothing.\n  \
         8. As ana, look for mia: she is 16 and does not know Ana, so there is nobody of that name. Ben finds her.\n",
        told.delivered,
        told.withheld,
        told.refused,
        sealed = told.sealed.as_ref().map_or("", |room| room.as_str()),
        words = sealed::WORDS,
        data = folder.display(),
    );
    text
}
