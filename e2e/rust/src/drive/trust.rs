//! Cross-signing, verification by comparing emoji, recovery on a new device.

use std::time::Duration;

use anyhow::{Context, Result};
use matrix_sdk::Client;
use matrix_sdk::encryption::VerificationState;
use matrix_sdk::encryption::backups::BackupState;
use matrix_sdk::encryption::recovery::RecoveryState;
use matrix_sdk::encryption::verification::{SasVerification, Verification, VerificationRequest, VerificationRequestState};
use matrix_sdk::ruma::events::key::verification::VerificationMethod;
use matrix_sdk::ruma::{DeviceId, OwnedRoomId, UserId};

use super::talk::nothing_closed;
use super::{Heard, World};
use crate::checks::{check, until};
use crate::phone::Phone;
use crate::watch::What;

/// How long an app stays open before it is put aside.
const ASIDE: Duration = Duration::from_millis(500);

/// The first log-in makes the keys; later ones wait to be verified.
pub(super) async fn cross_signing(world: &World) -> Result<()> {
    let ana = world.first.phone.user_id();
    until("the first device makes the cross-signing keys", async || keys_complete(&world.first.phone.client).await).await?;
    check("a second device does not have them", !keys_complete(&world.second.phone.client).await)?;
    let ben = &world.other.phone.client;
    let (one, two) = (device(&world.first)?, device(&world.second)?);
    until("another person sees that the first is signed", async || signed(ben, &ana, one).await == Some(true)).await?;
    check("and that the second is not", signed(ben, &ana, two).await == Some(false))?;
    check("the second takes itself for unverified", verified(&world.second.phone.client) == VerificationState::Unverified)
}

/// Two devices of one person compare emoji.
pub(super) async fn devices_verify(world: &World) -> Result<()> {
    let (ana, second) = (world.first.phone.user_id(), &world.second.phone.client);
    let identity = second.encryption().get_user_identity(&ana).await?.context("ana's identity")?;
    let request = identity.request_verification_with_methods(vec![VerificationMethod::SasV1]).await?;
    let steps = async {
        compare("two devices", request, &world.first.phone.client).await?;
        until("the second device is verified", async || verified(second) == VerificationState::Verified).await?;
        until("it got the cross-signing keys from the first", async || keys_complete(second).await).await?;
        until("and the key of the backup", async || second.encryption().backups().state() == BackupState::Enabled).await
    };
    // keys that are asked for go out with the next round of the encryption sync, see below
    tokio::select! {
        outcome = steps => outcome?,
        () = put_aside_now_and_then([&world.first.phone, &world.second.phone]) => {}
    }
    let two = device(&world.second)?;
    until("another person sees that it is signed", async || signed(&world.other.phone.client, &ana, two).await == Some(true)).await
}

/// Two people compare emoji, in a conversation.
pub(super) async fn people_verify(world: &World) -> Result<()> {
    let (ana, ben) = (&world.first.phone, &world.other.phone);
    let identity = ana.client.encryption().get_user_identity(&ben.user_id()).await?.context("ben's identity")?;
    let request = identity.request_verification_with_methods(vec![VerificationMethod::SasV1]).await?;
    // What a step of a comparison in a room asks for goes out with the next round of the encryption sync, which waits for
    // half a minute when it has nothing to tell: the apps are put aside and taken up again meanwhile.
    let knows = async |client: &Client, user: &UserId| matches!(client.encryption().get_user_identity(user).await, Ok(Some(other)) if other.is_verified());
    let steps = async {
        compare("two people", request, &ben.client).await?;
        until("ana has verified ben", async || knows(&ana.client, &ben.user_id()).await).await?;
        until("ben has verified ana", async || knows(&ben.client, &ana.user_id()).await).await
    };
    tokio::select! {
        outcome = steps => outcome?,
        () = put_aside_now_and_then([ana, ben]) => {}
    }
    until("and her other device knows", async || knows(&world.second.phone.client, &ben.user_id()).await).await
}

