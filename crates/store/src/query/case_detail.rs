//! Everything about a case but the message itself.

use model::clock::Timestamp;
use model::id::{CaseId, DecisionId, OwnedUserId, ReportId};
use model::limits;
use model::person::AgeBand;
use model::verdict::{Reason, Verdict};

use super::access_records::AccessRow;
use super::cases::{CaseRow, case_columns};
use super::sealed::{SealedFacts, sealed_facts};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Reads a case.
#[derive(Clone, Debug)]
pub struct CaseDetail {
    /// Which.
    pub case_id: CaseId,
    /// The present moment.
    pub now: Timestamp,
}

/// A case with all that is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// As in the queue.
    pub case: CaseRow,
    /// Type of the message's event.
    pub event_type: Option<String>,
    /// When the message was sent.
    pub sent: Option<Timestamp>,
    /// When the text kept of the message was deleted because its time was over.
    pub text_gone: Option<Timestamp>,
    /// For an encrypted message: what can be known of it.
    pub sealed: Option<SealedFacts>,
    /// The rules that fired; they explain and never quote.
    pub reasons: Vec<Reason>,
    /// Who is in the conversation.
    pub members: Vec<MemberRow>,
    /// The conversation's mode, as in its create event.
    pub mode: Option<String>,
    /// The complaints, newest last.
    pub reports: Vec<ReportRow>,
    /// The decisions, newest last.
    pub decisions: Vec<DecisionRow>,
    /// Who read it, newest last.
    pub reads: Vec<AccessRow>,
}

/// A member of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub user_id: OwnedUserId,
    /// The name they show.
    pub display_name: Option<String>,
    /// Age band as told by the operator.
    pub age_band: AgeBand,
}

/// A complaint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// Its number.
    pub report_id: ReportId,
    /// When.
    pub ts: Timestamp,
    /// Who complained.
    pub reporter: OwnedUserId,
    /// Why, in their words.
    pub reason: String,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// Its number.
    pub decision_id: DecisionId,
    /// When.
    pub ts: Timestamp,
    /// Who decided.
    pub decider: OwnedUserId,
    /// What, as in [`model::case::Outcome::as_str`].
    pub outcome: String,
    /// Why, for the record.
    pub note: String,
}

impl Query for CaseDetail {
    type Out = Option<Detail>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Detail>, StoreError> {
        let sql = concat!("select ", case_columns!(), " from cases c left join users u on u.user_id = c.subject where c.case_id = $1");
        let Some(row) = tx.row(sql, args![self.case_id.0]).await? else {
            return Ok(None);
        };
        let case = CaseRow::read(&row, self.now)?;
        let mut detail = Detail {
            case,
            event_type: None,
            sent: None,
            text_gone: None,
            sealed: None,
            reasons: Vec::new(),
            members: Vec::new(),
            mode: None,
            reports: self.reports(tx).await?,
            decisions: self.decisions(tx).await?,
            reads: self.reads(tx).await?,
        };
        self.message(tx, &mut detail).await?;
        self.room(tx, &mut detail).await?;
        Ok(Some(detail))
    }
}

impl CaseDetail {
    async fn message<T: Tx>(&self, tx: &mut T, detail: &mut Detail) -> Result<(), StoreError> {
        let sql = "select event_type, created_ms, verdict, text_gone_ms from flags where case_id = $1 order by flag_id limit 1";
        if let Some(row) = tx.row(sql, args![self.case_id.0]).await? {
            detail.event_type = Some(row.text(0)?.to_owned());
            detail.sent = Some(Timestamp(row.int(1)?));
            detail.reasons = row.json::<Verdict>(2)?.reasons;
            detail.text_gone = row.int_or_null(3)?.map(Timestamp);
        }
        if let Some(event_id) = &detail.case.event_id
            && let Some(row) = tx.row("select type, origin_ts from events where event_id = $1", args![event_id]).await?
        {
            detail.event_type = Some(row.text(0)?.to_owned());
            detail.sent = Some(Timestamp(row.int(1)?));
            detail.sealed = sealed_facts(tx, event_id).await?;
        }
        Ok(())
    }

    async fn room<T: Tx>(&self, tx: &mut T, detail: &mut Detail) -> Result<(), StoreError> {
        let Some(room_id) = &detail.case.room_id else {
            return Ok(());
        };
        let mode = tx.row("select mode from rooms where room_id = $1", args![room_id]).await?;
        detail.mode = mode.map(|row| row.text(0).map(str::to_owned)).transpose()?;
        let sql = "select m.user_id, u.display_name, u.age_band from members m join users u on u.user_id = m.user_id \
                   where m.room_id = $1 and m.membership = 'join' order by m.user_id limit $2";
        for row in tx.rows(sql, args![room_id, crate::value::rows(limits::ROOM_MEMBERS)]).await? {
            let age_band = AgeBand::parse(row.text(2)?).unwrap_or_default();
            let display_name = row.text_or_null(1)?.map(str::to_owned);
            detail.members.push(MemberRow { user_id: row.parse(0)?, display_name, age_band });
        }
        Ok(())
    }

    async fn reports<T: Tx>(&self, tx: &mut T) -> Result<Vec<ReportRow>, StoreError> {
        let sql = "select report_id, created_ms, reporter, reason from reports where case_id = $1 order by report_id desc limit $2";
        let rows = tx.rows(sql, args![self.case_id.0, crate::value::rows(limits::CASE_DETAIL_ROWS)]).await?;
        let read = |row: &crate::Row| {
            Ok(ReportRow {
                report_id: ReportId(row.int(0)?),
                ts: Timestamp(row.int(1)?),
                reporter: row.parse(2)?,
                reason: row.text(3)?.to_owned(),
            })
        };
        rows.iter().rev().map(read).collect()
    }

    async fn decisions<T: Tx>(&self, tx: &mut T) -> Result<Vec<DecisionRow>, StoreError> {
        let sql =
            "select decision_id, created_ms, decider, outcome, note from decisions where case_id = $1 order by decision_id desc limit $2";
        let rows = tx.rows(sql, args![self.case_id.0, crate::value::rows(limits::CASE_DETAIL_ROWS)]).await?;
        let read = |row: &crate::Row| {
            Ok(DecisionRow {
                decision_id: DecisionId(row.int(0)?),
                ts: Timestamp(row.int(1)?),
                decider: row.parse(2)?,
                outcome: row.text(3)?.to_owned(),
                note: row.text(4)?.to_owned(),
            })
        };
        rows.iter().rev().map(read).collect()
    }

    async fn reads<T: Tx>(&self, tx: &mut T) -> Result<Vec<AccessRow>, StoreError> {
        let sql = "select access_id, created_ms, staff, role, action, case_id, room_id, reason, subjects, event_ids, '' from access_records \
                   where case_id = $1 order by access_id desc limit $2";
        let rows = tx.rows(sql, args![self.case_id.0, crate::value::rows(limits::CASE_DETAIL_ROWS)]).await?;
        rows.iter().rev().map(AccessRow::read).collect()
    }
}
