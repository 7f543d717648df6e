//! Tells applications that something is new: whoever's inbox moved, and from time to time everybody whose pushers are behind.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use model::id::OwnedUserId;
use model::limits;
use store::query::pushers::{Behind, ToTryAgain, WithPushers};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{App, Error};

/// Ticks between two looks at everybody.
const RECHECK_TICKS: u64 = limits::PUSH_RECHECK_MS / limits::PUSH_TICK_MS;

/// Who waits to be told, and who is being told; nobody is in two tasks at a time.
struct Work {
    app: Arc<App>,
    /// With whether it is to be noted how far they are, also when there is nothing to tell.
    waiting: HashMap<OwnedUserId, bool>,
    busy: HashMap<Id, OwnedUserId>,
    tasks: JoinSet<()>,
}

pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut work = Work { app: Arc::clone(&app), waiting: HashMap::new(), busy: HashMap::new(), tasks: JoinSet::new() };
    let mut ticks = 0_u64;
    let mut tick = tokio::time::interval(Duration::from_millis(limits::PUSH_TICK_MS));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        work.start();
        tokio::select! {
            () = stop.cancelled() => break,
            moved = app.wake.followed.moved() => work.add(moved, false),
            Some(done) = work.tasks.join_next_with_id() => work.finish(done),
            _ = tick.tick() => {
                if let Err(error) = work.look(ticks).await {
                    tracing::error!(%error, "pushers could not be looked at; they are again in a moment");
                }
                ticks += 1;
            }
        }
    }
    // each ends within the bound of its calls; what is cut off is told again after its lease
    while work.tasks.join_next().await.is_some() {}
}

impl Work {
    fn add(&mut self, people: impl IntoIterator<Item = OwnedUserId>, note: bool) {
        for user in people {
            *self.waiting.entry(user).or_default() |= note;
        }
    }

    /// Looks for those whose gateway may be called again, and from time to time for everybody who is behind.
    async fn look(&mut self, ticks: u64) -> Result<(), Error> {
        let app = Arc::clone(&self.app);
        if ticks.is_multiple_of(RECHECK_TICKS) {
            // those of other processes, too
            app.wake.followed.follow(app.store.read(WithPushers).await?);
            self.add(app.store.read(Behind { now: app.clock.now() }).await?, true);
        } else if app.wake.followed.any() {
            self.add(app.store.read(ToTryAgain { now: app.clock.now() }).await?, true);
        }
        Ok(())
    }

    /// Begins with as many as may be told at a time.
    fn start(&mut self) {
        let busy: BTreeSet<&OwnedUserId> = self.busy.values().collect();
        let room = limits::PUSHES_AT_ONCE.saturating_sub(busy.len());
        let next: Vec<OwnedUserId> = self.waiting.keys().filter(|user| !busy.contains(user)).take(room).cloned().collect();
        for user in next {
            let note = self.waiting.remove(&user).unwrap_or_default();
            let (app, whose) = (Arc::clone(&self.app), user.clone());
            let task = self.tasks.spawn(async move {
                if let Err(error) = app.tell_applications(&whose, note).await {
                    tracing::error!(%error, "applications could not be told of news; it is tried again in a moment");
                }
            });
            self.busy.insert(task.id(), user);
        }
    }

    fn finish(&mut self, done: Result<(Id, ()), JoinError>) {
        let id = done.map_or_else(|error| error.id(), |(id, ())| id);
        self.busy.remove(&id);
    }
}
