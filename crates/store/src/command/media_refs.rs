//! Which events show which media, so that media go with the last event that shows them.
//!
//! Only what the server can read is followed: in a sealed conversation it sees no address. Media go by themselves only
//! once their owner has shown them in an event that was followed; a stranger who quotes an address moves nothing.

use model::event::Draft;
use model::id::OwnedEventId;
use model::media;

use super::media as rows;
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// Notes which media of this server an event shows. An event that shows none costs no statement.
pub(crate) async fn note<T: Tx>(tx: &mut T, draft: &Draft, event_id: &OwnedEventId) -> Result<(), StoreError> {
    for media_id in media::shown_in(&draft.content, draft.sender.server_name()) {
        let sql = "insert into media_refs (media_id, event_id) select media_id, $2 from media where media_id = $1 \
                   on conflict (media_id, event_id) do nothing";
        if tx.exec(sql, args![media_id, event_id]).await? > 0 {
            let sql = "update media set linked = 1 where media_id = $1 and owner = $2 and linked = 0";
            tx.exec(sql, args![media_id, &draft.sender]).await?;
        }
    }
    Ok(())
}

/// The event shows its media no more. Those that nothing else shows go; with `as_evidence` they are kept for the case.
pub(crate) async fn take_back<T: Tx>(tx: &mut T, event_id: &OwnedEventId, as_evidence: bool) -> Result<(), StoreError> {
    for media_id in of_event(tx, event_id).await? {
        lock(tx, &media_id).await?;
        let sql = if as_evidence {
            "update media_refs set kept = 1 where media_id = $1 and event_id = $2"
        } else {
            "delete from media_refs where media_id = $1 and event_id = $2"
        };
        tx.exec(sql, args![&media_id, event_id]).await?;
        settle(tx, &media_id).await?;
    }
    Ok(())
}

/// The event shows its media again: a message that was refused is delivered after all.
pub(crate) async fn restore<T: Tx>(tx: &mut T, event_id: &OwnedEventId) -> Result<(), StoreError> {
    for media_id in of_event(tx, event_id).await? {
        lock(tx, &media_id).await?;
        tx.exec("update media_refs set kept = 0 where media_id = $1 and event_id = $2", args![&media_id, event_id]).await?;
        settle(tx, &media_id).await?;
    }
    Ok(())
}

/// In the order of names, which is the order of locks.
async fn of_event<T: Tx>(tx: &mut T, event_id: &OwnedEventId) -> Result<Vec<String>, StoreError> {
    let rows = tx.rows("select media_id from media_refs where event_id = $1", args![event_id]).await?;
    let mut media_ids = rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
    media_ids.sort();
    Ok(media_ids)
}

/// Two events that let go of the same media at once must see one another.
async fn lock<T: Tx>(tx: &mut T, media_id: &str) -> Result<(), StoreError> {
    tx.exec("update media set linked = linked where media_id = $1", args![media_id]).await?;
    Ok(())
}

/// Brings the state of media in line with what still shows them.
async fn settle<T: Tx>(tx: &mut T, media_id: &str) -> Result<(), StoreError> {
    let sql = "select owner from media where media_id = $1 and linked = 1 and state in ('ready', 'evidence')";
    let Some(row) = tx.row(sql, args![media_id]).await? else { return Ok(()) };
    let owner: model::id::OwnedUserId = row.parse(0)?;
    let shown = tx.row("select 1 from media_refs where media_id = $1 and kept = 0 limit 1", args![media_id]).await?.is_some();
    let address = media::address(owner.server_name(), media_id);
    if shown || tx.row("select 1 from users where avatar_url = $1 limit 1", args![&address]).await?.is_some() {
        tx.exec("update media set state = 'ready' where media_id = $1", args![media_id]).await?;
        return Ok(());
    }
    if tx.row("select 1 from media_refs where media_id = $1 limit 1", args![media_id]).await?.is_some() {
        tx.exec("update media set state = 'evidence' where media_id = $1", args![media_id]).await?;
        return Ok(());
    }
    rows::let_go(tx, media_id).await
}
