//! What is left of the messages of people who closed their account and asked for erasure: those who were in the room
//! when something was said keep it, everybody else is given a redacted copy (spec "Account deactivation", `erase`).
//!
//! Nothing is looked up for what was said while the reader was in the room, which is the ordinary case.

use std::collections::BTreeMap;

use model::json::parse_object;
use model::room::Membership;
use model::ruma::RoomVersionId;
use model::ruma::canonical_json::redact_content_in_place;
use model::seq::RoomPos;

use super::history::membership_at;
use super::stored_event::StoredEvent;
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// Who of some people asked for erasure; each is looked up once.
#[derive(Debug, Default)]
pub(crate) struct Erased(BTreeMap<String, bool>);

impl Erased {
    /// Whether an event is hidden from a reader whose memberships changed so. State is not: names and topics are the
    /// room's, and the person's own member events were pruned.
    pub(crate) async fn hides<T: Tx>(
        &mut self,
        tx: &mut T,
        event: &StoredEvent,
        changes: &[(RoomPos, Membership)],
    ) -> Result<bool, StoreError> {
        if event.state_key.is_some() || membership_at(changes, event.room_pos) == Membership::Join {
            return Ok(false);
        }
        if let Some(known) = self.0.get(&event.sender) {
            return Ok(*known);
        }
        let sql = "select 1 from users where user_id = $1 and erase_asked_ms is not null";
        let erased = tx.row(sql, args![event.sender.as_str()]).await?.is_some();
        self.0.insert(event.sender.clone(), erased);
        Ok(erased)
    }
}

/// Puts redacted copies in the place of what a reader whose memberships changed so is not given, and leaves such edits
/// out of what is told with an event: to be called once these are attached.
pub(crate) async fn hide<T: Tx>(tx: &mut T, changes: &[(RoomPos, Membership)], events: &mut [StoredEvent]) -> Result<(), StoreError> {
    let mut erased = Erased::default();
    for event in events {
        let hidden = erased.hides(tx, event, changes).await?;
        if let Some(bundle) = &mut event.bundle
            && let Some(edit) = &bundle.edit
            && (hidden || erased.hides(tx, edit, changes).await?)
        {
            bundle.edit = None;
        }
        // the answers to somebody's message stay told, as the redacted copies that they are to this reader
        if let Some(thread) = event.bundle.as_mut().and_then(|bundle| bundle.thread.as_mut()) {
            if erased.hides(tx, &thread.latest, changes).await? {
                thread.latest.bundle = None;
                prune(&mut thread.latest)?;
            } else if let Some(inner) = &mut thread.latest.bundle
                && let Some(edit) = &inner.edit
                && erased.hides(tx, edit, changes).await?
            {
                inner.edit = None;
            }
        }
        if hidden {
            prune(event)?;
        }
    }
    Ok(())
}

fn prune(event: &mut StoredEvent) -> Result<(), StoreError> {
    let rules = RoomVersionId::V12.rules().ok_or_else(|| StoreError::Database("room version 12 has no rules".to_owned()))?;
    let mut content = parse_object(&event.content).map_err(|error| StoreError::Database(format!("stored content: {error}")))?;
    redact_content_in_place(&mut content, &rules.redaction, &event.event_type);
    event.content = serde_json::to_string(&content).map_err(|error| StoreError::Database(error.to_string()))?;
    Ok(())
}
