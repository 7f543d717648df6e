//! `frankly backup` and `frankly restore`: the embedded database as one file, and back.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use crate::config::{Overrides, Place};
use crate::serve;

/// Copy the embedded database into one file, while the server runs
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  frankly backup --data ./data backup-2027-01-31.db\n\nThe file holds everything, messages included: keep it as safe as the server."
)]
pub(crate) struct BackupArgs {
    /// The new file; one that is there already is not overwritten
    to: PathBuf,
    #[command(flatten)]
    whose: Whose,
}

/// Make a data directory from such a file; the server must not be running there
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  frankly restore backup-2027-01-31.db --data ./data")]
pub(crate) struct RestoreArgs {
    /// The file that `frankly backup` made
    from: PathBuf,
    #[command(flatten)]
    whose: Whose,
}

/// Which deployment.
#[derive(Args, Debug)]
struct Whose {
    /// Configuration file [default: ./frankly.toml if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the embedded database [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
}

impl Whose {
    fn directory(&self) -> anyhow::Result<PathBuf> {
        let mut overrides = Overrides::default();
        overrides.put("data", self.data.as_deref());
        match crate::config::load(self.config.as_deref(), &overrides)?.place {
            Place::Directory(directory) => Ok(directory),
            Place::Postgres(_) => bail!("the data are in PostgreSQL; use pg_dump and pg_restore"),
        }
    }
}

/// Carries `frankly backup` out.
pub(crate) fn back_up(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let from = args.whose.directory()?.join(serve::DATABASE_FILE);
    store::backup::copy_sqlite(&from, &args.to).context("there is no backup")?;
    let bytes = std::fs::metadata(&args.to)?.len();
    serve::announce(&format!("{} bytes in {}", bytes, args.to.display()));
    Ok(ExitCode::SUCCESS)
}

/// Carries `frankly restore` out.
pub(crate) fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let directory = args.whose.directory()?;
    serve::make_private(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let to = directory.join(serve::DATABASE_FILE);
    for rest in [to.clone(), to.with_extension("db-wal")] {
        if rest.exists() {
            bail!("{} is there already; restore into an empty directory", rest.display());
        }
    }
    store::backup::copy_sqlite(&args.from, &to).context("nothing was restored")?;
    serve::announce(&format!("restored into {}", directory.display()));
    Ok(ExitCode::SUCCESS)
}
