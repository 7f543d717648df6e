//! What a connection was told: of which room, how much, and up to where.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::id::OwnedRoomId;
use model::room::Membership;
use model::seq::{InboxPos, RoomPos};
use model::sliding::RoomConfig;
use serde::{Deserialize, Serialize};

/// A connection at one of its versions. It changes only when a room comes into it or falls out of it: up to
/// where the rooms in it were told is the position in the client's token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) shape: Shape,
    pub(super) rooms: BTreeMap<OwnedRoomId, Told>,
    /// The rooms to which there is a subscription.
    pub(super) subscribed: BTreeSet<OwnedRoomId>,
}

/// What a connection is apart from its rooms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// What its lists were, in short.
    pub(super) lists: String,
    /// How many rooms each list had.
    pub(super) counts: BTreeMap<String, usize>,
    /// Whether rooms were left for the next answer.
    pub(super) more: bool,
    /// Whether account data was asked for, and receipts.
    pub(super) account_data: bool,
    pub(super) receipts: bool,
}

/// What was told of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// As what.
    pub(super) kind: Kind,
    /// How much of it.
    pub(super) config: Arc<RoomConfig>,
    /// Up to where, for a room that is no longer followed.
    pub(super) behind: Option<Behind>,
    /// The lists that show it, by their order.
    pub(super) lists: Vec<u16>,
    /// Whether there is a subscription to it.
    pub(super) subscribed: bool,
    /// Whether its person called it direct.
    pub(super) direct: bool,
}

/// As what a room was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    #[serde(rename = "j")]
    Joined,
    #[serde(rename = "i")]
    Invited,
    #[serde(rename = "l")]
    Left,
}

/// Up to where a room was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Behind {
    /// Its events.
    pub(super) place: RoomPos,
    /// Its marks and its person's membership.
    pub(super) pos: InboxPos,
}

impl Kind {
    pub(super) fn of(membership: Membership) -> Self {
        match membership {
            Membership::Join => Self::Joined,
            Membership::Invite | Membership::Knock => Self::Invited,
            Membership::Leave | Membership::Ban => Self::Left,
        }
    }
}

impl Told {
    /// Whether it is told as it changes.
    pub(super) fn is_live(&self) -> bool {
        self.behind.is_none() && self.kind != Kind::Left
    }
}

/// Kind, number of the configuration, up to where, lists, whether there is a subscription, whether it is direct.
type Row = (Kind, usize, Option<Behind>, Vec<u16>, bool, bool);

/// How a connection is kept: room configurations once each, rooms as short rows.
#[derive(Serialize, Deserialize)]
struct Kept {
    shape: Shape,
    configs: Vec<Arc<RoomConfig>>,
    rooms: BTreeMap<OwnedRoomId, Row>,
}

impl Connection {
    pub(super) fn new(shape: Shape, rooms: BTreeMap<OwnedRoomId, Told>) -> Self {
        let subscribed = rooms.iter().filter(|(_, told)| told.subscribed).map(|(room_id, _)| room_id.clone()).collect();
        Self { shape, rooms, subscribed }
    }

    /// As JSON text.
    pub(super) fn to_text(&self) -> String {
        let mut configs: Vec<Arc<RoomConfig>> = Vec::new();
        let mut rooms = BTreeMap::new();
        for (room_id, told) in &self.rooms {
            let known = configs.iter().position(|one| *one == told.config);
            let config = known.unwrap_or_else(|| {
                configs.push(Arc::clone(&told.config));
                configs.len() - 1
            });
            rooms.insert(room_id.clone(), (told.kind, config, told.behind, told.lists.clone(), told.subscribed, told.direct));
        }
        serde_json::to_string(&Kept { shape: self.shape.clone(), configs, rooms }).expect("a connection is texts and numbers")
    }

    /// From [`Connection::to_text`]; `None` for what another version of the server wrote, which is begun anew.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let kept: Kept = serde_json::from_str(text).ok()?;
        let mut rooms = BTreeMap::new();
        for (room_id, (kind, config, behind, lists, subscribed, direct)) in kept.rooms {
            let config = Arc::clone(kept.configs.get(config)?);
            rooms.insert(room_id, Told { kind, config, behind, lists, subscribed, direct });
        }
        Some(Self::new(kept.shape, rooms))
    }
}

#[cfg(test)]
mod tests {
    use model::sliding::Wanted;

    use super::*;

    #[test]
    fn what_is_kept_is_what_was_there() {
        let config = |limit| Arc::new(RoomConfig::new(limit, Wanted { lazy_members: true, ..Wanted::default() }));
        let (mut shape, mut rooms) = (Shape::default(), BTreeMap::new());
        shape.counts.insert("all".to_owned(), 3);
        for (n, limit) in [1, 20, 1].into_iter().enumerate() {
            let behind = (n == 1).then_some(Behind { place: RoomPos::LAST, pos: InboxPos::ZERO });
            let told = Told { kind: Kind::Joined, config: config(limit), behind, lists: vec![0, 9], subscribed: n == 2, direct: n == 0 };
            rooms.insert(OwnedRoomId::try_from(format!("!{n}")).unwrap(), told);
        }
        let connection = Connection::new(shape, rooms);
        assert_eq!(connection.subscribed.len(), 1);
        let text = connection.to_text();
        assert_eq!(Connection::from_text(&text).unwrap(), connection);
        assert_eq!(text.matches("\"n\":").count(), 2, "each configuration is written once: {text}");
        assert_eq!(Connection::from_text("{}"), None);
    }
}
