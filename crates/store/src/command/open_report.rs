//! A member's complaint about a message, a room or a person: opens a case, or joins the open case
//! of the same target and raises it.

use model::case::{CaseKind, CaseState, Priority};
use model::clock::Timestamp;
use model::facts::Facts;
use model::finding::Findings;
use model::id::{CaseId, OwnedEventId, OwnedRoomId, OwnedUserId, ReportId};
use model::limits;
use model::person::AgeBand;
use model::verdict::Verdict;
use serde_json::json;

use super::open_flag::enqueue;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// A complaint.
#[derive(Clone, Debug)]
pub struct OpenReport {
    /// Who complains.
    pub reporter: OwnedUserId,
    /// About what.
    pub target: Target,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// When.
    pub now: Timestamp,
    /// Whether a webhook is to be told.
    pub tell_webhook: bool,
}

/// What a complaint is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A message.
    Event {
        /// Where.
        room_id: OwnedRoomId,
        /// Which.
        event_id: OwnedEventId,
        /// Who sent it.
        sender: OwnedUserId,
    },
    /// A conversation.
    Room {
        /// Which.
        room_id: OwnedRoomId,
        /// Who answers for it: in a direct conversation the other person, else its creator.
        subject: OwnedUserId,
    },
    /// A person.
    User {
        /// Who.
        user_id: OwnedUserId,
    },
}

/// What became of a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The complaint; the earlier one when the same person complained about the same target.
    pub report_id: ReportId,
    /// The case it belongs to.
    pub case_id: CaseId,
    /// Whether the case is new.
    pub opened: bool,
    /// Whether this complaint is new.
    pub fresh: bool,
}

impl Target {
    fn kind(&self) -> CaseKind {
        match self {
            Self::Event { .. } => CaseKind::Event,
            Self::Room { .. } => CaseKind::Room,
            Self::User { .. } => CaseKind::User,
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Event { event_id, .. } => event_id.as_str(),
            Self::Room { room_id, .. } => room_id.as_str(),
            Self::User { user_id } => user_id.as_str(),
        }
    }

    fn subject(&self) -> &OwnedUserId {
        match self {
            Self::Event { sender, .. } => sender,
            Self::Room { subject, .. } => subject,
            Self::User { user_id } => user_id,
        }
    }

    fn room_id(&self) -> Option<&OwnedRoomId> {
        match self {
            Self::Event { room_id, .. } | Self::Room { room_id, .. } => Some(room_id),
            Self::User { .. } => None,
        }
    }

    fn event_id(&self) -> Option<&OwnedEventId> {
        match self {
            Self::Event { event_id, .. } => Some(event_id),
            Self::Room { .. } | Self::User { .. } => None,
        }
    }
}

impl Command for OpenReport {
    type Out = Reported;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Reported, StoreError> {
        // the subject's row is the lock under which reports on one target take turns
        tx.exec("update users set strikes = strikes where user_id = $1", args![self.target.subject()]).await?;
        let sql = "select report_id, case_id from reports where reporter = $1 and kind = $2 and target = $3";
        if let Some(row) = tx.row(sql, args![&self.reporter, self.target.kind().as_str(), self.target.key()]).await? {
            return Ok(Reported { report_id: ReportId(row.int(0)?), case_id: CaseId(row.int(1)?), opened: false, fresh: false });
        }
        let open = self.open_case(tx).await?;
        let case_id = match open {
            Some(case_id) => case_id,
            None => self.new_case(tx).await?,
        };
        let report_id = self.insert(tx, case_id).await?;
        self.keep_evidence(tx, case_id).await?;
        self.raise(tx, case_id, open.is_none()).await?;
        Ok(Reported { report_id, case_id, opened: open.is_none(), fresh: true })
    }
}

impl OpenReport {
    async fn open_case<T: Tx>(&self, tx: &mut T) -> Result<Option<CaseId>, StoreError> {
        let row = match &self.target {
            Target::Event { event_id, .. } => {
                let sql = "select case_id from cases where event_id = $1 and state <> 'decided' order by case_id limit 1";
                tx.row(sql, args![event_id]).await?
            }
            Target::Room { room_id, .. } => {
                let sql = "select case_id from cases where room_id = $1 and kind = 'room' and state <> 'decided' order by case_id limit 1";
                tx.row(sql, args![room_id]).await?
            }
            Target::User { user_id } => {
                let sql = "select case_id from cases where subject = $1 and kind = 'user' and state <> 'decided' order by case_id limit 1";
                tx.row(sql, args![user_id]).await?
            }
        };
        row.map(|row| row.int(0).map(CaseId)).transpose()
    }

