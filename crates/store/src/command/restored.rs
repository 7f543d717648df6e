//! What a database brought back from a copy must do before it serves anybody.

use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Begins a new epoch: lets go of every one-time key, since those given out after the copy was made
/// would be given out again, and moves every position on, since positions given after it have been
/// seen by clients as something else. Clients upload new keys at their next sync and are told every
/// room as it stands; fallback keys stay.
#[derive(Clone, Copy, Debug)]
pub struct BeginEpoch;

/// A new epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Its number; a database that was never restored has 0.
    pub number: i64,
    /// One-time keys that were let go of.
    pub keys_dropped: u64,
}

impl Command for BeginEpoch {
    type Out = Epoch;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Epoch, StoreError> {
        let sql = "insert into meta (meta_key, value) values ('epoch', '1') \
                   on conflict (meta_key) do update set value = cast(cast(meta.value as bigint) + 1 as text) returning value";
        let row = tx.row(sql, args![]).await?.ok_or(StoreError::Stale)?;
        let number = row.text(0)?.parse().map_err(|_| StoreError::Database("the epoch is not a number".to_owned()))?;
        let keys_dropped = tx.exec("delete from one_time_keys", args![]).await?;
        tx.exec("delete from claimed_keys", args![]).await?;
        // sliding sync begins anew: what a connection was told after the copy was made is not known
        tx.exec("delete from sliding_connections", args![]).await?;
        tx.exec("update devices set key_counts = '{\"signed_curve25519\":0}'", args![]).await?;
        // what was given out after the copy lies below the floor: it gets an answer by rooms
        tx.exec("update user_seq set pos = pos + $1, floor = pos + $1", args![limits::RESTORE_GAP]).await?;
        Ok(Epoch { number, keys_dropped })
    }
}
