//! What a sync tells one device: messages that wait for it, its own keys, whose keys to look at again.

use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;
use model::seq::InboxPos;

use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;
use crate::value::{Row, rows};

/// What is new for the device that asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceNews {
    /// One-time keys left by algorithm, as a JSON object.
    pub key_counts: String,
    /// Algorithms with an unused fallback key, as a JSON array.
    pub fallback_types: String,
    /// Whether the counts changed.
    pub counts_changed: bool,
    /// Messages, in order; at most [`limits::TO_DEVICE_PAGE_ROWS`].
    pub messages: Vec<ToDevice>,
    /// The place in the device's queue that has been seen with these.
    pub queue: InboxPos,
    /// Whether messages that the device says it has received still wait: let go of them.
    pub acknowledged: bool,
    /// People whose keys changed, or who now share a room.
    pub changed: Vec<String>,
    /// People who no longer share a room.
    pub left: Vec<String>,
}

impl DeviceNews {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        !self.counts_changed && self.messages.is_empty() && self.changed.is_empty() && self.left.is_empty()
    }
}

/// A message from another device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToDevice {
    /// Its place in the queue.
    pub seq: InboxPos,
    /// Who sent it.
    pub sender: String,
    /// Its type.
    pub event_type: String,
    /// Its content as JSON text.
    pub content: String,
}

/// Which device asks, and what it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) user_id: &'a OwnedUserId,
    pub(crate) device_id: &'a OwnedDeviceId,
    /// The place in its queue up to which it says it has received messages.
    pub(crate) queue: InboxPos,
    /// At most so many messages.
    pub(crate) limit: usize,
}

impl Asking<'_> {
    /// The row that a sync begins with, all that a poll with nothing new needs: position and floor of the person,
    /// counts of the device's keys, the ends of its queue.
    pub(crate) async fn row<T: Tx>(&self, tx: &mut T) -> Result<Row, StoreError> {
        let sql = "select s.pos, s.floor, d.key_counts, d.fallback_types, \
                   (select min(q.seq) from device_queue q where q.user_id = $1 and q.device_id = $2), \
                   (select max(q.seq) from device_queue q where q.user_id = $1 and q.device_id = $2) \
                   from user_seq s left join devices d on d.user_id = s.user_id and d.device_id = $2 where s.user_id = $1";
        let row = tx.row(sql, args![self.user_id, self.device_id]).await?;
        row.ok_or_else(|| StoreError::Database("a person has no inbox counter".to_owned()))
    }

    /// The device's own part, from columns 2 to 5 of [`Asking::row`].
    pub(crate) async fn device<T: Tx>(&self, tx: &mut T, row: &Row) -> Result<DeviceNews, StoreError> {
        let (oldest, newest) = (row.int_or_null(4)?, row.int_or_null(5)?);
        let mut news = DeviceNews {
            key_counts: row.text_or_null(2)?.unwrap_or(r#"{"signed_curve25519":0}"#).to_owned(),
            fallback_types: row.text_or_null(3)?.unwrap_or("[]").to_owned(),
            acknowledged: oldest.is_some_and(|oldest| oldest <= self.queue.get()),
            queue: self.queue,
            ..DeviceNews::default()
        };
        if newest.is_some_and(|newest| newest > self.queue.get()) && self.limit > 0 {
            news.messages = self.messages(tx).await?;
            news.queue = news.messages.last().map_or(self.queue, |last| last.seq);
        }
        Ok(news)
    }

    async fn messages<T: Tx>(&self, tx: &mut T) -> Result<Vec<ToDevice>, StoreError> {
        let sql =
            "select seq, sender, type, content from device_queue where user_id = $1 and device_id = $2 and seq > $3 order by seq limit $4";
        let limit = rows(self.limit.min(limits::TO_DEVICE_PAGE_ROWS));
        let mut messages = Vec::new();
        for mut row in tx.rows(sql, args![self.user_id, self.device_id, self.queue.get(), limit]).await? {
            let seq = InboxPos::new(row.int(0)?).unwrap_or_default();
            messages.push(ToDevice { seq, sender: row.take_text(1)?, event_type: row.take_text(2)?, content: row.take_text(3)? });
        }
        Ok(messages)
    }
}

/// Whose keys a person must look at again since a position, and of whom they may let go.
///
/// # Errors
/// When the store fails.
pub(crate) async fn device_lists<T: Tx>(tx: &mut T, user: &OwnedUserId, since: InboxPos) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let sql = "select m.mark_key, case when m.mark_key = $1 or exists (select 1 from members a join members b on b.room_id = a.room_id \
               where a.user_id = $1 and a.membership = 'join' and b.user_id = m.mark_key and b.membership in ('join', 'invite')) \
               then 1 else 0 end from marks m where m.user_id = $1 and m.kind = 'device_lists' and m.pos > $2 order by m.mark_key";
    let (mut changed, mut left) = (Vec::new(), Vec::new());
    for mut row in tx.rows(sql, args![user, since.get()]).await? {
        let list = if row.flag(1)? { &mut changed } else { &mut left };
        list.push(row.take_text(0)?);
    }
    Ok((changed, left))
}

/// Everybody whose keys a person may need: for a position from before what is remembered.
///
/// # Errors
/// When the store fails.
pub(crate) async fn everybody_met<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<Vec<String>, StoreError> {
    let sql = "select distinct b.user_id from members a join members b on b.room_id = a.room_id \
               where a.user_id = $1 and a.membership = 'join' and b.membership in ('join', 'invite') order by b.user_id";
    let mut people = Vec::new();
    for mut row in tx.rows(sql, args![user]).await? {
        people.push(row.take_text(0)?);
    }
    if people.is_empty() {
        people.push(user.to_string());
    }
    Ok(people)
}
