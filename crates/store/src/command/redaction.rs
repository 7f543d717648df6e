//! Prunes a redacted event. Its ID stays true: the reference hash is over the redacted form.

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::json::parse_object;
use model::ruma::canonical_json::redact_content_in_place;
use model::ruma::room_version_rules::RoomVersionRules;

use super::media_refs;
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// Prunes the content of `target` by the rules of the room version and notes which event did it.
///
/// A message with an open case keeps its text as that case's evidence, out of the members' reach,
/// so that nobody escapes a review by redacting first. Media that only it showed go with it, or are kept likewise.
/// Gives whether the room's present state, and so its version, changed with it.
pub(crate) async fn prune<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    target: &OwnedEventId,
    by: &OwnedEventId,
    rules: &RoomVersionRules,
) -> Result<bool, StoreError> {
    let sql = "select type, content from events where room_id = $1 and event_id = $2 and redacted_by is null";
    let Some(row) = tx.row(sql, args![room_id, target]).await? else {
        return Ok(false);
    };
    let (event_type, original) = (row.text(0)?, row.text(1)?);
    let pruned = pruned(event_type, original, rules)?;
    let sql = "update flags set blocked_content = $2 where event_id = $1 and blocked_content is null";
    let is_evidence = tx.exec(sql, args![target, original]).await? > 0;
    let sql = "update events set content = $3, redacted_by = $4, relates_to = null, rel_type = null where room_id = $1 and event_id = $2";
    tx.exec(sql, args![room_id, target, pruned, by]).await?;
    media_refs::take_back(tx, target, is_evidence).await?;
    // whoever judges by the text that is gone has to look again
    let sql = "update rooms set state_version = state_version + 1 where room_id = $1 and exists (select 1 from events e \
               join room_state s on s.room_id = e.room_id and s.room_pos = e.room_pos and s.type = e.type and s.state_key = e.state_key \
               where e.event_id = $2 and e.room_id = $1 and e.state_key is not null)";
    Ok(tx.exec(sql, args![room_id, target]).await? > 0)
}

/// Prunes the member events of somebody who is erased: the names and pictures they showed go for everybody, who was where
/// and when stays. What a case is about is kept as its evidence.
pub(crate) async fn prune_own_members<T: Tx>(tx: &mut T, user: &OwnedUserId, rules: &RoomVersionRules) -> Result<(), StoreError> {
    let sql = "select e.event_id, e.content from members m join events e on e.room_id = m.room_id and e.type = 'm.room.member' \
               and e.state_key = m.user_id and e.state_key is not null where m.user_id = $1";
    for row in tx.rows(sql, args![user]).await? {
        let (event_id, original): (OwnedEventId, _) = (row.parse(0)?, row.text(1)?);
        let pruned = pruned("m.room.member", original, rules)?;
        if pruned == original {
            continue;
        }
        let sql = "update flags set blocked_content = $2 where event_id = $1 and blocked_content is null";
        let is_evidence = tx.exec(sql, args![&event_id, original]).await? > 0;
        tx.exec("update events set content = $2 where event_id = $1", args![&event_id, pruned]).await?;
        media_refs::take_back(tx, &event_id, is_evidence).await?;
    }
    Ok(())
}

/// A content as a redaction leaves it.
fn pruned(event_type: &str, content: &str, rules: &RoomVersionRules) -> Result<String, StoreError> {
    let mut content = parse_object(content).map_err(|error| StoreError::Database(format!("stored content: {error}")))?;
    redact_content_in_place(&mut content, &rules.redaction, event_type);
    serde_json::to_string(&content).map_err(|error| StoreError::Database(error.to_string()))
}
