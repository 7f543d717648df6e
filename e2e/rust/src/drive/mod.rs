//! A person with two devices, and whom they talk to: everything an app does, once each.

mod talk;

use anyhow::{Context, Result};
use matrix_sdk::ruma::OwnedRoomId;

use crate::checks::{passed, until};
use crate::ears::Ears;
use crate::phone::{Account, Care, Phone};
use crate::watch::What;

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A phone and what it has heard.
struct Heard {
    phone: Phone,
    ears: Ears,
}

impl Heard {
    async fn log_in(account: &Account) -> Result<Self> {
        let phone = account.phone(Care::Full).await?;
        let ears = Ears::of(&phone);
        Ok(Self { phone, ears })
    }

    /// A check that a text comes.
    async fn hears(&self, name: &str, room: &OwnedRoomId, what: What) -> Result<()> {
        until(name, async || self.ears.heard(room, &what).is_some()).await
    }

    /// Accepts the invitation that is there or comes.
    async fn accepts(&self, name: &str, room: &OwnedRoomId) -> Result<()> {
        until(name, async || self.phone.client.invited_rooms().iter().any(|invited| invited.room_id() == room)).await?;
        self.phone.room(room)?.join().await?;
        Ok(())
    }
}

/// Ana with two phones and Ben with one, and the conversations between them.
struct World {
    url: String,
    ben: Account,
    first: Heard,
    second: Heard,
    other: Heard,
}

/// Runs all of it.
pub(crate) async fn run() -> Result<()> {
    let url = std::env::var("FRANKLY_URL").context("FRANKLY_URL is where the server listens")?;
    let account = |user: &str| Account { url: url.clone(), user: user.to_owned(), password: PASSWORD.to_owned() };
    let (ana, ben) = (account("xana"), account("xben"));
    ana.register().await?;
    ben.register().await?;
    let world = World {
        first: Heard::log_in(&ana).await?,
        second: Heard::log_in(&ana).await?,
        other: Heard::log_in(&ben).await?,
        url: url.clone(),
        ben,
    };
    talk::devices(&world).await?;
    talk::readable(&world).await?;
    talk::sealed(&world).await?;
    talk::peer(&world).await?;
    println!("{} checks passed", passed());
    Ok(())
}
