//! A phone as a process of its own, so that it can be killed: told what to do by lines of JSON, answers in lines of JSON.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::client::room::create_room::v3::{Request, RoomPreset};
use matrix_sdk::ruma::events::InitialStateEvent;
use matrix_sdk::ruma::events::room::encryption::RoomEncryptionEventContent;
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, assign};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::phone::{Account, Care, Phone};
use crate::watch::{Seen, What, follow, read};

/// How often new rooms are looked for, and a queue that gave up is set going again.
const LOOK: Duration = Duration::from_millis(100);
/// How many events a page of history holds.
const PAGE: u32 = 500;

/// What a phone can be told.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Order {
    /// Open a sealed conversation whose sessions last for so many messages.
    Open { invite: Vec<OwnedUserId>, session_messages: u32 },
    /// Queue a text.
    Send { room: OwnedRoomId, body: String },
    /// Begin a new session with the next message.
    Rotate { room: OwnedRoomId },
    /// Say how many devices of somebody it would encrypt for.
    Devices { user: OwnedUserId },
    /// Say how much is not sent yet.
    Unsent,
    /// Read all that was ever said where the phone is.
    Scan,
    /// Finish.
    Stop,
}

/// What a phone says.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Line {
    /// It syncs.
    Ready { user: OwnedUserId },
    /// It accepted an invitation.
    Joined { room: OwnedRoomId },
    /// A text of another device was read as it came.
    Read { body: String },
    /// An encrypted event came before its key, or without.
    Closed { event: OwnedEventId },
    /// A message was given up.
    Wedged { reason: String },
    /// [`Order::Open`] was carried out.
    Opened { room: OwnedRoomId },
    /// [`Order::Send`] was: the message survives a restart.
    Queued,
    /// [`Order::Rotate`] was.
    Rotated,
    /// The answer to [`Order::Devices`].
    Devices { known: usize },
    /// The answer to [`Order::Unsent`].
    Unsent { messages: usize },
    /// The answer to [`Order::Scan`].
    Scanned { rooms: Vec<Scanned> },
}

/// All that was said in a room, as this device can read it, oldest first.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Scanned {
    /// The room.
    pub(crate) room: OwnedRoomId,
    /// The texts that came encrypted.
    pub(crate) bodies: Vec<String>,
    /// What it could not read, and why.
    pub(crate) closed: Vec<(OwnedEventId, String)>,
    /// Texts that came in the clear: none, if all is well.
    pub(crate) plain: usize,
}

/// Runs until it is told to stop or nobody talks to it any more.
pub(crate) async fn run(arguments: &[String]) -> Result<()> {
    let [url, user, password, place] = arguments else { bail!("a phone needs an address, a user, a password and a folder") };
    let account = Account { url: url.clone(), user: user.clone(), password: password.clone() };
    let phone = Phone::open(&account, &PathBuf::from(place), Care::DevicesOnly).await?;
    phone.service.start().await;
    phone.client.send_queue().respawn_tasks_for_rooms_with_unsent_requests().await;
    phone.is_published().await?;
    say(&Line::Ready { user: phone.user_id() })?;

    let mut errors = phone.client.send_queue().subscribe_errors();
    let mut orders = orders();
    let (out, mut seen) = mpsc::unbounded_channel();
    let mut followed = HashSet::new();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            order = orders.recv() => match order.transpose()? {
                None | Some(Order::Stop) => break,
                Some(order) => say(&obey(&phone, order).await?)?,
            },
            Some(seen) = seen.recv() => hear(&phone, seen)?,
            Ok(error) = errors.recv() => {
                if error.is_recoverable {
                    // as an app does when the network is back
                    tokio::time::sleep(LOOK).await;
                    phone.client.send_queue().set_enabled(true).await;
                } else {
                    say(&Line::Wedged { reason: error.error.to_string() })?;
                }
            }
            _ = look.tick() => enter(&phone, &mut followed, &out).await?,
        }
    }
    phone.service.stop().await;
    Ok(())
}

