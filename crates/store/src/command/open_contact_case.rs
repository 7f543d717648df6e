//! A case about whom somebody tries to reach: opened by counts, with no text and no message.

use model::case::Priority;
use model::clock::Timestamp;
use model::contact::ContactCounters;
use model::finding::Findings;
use model::id::{CaseId, OwnedUserId};
use model::verdict::Verdict;
use serde_json::json;

use super::open_flag::enqueue;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Opens the case, or brings the one that is open up to date.
#[derive(Clone, Debug)]
pub struct OpenContactCase {
    /// Whom it is about.
    pub subject: OwnedUserId,
    /// The alerts that fired; at least one.
    pub verdict: Verdict,
    /// The counts they rest on.
    pub counters: ContactCounters,
    /// When.
    pub now: Timestamp,
    /// Whether a webhook is to be told.
    pub tell_webhook: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactCase {
    /// A new case.
    Opened(CaseId),
    /// The case that was open says more now.
    Updated(CaseId),
    /// The case that was open says the same.
    Same(CaseId),
}

impl Command for OpenContactCase {
    type Out = ContactCase;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<ContactCase, StoreError> {
        // the subject's row is the lock under which this runs once at a time
        tx.exec("update users set strikes = strikes where user_id = $1", args![&self.subject]).await?;
        let sql =
            "select case_id, priority from cases where subject = $1 and source = 'contact' and state <> 'decided' order by case_id limit 1";
        match tx.row(sql, args![&self.subject]).await? {
            None => self.open(tx).await.map(ContactCase::Opened),
            Some(row) => self.update(tx, CaseId(row.int(0)?), row.int(1)?).await,
        }
    }
}

impl OpenContactCase {
    fn priority(&self) -> Priority {
        Priority::of_severity(self.verdict.severity())
    }

    fn harms(&self) -> String {
        json!(self.verdict.harms()).to_string()
    }

    async fn open<T: Tx>(&self, tx: &mut T) -> Result<CaseId, StoreError> {
        let (verdict, priority) = (&self.verdict, self.priority());
        let sql = "insert into cases (kind, source, state, priority, severity, queue, harms, subject, opened_ms, due_ms) \
                   values ('user', 'contact', 'open', $1, $2, $3, $4, $5, $6, $7) returning case_id";
        let due = self.now.plus_ms(priority.target_ms());
        let arguments = args![priority.rank(), i64::from(verdict.severity()), verdict.queue(), self.harms(), &self.subject, self.now, due];
        let row = tx.row(sql, arguments).await?;
        let case = CaseId(row.ok_or_else(|| StoreError::Database("a new case has no number".to_owned()))?.int(0)?);
        let (verdict_text, counters) = self.texts();
        let findings = serde_json::to_string(&Findings::default()).expect("findings are plain data");
        let sql = "insert into flags (case_id, room_id, sender, event_type, action, verdict, facts, findings, created_ms) \
                   values ($1, '', $2, 'org.frankly.contact', $3, $4, $5, $6, $7)";
        let action = verdict.action.as_str();
        tx.exec(sql, args![case.0, &self.subject, action, verdict_text, counters, findings, self.now]).await?;
        self.tell(tx, "case.opened", case, priority).await?;
        Ok(case)
    }

    async fn update<T: Tx>(&self, tx: &mut T, case: CaseId, rank: i64) -> Result<ContactCase, StoreError> {
        let (verdict, counters) = self.texts();
        let sql = "update flags set verdict = $2, facts = $3, action = $4 where case_id = $1 and (verdict <> $2 or facts <> $3)";
        if tx.exec(sql, args![case.0, verdict, counters, self.verdict.action.as_str()]).await? == 0 {
            return Ok(ContactCase::Same(case));
        }
        let priority = self.priority();
        if priority.rank() < rank {
            let sql = "update cases set priority = $2, severity = $3, queue = $4, harms = $5, due_ms = case when due_ms < $6 then due_ms else $6 end \
                       where case_id = $1";
            let due = self.now.plus_ms(priority.target_ms());
            let severity = i64::from(self.verdict.severity());
            tx.exec(sql, args![case.0, priority.rank(), severity, self.verdict.queue(), self.harms(), due]).await?;
            self.tell(tx, "case.raised", case, priority).await?;
        }
        Ok(ContactCase::Updated(case))
    }

    fn texts(&self) -> (String, String) {
        let text = |value: serde_json::Result<String>| value.expect("verdicts and counts are plain data");
        (text(serde_json::to_string(&self.verdict)), text(serde_json::to_string(&self.counters)))
    }

    async fn tell<T: Tx>(&self, tx: &mut T, what: &str, case: CaseId, priority: Priority) -> Result<(), StoreError> {
        if !self.tell_webhook {
            return Ok(());
        }
        let payload = json!({
            "type": what, "case_id": case, "source": "contact", "priority": priority, "queue": self.verdict.queue(),
            "harms": self.verdict.harms(), "subject": self.subject, "opened_ms": self.now,
        });
        enqueue(tx, "webhook", &payload, self.now).await
    }
}
