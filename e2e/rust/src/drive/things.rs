//! Unread counts, a redaction, a file.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use futures_util::{StreamExt, pin_mut};
use matrix_sdk::attachment::AttachmentConfig;
use matrix_sdk::ruma::api::client::authenticated_media::get_content;
use matrix_sdk::ruma::api::client::message::send_message_event;
use matrix_sdk::ruma::api::client::receipt::create_receipt::v3::ReceiptType;
use matrix_sdk::ruma::api::client::room::get_room_event;
use matrix_sdk::ruma::events::AnyMessageLikeEventContent;
use matrix_sdk::ruma::events::receipt::ReceiptThread;
use matrix_sdk::ruma::events::room::MediaSource;
use matrix_sdk::ruma::events::room::encrypted::OriginalSyncRoomEncryptedEvent;
use matrix_sdk::ruma::events::room::message::{FileMessageEventContent, MessageType, OriginalSyncRoomMessageEvent};
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{EventId, OwnedRoomId, TransactionId};
use matrix_sdk::{Room, reqwest::header::CONTENT_TYPE};
use matrix_sdk_ui::eyeball_im::Vector;
use matrix_sdk_ui::room_list_service::RoomListItem;
use matrix_sdk_ui::room_list_service::filters::new_filter_non_left;

use super::World;
use crate::checks::{check, same, until};
use crate::server::{Counts, Server};
use crate::watch::What;

/// How many bytes the file has: more than one block, and no round number.
const FILE_BYTES: u32 = 300_001;

/// The room list says what is new, and forgets it when it is read.
pub(super) async fn unread(world: &World, sealed: &OwnedRoomId) -> Result<()> {
    let list = world.other.phone.service.room_list_service().all_rooms().await?;
    let shown: Arc<Mutex<Vector<RoomListItem>>> = Arc::default();
    let (entries, controller) = list.entries_with_dynamic_adapters(20);
    controller.set_filter(Box::new(new_filter_non_left()));
    let showing = async {
        pin_mut!(entries);
        while let Some(diffs) = entries.next().await {
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            for diff in diffs {
                diff.apply(&mut shown);
            }
        }
    };
    let item = || shown.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|room| room.room_id() == sealed).cloned();
    let counts = || item().map(|room| (room.num_unread_messages(), room.unread_notification_counts().notification_count));
    let checking = async {
        world.other.phone.queue_text(sealed, "I have read all").await?;
        world.first.hears("ben writes", sealed, What::Sealed("I have read all".to_owned())).await?;
        until("what one has written oneself is read", async || counts().is_some_and(|(messages, _)| messages == 0)).await?;
        for body in ["one", "two", "three"] {
            world.first.phone.queue_text(sealed, body).await?;
        }
        until("three new messages are three unread ones", async || counts().is_some_and(|(messages, _)| messages == 3)).await?;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        until("the server counts them, too", async || counts().is_some_and(|(_, notices)| notices == 3)).await?;
        let top = || shown.lock().unwrap_or_else(PoisonError::into_inner).front().is_some_and(|room| room.room_id() == sealed);
        until("their conversation is at the top of the list", async || top()).await?;
        let newest = world.other.ears.heard(sealed, &What::Sealed("three".to_owned())).context("the third message")?;
        let room = world.other.phone.room(sealed)?;
        room.send_single_receipt(ReceiptType::Read, ReceiptThread::Unthreaded, newest).await?;
        until("when they are read there are none", async || counts() == Some((0, 0))).await
    };
    tokio::select! {
        outcome = checking => outcome,
        () = showing => anyhow::bail!("the room list ended"),
    }
}

/// What was taken back is gone for everybody.
pub(super) async fn redaction(world: &World, sealed: &OwnedRoomId) -> Result<()> {
    let regret = What::Sealed("never mind".to_owned());
    world.first.phone.queue_text(sealed, "never mind").await?;
    world.other.hears("ben reads what ana will regret", sealed, regret.clone()).await?;
    let event = world.other.ears.heard(sealed, &regret).context("it was heard")?;
    world.first.phone.room(sealed)?.redact(&event, Some("changed my mind"), None).await?;
    for (who, heard) in [("ben", &world.other), ("her other device", &world.second)] {
        let room = heard.phone.room(sealed)?;
        until(&format!("it is gone for {who}"), async || emptied(&room, &event).await).await?;
    }
    let fetched = world.other.phone.room(sealed)?.event(&event, None).await?;
    same("and on the server", &fetched.raw().get_field::<serde_json::Value>("content")?, &Some(serde_json::json!({})))
}

