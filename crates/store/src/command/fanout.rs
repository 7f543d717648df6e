//! Appending one event to a room and to the inboxes of those who may see it. Shared by every
//! command that writes events, so that order is decided in one place.

use model::event::{Draft, Header, Placed};
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::ruma::room_version_rules::RoomVersionRules;
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue};
use model::seq::{InboxPos, RoomPos};

use super::media_refs;
use super::sealed::Oddities;
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// An event that was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its ID.
    pub event_id: OwnedEventId,
    /// Its place in the room.
    pub room_pos: RoomPos,
    /// Whose inbox it reached, and where: wake them after the commit.
    pub reached: Vec<(OwnedUserId, InboxPos)>,
    /// What does not fit about it, for an encrypted event.
    pub oddities: Oddities,
}

/// What is appended and to whom.
#[derive(Clone, Debug)]
pub struct Append {
    /// The event.
    pub draft: Draft,
    /// Who sees it, in order of user IDs; the sender alone for a withheld message.
    pub recipients: Vec<OwnedUserId>,
    /// Whether it counts as unread for recipients other than the sender.
    pub notifies: bool,
    /// Those among the recipients whom it mentions.
    pub mentions: Vec<OwnedUserId>,
    /// Whether it is withheld from everybody but the sender.
    pub withheld: bool,
    /// Device and transaction that sent it, echoed to that device alone.
    pub origin: Option<Origin>,
}

/// The device and transaction an event came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Device ID.
    pub device_id: String,
    /// The client's transaction ID.
    pub txn_id: String,
}

/// Takes the next place of the room under its row lock.
///
/// # Errors
/// [`StoreError::Stale`] when the room's state is not at `state_version`.
pub(crate) async fn next_place<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    state_version: i64,
    is_state: bool,
) -> Result<RoomPos, StoreError> {
    let sql = "update rooms set last_pos = last_pos + 1, state_version = state_version + $3 where room_id = $1 and state_version = $2 returning last_pos";
    let row = tx.row(sql, args![room_id, state_version, is_state]).await?.ok_or(StoreError::Stale)?;
    RoomPos::new(row.int(0)?).ok_or_else(|| StoreError::Database("a room's position is negative".to_owned()))
}

/// Appends one event at `room_pos` and writes the inbox rows of its recipients.
///
/// # Errors
/// When the event is too large or malformed, or the store fails.
pub(crate) async fn append<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    room_pos: RoomPos,
    append: &Append,
    auth_events: Vec<OwnedEventId>,
    rules: &RoomVersionRules,
) -> Result<Appended, StoreError> {
    let prev = event_before(tx, room_id, room_pos).await?;
    let is_create = append.draft.event_type == "m.room.create";
    let placed = append.draft.place((!is_create).then_some(room_id), prev, room_pos.get(), auth_events, rules)?;
    let replaces = replaced_by(tx, room_id, &append.draft).await?;
    insert(tx, room_id, room_pos, append, &placed, replaces).await?;
    media_refs::note(tx, &append.draft, &placed.event_id).await?;
    let thread = thread_of(&append.draft.content);
    let sender = &append.draft.sender;
    // who goes on speaking has read already: nothing to write, and nothing to look up
    let mut goes_on = false;
    if let Some(tails) = tx.tails() {
        goes_on = thread.is_none() && tails.has_read(room_id, room_pos, sender);
        let reads = thread.is_none() && append.recipients.contains(sender);
        tails.put(room_id, room_pos, &placed.event_id, reads.then_some(sender));
    }
    if let Some(state_key) = &append.draft.state_key {
        let sql = "insert into room_state (room_id, type, state_key, room_pos) values ($1, $2, $3, $4) \
                   on conflict (room_id, type, state_key) do update set room_pos = excluded.room_pos";
        tx.exec(sql, args![room_id, &append.draft.event_type, state_key, room_pos.get()]).await?;
    }
    let mut reached = Vec::with_capacity(append.recipients.len());
    for user in &append.recipients {
        reached.push((user.clone(), deliver(tx, user, room_id, room_pos).await?));
        if user == sender {
            if !goes_on {
                has_read(tx, room_id, user, thread).await?;
            }
        } else if append.notifies {
            count_unread(tx, room_id, user, append.mentions.contains(user), thread).await?;
        }
    }
    Ok(Appended { event_id: placed.event_id, room_pos, reached, oddities: Oddities::default() })
}

