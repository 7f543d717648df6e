//! Withheld messages whose time is up get the default that their rule declared.

use model::case::MessageState;
use model::clock::Timestamp;
use model::id::{CaseId, OwnedUserId};
use model::limits;
use serde_json::json;

use super::decide_case::{Case, change};
use super::notice::{self, Audience};
use super::open_flag::enqueue;
use super::resolve_message;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Resolves at most [`limits::EXPIRY_BATCH_ROWS`] withheld messages whose time is up. Their cases
/// stay in the queue: a person still looks at what was delivered or refused.
#[derive(Clone, Debug)]
pub struct ExpireHolds {
    /// The present moment.
    pub now: Timestamp,
    /// The account that speaks for the server.
    pub service: OwnedUserId,
    /// Whether a webhook is to be told.
    pub tell_webhook: bool,
}

/// What was resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// The cases, and where each message stands now.
    pub cases: Vec<(CaseId, MessageState)>,
    /// Whose inbox changed: wake them after the commit.
    pub wake: Vec<OwnedUserId>,
}

impl Command for ExpireHolds {
    type Out = Expired;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Expired, StoreError> {
        let sql =
            "select case_id from cases where message_state = 'withheld' and hold_until_ms <= $1 order by hold_until_ms, case_id limit $2";
        let due = tx.rows(sql, args![self.now, crate::value::rows(limits::EXPIRY_BATCH_ROWS)]).await?;
        let mut expired = Expired::default();
        for row in due {
            self.resolve(tx, row.int(0)?, &mut expired).await?;
        }
        expired.wake.sort();
        expired.wake.dedup();
        Ok(expired)
    }
}

impl ExpireHolds {
    async fn resolve<T: Tx>(&self, tx: &mut T, case_id: i64, expired: &mut Expired) -> Result<(), StoreError> {
        // the row lock: a decision at the same moment is either before this or after it
        let sql = "update cases set message_state = case when on_timeout = 'release' then 'released' else 'expired' end \
                   where case_id = $1 and message_state = 'withheld' and hold_until_ms <= $2 \
                   returning case_id, kind, subject, room_id, event_id, message_state, harms";
        let Some(row) = tx.row(sql, args![case_id, self.now]).await? else {
            return Ok(());
        };
        let case = Case::read(&row)?;
        let mut after = case.message_state.unwrap_or(MessageState::Expired);
        let Some(event_id) = &case.event_id else {
            return Ok(());
        };
        if let Some(anchor) = resolve_message::anchor(tx, event_id).await? {
            after = anchor.settles_at(after);
            tx.exec("update cases set message_state = $2 where case_id = $1", args![case_id, after.as_str()]).await?;
            expired.wake.extend(change(tx, &anchor, MessageState::Withheld, after, &self.service, self.now).await?);
        }
        let audience = Audience { case: &case, service: &self.service, before: Some(MessageState::Withheld), after: Some(after) };
        notice::tell_expiry(tx, &audience, self.now).await?;
        if self.tell_webhook {
            let payload = json!({"type": "case.hold_ended", "case_id": case.id, "message_state": after, "ended_ms": self.now});
            enqueue(tx, "webhook", &payload, self.now).await?;
        }
        expired.cases.push((case.id, after));
        Ok(())
    }
}
