//! A message that is blocked: no event, but a case with its body as evidence, and an answer that replays.

use model::id::CaseId;
use serde_json::Value as Json;

use super::open_flag::{self, NewFlag};
use super::txn::{self, Answer, Txn};
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Refuses a message.
#[derive(Clone, Debug)]
pub struct RefuseMessage {
    /// The finding, with the refused body.
    pub flag: NewFlag,
    /// What the sender is told; a replay of the transaction is told the same.
    pub refusal: Json,
    /// The client's transaction.
    pub txn: Option<Txn>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefuseOutcome {
    /// A case was opened.
    Opened(CaseId),
    /// The transaction had been answered before.
    Replayed(Answer),
}

impl Command for RefuseMessage {
    type Out = RefuseOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<RefuseOutcome, StoreError> {
        if let Some(txn) = &self.txn
            && let Some(answer) = txn::answer(tx, txn).await?
        {
            return Ok(RefuseOutcome::Replayed(answer));
        }
        let case = open_flag::open(tx, &self.flag, None).await?;
        if let Some(txn) = &self.txn {
            txn::remember(tx, txn, &Answer::Refused(self.refusal.clone())).await?;
        }
        Ok(RefuseOutcome::Opened(case))
    }
}
