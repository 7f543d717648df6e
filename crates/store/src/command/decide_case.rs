//! A decision on a case, with all its effects in one transaction: the message, the sender's account,
//! the notices to both sides, the webhook.

use model::case::{CaseKind, MessageState, Outcome};
use model::clock::Timestamp;
use model::id::{CaseId, DecisionId, OwnedEventId, OwnedRoomId, OwnedUserId};
use serde_json::json;

use super::claim_case::end_claims;
use super::notice::{self, Audience};
use super::open_flag::enqueue;
use super::resolve_message::{self, Anchor};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};
use crate::value::Row;

/// Decides a case that `decider` has claimed.
#[derive(Clone, Debug)]
pub struct DecideCase {
    /// The case.
    pub case_id: CaseId,
    /// Who decides.
    pub decider: OwnedUserId,
    /// What.
    pub outcome: Outcome,
    /// Why, for the record.
    pub note: String,
    /// What the sender is told besides the outcome; may be empty.
    pub tell_sender: String,
    /// The account that redacts and speaks for the server.
    pub service: OwnedUserId,
    /// When.
    pub now: Timestamp,
    /// Whether a webhook is to be told.
    pub tell_webhook: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecideOutcome {
    /// Decided, and in effect.
    Decided(Decided),
    /// The case is not claimed by this person, or the claim has run out.
    NotClaimed,
    /// It had been decided before.
    AlreadyDecided,
    /// There is no such case.
    Missing,
    /// This outcome makes no sense for a message that stands so.
    Unfit(Option<MessageState>),
}

/// A decision and whom it reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The decision.
    pub decision_id: DecisionId,
    /// Whose inbox it reached: wake them after the commit.
    pub wake: Vec<OwnedUserId>,
    /// Whose account changed: forget their sessions.
    pub account_changed: Option<OwnedUserId>,
    /// The conversation, when a message in it changed.
    pub room_id: Option<OwnedRoomId>,
}

/// A case as its decision finds it.
pub(crate) struct Case {
    pub(crate) id: CaseId,
    pub(crate) kind: CaseKind,
    pub(crate) subject: Option<OwnedUserId>,
    pub(crate) room_id: Option<OwnedRoomId>,
    pub(crate) event_id: Option<OwnedEventId>,
    pub(crate) message_state: Option<MessageState>,
    pub(crate) harms: Vec<String>,
}

impl Case {
    /// Reads `case_id, kind, subject, room_id, event_id, message_state, harms`.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: CaseId(row.int(0)?),
            kind: CaseKind::parse(row.text(1)?).unwrap_or(CaseKind::Event),
            subject: OwnedUserId::try_from(row.text(2)?).ok(),
            room_id: row.text_or_null(3)?.is_some().then(|| row.parse(3)).transpose()?,
            event_id: row.text_or_null(4)?.is_some().then(|| row.parse(4)).transpose()?,
            message_state: row.text_or_null(5)?.and_then(MessageState::parse),
            harms: row.json(6)?,
        })
    }
}

impl Command for DecideCase {
    type Out = DecideOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<DecideOutcome, StoreError> {
        let case = match self.lock(tx).await? {
            Ok(case) => case,
            Err(refused) => return Ok(refused),
        };
        if !self.outcome.fits(case.message_state) {
            return Ok(DecideOutcome::Unfit(case.message_state));
        }
        let decision_id = self.write_decision(tx).await?;
        let (after, mut wake) = self.resolve(tx, &case).await?;
        let account_changed = self.strike(tx, &case).await?;
        let sql = "update cases set state = 'decided', decided_ms = $2, claim_until_ms = null, message_state = $3, hold_until_ms = null \
                   where case_id = $1";
        tx.exec(sql, args![self.case_id.0, self.now, after.map(MessageState::as_str)]).await?;
        end_claims(tx, self.case_id, self.now, "decided").await?;
        let audience = Audience { case: &case, service: &self.service, before: case.message_state, after };
        notice::tell_all(tx, &audience, self.outcome, &self.tell_sender, self.now).await?;
        if self.tell_webhook {
            let payload = json!({
                "type": "case.decided", "case_id": self.case_id, "outcome": self.outcome, "subject": case.subject, "room_id": case.room_id,
                "event_id": case.event_id, "message_state": after, "decided_ms": self.now,
            });
            enqueue(tx, "webhook", &payload, self.now).await?;
        }
        wake.sort();
        wake.dedup();
        Ok(DecideOutcome::Decided(Decided { decision_id, wake, account_changed, room_id: case.room_id }))
    }
}

