//! The numbers at the top of the console.

use model::clock::Timestamp;
use model::id::OwnedUserId;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

/// Counts what there is to do.
#[derive(Clone, Debug)]
pub struct OverviewCounts {
    /// Who asks.
    pub staff: OwnedUserId,
    /// A queue whose cases they may not see.
    pub without_queue: Option<String>,
    /// The present moment.
    pub now: Timestamp,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Cases that nobody works on.
    pub open: i64,
    /// Cases claimed by the person who asks.
    pub claimed_by_me: i64,
    /// Undecided cases that a person should have looked at by now.
    pub overdue: i64,
    /// Decisions of the last day.
    pub decided_24h: i64,
    /// Messages withheld.
    pub withheld: i64,
    /// Reads of the last day.
    pub reads_24h: i64,
    /// Undecided cases by priority.
    pub by_priority: [i64; 4],
}

impl Query for OverviewCounts {
    type Out = Overview;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Overview, StoreError> {
        let without = self.without_queue.as_deref().unwrap_or_default();
        let mut overview = Overview::default();
        let sql = "select priority, count(*), cast(coalesce(sum(case when state = 'open' or claim_until_ms <= $1 then 1 else 0 end), 0) as bigint), \
                   cast(coalesce(sum(case when state = 'claimed' and claimed_by = $2 and claim_until_ms > $1 then 1 else 0 end), 0) as bigint), \
                   cast(coalesce(sum(case when due_ms < $1 then 1 else 0 end), 0) as bigint), \
                   cast(coalesce(sum(case when message_state = 'withheld' then 1 else 0 end), 0) as bigint) \
                   from cases where state in ('open', 'claimed') and queue <> $3 group by priority";
        for row in tx.rows(sql, args![self.now, &self.staff, without]).await? {
            if let Some(count) = usize::try_from(row.int(0)?).ok().and_then(|rank| overview.by_priority.get_mut(rank)) {
                *count = row.int(1)?;
            }
            overview.open += row.int(2)?;
            overview.claimed_by_me += row.int(3)?;
            overview.overdue += row.int(4)?;
            overview.withheld += row.int(5)?;
        }
        let since = self.now.plus_ms(-DAY_MS);
        let count = |row: Option<crate::Row>| row.map_or(Ok(0), |row| row.int(0));
        overview.decided_24h = count(tx.row("select count(*) from decisions where created_ms >= $1", args![since]).await?)?;
        overview.reads_24h = count(tx.row("select count(*) from access_records where created_ms >= $1", args![since]).await?)?;
        Ok(overview)
    }
}
