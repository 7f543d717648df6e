//! Lets go of old inbox rows. Rooms keep their events: a client that stayed away longer than the rows
//! are kept is told each room's last events, with `limited`.

use model::clock::Timestamp;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Deletes the inbox rows of one person whose events are older than [`limits::INBOX_KEEP_MS`].
#[derive(Clone, Debug)]
pub struct CompactInbox {
    /// Whose inbox; the first person after this ID, in order. Empty for the first of all.
    pub after: String,
    /// The present moment.
    pub now: Timestamp,
}

/// What was let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Whose inbox it was; the next call goes on after them.
    pub user_id: String,
    /// Rows deleted; [`limits::COMPACT_ROWS`] when there may be more.
    pub rows: u64,
}

impl Command for CompactInbox {
    /// `None` after the last person.
    type Out = Option<Compacted>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Compacted>, StoreError> {
        // the counter's lock keeps a sync from reading between the floor and the rows
        let sql = "select user_id, floor from user_seq where user_id > $1 order by user_id limit 1";
        let Some(row) = tx.row(sql, args![self.after.as_str()]).await? else { return Ok(None) };
        let (user_id, floor) = (row.text(0)?.to_owned(), row.int(1)?);
        let oldest_kept = self.now.plus_ms(-limits::INBOX_KEEP_MS);
        let sql = "select i.pos, e.origin_ts from inbox i left join events e on e.room_id = i.room_id and e.room_pos = i.room_pos \
                   where i.user_id = $1 order by i.pos limit $2";
        let mut last = None;
        for row in tx.rows(sql, args![user_id.as_str(), limits::COMPACT_ROWS]).await? {
            // a row whose event is gone is of no use to anybody
            if row.int_or_null(1)?.is_some_and(|sent_ms| sent_ms >= oldest_kept.0) {
                break;
            }
            last = Some(row.int(0)?);
        }
        let Some(last) = last else { return Ok(Some(Compacted { user_id, rows: 0 })) };
        tx.exec("update user_seq set floor = $2 where user_id = $1", args![user_id.as_str(), last.max(floor)]).await?;
        let rows = tx.exec("delete from inbox where user_id = $1 and pos <= $2", args![user_id.as_str(), last]).await?;
        Ok(Some(Compacted { user_id, rows }))
    }
}
