//! Claims: one reviewer works on a case at a time, for [`limits::CLAIM_MS`] after the last sign of life.

use model::clock::Timestamp;
use model::id::{CaseId, OwnedUserId};
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Takes a case, or shows a sign of life on it. A claim whose time is up can be taken over.
#[derive(Clone, Debug)]
pub struct ClaimCase {
    /// The case.
    pub case_id: CaseId,
    /// Who takes it.
    pub staff: OwnedUserId,
    /// When.
    pub now: Timestamp,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// The case is theirs.
    Claimed,
    /// Somebody else holds it.
    Held,
    /// It has been decided.
    Decided,
    /// There is no such case.
    Missing,
}

impl Command for ClaimCase {
    type Out = ClaimOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<ClaimOutcome, StoreError> {
        let until = self.now.plus_ms(limits::CLAIM_MS);
        let sql = "update cases set state = 'claimed', claimed_by = $2, claim_until_ms = $3 where case_id = $1 and (state = 'open' \
                   or (state = 'claimed' and (claimed_by = $2 or claim_until_ms <= $4))) returning case_id";
        if tx.row(sql, args![self.case_id.0, &self.staff, until, self.now]).await?.is_none() {
            let state = tx.row("select state from cases where case_id = $1", args![self.case_id.0]).await?;
            return match state {
                None => Ok(ClaimOutcome::Missing),
                Some(row) if row.text(0)? == "decided" => Ok(ClaimOutcome::Decided),
                Some(_) => Ok(ClaimOutcome::Held),
            };
        }
        // the row lock of the case is held from here on: nobody else writes its claims
        let sql = "select claim_id from claims where case_id = $1 and staff = $2 and to_ms is null";
        if tx.row(sql, args![self.case_id.0, &self.staff]).await?.is_none() {
            end_claims(tx, self.case_id, self.now, "timeout").await?;
            let sql = "insert into claims (case_id, staff, from_ms) values ($1, $2, $3)";
            tx.exec(sql, args![self.case_id.0, &self.staff, self.now]).await?;
        }
        Ok(ClaimOutcome::Claimed)
    }
}

/// Gives a case back to the queue.
#[derive(Clone, Debug)]
pub struct ReleaseClaim {
    /// The case.
    pub case_id: CaseId,
    /// Who held it.
    pub staff: OwnedUserId,
    /// When.
    pub now: Timestamp,
}

impl Command for ReleaseClaim {
    /// Whether there was a claim to give back.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "update cases set state = 'open', claimed_by = null, claim_until_ms = null \
                   where case_id = $1 and state = 'claimed' and claimed_by = $2 returning case_id";
        let held = tx.row(sql, args![self.case_id.0, &self.staff]).await?.is_some();
        if held {
            end_claims(tx, self.case_id, self.now, "released").await?;
        }
        Ok(held)
    }
}

/// Puts cases back into the queue whose reviewer gave no sign of life; at most [`limits::EXPIRY_BATCH_ROWS`].
#[derive(Clone, Debug)]
pub struct ExpireClaims {
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ExpireClaims {
    /// The cases that are open again.
    type Out = Vec<CaseId>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<CaseId>, StoreError> {
        let sql = "select case_id from cases where state = 'claimed' and claim_until_ms <= $1 order by case_id limit $2";
        let due = tx.rows(sql, args![self.now, crate::value::rows(limits::EXPIRY_BATCH_ROWS)]).await?;
        let mut reopened = Vec::with_capacity(due.len());
        for row in due {
            let case = CaseId(row.int(0)?);
            let sql = "update cases set state = 'open', claimed_by = null, claim_until_ms = null \
                       where case_id = $1 and state = 'claimed' and claim_until_ms <= $2 returning case_id";
            if tx.row(sql, args![case.0, self.now]).await?.is_some() {
                end_claims(tx, case, self.now, "timeout").await?;
                reopened.push(case);
            }
        }
        Ok(reopened)
    }
}

/// Closes the open claim of a case in its history.
pub(crate) async fn end_claims<T: Tx>(tx: &mut T, case: CaseId, now: Timestamp, reason: &'static str) -> Result<(), StoreError> {
    let sql = "update claims set to_ms = $2, end_reason = $3 where case_id = $1 and to_ms is null";
    tx.exec(sql, args![case.0, now, reason]).await?;
    Ok(())
}
