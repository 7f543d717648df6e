//! Work that follows a commit: taken in batches under a lease, finished or put off.

use model::clock::Timestamp;
use model::limits;
use serde_json::Value as Json;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Takes what is due of one kind, at most [`limits::OUTBOX_BATCH_ROWS`]. A worker that dies loses
/// its lease after [`limits::OUTBOX_LEASE_MS`], and the work is taken again: at least once.
#[derive(Clone, Debug)]
pub struct TakeOutbox {
    /// `webhook` or `notice`.
    pub kind: &'static str,
    /// The present moment.
    pub now: Timestamp,
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its number.
    pub outbox_id: i64,
    /// What it says.
    pub payload: Json,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it was put there.
    pub created: Timestamp,
}

impl Command for TakeOutbox {
    type Out = Vec<Task>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Task>, StoreError> {
        // the conditions are repeated outside: a worker that waited for the row lock looks again
        let sql = "update outbox set attempts = attempts + 1, next_attempt_ms = $3 where state = 'pending' and next_attempt_ms <= $2 \
                   and outbox_id in (select outbox_id from outbox where state = 'pending' and kind = $1 and next_attempt_ms <= $2 \
                   order by next_attempt_ms, outbox_id limit $4) returning outbox_id, payload, attempts, created_ms";
        let lease = self.now.plus_ms(limits::OUTBOX_LEASE_MS);
        let rows = tx.rows(sql, args![self.kind, self.now, lease, crate::value::rows(limits::OUTBOX_BATCH_ROWS)]).await?;
        let mut tasks = Vec::with_capacity(rows.len());
        for row in rows {
            let attempt = u32::try_from(row.int(2)?).unwrap_or(u32::MAX);
            tasks.push(Task { outbox_id: row.int(0)?, payload: row.json(1)?, attempt, created: Timestamp(row.int(3)?) });
        }
        tasks.sort_by_key(|task| task.outbox_id);
        Ok(tasks)
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Done.
    Delivered,
    /// To be tried again at this moment.
    Again(Timestamp),
    /// Given up; a person can replay it.
    Failed,
}

/// Records how an attempt ended.
#[derive(Clone, Debug)]
pub struct FinishOutbox {
    /// The work.
    pub outbox_id: i64,
    /// How it ended.
    pub attempt: Attempt,
    /// What was answered, as in `204` or `connection refused`; never a body.
    pub status: String,
}

impl Command for FinishOutbox {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let (state, next) = match self.attempt {
            Attempt::Delivered => ("delivered", None),
            Attempt::Again(at) => ("pending", Some(at)),
            Attempt::Failed => ("failed", None),
        };
        let sql = "update outbox set state = $2, next_attempt_ms = coalesce($3, next_attempt_ms), last_status = $4 where outbox_id = $1";
        tx.exec(sql, args![self.outbox_id, state, next, self.status.as_str()]).await?;
        Ok(())
    }
}

/// Puts finished work of one kind back, due at once.
#[derive(Clone, Debug)]
pub struct ReplayOutbox {
    /// The work.
    pub outbox_id: i64,
    /// Its kind; other kinds are left alone.
    pub kind: &'static str,
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ReplayOutbox {
    /// Whether there was such work.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "update outbox set state = 'pending', attempts = 0, next_attempt_ms = $3 where outbox_id = $1 and kind = $2";
        Ok(tx.exec(sql, args![self.outbox_id, self.kind, self.now]).await? > 0)
    }
}

/// Deletes finished work older than [`limits::OUTBOX_KEEP_MS`].
#[derive(Clone, Debug)]
pub struct PruneOutbox {
    /// The present moment.
    pub now: Timestamp,
}

impl Command for PruneOutbox {
    /// Rows deleted.
    type Out = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        let sql = "delete from outbox where state <> 'pending' and created_ms < $1";
        tx.exec(sql, args![self.now.plus_ms(-limits::OUTBOX_KEEP_MS)]).await
    }
}
