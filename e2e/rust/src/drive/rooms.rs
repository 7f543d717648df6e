//! An invitation that is declined, one that is accepted, and what was said before.

use anyhow::Result;
use matrix_sdk::ruma::api::client::room::create_room::v3::{Request, RoomPreset};
use matrix_sdk::ruma::assign;
use matrix_sdk::ruma::events::InitialStateEvent;
use matrix_sdk::ruma::events::room::encryption::RoomEncryptionEventContent;
use matrix_sdk::ruma::events::room::member::MembershipState;
use matrix_sdk::{RoomMemberships, RoomState};

use super::World;
use super::talk::nothing_closed;
use crate::checks::{check, until};
use crate::watch::What;

/// Ben declines, then comes; he reads what is said afterwards, and with ana's help what was said before.
pub(super) async fn declined_then_accepted(world: &World) -> Result<()> {
    let (ana, ben) = (&world.first, &world.other);
    let user = ben.phone.user_id();
    let request = assign!(Request::new(), {
        name: Some("tea".to_owned()),
        preset: Some(RoomPreset::PrivateChat),
        initial_state: vec![InitialStateEvent::with_empty_state_key(RoomEncryptionEventContent::with_recommended_defaults()).to_raw_any()],
    });
    let room = ana.phone.client.create_room(request).await?.room_id().to_owned();
    let said = |body: &str| What::Sealed(body.to_owned());
    until("ana is in her group", async || ana.phone.room(&room).is_ok_and(|room| room.encryption_state().is_encrypted())).await?;
    ana.phone.queue_text(&room, "nobody is here yet").await?;
    world.second.hears("ana talks to herself", &room, said("nobody is here yet")).await?;

    ana.phone.room(&room)?.invite_user_by_id(&user).await?;
    let state = || ben.phone.room(&room).ok().map(|room| room.state());
    until("ben is invited", async || state() == Some(RoomState::Invited)).await?;
    ben.phone.room(&room)?.leave().await?;
    until("he declines, and his phone forgets it", async || matches!(state(), None | Some(RoomState::Left))).await?;
    let membership = async || match ana.phone.room(&room).ok()?.get_member_no_sync(&user).await {
        Ok(Some(member)) => Some(member.membership().clone()),
        _ => None,
    };
    until("ana learns of it", async || membership().await == Some(MembershipState::Leave)).await?;
    ana.phone.queue_text(&room, "he is not coming").await?;
    world.second.hears("ana goes on talking", &room, said("he is not coming")).await?;

    ana.phone.room(&room)?.invite_user_by_id(&user).await?;
    ben.accepts("ben is invited again", &room).await?;
    until("he is in", async || state() == Some(RoomState::Joined)).await?;
    ana.phone.queue_text(&room, "welcome").await?;
    ben.hears("ben reads what is said when he is there", &room, said("welcome")).await?;
    let members = ben.phone.room(&room)?.members(RoomMemberships::JOIN).await?;
    check("two people are in the group", members.len() == 2)?;
    ben.hears("ben reads what was said before he was invited", &room, said("nobody is here yet")).await?;
    ben.hears("and between the invitations", &room, said("he is not coming")).await?;
    check("nothing is closed to anybody", nothing_closed([&world.first, &world.second, &world.other]))
}