/// The orders that come in; ends with the input.
fn orders() -> mpsc::UnboundedReceiver<Result<Order>> {
    let (out, orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let order = line.map_err(anyhow::Error::from).and_then(|line| Ok(serde_json::from_str(&line)?));
            if out.send(order).is_err() {
                return;
            }
        }
    });
    orders
}

/// Accepts invitations and follows what is new. An invitation that could not be accepted is tried again.
async fn enter(phone: &Phone, followed: &mut HashSet<OwnedRoomId>, out: &mpsc::UnboundedSender<Seen>) -> Result<()> {
    for room in phone.client.invited_rooms() {
        if room.join().await.is_ok() {
            say(&Line::Joined { room: room.room_id().to_owned() })?;
        }
    }
    let joined = phone.client.joined_rooms();
    if joined.iter().all(|room| followed.contains(room.room_id())) {
        return Ok(());
    }
    phone.subscribe_to_all().await;
    for room in joined {
        if followed.insert(room.room_id().to_owned()) {
            tokio::spawn(follow(room, out.clone()));
        }
    }
    Ok(())
}

fn hear(phone: &Phone, seen: Seen) -> Result<()> {
    match seen.what {
        What::Undecryptable(_) => say(&Line::Closed { event: seen.event }),
        What::Sealed(body) if seen.device.as_deref() != phone.client.device_id() => say(&Line::Read { body }),
        What::Sealed(_) | What::Plain(_) => Ok(()),
    }
}

async fn obey(phone: &Phone, order: Order) -> Result<Line> {
    match order {
        Order::Open { invite, session_messages } => {
            let mut encryption = RoomEncryptionEventContent::with_recommended_defaults();
            encryption.rotation_period_msgs = Some(session_messages.into());
            let request = assign!(Request::new(), {
                invite,
                preset: Some(RoomPreset::PrivateChat),
                initial_state: vec![InitialStateEvent::with_empty_state_key(encryption).to_raw_any()],
            });
            Ok(Line::Opened { room: phone.client.create_room(request).await?.room_id().to_owned() })
        }
        Order::Send { room, body } => {
            phone.queue_text(&room, &body).await?;
            Ok(Line::Queued)
        }
        Order::Rotate { room } => {
            phone.room(&room)?.discard_room_key().await?;
            Ok(Line::Rotated)
        }
        Order::Devices { user } => {
            let known = phone.client.encryption().get_user_devices(&user).await?.devices().count();
            Ok(Line::Devices { known })
        }
        Order::Unsent => {
            let messages = phone.client.send_queue().local_echoes().await?.values().map(Vec::len).sum();
            Ok(Line::Unsent { messages })
        }
        Order::Scan => {
            let mut rooms = Vec::new();
            for room in phone.client.joined_rooms() {
                rooms.push(scan(&room).await.with_context(|| format!("reading {}", room.room_id()))?);
            }
            Ok(Line::Scanned { rooms })
        }
        Order::Stop => bail!("stopping is not answered"),
    }
}

/// Reads a room from its end to its beginning.
async fn scan(room: &matrix_sdk::Room) -> Result<Scanned> {
    let id = room.room_id().to_owned();
    let mut scanned = Scanned { room: id.clone(), bodies: Vec::new(), closed: Vec::new(), plain: 0 };
    let mut from = None;
    loop {
        let options = assign!(MessagesOptions::backward(), { from, limit: PAGE.into() });
        let page = room.messages(options).await?;
        for seen in page.chunk.iter().filter_map(|event| read(&id, event)) {
            match seen.what {
                What::Sealed(body) => scanned.bodies.push(body),
                What::Plain(_) => scanned.plain += 1,
                What::Undecryptable(reason) => scanned.closed.push((seen.event, reason)),
            }
        }
        from = page.end;
        if from.is_none() {
            scanned.bodies.reverse();
            scanned.closed.reverse();
            return Ok(scanned);
        }
    }
}

fn say(line: &Line) -> Result<()> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}
