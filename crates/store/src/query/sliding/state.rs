//! Which state of a room is told, and who is in it.

use std::collections::BTreeSet;

use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;
use model::room::Membership;
use model::seq::RoomPos;

use super::Tell;
use crate::args;
use crate::error::StoreError;
use crate::query::stored_event::{StoredEvent, event_columns, from_rows};
use crate::tx::Tx;
use crate::value::Value;

const MEMBER: &str = "m.room.member";

/// Events fetched by one statement.
const PLACES: usize = 16;

/// Others named in a summary.
const HEROES: usize = 5;

/// A piece of a room's present state, by its place.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    event_type: String,
    state_key: String,
    room_pos: RoomPos,
}

impl Piece {
    pub(super) fn is(&self, event_type: &str) -> bool {
        self.event_type == event_type && (event_type == MEMBER || self.state_key.is_empty())
    }

    pub(super) fn is_after(&self, place: Option<RoomPos>) -> bool {
        place.is_none_or(|place| self.room_pos > place)
    }
}

/// The present state of a room without its contents.
pub(super) async fn pieces<T: Tx>(tx: &mut T, room_id: &OwnedRoomId) -> Result<Vec<Piece>, StoreError> {
    let sql = "select type, state_key, room_pos from room_state where room_id = $1 order by room_pos";
    let mut pieces = Vec::new();
    for mut row in tx.rows(sql, args![room_id]).await? {
        let room_pos = RoomPos::new(row.int(2)?).unwrap_or_default();
        pieces.push(Piece { event_type: row.take_text(0)?, state_key: row.take_text(1)?, room_pos });
    }
    Ok(pieces)
}

/// What of the state is told.
pub(super) struct Choice<'a> {
    pub(super) tell: &'a Tell,
    /// The place up to which the client has the state.
    pub(super) after: Option<RoomPos>,
    /// Whether the timeline leaves out something that came after.
    pub(super) limited: bool,
    /// Whether the room is so small that all its members are told.
    pub(super) small: bool,
    /// Who speaks in the timeline, and of whom it tells.
    pub(super) named: BTreeSet<&'a str>,
}

impl Choice<'_> {
    fn tells(&self, piece: &Piece) -> bool {
        let (event_type, state_key) = (piece.event_type.as_str(), piece.state_key.as_str());
        let fresh = piece.is_after(self.after);
        let config = &self.tell.config;
        let had = self.tell.had.as_ref();
        if config.matches(event_type, state_key) && (fresh || had.is_some_and(|had| !had.matches(event_type, state_key))) {
            return true;
        }
        if !config.lazy_members() || event_type != MEMBER {
            return false;
        }
        let lazy_is_new = had.is_some_and(|had| !had.lazy_members());
        if self.small {
            return fresh || lazy_is_new;
        }
        // whom the client was told of before is not remembered: told again rather than missed
        self.named.contains(state_key) || (fresh && self.after.is_some() && !self.limited)
    }

    /// The events of the state that is told.
    pub(super) async fn events<T: Tx>(&self, tx: &mut T, pieces: &[Piece]) -> Result<Vec<StoredEvent>, StoreError> {
        let places: Vec<RoomPos> = pieces.iter().filter(|piece| self.tells(piece)).map(|piece| piece.room_pos).collect();
        at(tx, &self.tell.room_id, &places).await
    }
}

/// The state events at these places, in order.
pub(super) async fn at<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, places: &[RoomPos]) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = concat!(
        "select ",
        event_columns!(),
        " from events e where e.room_id = $1 and e.state_key is not null \
         and e.room_pos in ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) order by e.room_pos"
    );
    let mut events = Vec::with_capacity(places.len());
    for some in places.chunks(PLACES) {
        let mut args = args![room_id].to_vec();
        args.extend(some.iter().map(|place| Value::Int(place.get())));
        // no event has the place 0
        args.resize(1 + PLACES, Value::Int(0));
        let rows = tx.rows(sql, &args).await?;
        events.extend(from_rows(tx, rows, 0).await?);
    }
    Ok(events)
}

/// Who is in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// Joined members.
    pub joined: i64,
    /// Invited people.
    pub invited: i64,
    /// By whom a room without a name is called.
    pub heroes: Vec<Hero>,
}

/// One of those by whom a room without a name is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hero {
    /// Who.
    pub user_id: String,
    /// As they call themselves.
    pub display_name: Option<String>,
    /// Their picture.
    pub avatar_url: Option<String>,
}

/// Counts the members of a room, and names some for a room without a name.
pub(super) async fn members<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, user: &OwnedUserId, named: bool) -> Result<Members, StoreError> {
    let sql = "select user_id, membership, member_pos from members where room_id = $1 order by member_pos";
    let (mut present, mut gone) = (Vec::new(), Vec::new());
    let mut members = Members { joined: 0, invited: 0, heroes: Vec::new() };
    for row in tx.rows(sql, args![room_id]).await? {
        let membership = Membership::parse(row.text(1)?).unwrap_or(Membership::Leave);
        match membership {
            Membership::Join => members.joined += 1,
            Membership::Invite => members.invited += 1,
            Membership::Leave | Membership::Ban | Membership::Knock => {}
        }
        if row.text(0)? == user.as_str() || membership == Membership::Knock {
            continue;
        }
        let is_there = matches!(membership, Membership::Join | Membership::Invite);
        let place = RoomPos::new(row.int(2)?).unwrap_or_default();
        if is_there { &mut present } else { &mut gone }.push(place);
    }
    if !named {
        let mut chosen = if present.is_empty() { gone } else { present };
        chosen.truncate(HEROES);
        members.heroes = at(tx, room_id, &chosen).await?.into_iter().map(hero).collect();
    }
    Ok(members)
}

fn hero(event: StoredEvent) -> Hero {
    #[derive(Default, serde::Deserialize)]
    struct Profile {
        displayname: Option<String>,
        avatar_url: Option<String>,
    }
    let profile: Profile = serde_json::from_str(&event.content).unwrap_or_default();
    Hero { user_id: event.state_key.unwrap_or_default(), display_name: profile.displayname, avatar_url: profile.avatar_url }
}

/// Whether a room is so small that all its members are told at once. Those who left count, so that a large room never
/// becomes a small one, of whose members a client would have been told some.
pub(super) async fn is_small<T: Tx>(tx: &mut T, room_id: &OwnedRoomId) -> Result<bool, StoreError> {
    let sql = "select count(*) from members where room_id = $1";
    let people = tx.row(sql, args![room_id]).await?.map(|row| row.int(0)).transpose()?.unwrap_or_default();
    Ok(people <= i64::try_from(limits::LAZY_MEMBERS_ABOVE).unwrap_or(i64::MAX))
}
