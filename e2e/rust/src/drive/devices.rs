//! A device that is removed.

use anyhow::{Context, Result};
use matrix_sdk::deserialized_responses::TimelineEventKind;
use matrix_sdk::ruma::OwnedRoomId;
use matrix_sdk::ruma::api::client::uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier};

use super::things::ciphertext;
use super::{PASSWORD, World};
use crate::checks::{check, until};
use crate::watch::What;

/// Ana's second device goes; what is said later is not for it.
pub(super) async fn removed(world: &World, sealed: &OwnedRoomId) -> Result<()> {
    let (ana, ben, lost) = (&world.first, &world.other, &world.second);
    let device = lost.phone.client.device_id().context("a device")?.to_owned();
    lost.phone.service.stop().await;

    let refused = ana.phone.client.delete_devices(std::slice::from_ref(&device), None).await.err().context("a password is asked for")?;
    let asked = refused.as_uiaa_response().context("a password is asked for")?;
    let who = UserIdentifier::Matrix(MatrixUserIdentifier::new(world.ana.user.clone()));
    let mut password = Password::new(who, PASSWORD.to_owned());
    password.session.clone_from(&asked.session);
    ana.phone.client.delete_devices(std::slice::from_ref(&device), Some(AuthData::Password(password))).await?;

    check("a removed device is logged out", lost.phone.client.whoami().await.is_err())?;
    let user = ana.phone.user_id();
    until("others learn that it is gone", async || matches!(ben.phone.client.encryption().get_device(&user, &device).await, Ok(None)))
        .await?;

    for (heard, from, body) in [(ana, ben, "just between us"), (ben, ana, "and my new phone")] {
        from.phone.queue_text(sealed, body).await?;
        let what = What::Sealed(body.to_owned());
        heard.hears(&format!("later: \"{body}\" is read"), sealed, what.clone()).await?;
        let event = heard.ears.heard(sealed, &what).context("it was heard")?;
        let raw = ciphertext(&heard.phone.room(sealed)?, &event).await?;
        let opened = lost.phone.room(sealed)?.decrypt_event(&raw, None).await?;
        check("but not by what was on the removed device", matches!(opened.kind, TimelineEventKind::UnableToDecrypt { .. }))?;
    }
    Ok(())
}
