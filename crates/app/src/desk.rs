//! What the safety team is told at once: live events for consoles, and a bell for the outbox.

use std::time::Duration;

use model::id::{CaseId, OwnedUserId};
use model::limits;
use moka::sync::Cache;
use policy::rights::Rights;
use serde::Serialize;
use tokio::sync::{Notify, broadcast};

/// A change of a case, for consoles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseEvent {
    /// Which case.
    pub case_id: CaseId,
    /// `opened`, `updated` or `decided`.
    pub kind: &'static str,
}

/// The desk of the safety team.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Who may do what.
    pub(crate) rights: Rights,
    pub(crate) live: broadcast::Sender<CaseEvent>,
    /// Rung when there may be a webhook to call.
    pub(crate) webhooks: Notify,
    /// Rung when there may be a notice to give.
    pub(crate) notices: Notify,
    /// Wrong staff log-ins of late, by account.
    pub(crate) failures: Cache<OwnedUserId, u32>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let window = Duration::from_millis(limits::STAFF_LOGIN_WINDOW_MS);
        let failures = Cache::builder().max_capacity(limits::SESSION_CACHE).time_to_live(window).build();
        Self {
            rights: Rights::shipped(),
            failures,
            live: broadcast::Sender::new(limits::LIVE_EVENTS),
            webhooks: Notify::new(),
            notices: Notify::new(),
        }
    }

    /// Tells of a new case; after its commit.
    pub(crate) fn case_opened(&self, case_id: CaseId) {
        self.tell(CaseEvent { case_id, kind: "opened" });
    }

    /// Tells consoles of a change and wakes the outbox.
    pub(crate) fn tell(&self, event: CaseEvent) {
        // nobody listening is fine: the queue is in the store
        let _listeners = self.live.send(event);
        self.ring();
    }

    /// Wakes the workers of the outbox.
    pub(crate) fn ring(&self) {
        self.webhooks.notify_one();
        self.notices.notify_one();
    }
}
