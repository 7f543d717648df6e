//! A person with two devices, and whom they talk to: everything an app does, once each.

mod devices;
mod rooms;
mod talk;
mod things;
mod trust;

use std::time::Duration;

use anyhow::{Context, Result};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::OwnedRoomId;

use crate::checks::until;
use crate::ears::Ears;
use crate::phone::{Account, Care, Phone};
use crate::watch::{What, read};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// How long a person takes to read an invitation.
const READS: Duration = Duration::from_secs(1);

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
        let heard = until(name, async || self.ears.heard(room, &what).is_some()).await;
        if heard.is_err() {
            self.tells_of(room).await;
        }
        heard
    }

    /// Prints what is known of a room in which something did not come: by the ears, by the library, by the server.
    async fn tells_of(&self, room: &OwnedRoomId) {
        println!("# heard there: {:?}", self.ears.all(room));
        let Ok(known) = self.phone.room(room) else { return println!("# the phone does not know the room") };
        println!("# {:?}, encrypted: {:?}", known.state(), known.encryption_state());
        match known.messages(MessagesOptions::backward()).await {
            Ok(page) => println!("# the server has: {:?}", page.chunk.iter().filter_map(|event| read(room, event)).collect::<Vec<_>>()),
            Err(error) => println!("# the server says: {error}"),
        }
    }

    /// Accepts the invitation that is there or comes, once its person has read it.
    async fn accepts(&self, name: &str, room: &OwnedRoomId) -> Result<()> {
        until(name, async || self.phone.client.invited_rooms().iter().any(|invited| invited.room_id() == room)).await?;
        // the keys of what was said before come apart from the invitation; the library misses them when it joins in between
        tokio::time::sleep(READS).await;
        self.phone.room(room)?.join().await?;
        Ok(())
    }
}

/// Ana with two phones and Ben with one, and the conversations between them.
pub(crate) struct World {
    url: String,
    ana: Account,
    ben: Account,
    first: Heard,
    second: Heard,
    other: Heard,
    /// The sealed conversation of Ana and Ben.
    sealed: Option<OwnedRoomId>,
}

/// Runs all of it.
pub(crate) async fn run(url: &str) -> Result<World> {
    let account = |user: &str| Account { url: url.to_owned(), user: user.to_owned(), password: PASSWORD.to_owned() };
    let (ana, ben) = (account("xana"), account("xben"));
    ana.register().await?;
    ben.register().await?;
    let world = World {
        first: Heard::log_in(&ana).await?,
        second: Heard::log_in(&ana).await?,
        other: Heard::log_in(&ben).await?,
        url: url.to_owned(),
        ana,
        ben,
        sealed: None,
    };
    talk::devices(&world).await?;
    talk::readable(&world).await?;
    let sealed = talk::sealed(&world).await?;
    trust::cross_signing(&world).await?;
    trust::devices_verify(&world).await?;
    trust::people_verify(&world).await?;
    trust::recovery(&world, &sealed).await?;
    things::unread(&world, &sealed).await?;
    things::redaction(&world, &sealed).await?;
    things::media(&world, &sealed).await?;
    rooms::declined_then_accepted(&world).await?;
    talk::peer(&world).await?;
    devices::removed(&world, &sealed).await?;
    Ok(World { sealed: Some(sealed), ..world })
}

/// What is left when the server was killed meanwhile: the apps go on, and what is odd is seen.
pub(crate) async fn afterwards(world: &World) -> Result<()> {
    let sealed = world.sealed.as_ref().context("a sealed conversation")?;
    things::going_on(world, sealed).await?;
    things::repeated(world, sealed).await
}
