//! How far somebody has read: never backwards, and one mark for each person who is told. What is unread is counted anew, of
//! the room and of its threads.

use model::clock::Timestamp;
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
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
        self.let_go_of_old(tx).await?;
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

/// What counts as unread: messages of others, no notices, no edits.
macro_rules! counts {
    () => {
        "e.room_id = $1 and e.sender <> $2 and e.room_pos > $3 and e.withheld = 0 and e.redacted_by is null \
         and e.type in ('m.room.message', 'm.room.encrypted', 'm.sticker', 'm.poll.start', 'org.matrix.msc3381.poll.start') \
         and e.content not like '%\"m.notice\"%' and e.content not like '%\"m.replace\"%'"
    };
}

/// How many of them mention the person: whose ID is among the mentions.
macro_rules! mentions {
    () => {
        "coalesce(sum(case when e.content like '%\"m.mentions\"%' and e.content like $4 then 1 else 0 end), 0)"
    };
}

/// The place of the last event that the person wrote after the receipt, of those that fit: who writes has read what was there.
macro_rules! written {
    ($fits:literal) => {
        concat!(
            "(select coalesce(max(o.room_pos), 0) from events o where o.room_id = $1 and o.room_pos > $3 and o.sender = $2 and ",
            $fits,
            ")"
        )
    };
}

/// The thread of what is in none.
const MAIN: &str = "main";

impl PutReceipt {
    /// Of very many threads the receipts of the latest events are kept.
    async fn let_go_of_old<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        if self.thread_id.is_empty() || self.thread_id == MAIN {
            return Ok(());
        }
        let sql = "delete from receipts where room_id = $1 and user_id = $2 and thread_id not in ('', 'main') and room_pos < \
                   (select r.room_pos from receipts r where r.room_id = $1 and r.user_id = $2 and r.thread_id not in ('', 'main') \
                   order by r.room_pos desc limit 1 offset $3)";
        tx.exec(sql, args![&self.room_id, &self.user_id, limits::THREAD_RECEIPTS - 1]).await?;
        Ok(())
    }

    /// What is unread begins after the receipt, or what they wrote later, in its thread or everywhere; other threads stay as
    /// they are.
    async fn count_unread<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let thread = if self.thread_id.is_empty() { MAIN } else { &self.thread_id };
        let sql = "select coalesce(max(case when thread_id = '' then room_pos else 0 end), 0), \
                   coalesce(max(case when thread_id = $3 then room_pos else 0 end), 0), \
                   coalesce((select last_pos from rooms where room_id = $1), 0) from receipts where room_id = $1 and user_id = $2";
        let read = tx.row(sql, args![&self.room_id, &self.user_id, thread]).await?;
        let (everywhere, here, last) = read.map_or(Ok((0, 0, 0)), |row| Ok::<_, StoreError>((row.int(0)?, row.int(1)?, row.int(2)?)))?;
        let everywhere = everywhere.max(last - limits::UNREAD_PLACES);
        let mentioned = format!("%\"{}\"%", self.user_id);
        let main = match self.thread_id.as_str() {
            "" => {
                self.count_threads(tx, everywhere, &mentioned).await?;
                self.count_main(tx, everywhere.max(here), &mentioned).await?
            }
            MAIN => self.count_main(tx, everywhere.max(here), &mentioned).await?,
            _ => {
                let main = self.outside_threads(tx).await?;
                self.count_thread(tx, everywhere.max(here), &mentioned).await?;
                main
            }
        };
        let threads = self.in_threads(tx).await?;
        let sql = "update members set notify_count = $3, highlight_count = $4 where room_id = $1 and user_id = $2";
        tx.exec(sql, args![&self.room_id, &self.user_id, main.0 + threads.0, main.1 + threads.1]).await?;
        Ok(())
    }

    /// What was counted as unread outside of threads.
    async fn outside_threads<T: Tx>(&self, tx: &mut T) -> Result<(i64, i64), StoreError> {
        let sql = "select notify_count, highlight_count from members where room_id = $1 and user_id = $2";
        let Some(row) = tx.row(sql, args![&self.room_id, &self.user_id]).await? else { return Ok((0, 0)) };
        let threads = self.in_threads(tx).await?;
        Ok(((row.int(0)? - threads.0).max(0), (row.int(1)? - threads.1).max(0)))
    }

    /// What is unread in all threads together: messages, and mentions among them.
    async fn in_threads<T: Tx>(&self, tx: &mut T) -> Result<(i64, i64), StoreError> {
        // PostgreSQL gives the sum of integers as a number of another type
        let sql = "select cast(coalesce(sum(notify_count), 0) as bigint), cast(coalesce(sum(highlight_count), 0) as bigint) \
                   from thread_unread where user_id = $1 and room_id = $2";
        tx.row(sql, args![&self.user_id, &self.room_id]).await?.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }

    /// What is unread outside of threads, after this place.
    async fn count_main<T: Tx>(&self, tx: &mut T, after: i64, mentioned: &str) -> Result<(i64, i64), StoreError> {
        let sql = concat!(
            "select count(*), ",
            mentions!(),
            " from events e where ",
            counts!(),
            " and (e.rel_type is null or e.rel_type <> 'm.thread') and e.room_pos > ",
            written!("(o.rel_type is null or o.rel_type <> 'm.thread')")
        );
        let row = tx.row(sql, args![&self.room_id, &self.user_id, after, mentioned]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }

    /// Counts one thread anew, after this place.
    async fn count_thread<T: Tx>(&self, tx: &mut T, after: i64, mentioned: &str) -> Result<(), StoreError> {
        let sql = "delete from thread_unread where user_id = $1 and room_id = $2 and thread_id = $3";
        tx.exec(sql, args![&self.user_id, &self.room_id, &self.thread_id]).await?;
        let sql = concat!(
            "insert into thread_unread (user_id, room_id, thread_id, notify_count, highlight_count) \
             select $2, $1, $5, count(*), ",
            mentions!(),
            " from events e where ",
            counts!(),
            " and e.rel_type = 'm.thread' and e.relates_to = $5 and e.room_pos > ",
            written!("o.rel_type = 'm.thread' and o.relates_to = $5"),
            " having count(*) > 0"
        );
        tx.exec(sql, args![&self.room_id, &self.user_id, after, mentioned, &self.thread_id]).await?;
        Ok(())
    }

    /// Counts every thread anew, after this place or where the thread itself was read up to.
    async fn count_threads<T: Tx>(&self, tx: &mut T, after: i64, mentioned: &str) -> Result<(), StoreError> {
        tx.exec("delete from thread_unread where user_id = $1 and room_id = $2", args![&self.user_id, &self.room_id]).await?;
        let sql = concat!(
            "insert into thread_unread (user_id, room_id, thread_id, notify_count, highlight_count) \
             select $2, $1, e.relates_to, count(*), ",
            mentions!(),
            " from events e where ",
            counts!(),
            " and e.rel_type = 'm.thread' and e.room_pos > coalesce((select max(r.room_pos) from receipts r \
             where r.room_id = $1 and r.user_id = $2 and r.thread_id = e.relates_to), 0) and e.room_pos > ",
            written!("o.rel_type = 'm.thread' and o.relates_to = e.relates_to"),
            " group by e.relates_to"
        );
        tx.exec(sql, args![&self.room_id, &self.user_id, after, mentioned]).await?;
        Ok(())
    }
}
