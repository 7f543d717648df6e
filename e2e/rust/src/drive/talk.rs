//! Two devices; a readable conversation and a sealed one.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use matrix_sdk::ruma::api::client::room::create_room::v3::{Request, RoomPreset};
use matrix_sdk::ruma::{OwnedRoomId, assign};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use super::{Heard, PASSWORD, World};
use crate::checks::{check, same, until};
use crate::phone::Account;
use crate::watch::What;

/// Somebody is logged in twice.
pub(super) async fn devices(world: &World) -> Result<()> {
    let (one, two) = (world.first.phone.client.device_id(), world.second.phone.client.device_id());
    check("two log-ins are two devices", one.is_some() && two.is_some() && one != two)?;
    let listed = world.first.phone.client.devices().await?.devices;
    same("both are listed", &listed.len(), &2)?;
    until("each knows the keys of the other", async || {
        let user = world.first.phone.user_id();
        let Ok(devices) = world.first.phone.client.encryption().get_user_devices(&user).await else { return false };
        two.is_some_and(|two| devices.get(two).is_some())
    })
    .await
}

/// A conversation that is not encrypted.
pub(super) async fn readable(world: &World) -> Result<()> {
    let request = assign!(Request::new(), {
        invite: vec![world.other.phone.user_id()],
        is_direct: true,
        preset: Some(RoomPreset::TrustedPrivateChat),
    });
    let room = world.first.phone.client.create_room(request).await?.room_id().to_owned();
    world.other.accepts("a readable direct message invites", &room).await?;
    both_speak("readable", world, &room, What::Plain).await?;
    let state = world.other.phone.room(&room)?.latest_encryption_state().await?;
    check("a readable conversation is not encrypted", !state.is_encrypted())
}

/// A conversation that is, as the library makes one.
pub(super) async fn sealed(world: &World) -> Result<OwnedRoomId> {
    let room = world.first.phone.client.create_dm(&world.other.phone.user_id()).await?.room_id().to_owned();
    world.other.accepts("a sealed direct message invites", &room).await?;
    both_speak("sealed", world, &room, What::Sealed).await?;
    let state = world.other.phone.room(&room)?.latest_encryption_state().await?;
    check("a sealed conversation is encrypted", state.is_encrypted())?;
    check("nothing in it is undecryptable", nothing_closed([&world.first, &world.second, &world.other]))?;
    Ok(room)
}

/// The peer that other clients' checks talk to.
pub(super) async fn peer(world: &World) -> Result<()> {
    let account = Account { user: "xpeer".to_owned(), ..world.ben.clone() };
    account.register().await?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["peer", "--url", &world.url, "--user", "xpeer", "--password", PASSWORD])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe was asked for")?).lines();
    let user = line_of("ready", &mut lines).await?["user"].as_str().context("the peer's user ID")?.to_owned();
    let ana = &world.first;
    let room = ana.phone.client.create_dm(<&_>::try_from(user.as_str())?).await?.room_id().to_owned();
    line_of("joined", &mut lines).await?;
    ana.phone.queue_text(&room, "are you there?").await?;
    let read = line_of("decrypted", &mut lines).await?;
    same("a peer decrypts", &read["body"], &"are you there?".into())?;
    ana.hears("and answers", &room, What::Sealed("echo: are you there?".to_owned())).await?;
    ana.phone.queue_text(&room, "bye").await?;
    let last = line_of("bye", &mut lines).await?;
    same("it could read everything", &last["undecryptable"], &0.into())?;
    check("and goes when told to", child.wait().await?.success())
}

/// The next line of this kind.
async fn line_of(kind: &str, lines: &mut Lines<BufReader<ChildStdout>>) -> Result<serde_json::Value> {
    while let Some(line) = lines.next_line().await? {
        let line: serde_json::Value = serde_json::from_str(&line)?;
        if line["kind"] == kind {
            return Ok(line);
        }
    }
    ensure!(false, "the peer ended before it was {kind}");
    unreachable!()
}

/// Each device hears what the others say.
async fn both_speak(mode: &str, world: &World, room: &OwnedRoomId, came: fn(String) -> What) -> Result<()> {
    let (ana, ben) = (&world.first, &world.other);
    let hello = format!("hello ben, this is {mode}");
    ana.phone.queue_text(room, &hello).await?;
    ben.hears(&format!("{mode}: ben hears ana"), room, came(hello.clone())).await?;
    let answer = format!("hello ana, {mode} indeed");
    ben.phone.queue_text(room, &answer).await?;
    ana.hears(&format!("{mode}: ana hears ben"), room, came(answer.clone())).await?;
    world.second.hears(&format!("{mode}: and so does her other device"), room, came(answer)).await?;
    world.second.hears(&format!("{mode}: which heard her, too"), room, came(hello)).await
}

/// Whether these could read everything; prints what they could not.
pub(super) fn nothing_closed<'a>(people: impl IntoIterator<Item = &'a Heard>) -> bool {
    let closed: Vec<_> = people.into_iter().flat_map(|heard| heard.ears.undecryptable()).collect();
    for seen in &closed {
        println!("{} of {} in {}: {:?}", seen.event, seen.sender, seen.room, seen.what);
    }
    closed.is_empty()
}
