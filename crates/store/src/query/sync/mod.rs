//! What a person has to see since a position, in one snapshot of the database.
//!
//! The usual case reads the person's inbox rows, their membership edges and their marks: its cost
//! does not depend on how many rooms they are in. Three cases read rooms instead: the first sync,
//! a room that was newly joined, and an absence so long that the inbox no longer tells all.

mod assemble;
mod device;
mod incremental;
mod initial;
pub(crate) mod rooms;

use std::collections::BTreeSet;

pub(crate) use device::{Asking, device_lists, everybody_met};
pub use device::{DeviceNews, ToDevice};
use model::filter::{EventFilter, RoomFilter};
use model::id::{OwnedDeviceId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::seq::{InboxPos, RoomPos};

use super::history::ignored_by;
use super::stored_event::StoredEvent;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Asks for what is new.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of the endpoint, and any may go with any")]
pub struct Sync {
    /// For whom.
    pub user_id: OwnedUserId,
    /// On which of their devices.
    pub device_id: OwnedDeviceId,
    /// The position the person has seen; `None` for the first sync.
    pub since: Option<InboxPos>,
    /// The place in the device's queue that it says it has received.
    pub queue: InboxPos,
    /// What they want of timelines.
    pub timeline: EventFilter,
    /// Of which rooms.
    pub rooms: RoomFilter,
    /// The whole state of every room, not only what changed.
    pub full_state: bool,
    /// Rooms they left, too.
    pub include_leave: bool,
    /// Members of large rooms only as the timeline needs them.
    pub lazy_members: bool,
    /// The state as it is after the timeline, not before it.
    pub state_after: bool,
    /// What is unread of each thread, apart from the rest of its room.
    pub threads: bool,
}

/// What is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The position that has been seen with this.
    pub pos: InboxPos,
    /// Rooms they are in.
    pub joined: Vec<JoinedNews>,
    /// Rooms they are invited to: stripped state as a JSON array.
    pub invited: Vec<(OwnedRoomId, String)>,
    /// Rooms they left or were removed from.
    pub left: Vec<LeftNews>,
    /// Account data by type, with its content.
    pub account_data: Vec<(String, String)>,
    /// What is for the device that asks.
    pub device: DeviceNews,
}

impl News {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        let quiet = self.joined.is_empty() && self.invited.is_empty() && self.left.is_empty() && self.account_data.is_empty();
        quiet && self.device.is_empty()
    }
}

impl News {
    /// Takes out what these people said and whom they invited; who is in a room stays told.
    fn leave_out(&mut self, ignored: &BTreeSet<String>) {
        if ignored.is_empty() {
            return;
        }
        for joined in &mut self.joined {
            joined.timeline.events.retain(|event| event.state_key.is_some() || !ignored.contains(&event.sender));
            for bundle in joined.timeline.events.iter_mut().filter_map(|event| event.bundle.as_mut()) {
                if bundle.thread.as_ref().is_some_and(|thread| ignored.contains(&thread.latest.sender)) {
                    bundle.thread = None;
                }
            }
        }
        self.invited.retain(|(_, stripped)| {
            let events: Vec<Stripped> = serde_json::from_str(stripped).unwrap_or_default();
            // the invitation itself is the last
            events.last().is_none_or(|invitation| !ignored.contains(&invitation.sender))
        });
    }
}

#[derive(serde::Deserialize)]
struct Stripped {
    sender: String,
}

/// A piece of a room's timeline with the state before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The events, oldest first.
    pub events: Vec<StoredEvent>,
    /// Whether there is more between the last sync and the first event.
    pub limited: bool,
    /// The place before the first event, from which to read backwards.
    pub prev: RoomPos,
    /// State that changed between the last sync and the first event, or all of it.
    pub state: Vec<StoredEvent>,
}

impl Timeline {
    /// Bytes of the contents of its events and state.
    pub(crate) fn bytes(&self) -> usize {
        self.events.iter().chain(&self.state).map(|event| event.content.len()).sum()
    }
}

/// News of a room the person is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedNews {
    /// The room.
    pub room_id: OwnedRoomId,
    /// What was said.
    pub timeline: Timeline,
    /// What is not read yet.
    pub unread: Unread,
    /// Who is in it, when that may have changed.
    pub summary: Option<Summary>,
    /// Receipts, when they changed: event, type, user, thread, time.
    pub receipts: Vec<Receipt>,
    /// Account data by type, with its content.
    pub account_data: Vec<(String, String)>,
    /// Whether the state is all of it, not only what changed.
    pub whole: bool,
}

/// Messages not read yet, and mentions among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Messages: of the room, without those of threads when these are told apart.
    pub notify: i64,
    /// Of these, mentions.
    pub highlight: i64,
    /// The same of each thread in which something is unread, by its root.
    pub threads: Vec<(String, i64, i64)>,
}

/// News of a room the person is no longer in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftNews {
    /// The room.
    pub room_id: OwnedRoomId,
    /// What was said up to the leave.
    pub timeline: Timeline,
}

/// Who is in a room (spec "Room summary").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Up to five others, by whom a room without a name is called.
    pub heroes: Vec<String>,
    /// Joined members.
    pub joined: i64,
    /// Invited people.
    pub invited: i64,
}

/// How far somebody has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Up to this event.
    pub event_id: String,
    /// `m.read` or `m.read.private`.
    pub receipt_type: String,
    /// Who.
    pub user_id: String,
    /// In which thread; empty for the whole room.
    pub thread_id: String,
    /// When, in milliseconds.
    pub ts: i64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncOutcome {
    /// What is new.
    News(Box<News>),
    /// The position lies ahead of the person's own: it was not issued to them by this database.
    Ahead,
}

impl Query for Sync {
    type Out = SyncOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<SyncOutcome, StoreError> {
        let asking = Asking { user_id: &self.user_id, device_id: &self.device_id, queue: self.queue, limit: limits::TO_DEVICE_PAGE_ROWS };
        let row = asking.row(tx).await?;
        let (pos, floor) = (InboxPos::new(row.int(0)?).unwrap_or_default(), row.int(1)?);
        let mut news = match self.since {
            None => self.first(tx, pos).await?,
            Some(since) if since > pos => return Ok(SyncOutcome::Ahead),
            Some(since) if since == pos && !self.full_state => News { pos, ..News::default() },
            Some(since) => self.changes(tx, since, pos, since.get() < floor).await?,
        };
        let device = asking.device(tx, &row).await?;
        let DeviceNews { changed, left, counts_changed, .. } = std::mem::take(&mut news.device);
        news.device = DeviceNews { counts_changed, changed, left, ..device };
        if !(news.joined.is_empty() && news.invited.is_empty()) {
            news.leave_out(&ignored_by(tx, &self.user_id).await?);
        }
        Ok(SyncOutcome::News(Box::new(news)))
    }
}

/// The first sync and one far behind read much; a poll with nothing new reads one row. Those run on
/// a thread that may block.
#[derive(Clone, Debug)]
pub struct HeavySync(pub Sync);

impl Query for HeavySync {
    type Out = SyncOutcome;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<SyncOutcome, StoreError> {
        self.0.run(tx).await
    }
}
