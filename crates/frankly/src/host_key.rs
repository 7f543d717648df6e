//! `frankly host-key`: keys with which the host platform tells of its people. Works on the database itself, also while
//! the server runs.

use std::process::ExitCode;

use anyhow::anyhow;
use app::host::HostKey;
use app::rules::Rules;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::config::Overrides;
use crate::serve;

/// Keys of the host platform
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  frankly host-key make shop --data ./data\n  frankly host-key list --data ./data\n  frankly host-key revoke shop --data ./data"
)]
pub(crate) struct HostKeyArgs {
    #[command(subcommand)]
    command: HostKeyCommand,
    /// Configuration file [default: ./frankly.toml if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<std::path::PathBuf>,
    /// Directory of the embedded database [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<String>,
    /// PostgreSQL instead of the embedded database, as in `postgres://user@host/name`
    #[arg(long, value_name = "URL", global = true)]
    database: Option<String>,
    /// Answer in JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum HostKeyCommand {
    /// Make a key; it is printed once, and kept as a hash
    #[command(after_help = "Example:\n  frankly host-key make shop --data ./data")]
    Make(NameArgs),
    /// List all keys, without the keys
    #[command(after_help = "Example:\n  frankly host-key list --json --data ./data")]
    List,
    /// End a key at once
    #[command(after_help = "Example:\n  frankly host-key revoke shop --data ./data")]
    Revoke(NameArgs),
}

#[derive(Args, Debug)]
struct NameArgs {
    /// What you call the key; a name is used once
    name: String,
}

/// Carries `frankly host-key …` out.
pub(crate) async fn run(args: HostKeyArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    overrides.put("data", args.data.as_deref());
    overrides.put("database", args.database.as_deref());
    let options = crate::config::load(args.config.as_deref(), &overrides)?;
    let app = serve::open_app_with(&options, true, Rules::default()).await?;
    match args.command {
        HostKeyCommand::Make(named) => {
            let key = app.make_host_key(&named.name).await.map_err(|error| anyhow!("{}: {error}", named.name))?;
            let key = key.expose();
            serve::announce(&if args.json { json!({"name": named.name, "key": key}).to_string() } else { key.clone() });
        }
        HostKeyCommand::List => {
            for key in app.host_keys().await? {
                show(&key, args.json);
            }
        }
        HostKeyCommand::Revoke(named) => {
            app.revoke_host_key(&named.name).await.map_err(|error| anyhow!("{}: {error}", named.name))?;
            for key in app.host_keys().await?.iter().filter(|key| key.name == named.name) {
                show(key, args.json);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(key: &HostKey, json: bool) {
    let state = if key.revoked_ms.is_some() { "revoked" } else { "good" };
    serve::announce(&if json {
        json!({"name": key.name, "tenant": key.tenant, "state": state, "created_ms": key.created_ms, "revoked_ms": key.revoked_ms})
            .to_string()
    } else {
        format!("{}  {state}", key.name)
    });
}