impl DecideCase {
    /// Takes the row lock of the case if it is claimed by the decider, or says why not.
    async fn lock<T: Tx>(&self, tx: &mut T) -> Result<Result<Case, DecideOutcome>, StoreError> {
        let sql = "update cases set claim_until_ms = $3 where case_id = $1 and state = 'claimed' and claimed_by = $2 and claim_until_ms > $3 \
                   returning case_id, kind, subject, room_id, event_id, message_state, harms";
        if let Some(row) = tx.row(sql, args![self.case_id.0, &self.decider, self.now]).await? {
            return Ok(Ok(Case::read(&row)?));
        }
        let state = tx.row("select state from cases where case_id = $1", args![self.case_id.0]).await?;
        Ok(Err(match state {
            None => DecideOutcome::Missing,
            Some(row) if row.text(0)? == "decided" => DecideOutcome::AlreadyDecided,
            Some(_) => DecideOutcome::NotClaimed,
        }))
    }

    async fn write_decision<T: Tx>(&self, tx: &mut T) -> Result<DecisionId, StoreError> {
        let sql = "insert into decisions (case_id, decider, outcome, note, created_ms) values ($1, $2, $3, $4, $5) returning decision_id";
        let row = tx.row(sql, args![self.case_id.0, &self.decider, self.outcome.as_str(), self.note.as_str(), self.now]).await?;
        Ok(DecisionId(row.ok_or_else(|| StoreError::Database("a new decision has no number".to_owned()))?.int(0)?))
    }

    /// Brings the message where the outcome wants it; gives where it stands then, and whom to wake.
    async fn resolve<T: Tx>(&self, tx: &mut T, case: &Case) -> Result<(Option<MessageState>, Vec<OwnedUserId>), StoreError> {
        let Some(before) = case.message_state else {
            return Ok((None, Vec::new()));
        };
        let wanted = self.outcome.resolves_to(before);
        let Some(event_id) = &case.event_id else {
            return Ok((Some(wanted), Vec::new()));
        };
        match resolve_message::anchor(tx, event_id).await? {
            Some(anchor) => {
                let after = anchor.settles_at(wanted);
                Ok((Some(after), change(tx, &anchor, before, after, &self.service, self.now).await?))
            }
            None => Ok((Some(before), Vec::new())),
        }
    }

    /// Counts the strike and limits the account; never loosens a stricter state.
    async fn strike<T: Tx>(&self, tx: &mut T, case: &Case) -> Result<Option<OwnedUserId>, StoreError> {
        let Some(subject) = case.subject.as_ref().filter(|_| self.outcome.is_strike()) else {
            return Ok(None);
        };
        tx.exec("update users set strikes = strikes + 1 where user_id = $1", args![subject]).await?;
        let changed = match self.outcome {
            Outcome::Suspend => {
                tx.exec("update users set state = 'suspended' where user_id = $1 and state = 'active'", args![subject]).await?
            }
            Outcome::Lock => {
                tx.exec("update users set state = 'locked' where user_id = $1 and state in ('active', 'suspended')", args![subject]).await?
            }
            _ => 0,
        };
        Ok((changed > 0).then(|| subject.clone()))
    }
}

/// Brings the message from one state to the other and gives whom to wake.
pub(crate) async fn change<T: Tx>(
    tx: &mut T,
    anchor: &Anchor,
    before: MessageState,
    after: MessageState,
    service: &OwnedUserId,
    now: Timestamp,
) -> Result<Vec<OwnedUserId>, StoreError> {
    if before == after {
        return Ok(Vec::new());
    }
    match after {
        MessageState::Released => resolve_message::release(tx, anchor).await,
        MessageState::Removed => resolve_message::remove(tx, anchor, service, now).await,
        MessageState::Blocked | MessageState::Expired => {
            resolve_message::refuse(tx, anchor).await?;
            Ok(vec![anchor.sender.clone()])
        }
        MessageState::Visible | MessageState::Withheld => Err(StoreError::Database("a message never goes back to this state".to_owned())),
    }
}
