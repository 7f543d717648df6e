//! `frankly serve`: opens the store, builds the app, serves it until told to stop.

mod connections;
mod outside;
mod proxies;
mod reload;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use app::App;
use app::rules::Rules;
use model::id::OwnedServerName;
use store::Store;
use store::command::name_server::NameServer;
use tokio::net::TcpListener;

use crate::config::{Options, Place};
use crate::system::{SystemClock, SystemEntropy};
use crate::telemetry;

/// Seconds between two compactions of all inboxes.
const COMPACTION_EVERY_S: u64 = 6 * 3_600;

/// Name of the database file in the data directory.
pub(crate) const DATABASE_FILE: &str = "frankly.db";
/// How long webhooks and notices under way may take when the server stops.
const JOBS_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// How long reads under way and the last commit may take when the server stops.
const CLOSE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Serves until SIGINT or SIGTERM, then finishes what was accepted.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let app = open_app(&options).await?;
    let listener = bind(options.listen).await?;
    let files = Files { packs: options.packs, contact_policy: options.contact_policy, mode_file: options.mode_file };
    serve(app, listener, files, options.trusted_proxies, stop_signal()).await
}

/// Takes the address.
pub(crate) async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}; choose another with --listen"))
}

/// Files that are followed while the server runs; what is built in stays.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Folder of rule packs.
    pub(crate) packs: Option<PathBuf>,
    /// The contact policy.
    pub(crate) contact_policy: Option<PathBuf>,
    /// The mode policies.
    pub(crate) mode_file: Option<PathBuf>,
}

/// Serves an app until `stop` resolves, then finishes what was accepted. Files are followed as they change; `trusted` are
/// the proxies that are believed whom they ask for.
pub(crate) async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    files: Files,
    trusted: Vec<IpAddr>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let meter = telemetry::meter()?;
    let router = outside::router(Arc::clone(&app), meter);
    let reload = tokio::spawn(reload::follow(Arc::clone(&app), files));
    announce(&format!("listening on http://{address}"));
    tracing::info!(%address, server_name = %app.config.server_name, store = app.store_kind(), dev = app.config.dev, "serving");
    let ticks = tokio::spawn(tick(Arc::clone(&app)));
    let jobs = app.spawn_jobs();
    connections::serve(listener, router, trusted.into(), stop).await;
    ticks.abort();
    reload.abort();
    jobs.stop(JOBS_PATIENCE).await;
    if tokio::time::timeout(CLOSE_PATIENCE, app.close()).await.is_err() {
        tracing::warn!("the database was not closed in time; what was committed is safe, and the next start tidies up");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Small work that time alone brings: typing notices end, rate counters are forgotten.
async fn tick(app: Arc<App>) {
    let mut seconds: u64 = 0;
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        app.expire_typing();
        seconds += 1;
        if seconds.is_multiple_of(60) {
            app.forget_idle_rates();
        }
        if seconds.is_multiple_of(COMPACTION_EVERY_S)
            && let Err(error) = app.compact_inboxes().await
        {
            tracing::warn!(%error, "the inboxes could not be compacted; it is tried again later");
        }
    }
}

/// The app over its store, under the name that the store remembers.
pub(crate) async fn open_app(options: &Options) -> anyhow::Result<Arc<App>> {
    open_app_with(options, options.is_dev(), crate::packs::load(options.packs.as_deref())?).await
}

/// As [`open_app`], under given rules; a store that has no name yet is called `localhost` if wanted.
pub(crate) async fn open_app_with(options: &Options, or_localhost: bool, rules: Rules) -> anyhow::Result<Arc<App>> {
    let contact = options.contact_policy.as_deref().map(crate::packs::load_contact).transpose()?;
    let store = open_store(&options.place).await?;
    let wanted = options.server_name.clone().or_else(|| or_localhost.then(localhost));
    let server_name = name(&store, wanted.as_ref(), options.server_name.is_some()).await?;
    let config = options.app_config(server_name);
    let app = App::new(config, store, options.media.open()?, Arc::new(SystemClock), Arc::new(SystemEntropy), rules);
    if let Some(policy) = contact {
        app.replace_contact_policy(policy);
    }
    app.ensure_service_account().await.context("cannot prepare the server's own account")?;
    Ok(Arc::new(app))
}

/// Opens the database, making its directory when there is none.
pub(crate) async fn open_store(place: &Place) -> anyhow::Result<Store> {
    match place {
        Place::Postgres(url) => Store::open_postgres(url.expose()).await.context("cannot use the PostgreSQL database"),
        Place::Directory(directory) => {
            make_private(directory).with_context(|| format!("cannot make {}", directory.display()))?;
            let file = directory.join(DATABASE_FILE);
            Store::open_sqlite(&file).with_context(|| format!("cannot open {}", file.display()))
        }
    }
}

/// The server's name: the remembered one, or `wanted` on the first start.
pub(crate) async fn name(store: &Store, wanted: Option<&OwnedServerName>, insist: bool) -> anyhow::Result<OwnedServerName> {
    let named = store.run(NameServer { wanted: wanted.cloned() }).await.context("cannot read the server's name")?;
    match (named, wanted) {
        (Some(named), Some(wanted)) if insist && named != *wanted => {
            bail!(
                "these data belong to {named}, not to {wanted}; user IDs carry the name, so it cannot change: use another --data or --server-name {named}"
            )
        }
        (Some(named), _) => Ok(named),
        (None, _) => bail!("this server has no name yet; say --server-name chat.example.org (it becomes part of every user ID)"),
    }
}

fn localhost() -> OwnedServerName {
    OwnedServerName::try_from("localhost").expect("localhost is a server name")
}

/// Makes a directory that only its owner can enter.
pub(crate) fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The one line that scripts wait for.
pub(crate) fn announce(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // whoever started the server may have closed its end; the server runs all the same
    let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Resolves on SIGINT or SIGTERM. From the call on neither ends the process by itself.
pub(crate) fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let caught = |kind| signal(kind).expect("the runtime handles signals");
    let (mut interrupt, mut terminate) = (caught(SignalKind::interrupt()), caught(SignalKind::terminate()));
    async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
