//! `frankly backup`, `frankly restore`, `frankly restored`: the embedded database as one file with its media, and back;
//! and what any database that was brought back from a copy needs before it serves.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use store::Store;
use store::command::restored::BeginEpoch;

use crate::cli::block_on;
use crate::config::{MediaPlace, Options, Overrides, Place};
use crate::{media_files, serve};

/// Copy the embedded database into one file, and media beside it, while the server runs
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  frankly backup --data ./data backup-2027-01-31.db\n\nThe file holds everything, messages included: keep it as safe as the server. Media that are\nkept in a folder get a second name in backup-2027-01-31.db.media; those in a bucket stay there."
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

/// Make ready to serve a database that other means brought back from a copy, as `pg_restore` does
///
/// `frankly restore` does this by itself. Public keys that were given out after the copy was made would be given out twice.
///
/// They are let go of, and clients upload new ones. Places in people's timelines are moved on.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  frankly restored --data ./data\n\nRun it once after each restore, before the server starts.")]
pub(crate) struct RestoredArgs {
    /// PostgreSQL instead of the embedded database
    #[arg(long, value_name = "URL")]
    database: Option<String>,
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
    fn options(&self, database: Option<&str>) -> anyhow::Result<Options> {
        let mut overrides = Overrides::default();
        overrides.put("data", self.data.as_deref());
        overrides.put("database", database);
        crate::config::load(self.config.as_deref(), &overrides)
    }

    /// Where the embedded database is, and where its media are.
    fn places(&self) -> anyhow::Result<(PathBuf, MediaPlace)> {
        let options = self.options(None)?;
        match options.place {
            Place::Directory(directory) => Ok((directory, options.media)),
            Place::Postgres(_) => bail!("the data are in PostgreSQL; use pg_dump, pg_restore, then frankly restored"),
        }
    }
}

/// Carries `frankly backup` out.
pub(crate) fn back_up(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let (directory, media) = args.whose.places()?;
    store::backup::copy_sqlite(&directory.join(serve::DATABASE_FILE), &args.to).context("there is no backup")?;
    let bytes = std::fs::metadata(&args.to)?.len();
    serve::announce(&format!("{} bytes in {}", bytes, args.to.display()));
    // after the database: what it knows of is there, or was deleted since
    match media {
        MediaPlace::Folder(folder) => {
            let to = media_files::beside(&args.to);
            let files = media_files::copy(&folder, &to).context("there is no backup of the media")?;
            if files > 0 {
                serve::announce(&format!("{files} media in {}", to.display()));
            }
        }
        MediaPlace::Bucket(bucket, _) => serve::announce(&format!("media stay in the bucket {}: copy them there", bucket.bucket)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Carries `frankly restore` out.
pub(crate) fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let (directory, media) = args.whose.places()?;
    serve::make_private(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let to = directory.join(serve::DATABASE_FILE);
    for rest in [to.clone(), to.with_extension("db-wal")] {
        if rest.exists() {
            bail!("{} is there already; restore into an empty directory", rest.display());
        }
    }
    store::backup::copy_sqlite(&args.from, &to).context("nothing was restored")?;
    block_on(async { begin_epoch(&Store::open_sqlite(&to)?).await })?;
    if let MediaPlace::Folder(folder) = media {
        media_files::copy(&media_files::beside(&args.from), &folder).context("the database is restored, its media are not")?;
    }
    serve::announce(&format!("restored into {}", directory.display()));
    Ok(ExitCode::SUCCESS)
}

/// Carries `frankly restored` out.
pub(crate) async fn restored(args: RestoredArgs) -> anyhow::Result<ExitCode> {
    let options = args.whose.options(args.database.as_deref())?;
    if let Place::Directory(directory) = &options.place
        && !directory.join(serve::DATABASE_FILE).exists()
    {
        bail!("there is no database in {}", directory.display());
    }
    let keys = begin_epoch(&serve::open_store(&options.place).await?).await?;
    serve::announce(&format!("ready to serve; {keys} one-time keys were let go of"));
    Ok(ExitCode::SUCCESS)
}

/// Tells a database that it is a copy; how many keys it let go of.
async fn begin_epoch(store: &Store) -> anyhow::Result<u64> {
    let epoch = store.run(BeginEpoch).await.context("the copy could not be made ready")?;
    store.close().await;
    Ok(epoch.keys_dropped)
}
