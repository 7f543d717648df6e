//! What the safety team is told at once: live events for consoles, and a bell for the outbox.

use model::id::CaseId;
use serde::Serialize;
use tokio::sync::{Notify, broadcast};

/// Live events a console that falls behind may miss; it is then told to load anew.
const LIVE_EVENTS: usize = 256;

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
    pub(crate) live: broadcast::Sender<CaseEvent>,
    /// Rung when the outbox has new work.
    pub(crate) outbox: Notify,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { live: broadcast::Sender::new(LIVE_EVENTS), outbox: Notify::new() }
    }

    /// Tells of a new case; after its commit.
    pub(crate) fn case_opened(&self, case_id: CaseId) {
        self.tell(CaseEvent { case_id, kind: "opened" });
    }

    /// Tells consoles of a change and wakes the outbox.
    pub(crate) fn tell(&self, event: CaseEvent) {
        // nobody listening is fine: the queue is in the store
        let _listeners = self.live.send(event);
        self.outbox.notify_one();
    }
}