    /// A new case; a complaint by a minor is more urgent.
    async fn new_case<T: Tx>(&self, tx: &mut T) -> Result<CaseId, StoreError> {
        let band = tx.row("select age_band from users where user_id = $1", args![&self.reporter]).await?;
        let band = band.map(|row| row.text(0).map(AgeBand::parse)).transpose()?.flatten();
        let minor = matches!(band, Some(AgeBand::Under13 | AgeBand::From13To15 | AgeBand::From16To17));
        let priority = if minor { Priority::P1 } else { Priority::P2 };
        let message_state = match self.target.event_id() {
            Some(event_id) => self.message_state(tx, event_id).await?,
            None => None,
        };
        let sql = "insert into cases (kind, source, state, priority, severity, queue, harms, subject, room_id, event_id, message_state, opened_ms, \
                   due_ms) values ($1, 'report', $2, $3, $4, 'safety', '[]', $5, $6, $7, $8, $9, $10) returning case_id";
        let severity = 4 - priority.rank();
        let kind = self.target.kind().as_str();
        let row = tx
            .row(
                sql,
                args![
                    kind,
                    CaseState::Open.as_str(),
                    priority.rank(),
                    severity,
                    self.target.subject(),
                    self.target.room_id(),
                    self.target.event_id(),
                    message_state,
                    self.now,
                    self.now.plus_ms(priority.target_ms())
                ],
            )
            .await?;
        Ok(CaseId(row.ok_or_else(|| StoreError::Database("a new case has no number".to_owned()))?.int(0)?))
    }

    async fn message_state<T: Tx>(&self, tx: &mut T, event_id: &OwnedEventId) -> Result<Option<&'static str>, StoreError> {
        let row = tx.row("select redacted_by from events where event_id = $1", args![event_id]).await?;
        Ok(match row {
            None => None,
            Some(row) if row.text_or_null(0)?.is_some() => Some("removed"),
            Some(_) => Some("visible"),
        })
    }

    /// A flag of no finding stands for the reported message, so that its text is kept for the case
    /// when its sender takes it back (see `redaction.rs`).
    async fn keep_evidence<T: Tx>(&self, tx: &mut T, case_id: CaseId) -> Result<(), StoreError> {
        let Target::Event { room_id, event_id, sender } = &self.target else {
            return Ok(());
        };
        if tx.row("select flag_id from flags where case_id = $1 limit 1", args![case_id.0]).await?.is_some() {
            return Ok(());
        }
        let sql = "insert into flags (case_id, room_id, event_id, sender, event_type, action, verdict, facts, findings, created_ms) \
                   select cast($1 as bigint), $2, event_id, $3, type, 'allow', $5, $6, $7, cast($8 as bigint) from events where event_id = $4";
        let text = |value: serde_json::Result<String>| value.expect("verdicts, facts and findings are plain data");
        let verdict = text(serde_json::to_string(&Verdict::default()));
        let facts = text(serde_json::to_string(&Facts::default()));
        let findings = text(serde_json::to_string(&Findings::default()));
        tx.exec(sql, args![case_id.0, room_id, sender, event_id, verdict, facts, findings, self.now]).await?;
        Ok(())
    }

    async fn insert<T: Tx>(&self, tx: &mut T, case_id: CaseId) -> Result<ReportId, StoreError> {
        let sql = "insert into reports (case_id, kind, reporter, target, room_id, event_id, target_user, reason, created_ms) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning report_id";
        let target = &self.target;
        let kind = target.kind().as_str();
        let row = tx
            .row(
                sql,
                args![
                    case_id.0,
                    kind,
                    &self.reporter,
                    target.key(),
                    target.room_id(),
                    target.event_id(),
                    target.subject(),
                    self.reason.as_str(),
                    self.now
                ],
            )
            .await?;
        Ok(ReportId(row.ok_or_else(|| StoreError::Database("a new report has no number".to_owned()))?.int(0)?))
    }

    /// Counts the complaint; enough of them raise the case and shorten its time.
    async fn raise<T: Tx>(&self, tx: &mut T, case_id: CaseId, opened: bool) -> Result<(), StoreError> {
        let sql = "update cases set reports = reports + 1 where case_id = $1 returning reports, priority, queue";
        let row = tx.row(sql, args![case_id.0]).await?.ok_or(StoreError::Stale)?;
        let priority = Priority::from_rank(row.int(1)?).unwrap_or(Priority::P2);
        let raised = row.int(0)? >= limits::REPORTS_TO_RAISE && priority > Priority::P1;
        if raised {
            let due = self.now.plus_ms(Priority::P1.target_ms());
            let sql = "update cases set priority = $2, due_ms = case when due_ms < $3 then due_ms else $3 end where case_id = $1";
            tx.exec(sql, args![case_id.0, Priority::P1.rank(), due]).await?;
        }
        if self.tell_webhook && (opened || raised) {
            let payload = json!({
                "type": if opened { "case.opened" } else { "case.raised" }, "case_id": case_id, "source": "report",
                "priority": if raised { Priority::P1 } else { priority }, "queue": row.text(2)?, "kind": self.target.kind(),
                "room_id": self.target.room_id(), "event_id": self.target.event_id(), "subject": self.target.subject(), "opened_ms": self.now,
            });
            enqueue(tx, "webhook", &payload, self.now).await?;
        }
        Ok(())
    }
}
