//! Files that change while the server runs: read again when they change and on SIGHUP, taken whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::App;
use model::limits;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Files;
use crate::packs::{self, Stamp};

/// Something that is followed: what it is called, where it is, and how it is looked at and put in force.
struct Followed {
    what: &'static str,
    refusal: &'static str,
    path: PathBuf,
    stamp: fn(&Path) -> anyhow::Result<Stamp>,
    take: fn(&App, &Path) -> anyhow::Result<()>,
    /// What the last look found: a stamp, or why there is none.
    known: Option<Result<Stamp, String>>,
}

/// Follows files for as long as it is polled; SIGHUP is caught from now on. Without any there is nothing to read
/// again, and SIGHUP says so.
pub(super) fn follow(app: Arc<App>, files: Files) -> impl Future<Output = ()> {
    let hangup = signal(SignalKind::hangup()).expect("the runtime handles signals");
    // the files may have changed between the start and now: what is in force is compared by its version
    let packs = files.packs.map(|path| Followed {
        what: "packs",
        refusal: "the packs are refused; the rules stay as they are",
        path,
        stamp: packs::stamp,
        take: take_packs,
        known: None,
    });
    let contact = files.contact_policy.map(|path| Followed {
        what: "contact policy",
        refusal: "the contact policy is refused; the old one stays in force",
        path,
        stamp: packs::stamp_of_file,
        take: take_contact,
        known: None,
    });
    let modes = files.mode_file.map(|path| Followed {
        what: "mode policies",
        refusal: "the mode policies are refused; the old ones stay in force",
        path,
        stamp: packs::stamp_of_file,
        take: take_modes,
        known: None,
    });
    follow_until_dropped(app, packs.into_iter().chain(contact).chain(modes).collect(), hangup)
}

async fn follow_until_dropped(app: Arc<App>, mut followed: Vec<Followed>, mut hangup: Signal) {
    if followed.is_empty() {
        while hangup.recv().await.is_some() {
            tracing::info!("SIGHUP: the packs are those built in; there is nothing to read again");
        }
        return;
    }
    loop {
        followed = look(&app, followed).await;
        tokio::select! {
            _ = hangup.recv() => {
                tracing::info!("SIGHUP: packs and policies are read again");
                for one in &mut followed {
                    one.known = None;
                }
            }
            () = tokio::time::sleep(Duration::from_millis(limits::PACKS_POLL_MS)) => {}
        }
    }
}

/// Looks at all of them once, where waiting for a disk holds nobody up.
async fn look(app: &Arc<App>, mut followed: Vec<Followed>) -> Vec<Followed> {
    let app = Arc::clone(app);
    let looked = tokio::task::spawn_blocking(move || {
        for one in &mut followed {
            one.look(&app);
        }
        followed
    });
    looked.await.expect("looking at files does not panic")
}

impl Followed {
    /// Looks once. Files that are as they were known are not read, so each fault is told once.
    fn look(&mut self, app: &App) {
        // before the files are read: what changes meanwhile is seen at the next look
        let found = (self.stamp)(&self.path).map_err(|error| format!("{error:#}"));
        if self.known.as_ref() == Some(&found) {
            return;
        }
        let taken = match &found {
            Ok(_) => (self.take)(app, &self.path).map_err(|fault| format!("{fault:#}")),
            Err(fault) => Err(fault.clone()),
        };
        if let Err(fault) = taken {
            tracing::error!(%fault, "{}", self.refusal);
            metrics::counter!("frankly_pack_reloads_total", "what" => self.what, "ok" => "false").increment(1);
        }
        self.known = Some(found);
    }
}

fn take_packs(app: &App, directory: &Path) -> anyhow::Result<()> {
    let rules = packs::load(Some(directory))?;
    let (old, _) = app.rules_in_force();
    if rules.version() != old {
        warn_of_unapproved(&rules);
        tracing::info!(version = rules.version(), rules = rules.count(), old, "other packs are in force");
        metrics::counter!("frankly_pack_reloads_total", "what" => "packs", "ok" => "true").increment(1);
        app.replace_rules(rules);
    }
    Ok(())
}

/// Says which rules act on messages without the approval of two people; what follows from that is the operator's to say.
pub(super) fn warn_of_unapproved(rules: &app::rules::Rules) {
    let unapproved = rules.set().unapproved();
    if !unapproved.is_empty() {
        tracing::warn!(rules = unapproved.len(), first = %unapproved[0], "rules act without two approvals; see `frankly rules lint`");
    }
}

fn take_contact(app: &App, file: &Path) -> anyhow::Result<()> {
    let policy = packs::load_contact(file)?;
    let (_, old) = app.contact_policy_in_force();
    if policy.version() != old {
        tracing::info!(policy = policy.name(), version = policy.version(), old, "another contact policy is in force");
        metrics::counter!("frankly_pack_reloads_total", "what" => "contact policy", "ok" => "true").increment(1);
        app.replace_contact_policy(policy);
    }
    Ok(())
}

fn take_modes(app: &App, file: &Path) -> anyhow::Result<()> {
    if app.replace_modes(crate::config::mode_file(file)?) {
        tracing::info!(file = %file.display(), "other mode policies are in force");
        metrics::counter!("frankly_pack_reloads_total", "what" => "mode policies", "ok" => "true").increment(1);
    }
    Ok(())
}
