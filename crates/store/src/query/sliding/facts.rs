//! What lists are made of: a person's rooms in order of their last event, with what filters ask about.

use std::collections::{BTreeMap, BTreeSet};

use model::id::{OwnedRoomId, OwnedUserId};
use model::room::Membership;
use model::seq::{InboxPos, RoomPos};

use crate::args;
use crate::error::StoreError;
use crate::query::sync::rooms::account_data;
use crate::tx::Tx;
use crate::value::Row;

/// Rooms of a person, the one with the latest event first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The rooms.
    pub rooms: Vec<RoomFacts>,
    /// Whether they are all of them.
    pub all: bool,
}

/// What lists ask about a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomFacts {
    /// The room.
    pub room_id: OwnedRoomId,
    /// The person's membership.
    pub membership: Membership,
    /// Where it changed last.
    pub edge: InboxPos,
    /// The room's last place.
    pub last_pos: RoomPos,
    /// Whether it belongs into lists: not where its person left by themselves.
    pub listed: bool,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Whether its person calls it direct.
    pub direct: bool,
    /// The type that its create event states.
    pub room_type: Option<String>,
    /// Its person's tags.
    pub tags: BTreeSet<String>,
    /// Grows with every event that its person sees.
    recency: i64,
}

macro_rules! facts {
    ($condition:literal) => {
        concat!(
            "select m.room_id, m.membership, m.inbox_pos, r.last_pos, case when m.membership = 'join' then \
             (select e.event_key from events e where e.room_id = m.room_id and (e.withheld = 0 or e.sender = $1) order by e.room_pos desc limit 1) \
             else c.event_key end, case when m.membership in ('join', 'invite') then 1 when c.sender <> $1 and exists \
             (select 1 from events j where j.room_id = m.room_id and j.type = 'm.room.member' and j.state_key = $1 and j.state_key is not null \
             and j.content like '%_membership_:_join_%') then 1 else 0 end, \
             case when exists (select 1 from room_state s where s.room_id = m.room_id and s.type = 'm.room.encryption') then 1 else 0 end, \
             (select t.content from events t where t.room_id = m.room_id and t.room_pos = 1), \
             (select a.content from account_data a where a.user_id = $1 and a.room_id = m.room_id and a.type = 'm.tag') \
             from members m join rooms r on r.room_id = m.room_id left join events c on c.room_id = m.room_id and c.room_pos = m.member_pos \
             where m.user_id = $1 and m.forgotten = 0 and (m.membership in ('join', 'invite') or \
             (m.membership in ('leave', 'ban') and (m.inbox_pos > $2 or c.sender <> $1)))",
            $condition
        )
    };
}

/// Facts about all rooms of a person, those included that they left since a position.
pub(super) async fn of_all<T: Tx>(tx: &mut T, user: &OwnedUserId, since: InboxPos) -> Result<Facts, StoreError> {
    let direct = direct(tx, user).await?;
    let sql = facts!("");
    let mut rooms = Vec::new();
    for row in tx.rows(sql, args![user, since.get()]).await? {
        rooms.push(facts_of(&row, &direct)?);
    }
    Ok(Facts { rooms: ordered(rooms), all: true })
}

/// Facts about these rooms, as far as the person has to do with them.
pub(super) async fn of_rooms<T: Tx>(
    tx: &mut T,
    user: &OwnedUserId,
    wanted: &BTreeSet<OwnedRoomId>,
    since: InboxPos,
) -> Result<Facts, StoreError> {
    let direct = direct(tx, user).await?;
    let sql = facts!(" and m.room_id = $3");
    let mut rooms = Vec::with_capacity(wanted.len());
    for room_id in wanted {
        if let Some(row) = tx.row(sql, args![user, since.get(), room_id]).await? {
            rooms.push(facts_of(&row, &direct)?);
        }
    }
    Ok(Facts { rooms: ordered(rooms), all: false })
}

fn ordered(mut rooms: Vec<RoomFacts>) -> Vec<RoomFacts> {
    rooms.sort_by(|one, other| (other.recency, &one.room_id).cmp(&(one.recency, &other.room_id)));
    rooms
}

fn facts_of(row: &Row, direct: &BTreeSet<String>) -> Result<RoomFacts, StoreError> {
    #[derive(Default, serde::Deserialize)]
    struct Create {
        #[serde(rename = "type")]
        room_type: Option<String>,
    }
    #[derive(Default, serde::Deserialize)]
    struct Tags {
        #[serde(default)]
        tags: serde_json::Map<String, serde_json::Value>,
    }
    let room_id: OwnedRoomId = row.parse(0)?;
    let create: Create = row.text_or_null(7)?.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let tags: Tags = row.text_or_null(8)?.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(RoomFacts {
        membership: Membership::parse(row.text(1)?).unwrap_or(Membership::Leave),
        edge: InboxPos::new(row.int(2)?).unwrap_or_default(),
        last_pos: RoomPos::new(row.int(3)?).unwrap_or_default(),
        recency: row.int_or_null(4)?.unwrap_or_default(),
        listed: row.flag(5)?,
        encrypted: row.flag(6)?,
        direct: direct.contains(room_id.as_str()),
        room_type: create.room_type,
        tags: tags.tags.into_iter().map(|(tag, _)| tag).collect(),
        room_id,
    })
}

/// The rooms that a person calls direct (spec "Direct messaging").
async fn direct<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<BTreeSet<String>, StoreError> {
    let Some((_, content)) = account_data(tx, user, "", "m.direct").await? else { return Ok(BTreeSet::new()) };
    let by_person: BTreeMap<String, serde_json::Value> = serde_json::from_str(&content).unwrap_or_default();
    let rooms = by_person.values().filter_map(serde_json::Value::as_array).flatten();
    Ok(rooms.filter_map(serde_json::Value::as_str).map(str::to_owned).collect())
}
