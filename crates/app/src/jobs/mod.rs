//! Work beside the requests: webhooks, notices, pushes, time limits. Started by the binary, stopped gracefully.

mod holds;
mod media;
mod outbox;
mod push;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::App;

pub(crate) use outbox::pause_ms;

/// The running jobs of a server. Dropping it stops them at once; [`JobSet::stop`] lets each finish its step.
#[derive(Debug)]
pub struct JobSet {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl App {
    /// Starts the jobs.
    pub fn spawn_jobs(self: &Arc<Self>) -> JobSet {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(outbox::run(Arc::clone(self), outbox::Kind::Webhook, stop.clone()));
        tasks.spawn(outbox::run(Arc::clone(self), outbox::Kind::Notice, stop.clone()));
        tasks.spawn(push::run(Arc::clone(self), stop.clone()));
        tasks.spawn(holds::run(Arc::clone(self), stop.clone()));
        tasks.spawn(media::run(Arc::clone(self), stop.clone()));
        JobSet { stop, tasks }
    }
}

impl JobSet {
    /// Asks the jobs to stop and waits for the step each is in, at most this long.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("a job did not finish in time; its work is taken again at the next start");
        }
    }
}
