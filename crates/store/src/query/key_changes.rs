//! Whose keys changed between two syncs.

use model::id::OwnedUserId;
use model::seq::InboxPos;

use super::sync::{device_lists, everybody_met};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Asks whose keys changed since a position.
#[derive(Clone, Debug)]
pub struct KeyChanges {
    /// Who asks.
    pub user_id: OwnedUserId,
    /// Since when.
    pub since: InboxPos,
}

impl Query for KeyChanges {
    /// Those to look up again, and those to let go of.
    type Out = (Vec<String>, Vec<String>);
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let row = tx.row("select pos, floor from user_seq where user_id = $1", args![&self.user_id]).await?;
        let row = row.ok_or_else(|| StoreError::Database("a person has no inbox counter".to_owned()))?;
        let known = row.int(1)?..=row.int(0)?;
        if known.contains(&self.since.get()) {
            device_lists(tx, &self.user_id, self.since).await
        } else {
            Ok((everybody_met(tx, &self.user_id).await?, Vec::new()))
        }
    }
}
