//! A finding that needs a person: opens a case, and tells the safety team through the outbox.

use model::case::{MessageState, Priority};
use model::clock::Timestamp;
use model::facts::Facts;
use model::finding::Findings;
use model::id::{CaseId, OwnedEventId, OwnedRoomId, OwnedUserId};
use model::verdict::Verdict;
use serde_json::json;

use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// A finding about one message.
#[derive(Clone, Debug)]
pub struct NewFlag {
    /// Where it was said.
    pub room_id: OwnedRoomId,
    /// Who said it.
    pub sender: OwnedUserId,
    /// Matrix event type.
    pub event_type: String,
    /// The judgement.
    pub verdict: Verdict,
    /// What the rules knew.
    pub facts: Facts,
    /// What the scanner saw.
    pub findings: Findings,
    /// The body of a message that was refused, and so is no event.
    pub blocked_content: Option<String>,
    /// When it was found.
    pub now: Timestamp,
    /// Whether a webhook is to be told.
    pub tell_webhook: bool,
}

/// Opens the case and its flag; the webhook row goes into the same transaction.
pub(crate) async fn open<T: Tx>(tx: &mut T, flag: &NewFlag, event_id: Option<&OwnedEventId>) -> Result<CaseId, StoreError> {
    let verdict = &flag.verdict;
    let priority = Priority::of_severity(verdict.severity());
    let state = match (verdict.hold, event_id) {
        (_, None) => MessageState::Blocked,
        (Some(_), Some(_)) => MessageState::Withheld,
        (None, Some(_)) => MessageState::Visible,
    };
    let hold_until = verdict.hold.map(|terms| flag.now.0 + terms.ttl_ms);
    let on_timeout = verdict.hold.map(|terms| match terms.on_timeout {
        model::verdict::OnTimeout::Release => "release",
        model::verdict::OnTimeout::Block => "block",
    });
    let harms = json!(verdict.harms()).to_string();
    let sql = "insert into cases (kind, source, state, priority, severity, queue, harms, action, subject, room_id, event_id, message_state, \
               hold_until_ms, on_timeout, opened_ms, due_ms) \
               values ('event', 'scan', 'open', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning case_id";
    let row = tx
        .row(
            sql,
            args![
                priority.rank(),
                i64::from(verdict.severity()),
                verdict.queue(),
                harms.as_str(),
                verdict.action.as_str(),
                &flag.sender,
                &flag.room_id,
                event_id.map(|id| id.as_str()),
                state.as_str(),
                hold_until,
                on_timeout,
                flag.now,
                flag.now.0 + priority.target_ms()
            ],
        )
        .await?;
    let case = CaseId(row.ok_or_else(|| StoreError::Database("a new case has no number".to_owned()))?.int(0)?);
    insert_flag(tx, flag, case, event_id).await?;
    if flag.tell_webhook {
        let payload = json!({
            "type": "case.opened", "case_id": case, "priority": priority, "queue": verdict.queue(), "harms": verdict.harms(),
            "action": verdict.action, "room_id": flag.room_id, "sender": flag.sender, "event_id": event_id, "opened_ms": flag.now,
        });
        enqueue(tx, "webhook", &payload, flag.now).await?;
    }
    Ok(case)
}

async fn insert_flag<T: Tx>(tx: &mut T, flag: &NewFlag, case: CaseId, event_id: Option<&OwnedEventId>) -> Result<(), StoreError> {
    let text = |value: serde_json::Result<String>| value.expect("verdicts, facts and findings are plain data");
    let verdict = text(serde_json::to_string(&flag.verdict));
    let facts = text(serde_json::to_string(&flag.facts));
    let findings = text(serde_json::to_string(&flag.findings));
    let sql = "insert into flags (case_id, room_id, event_id, sender, event_type, action, verdict, facts, findings, blocked_content, created_ms) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let event = event_id.map(|id| id.as_str());
    let action = flag.verdict.action.as_str();
    let blocked = flag.blocked_content.as_deref();
    tx.exec(
        sql,
        args![case.0, &flag.room_id, event, &flag.sender, flag.event_type.as_str(), action, verdict, facts, findings, blocked, flag.now],
    )
    .await?;
    Ok(())
}

/// Puts work into the outbox, due at once.
pub(crate) async fn enqueue<T: Tx>(tx: &mut T, kind: &'static str, payload: &serde_json::Value, now: Timestamp) -> Result<(), StoreError> {
    let sql = "insert into outbox (kind, payload, state, next_attempt_ms, created_ms) values ($1, $2, 'pending', $3, $3)";
    tx.exec(sql, args![kind, payload.to_string(), now]).await?;
    Ok(())
}
