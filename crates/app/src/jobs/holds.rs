//! Time limits: withheld messages get their declared default, lapsed claims go back to the queue.

use std::sync::Arc;
use std::time::Duration;

use model::limits;
use store::command::claim_case::ExpireClaims;
use store::command::expire_holds::ExpireHolds;
use store::command::forget_evidence::ForgetEvidence;
use store::command::outbox::PruneOutbox;
use tokio_util::sync::CancellationToken;

use crate::desk::CaseEvent;
use crate::{App, Error};

/// Ticks between two looks for old outbox rows and old evidence: an hour.
const PRUNE_TICKS: u64 = 3_600_000 / limits::EXPIRY_TICK_MS;

pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = 0_u64;
    loop {
        if let Err(error) = app.expire().await {
            tracing::error!(%error, "time limits could not be looked at; they are again in a moment");
        }
        if ticks.is_multiple_of(PRUNE_TICKS) {
            if let Err(error) = app.store.run(PruneOutbox { now: app.clock.now() }).await {
                tracing::warn!(%error, "old deliveries could not be deleted");
            }
            if let Err(error) = app.forget_themes().await {
                tracing::warn!(%error, "old themes of conversations stay");
            }
            if let Err(error) = app.forget_contacts().await {
                tracing::warn!(%error, "old attempts to reach strangers could not be forgotten");
            }
            if let Err(error) = app.forget_evidence().await {
                tracing::warn!(%error, "evidence whose time is over could not be deleted; it is tried again in an hour");
            }
        }
        ticks += 1;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(limits::EXPIRY_TICK_MS)) => {}
        }
    }
}

impl App {
    /// Resolves what is due now: withheld messages, then claims.
    ///
    /// # Errors
    /// When the store fails; what was resolved before stays so.
    pub async fn expire(&self) -> Result<(), Error> {
        loop {
            let command =
                ExpireHolds { now: self.clock.now(), service: self.config.service_user(), tell_webhook: self.config.webhook.is_some() };
            let expired = self.store.run(command).await?;
            self.wake.ring(&expired.wake);
            for (case_id, _) in &expired.cases {
                self.desk.tell(CaseEvent { case_id: *case_id, kind: "updated" });
            }
            if expired.cases.len() < limits::EXPIRY_BATCH_ROWS {
                break;
            }
        }
        for case_id in self.store.run(ExpireClaims { now: self.clock.now() }).await? {
            self.desk.tell(CaseEvent { case_id, kind: "updated" });
        }
        Ok(())
    }

    /// Deletes the texts kept as evidence whose time is over; gives how many. Each case is told to the consoles.
    ///
    /// # Errors
    /// When the store fails; what was deleted before stays so.
    pub async fn forget_evidence(&self) -> Result<usize, Error> {
        let Some(keep_ms) = self.config.keep_evidence_ms else { return Ok(0) };
        let mut gone = 0;
        loop {
            let now = self.clock.now();
            let cases = self.store.run(ForgetEvidence { found_before: now.plus_ms(-keep_ms), now }).await?;
            for case_id in &cases {
                self.desk.tell(CaseEvent { case_id: *case_id, kind: "updated" });
            }
            gone += cases.len();
            if cases.len() < limits::EVIDENCE_BATCH_ROWS {
                break;
            }
        }
        if gone > 0 {
            tracing::info!(texts = gone, "texts kept as evidence were deleted: their time was over");
        }
        Ok(gone)
    }
}
