//! What a person sees in a room as it comes: the event cache, which decrypts late what could not be decrypted at first.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind};
use matrix_sdk::event_cache::RoomEventCacheUpdate;
use matrix_sdk::ruma::events::room::message::{MessageType, OriginalSyncRoomMessageEvent};
use matrix_sdk::ruma::{OwnedDeviceId, OwnedEventId, OwnedRoomId, OwnedUserId};
use matrix_sdk_ui::eyeball_im::VectorDiff;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

/// An event of a room, as far as these checks care.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Where.
    pub(crate) room: OwnedRoomId,
    /// Which event.
    pub(crate) event: OwnedEventId,
    /// Whose.
    pub(crate) sender: OwnedUserId,
    /// From which device, when it was encrypted and could be read.
    pub(crate) device: Option<OwnedDeviceId>,
    /// What it says.
    pub(crate) what: What,
}

/// What could be read of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A text that came encrypted.
    Sealed(String),
    /// A text that came in the clear.
    Plain(String),
    /// Nothing, so far: the key is missing.
    Undecryptable(String),
}

/// Reads an event; `None` for what is neither a text nor encrypted.
pub(crate) fn read(room: &OwnedRoomId, event: &TimelineEvent) -> Option<Seen> {
    let id = event.event_id()?;
    let sender = event.raw().get_field::<OwnedUserId>("sender").ok()??;
    let text = |event: &TimelineEvent| match event.raw().deserialize_as_unchecked::<OriginalSyncRoomMessageEvent>().ok()?.content.msgtype {
        MessageType::Text(text) => Some(text.body),
        _ => None,
    };
    let device = match &event.kind {
        TimelineEventKind::Decrypted(decrypted) => decrypted.encryption_info.sender_device.clone(),
        TimelineEventKind::PlainText { .. } | TimelineEventKind::UnableToDecrypt { .. } => None,
    };
    let what = match &event.kind {
        TimelineEventKind::Decrypted(_) => What::Sealed(text(event)?),
        TimelineEventKind::PlainText { .. } => What::Plain(text(event)?),
        TimelineEventKind::UnableToDecrypt { utd_info, .. } => What::Undecryptable(format!("{:?}", utd_info.reason)),
    };
    Some(Seen { room: room.clone(), event: id, sender, device, what })
}

/// How long updates are waited for before the list is read again as a whole. The library does not tell of every change: a
/// room that was declined and joined later, or one decrypted late, may be in its cache without an update, and an app that
/// opens the room shows it.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Tells of every event of the room once, and once more when what could not be decrypted was; ends with the cache or the
/// listener.
pub(crate) async fn follow(room: Room, out: UnboundedSender<Seen>) -> Result<()> {
    let id = room.room_id().to_owned();
    let mut told: HashMap<OwnedEventId, bool> = HashMap::new();
    loop {
        let (cache, _drop_handles) = room.event_cache().await?;
        let (events, mut updates) = cache.subscribe().await?;
        let mut fresh = events;
        fresh.extend(again(&room, &told).await);
        loop {
            for seen in fresh.iter().filter_map(|event| read(&id, event)) {
                let readable = !matches!(seen.what, What::Undecryptable(_));
                let before = told.insert(seen.event.clone(), readable);
                if (before.is_none() || before == Some(false) && readable) && out.send(seen).is_err() {
                    return Ok(());
                }
            }
            let Ok(update) = timeout(LOOK_AGAIN, updates.recv()).await else { break };
            fresh = match update {
                Ok(RoomEventCacheUpdate::UpdateTimelineEvents(update)) => update.diffs.into_iter().flat_map(added).collect(),
                Ok(_) => Vec::new(),
                // more updates than the channel holds: the whole list is read again
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return Ok(()),
            };
        }
    }
}

/// The events that could not be decrypted so far, as they are read with the keys there are now.
async fn again(room: &Room, told: &HashMap<OwnedEventId, bool>) -> Vec<TimelineEvent> {
    let mut events = Vec::new();
    for (event, _) in told.iter().filter(|(_, readable)| !**readable) {
        // what cannot be had now is asked for the next time
        events.extend(room.event(event, None).await.ok());
    }
    events
}

/// The events that a change of the list brings.
fn added(diff: VectorDiff<TimelineEvent>) -> Vec<TimelineEvent> {
    match diff {
        VectorDiff::Append { values } | VectorDiff::Reset { values } => values.into_iter().collect(),
        VectorDiff::PushFront { value }
        | VectorDiff::PushBack { value }
        | VectorDiff::Insert { value, .. }
        | VectorDiff::Set { value, .. } => vec![value],
        VectorDiff::Clear | VectorDiff::PopFront | VectorDiff::PopBack | VectorDiff::Remove { .. } | VectorDiff::Truncate { .. } => {
            Vec::new()
        }
    }
}
