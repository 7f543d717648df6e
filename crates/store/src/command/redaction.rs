//! Prunes a redacted event. Its ID stays true: the reference hash is over the redacted form.

use model::id::{OwnedEventId, OwnedRoomId};
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
pub(crate) async fn prune<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    target: &OwnedEventId,
    by: &OwnedEventId,
    rules: &RoomVersionRules,
) -> Result<(), StoreError> {
    let sql = "select type, content from events where room_id = $1 and event_id = $2 and redacted_by is null";
    let Some(row) = tx.row(sql, args![room_id, target]).await? else {
        return Ok(());
    };
    let (event_type, original) = (row.text(0)?, row.text(1)?);
    let mut content = parse_object(original).map_err(|error| StoreError::Database(format!("stored content: {error}")))?;
    redact_content_in_place(&mut content, &rules.redaction, event_type);
    let pruned = serde_json::to_string(&content).map_err(|error| StoreError::Database(error.to_string()))?;
    let sql = "update flags set blocked_content = $2 where event_id = $1 and blocked_content is null";
    let is_evidence = tx.exec(sql, args![target, original]).await? > 0;
    let sql = "update events set content = $3, redacted_by = $4, relates_to = null, rel_type = null where room_id = $1 and event_id = $2";
    tx.exec(sql, args![room_id, target, pruned, by]).await?;
    media_refs::take_back(tx, target, is_evidence).await
}
