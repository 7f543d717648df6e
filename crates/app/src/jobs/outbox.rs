//! The outbox worker: takes what is due, tries it, records how it ended. One worker a kind, so that
//! a webhook that does not answer never delays a notice.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use model::clock::Entropy;
use model::limits;
use store::command::notice::Notice;
use store::command::outbox::{Attempt, FinishOutbox, TakeOutbox, Task};
use store::query::outbox::OutboxDue;
use tokio_util::sync::CancellationToken;

use super::webhook::Sender;
use crate::{App, Error};

/// What the outbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Webhook,
    Notice,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Notice => "notice",
        }
    }

    fn attempts(self) -> u32 {
        match self {
            Self::Webhook => limits::WEBHOOK_ATTEMPTS,
            Self::Notice => limits::NOTICE_ATTEMPTS,
        }
    }
}

pub(crate) async fn run(app: Arc<App>, kind: Kind, stop: CancellationToken) {
    let sender = Sender::new(app.config.webhook.as_ref());
    let bell = match kind {
        Kind::Webhook => &app.desk.webhooks,
        Kind::Notice => &app.desk.notices,
    };
    loop {
        if let Err(error) = app.work_off(kind, &sender).await {
            tracing::error!(%error, kind = kind.as_str(), "the outbox could not be worked off; it is tried again in a moment");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = bell.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(limits::OUTBOX_TICK_MS)) => {}
        }
    }
}

impl App {
    /// Calls the webhook for everything that is due now; the jobs do the same by themselves.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn deliver_webhooks(&self) -> Result<(), Error> {
        self.work_off(Kind::Webhook, &Sender::new(self.config.webhook.as_ref())).await
    }

    /// Tries everything of this kind that is due now.
    pub(crate) async fn work_off(&self, kind: Kind, sender: &Sender) -> Result<(), Error> {
        while self.store.read(OutboxDue { kind: kind.as_str() }).await?.is_some_and(|due| due <= self.clock.now()) {
            let tasks = self.store.run(TakeOutbox { kind: kind.as_str(), now: self.clock.now() }).await?;
            match kind {
                Kind::Webhook => {
                    let outcomes = join_all(tasks.iter().map(|task| self.attempt(kind, task, sender))).await;
                    outcomes.into_iter().collect::<Result<Vec<()>, Error>>()?;
                }
                // in order: a person reads their notices in the order of what happened
                Kind::Notice => {
                    for task in &tasks {
                        self.attempt(kind, task, sender).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn attempt(&self, kind: Kind, task: &Task, sender: &Sender) -> Result<(), Error> {
        let outcome = match kind {
            Kind::Webhook => sender.send(task, self.clock.now()).await,
            Kind::Notice => self.give_notice(task).await,
        };
        let (attempt, status) = match outcome {
            Ok(status) => (Attempt::Delivered, status),
            Err(status) if task.attempt >= kind.attempts() => {
                tracing::warn!(outbox.id = task.outbox_id, kind = kind.as_str(), %status, "a delivery was given up; it can be replayed");
                (Attempt::Failed, status)
            }
            Err(status) => (Attempt::Again(self.clock.now().plus_ms(pause_ms(task.attempt, &*self.entropy))), status),
        };
        metrics::counter!("frankly_outbox_attempts_total", "kind" => kind.as_str(), "ok" => (attempt == Attempt::Delivered).to_string())
            .increment(1);
        Ok(self.store.run(FinishOutbox { outbox_id: task.outbox_id, attempt, status }).await?)
    }

    async fn give_notice(&self, task: &Task) -> Result<String, String> {
        let notice: Notice = serde_json::from_value(task.payload.clone()).map_err(|error| format!("unreadable notice: {error}"))?;
        match self.notify(task.outbox_id, &notice).await {
            Ok(()) => Ok("delivered".to_owned()),
            Err(Error::NotFound(_) | Error::Forbidden(_)) => Ok("no such account".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The pause after an attempt: doubled each time up to the bound, and moved by up to a quarter, so
/// that many deliveries that failed together do not come back together.
pub(crate) fn pause_ms(attempt: u32, entropy: &dyn Entropy) -> i64 {
    let doubled = limits::WEBHOOK_BACKOFF_MS.saturating_mul(1_i64 << attempt.saturating_sub(1).min(30));
    let pause = doubled.min(limits::WEBHOOK_BACKOFF_MS_MAX);
    let mut bytes = [0_u8; 2];
    entropy.fill(&mut bytes);
    let quarter = pause / 4;
    pause - quarter + 2 * quarter * i64::from(u16::from_le_bytes(bytes)) / i64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use model::clock::SeededEntropy;

    use super::*;

    #[test]
    fn pauses_double_with_jitter_and_end_at_the_bound() {
        let entropy = SeededEntropy::new(1);
        for attempt in 1..60 {
            let expected = (limits::WEBHOOK_BACKOFF_MS << (attempt - 1).min(30)).min(limits::WEBHOOK_BACKOFF_MS_MAX);
            let pause = pause_ms(attempt, &entropy);
            assert!((expected * 3 / 4..=expected * 5 / 4).contains(&pause), "attempt {attempt}: {pause}");
        }
    }
}