/// Who writes has read what was there, in the thread or outside of threads (spec "Receiving notifications"). Mostly there is
/// nothing to write.
async fn has_read<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, user: &OwnedUserId, thread: Option<&str>) -> Result<(), StoreError> {
    let Some(thread) = thread else {
        let sql = "update members set \
                   notify_count = (select coalesce(sum(t.notify_count), 0) from thread_unread t where t.user_id = $2 and t.room_id = $1), \
                   highlight_count = (select coalesce(sum(t.highlight_count), 0) from thread_unread t where t.user_id = $2 and t.room_id = $1) \
                   where room_id = $1 and user_id = $2 and notify_count + highlight_count > 0";
        tx.exec(sql, args![room_id, user]).await?;
        return Ok(());
    };
    let sql = "select notify_count, highlight_count from thread_unread where user_id = $1 and room_id = $2 and thread_id = $3";
    let Some(row) = tx.row(sql, args![user, room_id, thread]).await? else { return Ok(()) };
    tx.exec("delete from thread_unread where user_id = $1 and room_id = $2 and thread_id = $3", args![user, room_id, thread]).await?;
    let sql =
        "update members set notify_count = notify_count - $3, highlight_count = highlight_count - $4 where room_id = $1 and user_id = $2";
    tx.exec(sql, args![room_id, user, row.int(0)?, row.int(1)?]).await?;
    Ok(())
}

/// Counts an event as unread in its room, and in its thread if it is in one.
pub(crate) async fn count_unread<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    user: &OwnedUserId,
    highlight: bool,
    thread: Option<&str>,
) -> Result<(), StoreError> {
    let sql =
        "update members set notify_count = notify_count + 1, highlight_count = highlight_count + $3 where room_id = $1 and user_id = $2";
    tx.exec(sql, args![room_id, user, highlight]).await?;
    if let Some(thread) = thread {
        let sql = "insert into thread_unread (user_id, room_id, thread_id, notify_count, highlight_count) values ($1, $2, $3, 1, $4) \
                   on conflict (user_id, room_id, thread_id) do update set notify_count = thread_unread.notify_count + 1, \
                   highlight_count = thread_unread.highlight_count + excluded.highlight_count";
        tx.exec(sql, args![user, room_id, thread, highlight]).await?;
    }
    Ok(())
}

/// The last event before this place.
async fn event_before<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, room_pos: RoomPos) -> Result<Option<OwnedEventId>, StoreError> {
    if let Some(known) = tx.tails().and_then(|tails| tails.before(room_id, room_pos)) {
        return Ok(Some(known));
    }
    let sql = "select event_id from events where room_id = $1 and room_pos < $2 order by room_pos desc limit 1";
    match tx.row(sql, args![room_id, room_pos.get()]).await? {
        Some(row) => Ok(Some(row.parse(0)?)),
        None => Ok(None),
    }
}

/// The present state event that a state event is about to replace.
async fn replaced_by<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, draft: &Draft) -> Result<Option<String>, StoreError> {
    let Some(state_key) = &draft.state_key else { return Ok(None) };
    let sql = "select e.event_id from room_state s join events e on e.room_id = s.room_id and e.room_pos = s.room_pos \
               where s.room_id = $1 and s.type = $2 and s.state_key = $3";
    let row = tx.row(sql, args![room_id, &draft.event_type, state_key]).await?;
    row.map(|mut row| row.take_text(0)).transpose()
}

async fn insert<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    room_pos: RoomPos,
    append: &Append,
    placed: &Placed,
    replaces: Option<String>,
) -> Result<(), StoreError> {
    let Append { draft, origin, withheld, .. } = append;
    let sql = "insert into events (room_id, room_pos, event_id, type, state_key, sender, sender_device, txn_id, origin_ts, header, content, withheld, \
               replaces, relates_to, rel_type) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let (relates_to, rel_type) = relation_of(&draft.content).unzip();
    let (device, txn) = (origin.as_ref().map(|o| o.device_id.as_str()), origin.as_ref().map(|o| o.txn_id.as_str()));
    let header = header_text(&placed.header);
    let state_key = draft.state_key.as_deref();
    tx.exec(
        sql,
        args![
            room_id,
            room_pos.get(),
            &placed.event_id,
            &draft.event_type,
            state_key,
            &draft.sender,
            device,
            txn,
            draft.origin_ts,
            header,
            placed.content.as_str(),
            *withheld,
            replaces,
            relates_to,
            rel_type
        ],
    )
    .await?;
    Ok(())
}

