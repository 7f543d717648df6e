//! Letting go of what no sync needs any more.

use model::limits;
use store::command::compact_inbox::{CompactInbox, Compacted};
use store::command::forget_txns::ForgetTxns;
use store::command::put_connection::ForgetConnections;

use crate::{App, Error};

impl App {
    /// Goes through all inboxes once and deletes the rows older than [`limits::INBOX_KEEP_MS`]; gives
    /// how many; old transaction IDs and connections of sliding sync go with them. To be called about once a day. Each person is a transaction of their own.
    ///
    /// # Errors
    /// When the store fails; what was done until then stands.
    pub async fn compact_inboxes(&self) -> Result<u64, Error> {
        let mut after = Some(Vec::new());
        while let Some(from) = after {
            after = self.store.run(ForgetTxns { after: from, now: self.clock.now() }).await?.end;
        }
        self.store.run(ForgetConnections { now: self.clock.now() }).await?;
        let (mut after, mut rows) = (String::new(), 0);
        loop {
            let command = CompactInbox { after: after.clone(), now: self.clock.now() };
            let Some(Compacted { user_id, rows: deleted }) = self.store.run(command).await? else { return Ok(rows) };
            rows += deleted;
            if deleted < limits::COMPACT_ROWS.unsigned_abs() {
                after = user_id;
            }
        }
    }
}
