//! What a connection of sliding sync has to be told, in one snapshot of the database.
//!
//! What moved since a position is read first. Which of it is told is not decided here but by a [`Choose`],
//! which asks for facts about rooms where it needs them; what it chooses is then read. A poll in whose rooms
//! nothing changes but what is said reads only the rooms in which something was said.

mod connection;
mod facts;
mod moved;
mod room;
mod state;

use std::collections::{BTreeMap, BTreeSet};

pub use connection::{StoredConnection, Versions};
pub use facts::{Facts, RoomFacts};
use model::id::{OwnedDeviceId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::seq::{InboxPos, RoomPos};
use model::sliding::RoomConfig;
pub use room::{RoomNews, Standing};
pub use state::{Hero, Members};

use super::history::ignored_by;
use super::sync::rooms::{account_data, all_account_data};
use super::sync::{Asking, DeviceNews, device_lists, everybody_met};
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Decides what a connection is told. It is asked within the snapshot and reads nothing itself.
pub trait Choose: Send + Sync + 'static {
    /// What it makes of the connection besides: given back with the answer.
    type Next: Send + 'static;

    /// Whether rooms are told at all.
    fn tells_rooms(&self) -> bool;

    /// Which facts it needs to choose.
    fn needs(&self, moved: &Moved) -> Needs;

    /// What is told.
    fn choose(&self, moved: &Moved, facts: Option<&Facts>) -> (Vec<Tell>, Self::Next);
}

/// Facts about which rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// None.
    Nothing,
    /// These.
    These(BTreeSet<OwnedRoomId>),
    /// All of the person's, with the marks that moved since a position that may be older than the connection's.
    All {
        /// From there on.
        marks_since: InboxPos,
    },
}

/// What moved for a person since a position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Since where.
    pub since: InboxPos,
    /// Rooms in which something was said or done.
    pub rooms: BTreeMap<OwnedRoomId, MovedRoom>,
    /// Rooms of which the person's membership changed.
    pub edges: BTreeSet<OwnedRoomId>,
    /// Receipts, unread counts and account data of rooms.
    pub marks: BTreeMap<OwnedRoomId, Vec<RoomMark>>,
    /// Types of global account data.
    pub account_data: Vec<String>,
    /// Whether somebody's devices changed.
    pub device_lists: bool,
    /// Whether the counts of the asking device's keys changed.
    pub key_counts: bool,
}

/// What was said in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovedRoom {
    /// The first place that is new.
    pub first: RoomPos,
    /// The person's position of the last.
    pub last: InboxPos,
    /// How much is new.
    pub count: usize,
}

/// Something of a room that moved, by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomMark {
    /// What.
    pub what: Marked,
    /// To where.
    pub pos: InboxPos,
}

/// What a mark of a room says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// Somebody read on.
    Receipts,
    /// The counts of what is unread changed.
    Unread,
    /// Account data of this type.
    AccountData(String),
}

/// A room to be told, and how.
#[derive(Clone, Debug)]
pub struct Tell {
    /// The room.
    pub room_id: OwnedRoomId,
    /// How.
    pub how: How,
    /// What is asked for.
    pub config: RoomConfig,
    /// What was told before.
    pub had: Option<RoomConfig>,
    /// The first place that is new with this answer; what lies before it is not live.
    pub live_from: Option<RoomPos>,
    /// Whether it is told even where nothing but its counts changed.
    pub counts: bool,
    /// Which account data of the room.
    pub account_data: Data,
    /// Whether its receipts are told.
    pub receipts: bool,
}

/// In which way a room is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// As it stands.
    Whole,
    /// What came after a place that the client has; counts alone where there is no place.
    After {
        /// The place.
        place: Option<RoomPos>,
        /// The last events come even where the client has them, since it now wants more of them.
        expanded: bool,
    },
    /// As an invitation.
    Invite,
    /// As one that the person is no longer in, up to there; whole, unless the client has it up to a place.
    Left(Option<RoomPos>),
}

/// Which account data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// None.
    Nothing,
    /// Of these types.
    Types(Vec<String>),
    /// All.
    All,
}

/// Asks for what is new for a connection.
#[derive(Clone, Debug)]
pub struct Sliding<C> {
    /// For whom.
    pub user_id: OwnedUserId,
    /// On which device.
    pub device_id: OwnedDeviceId,
    /// The position that the connection has seen; `None` for a new one.
    pub since: Option<InboxPos>,
    /// The place in the device's queue that it says it has received.
    pub queue: InboxPos,
    /// At most so many messages to the device.
    pub messages: usize,
    /// Whether devices and keys are told.
    pub e2ee: bool,
    /// Which global account data is told: what moved, or all.
    pub account_data: Option<Whole>,
    /// Who decides what is told.
    pub chooser: C,
}

/// How much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// What changed.
    Changes,
    /// All there is.
    All,
}

