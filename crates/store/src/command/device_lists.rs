//! Whose keys a person must look at again: one mark for each pair of people, moved and never added to.
//!
//! A mark says that something changed between the two; whether the other is to be looked up or let go
//! of is decided when it is read, by whether they share a room then.

use std::collections::BTreeSet;

use model::id::{OwnedRoomId, OwnedUserId};

use super::fanout;
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// The kind of these marks; their key is the other person.
pub(crate) const KIND: &str = "device_lists";

/// The keys of a person changed: tells those who are in a room with them or have invited them, and
/// their own other devices. Gives whom to wake after the commit.
pub(crate) async fn changed<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<Vec<OwnedUserId>, StoreError> {
    let sql = "select distinct b.user_id from members a join members b on b.room_id = a.room_id \
               where a.user_id = $1 and a.membership in ('join', 'invite') and b.membership = 'join'";
    let mut told = BTreeSet::new();
    loop {
        // somebody may have come in before the person's own counter was locked, nobody can afterwards
        let mut audience = BTreeSet::from([user.clone()]);
        for row in tx.rows(sql, args![user]).await? {
            audience.insert(row.parse(0)?);
        }
        let untold: Vec<OwnedUserId> = audience.difference(&told).cloned().collect();
        if untold.is_empty() {
            return Ok(told.into_iter().collect());
        }
        for other in untold {
            fanout::mark(tx, &other, KIND, user.as_str()).await?;
            told.insert(other);
        }
    }
}

/// A person's membership before it changes.
pub(crate) async fn membership<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, user: &OwnedUserId) -> Result<Option<String>, StoreError> {
    let row = tx.row("select membership from members where room_id = $1 and user_id = $2", args![room_id, user]).await?;
    row.map(|mut row| row.take_text(0)).transpose()
}

/// Somebody came into a room: they and those who are in it are told of each other, at the position of
/// the member event, which everybody in the room has just got.
pub(crate) async fn met<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, user: &OwnedUserId) -> Result<(), StoreError> {
    let sql = "insert into marks (user_id, kind, mark_key, pos) select s.user_id, 'device_lists', $2, s.pos from members m \
               join user_seq s on s.user_id = m.user_id where m.room_id = $1 and m.user_id <> $2 and m.membership = 'join' \
               on conflict (user_id, kind, mark_key) do update set pos = excluded.pos";
    tx.exec(sql, args![room_id, user]).await?;
    let sql = "insert into marks (user_id, kind, mark_key, pos) select s.user_id, 'device_lists', m.user_id, s.pos from members m \
               join user_seq s on s.user_id = $2 where m.room_id = $1 and m.user_id <> $2 and m.membership in ('join', 'invite') \
               on conflict (user_id, kind, mark_key) do update set pos = excluded.pos";
    tx.exec(sql, args![room_id, user]).await?;
    Ok(())
}

/// Somebody went out of a room: they and those in it who have no other room together are told so.
pub(crate) async fn parted<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, user: &OwnedUserId, before: Option<&str>) -> Result<(), StoreError> {
    if !matches!(before, Some("join" | "invite")) {
        return Ok(());
    }
    let sql = "insert into marks (user_id, kind, mark_key, pos) select s.user_id, 'device_lists', $2, s.pos from members m \
               join user_seq s on s.user_id = m.user_id where m.room_id = $1 and m.user_id <> $2 and m.membership = 'join' \
               and m.user_id not in (select b.user_id from members a join members b on b.room_id = a.room_id \
               where a.user_id = $2 and a.membership in ('join', 'invite') and b.membership = 'join') \
               on conflict (user_id, kind, mark_key) do update set pos = excluded.pos";
    tx.exec(sql, args![room_id, user]).await?;
    if before != Some("join") {
        return Ok(());
    }
    let sql = "insert into marks (user_id, kind, mark_key, pos) select s.user_id, 'device_lists', m.user_id, s.pos from members m \
               join user_seq s on s.user_id = $2 where m.room_id = $1 and m.user_id <> $2 and m.membership in ('join', 'invite') \
               and m.user_id not in (select b.user_id from members a join members b on b.room_id = a.room_id \
               where a.user_id = $2 and a.membership = 'join' and b.membership in ('join', 'invite')) \
               on conflict (user_id, kind, mark_key) do update set pos = excluded.pos";
    tx.exec(sql, args![room_id, user]).await?;
    Ok(())
}