/// A recovery key opens the past, and the identity, on a new device.
pub(super) async fn recovery(world: &World, sealed: &OwnedRoomId) -> Result<()> {
    let first = world.first.phone.client.encryption();
    let key = first.recovery().enable().wait_for_backups_to_upload().await?;
    check("recovery is set up", first.recovery().state() == RecoveryState::Enabled)?;
    check("the backup is on the server", first.backups().fetch_exists_on_server().await?)?;

    let third = Heard::log_in(&world.ana).await?;
    let past = What::Sealed("hello ben, this is sealed".to_owned());
    until("a new device sees the past and cannot read it", async || {
        third.ears.undecryptable().iter().any(|seen| seen.room == *sealed) && third.ears.heard(sealed, &past).is_none()
    })
    .await?;
    until("it asks for the recovery key", async || third.phone.client.encryption().recovery().state() == RecoveryState::Incomplete).await?;
    third.phone.client.encryption().recovery().recover(&key).await?;
    until("with it the device is verified", async || verified(&third.phone.client) == VerificationState::Verified).await?;
    check("and has the cross-signing keys", keys_complete(&third.phone.client).await)?;
    third.hears("it reads the past from the backup", sealed, past).await?;
    until("all of it", async || third.ears.undecryptable().is_empty()).await?;
    check("nothing is closed to it", nothing_closed([&third]))?;
    let wrong = Heard::log_in(&world.ana).await?;
    let refused = wrong.phone.client.encryption().recovery().recover("EsTV 9XcD JYrV 3qpT vUQj ezYH fJbK Zs4N iwH7 D1xP Zwqw BzBr").await;
    check("a wrong recovery key opens nothing", refused.is_err() && !keys_complete(&wrong.phone.client).await)?;
    for guest in [third, wrong] {
        guest.phone.service.stop().await;
        guest.phone.client.matrix_auth().logout().await?;
    }
    Ok(())
}

/// Takes a verification from the request to its end.
async fn compare(who: &str, asked: VerificationRequest, other: &Client) -> Result<()> {
    let mut found = None;
    until(&format!("{who}: the request to verify arrives"), async || {
        found = other.encryption().get_verification_request(asked.own_user_id(), asked.flow_id()).await;
        found.is_some()
    })
    .await?;
    let answered = found.context("the request")?;
    answered.accept_with_methods(vec![VerificationMethod::SasV1]).await?;
    until(&format!("{who}: it is accepted"), async || asked.is_ready()).await?;
    let ours = asked.start_sas().await?.context("both can compare emoji")?;
    let mut theirs = None;
    until(&format!("{who}: it begins"), async || {
        theirs = begun(&answered);
        theirs.is_some()
    })
    .await?;
    let theirs = theirs.context("the other side")?;
    theirs.accept().await?;
    until(&format!("{who}: both have something to compare"), async || ours.can_be_presented() && theirs.can_be_presented()).await?;
    let emoji = |sas: &SasVerification| sas.emoji().map(|seven| seven.map(|one| one.symbol));
    check(&format!("{who}: it is the same"), ours.emoji().is_some() && emoji(&ours) == emoji(&theirs))?;
    ours.confirm().await?;
    theirs.confirm().await?;
    until(&format!("{who}: both are done"), async || ours.is_done() && theirs.is_done()).await
}

/// Stops and starts the syncs of these, for ever.
async fn put_aside_now_and_then(phones: [&Phone; 2]) {
    loop {
        tokio::time::sleep(ASIDE).await;
        for phone in phones {
            phone.service.stop().await;
            phone.service.start().await;
        }
    }
}

fn begun(request: &VerificationRequest) -> Option<SasVerification> {
    match request.state() {
        VerificationRequestState::Transitioned { verification: Verification::SasV1(sas) } => Some(sas),
        _ => None,
    }
}

fn device(heard: &Heard) -> Result<&DeviceId> {
    heard.phone.client.device_id().context("a phone is logged in")
}

fn verified(client: &Client) -> VerificationState {
    client.encryption().verification_state().get()
}

async fn keys_complete(client: &Client) -> bool {
    client.encryption().cross_signing_status().await.is_some_and(|status| status.is_complete())
}

/// Whether a device is signed by its owner, as this client knows; `None` when it does not know the device.
async fn signed(client: &Client, user: &UserId, device: &DeviceId) -> Option<bool> {
    Some(client.encryption().get_device(user, device).await.ok()??.is_cross_signed_by_owner())
}