/// What is new for a connection.
#[derive(Debug)]
pub struct SlidingNews<N> {
    /// The position that has been seen with this.
    pub pos: InboxPos,
    /// Rooms, in the order in which they were chosen.
    pub rooms: Vec<RoomNews>,
    /// Global account data: type and content.
    pub account_data: Vec<(String, String)>,
    /// What is for the device.
    pub device: DeviceNews,
    /// What the chooser makes of the connection.
    pub next: N,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum SlidingOutcome<N> {
    /// What is new.
    News(Box<SlidingNews<N>>),
    /// The position cannot be gone on from: it is not of this database, or what came after it is no longer listed.
    Lost,
    /// All rooms have to be looked at, which is no light read: ask by [`HeavySliding`].
    Much,
}

impl<C: Choose> Query for Sliding<C> {
    type Out = SlidingOutcome<C::Next>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        self.answer(tx, false).await
    }
}

impl<C: Choose> Sliding<C> {
    async fn answer<T: Tx>(&self, tx: &mut T, heavy: bool) -> Result<SlidingOutcome<C::Next>, StoreError> {
        let asking = Asking { user_id: &self.user_id, device_id: &self.device_id, queue: self.queue, limit: self.messages };
        let row = asking.row(tx).await?;
        let (pos, floor) = (InboxPos::new(row.int(0)?).unwrap_or_default(), InboxPos::new(row.int(1)?).unwrap_or_default());
        if self.since.is_some_and(|since| since > pos || since < floor) {
            return Ok(SlidingOutcome::Lost);
        }
        let mut moved = self.moved(tx, pos).await?;
        let facts = match self.chooser.needs(&moved) {
            Needs::Nothing => None,
            Needs::These(rooms) => Some(facts::of_rooms(tx, &self.user_id, &rooms, moved.since).await?),
            Needs::All { .. } if !heavy => return Ok(SlidingOutcome::Much),
            Needs::All { marks_since } => {
                if marks_since < moved.since {
                    moved.marks = self.marks(tx, marks_since).await?.marks;
                }
                Some(facts::of_all(tx, &self.user_id, moved.since).await?)
            }
        };
        let (tells, next) = self.chooser.choose(&moved, facts.as_ref());
        let ignored = if tells.is_empty() { BTreeSet::new() } else { ignored_by(tx, &self.user_id).await? };
        let mut rooms = Vec::with_capacity(tells.len());
        let mut left = limits::SYNC_BYTES;
        for mut tell in tells {
            // an answer that is large already tells of the other rooms that there is more
            if left == 0 {
                tell.config.timeline_limit = tell.config.timeline_limit.min(1);
            }
            if let Some(news) = room::read(tx, &self.user_id, &tell, &ignored).await? {
                left = left.saturating_sub(news.timeline.iter().chain(&news.state).map(|event| event.content.len()).sum());
                rooms.push(news);
            }
        }
        let account_data = self.account_data(tx, &moved).await?;
        let mut device = asking.device(tx, &row).await?;
        device.counts_changed = self.e2ee && moved.key_counts;
        if self.e2ee {
            (device.changed, device.left) = self.device_lists(tx, &moved).await?;
        }
        Ok(SlidingOutcome::News(Box::new(SlidingNews { pos, rooms, account_data, device, next })))
    }

    async fn account_data<T: Tx>(&self, tx: &mut T, moved: &Moved) -> Result<Vec<(String, String)>, StoreError> {
        match self.account_data {
            None => Ok(Vec::new()),
            Some(Whole::All) => all_account_data(tx, &self.user_id, "").await,
            Some(Whole::Changes) => {
                let mut told = Vec::with_capacity(moved.account_data.len());
                for data_type in &moved.account_data {
                    told.extend(account_data(tx, &self.user_id, "", data_type).await?);
                }
                Ok(told)
            }
        }
    }

    /// A device that has received messages and begins a new connection cannot say what it knows of other
    /// people's devices: it is told to look at everybody's.
    async fn device_lists<T: Tx>(&self, tx: &mut T, moved: &Moved) -> Result<(Vec<String>, Vec<String>), StoreError> {
        match self.since {
            None if self.queue > InboxPos::ZERO => Ok((everybody_met(tx, &self.user_id).await?, Vec::new())),
            Some(since) if moved.device_lists => device_lists(tx, &self.user_id, since).await,
            _ => Ok((Vec::new(), Vec::new())),
        }
    }
}

/// As [`Sliding`], where all rooms are looked at: for a new connection, or when the lists, a membership or what is
/// called direct changed.
#[derive(Clone, Debug)]
pub struct HeavySliding<C>(pub Sliding<C>);

impl<C: Choose> Query for HeavySliding<C> {
    type Out = SlidingOutcome<C::Next>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        self.0.answer(tx, true).await
    }
}