/// A file goes there and comes out the same; the server has something else.
pub(super) async fn media(world: &World, sealed: &OwnedRoomId) -> Result<()> {
    let bytes: Vec<u8> = (0..FILE_BYTES).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap_or(0)).collect();
    let kind = "application/x-example".parse()?;
    let sent = world.first.phone.room(sealed)?.send_attachment("numbers.bin", &kind, bytes.clone(), AttachmentConfig::new()).await?;
    let file = file_of(&world.other.phone.room(sealed)?, &sent.event_id).await?;
    let got = world.other.phone.client.media().get_file(&file, false).await?.context("a file")?;
    check("a file in a sealed conversation comes out byte for byte", got == bytes)?;
    let MediaSource::Encrypted(source) = &file.source else { return check("it is encrypted", false) };
    let (server, name) = source.url.parts()?;
    let stored = world.other.phone.client.send(get_content::v1::Request::new(name.to_owned(), server.to_owned())).await?;
    check("what the server has is as long", stored.file.len() == bytes.len())?;
    check("and something else", stored.file != bytes && !stored.file.windows(64).any(|part| part == &bytes[..64]))?;
    same("of no kind in particular", &stored.content_type.as_deref(), &Some("application/octet-stream"))?;
    let address = format!("{}/_matrix/client/v1/media/download/{server}/{name}", world.url);
    let answer = matrix_sdk::reqwest::get(address).await?;
    check("nobody gets it without a token", answer.status().as_u16() == 401 && answer.headers().contains_key(CONTENT_TYPE))
}

/// Apps that found no server for a while find it again.
pub(super) async fn going_on(world: &World, sealed: &OwnedRoomId) -> Result<()> {
    for (from, to, body) in [(&world.first, &world.other, "are you still there?"), (&world.other, &world.first, "I am")] {
        from.phone.client.send_queue().set_enabled(true).await;
        from.phone.queue_text(sealed, body).await?;
        to.hears(&format!("after all that: \"{body}\" is heard"), sealed, What::Sealed(body.to_owned())).await?;
    }
    Ok(())
}

/// A ciphertext that is sent again is noted by the server, so that a count of nothing odd means something.
pub(super) async fn repeated(world: &World, sealed: &OwnedRoomId) -> Result<()> {
    let server = Server::found()?;
    let before = server.counts().await?;
    let event = world.first.ears.heard(sealed, &What::Sealed("are you still there?".to_owned())).context("it was heard")?;
    let raw = ciphertext(&world.first.phone.room(sealed)?, &event).await?;
    let content = raw.get_field::<Raw<AnyMessageLikeEventContent>>("content")?.context("it has a content")?;
    let again = send_message_event::v3::Request::new_raw(sealed.clone(), TransactionId::new(), "m.room.encrypted".into(), content);
    world.first.phone.client.send(again).await?;
    let after = server.counts().await?;
    same("a ciphertext that is sent twice is seen by the server", &after, &Counts { oddities: before.oddities + 1, ..before })
}

/// An encrypted event as the server has it.
pub(super) async fn ciphertext(room: &Room, event: &EventId) -> Result<Raw<OriginalSyncRoomEncryptedEvent>> {
    let request = get_room_event::v3::Request::new(room.room_id().to_owned(), event.to_owned());
    let raw = room.client().send(request).await?.event;
    check("it is stored as ciphertext", raw.get_field::<serde_json::Value>("type")? == Some("m.room.encrypted".into()))?;
    Ok(raw.cast_unchecked())
}

/// Whether the event has lost its content, as the phone sees it.
async fn emptied(room: &Room, event: &EventId) -> bool {
    let Ok((cache, _drop_handles)) = room.event_cache().await else { return false };
    let Ok(Some(found)) = cache.find_event(event).await else { return false };
    found.raw().get_field::<serde_json::Value>("content").ok().flatten() == Some(serde_json::json!({}))
}

/// The file a message shows.
async fn file_of(room: &Room, event: &EventId) -> Result<FileMessageEventContent> {
    let message = room.event(event, None).await?;
    match message.raw().deserialize_as_unchecked::<OriginalSyncRoomMessageEvent>()?.content.msgtype {
        MessageType::File(file) => Ok(file),
        other => anyhow::bail!("no file but {}", other.msgtype()),
    }
}
