//! Packs that change while the server runs: read again when the files change and on SIGHUP, taken whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::App;
use model::limits;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::packs::{self, Stamp};

/// Follows the packs of a folder for as long as it is polled; SIGHUP is caught from now on. Without a
/// folder there is nothing to read again, and SIGHUP says so.
pub(super) fn follow(app: Arc<App>, directory: Option<PathBuf>) -> impl Future<Output = ()> {
    let hangup = signal(SignalKind::hangup()).expect("the runtime handles signals");
    follow_until_dropped(app, directory, hangup)
}

async fn follow_until_dropped(app: Arc<App>, directory: Option<PathBuf>, mut hangup: Signal) {
    let Some(directory) = directory else {
        while hangup.recv().await.is_some() {
            tracing::info!("SIGHUP: the packs are those built in; there is nothing to read again");
        }
        return;
    };
    // the files may have changed between the start and now: what is in force is compared by its version
    let mut known = None;
    loop {
        known = Some(look(&app, &directory, known).await);
        tokio::select! {
            _ = hangup.recv() => {
                tracing::info!("SIGHUP: the packs are read again");
                known = None;
            }
            () = tokio::time::sleep(Duration::from_millis(limits::PACKS_POLL_MS)) => {}
        }
    }
}

/// What a look at the folder found: its stamp, or why there is none.
type Look = Result<Stamp, String>;

/// Looks once. Files that are as they were `known` are not read, so each fault is told once.
async fn look(app: &Arc<App>, directory: &Path, known: Option<Look>) -> Look {
    let (app, directory) = (Arc::clone(app), directory.to_owned());
    let looked = tokio::task::spawn_blocking(move || {
        // before the files are read: what changes meanwhile is seen at the next look
        let found = packs::stamp(&directory).map_err(|error| format!("{error:#}"));
        if known.as_ref() == Some(&found) {
            return found;
        }
        match (&found, packs::load(Some(&directory))) {
            (Ok(_), Ok(rules)) => take(&app, rules),
            (Err(fault), _) => refuse(fault),
            (Ok(_), Err(fault)) => refuse(&format!("{fault:#}")),
        }
        found
    });
    looked.await.unwrap_or_else(|error| Err(error.to_string()))
}

fn take(app: &App, rules: app::rules::Rules) {
    let (old, _) = app.rules_in_force();
    if rules.version() == old {
        return;
    }
    tracing::info!(version = rules.version(), rules = rules.count(), old, "other packs are in force");
    metrics::counter!("frankly_pack_reloads_total", "ok" => "true").increment(1);
    app.replace_rules(rules);
}

fn refuse(fault: &str) {
    tracing::error!(%fault, "the packs are refused; the rules stay as they are");
    metrics::counter!("frankly_pack_reloads_total", "ok" => "false").increment(1);
}