/// The event that a content says it relates to, and how (spec "Forming relationships between events").
pub(crate) fn relation_of(content: &CanonicalJsonObject) -> Option<(&str, &str)> {
    let relation = content.get("m.relates_to").and_then(CanonicalJsonValue::as_object)?;
    let text = |key: &str| relation.get(key).and_then(CanonicalJsonValue::as_str).filter(|text| text.len() <= limits::EVENT_KEY_BYTES);
    text("event_id").zip(text("rel_type"))
}

/// The root of the thread that a content says it is in.
fn thread_of(content: &CanonicalJsonObject) -> Option<&str> {
    relation_of(content).filter(|(_, rel_type)| *rel_type == "m.thread").map(|(root, _)| root)
}

/// The header as stored JSON.
pub(crate) fn header_text(header: &Header) -> String {
    serde_json::to_string(header).expect("a header is strings and numbers")
}

/// Writes the event into one person's inbox, at their next position.
pub(crate) async fn deliver<T: Tx>(
    tx: &mut T,
    user: &OwnedUserId,
    room_id: &OwnedRoomId,
    room_pos: RoomPos,
) -> Result<InboxPos, StoreError> {
    let pos = bump(tx, user).await?;
    let sql = "insert into inbox (user_id, pos, room_id, room_pos) values ($1, $2, $3, $4)";
    tx.exec(sql, args![user, pos.get(), room_id, room_pos.get()]).await?;
    Ok(pos)
}

/// Takes a person's next inbox position under the lock of their counter row.
pub(crate) async fn bump<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<InboxPos, StoreError> {
    bump_if_known(tx, user).await?.ok_or_else(|| StoreError::Database("a member has no inbox counter".to_owned()))
}

/// As [`bump`], for somebody who may not exist.
pub(crate) async fn bump_if_known<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<Option<InboxPos>, StoreError> {
    let sql = "update user_seq set pos = pos + 1 where user_id = $1 returning pos";
    let Some(row) = tx.row(sql, args![user]).await? else { return Ok(None) };
    let pos = InboxPos::new(row.int(0)?).filter(|pos| pos.get() > 0);
    pos.map(Some).ok_or_else(|| StoreError::Database("an inbox position went back".to_owned()))
}

/// Moves a keyed mark to the person's next position, so that their next sync sees the change.
pub(crate) async fn mark<T: Tx>(tx: &mut T, user: &OwnedUserId, kind: &'static str, key: &str) -> Result<InboxPos, StoreError> {
    let pos = bump(tx, user).await?;
    let sql = "insert into marks (user_id, kind, mark_key, pos) values ($1, $2, $3, $4) on conflict (user_id, kind, mark_key) do update set pos = excluded.pos";
    tx.exec(sql, args![user, kind, key, pos.get()]).await?;
    Ok(pos)
}

/// Records a person's new membership after its event was appended, and their place in order.
pub(crate) async fn set_membership<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    user: &OwnedUserId,
    change: &MembershipChange<'_>,
) -> Result<(), StoreError> {
    let inbox_pos = match change.inbox_pos {
        Some(pos) => pos,
        None => bump(tx, user).await?,
    };
    let sql = "insert into members (room_id, user_id, membership, member_pos, inbox_pos, stripped) values ($1, $2, $3, $4, $5, $6) \
               on conflict (room_id, user_id) do update set membership = excluded.membership, member_pos = excluded.member_pos, \
               inbox_pos = excluded.inbox_pos, stripped = excluded.stripped, forgotten = 0, notify_count = 0, highlight_count = 0";
    tx.exec(sql, args![room_id, user, change.membership, change.room_pos.get(), inbox_pos.get(), change.stripped]).await?;
    tx.exec("delete from thread_unread where user_id = $1 and room_id = $2", args![user, room_id]).await?;
    Ok(())
}

/// A person's membership as it will stand.
pub(crate) struct MembershipChange<'a> {
    pub(crate) membership: &'a str,
    pub(crate) room_pos: RoomPos,
    /// The position of the member event in their inbox, when it is there.
    pub(crate) inbox_pos: Option<InboxPos>,
    /// What an invited person may see of the room, as a JSON array.
    pub(crate) stripped: Option<&'a str>,
}
