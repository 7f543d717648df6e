//! How far somebody has read: never backwards, and one mark for each person who is told.

use model::clock::Timestamp;
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::seq::RoomPos;

use super::fanout;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Notes a receipt.
#[derive(Clone, Debug)]
pub struct PutReceipt {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Who has read.
    pub user_id: OwnedUserId,
    /// `m.read` or `m.read.private`.
    pub receipt_type: &'static str,
    /// In which thread; empty for the whole room.
    pub thread_id: String,
    /// Up to which event.
    pub event_id: OwnedEventId,
    /// Its place.
    pub room_pos: RoomPos,
    /// When.
    pub now: Timestamp,
    /// Who is told, in order of user IDs.
    pub told: Vec<OwnedUserId>,
}

impl Command for PutReceipt {
    /// Whether it is news: an older place than the one noted is not.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "insert into receipts (room_id, user_id, type, thread_id, event_id, room_pos, ts) values ($1, $2, $3, $4, $5, $6, $7) \
                   on conflict (room_id, user_id, type, thread_id) do update set event_id = excluded.event_id, room_pos = excluded.room_pos, \
                   ts = excluded.ts where receipts.room_pos < excluded.room_pos";
        let arguments =
            args![&self.room_id, &self.user_id, self.receipt_type, &self.thread_id, &self.event_id, self.room_pos.get(), self.now];
        if tx.exec(sql, arguments).await? == 0 {
            return Ok(false);
        }
        self.count_unread(tx).await?;
        for user in &self.told {
            fanout::mark(tx, user, "receipts", self.room_id.as_str()).await?;
            if *user == self.user_id {
                fanout::mark(tx, user, "unread", self.room_id.as_str()).await?;
            }
        }
        Ok(true)
    }
}

impl PutReceipt {
    /// What is unread begins after the receipt; mentions are counted as read with the rest.
    async fn count_unread<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let sql = "update members set highlight_count = 0, notify_count = (select count(*) from events e where e.room_id = $1 \
                   and e.room_pos > $3 and e.sender <> $2 and e.withheld = 0 and e.redacted_by is null \
                   and e.type in ('m.room.message', 'm.room.encrypted', 'm.sticker', 'm.poll.start', 'org.matrix.msc3381.poll.start') \
                   and e.content not like '%\"m.notice\"%' and e.content not like '%\"m.replace\"%') \
                   where room_id = $1 and user_id = $2";
        tx.exec(sql, args![&self.room_id, &self.user_id, self.room_pos.get()]).await?;
        Ok(())
    }
}
