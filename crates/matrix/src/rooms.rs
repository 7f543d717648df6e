//! Making rooms, being in them, and their state.

use app::rooms::create::{NewRoom, Preset};
use app::rooms::membership::MembershipWish;
use app::{Caller, Error};
use model::room::Membership;
use ruma::api::client::membership::{
    ban_user, forget_room, invite_user, join_room_by_id, join_room_by_id_or_alias, kick_user, leave_room, unban_user,
};
use ruma::api::client::room::{Visibility, create_room};
use ruma::api::client::state::send_state_event;
use ruma::{OwnedRoomId, OwnedUserId, RoomId};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Refusal;
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    const STATE: &str = "/_matrix/client/v3/rooms/{room_id}/state/{event_type}";
    const STATE_SLASH: &str = "/_matrix/client/v3/rooms/{room_id}/state/{event_type}/";
    const STATE_R0: &str = "/_matrix/client/r0/rooms/{room_id}/state/{event_type}";
    table
        .matrix(create)
        .matrix(invite)
        .matrix(join)
        .matrix(join_by_id)
        .matrix(leave)
        .matrix(kick)
        .matrix(ban)
        .matrix(unban)
        .matrix(forget)
        .matrix(put_state)
        .matrix_at(&[STATE, STATE_SLASH, STATE_R0], &[""], put_state)
}

async fn create(call: Call<create_room::v3::Request>) -> Result<create_room::v3::Response, Refusal> {
    let wish = new_room(*call.body)?;
    let room_id = call.app.create_room(&call.who, wish).await?;
    Ok(create_room::v3::Response::new(room_id))
}

fn new_room(body: create_room::v3::Request) -> Result<NewRoom, Error> {
    use create_room::v3::RoomPreset;
    let preset = match body.preset {
        Some(RoomPreset::TrustedPrivateChat) => Preset::TrustedPrivate,
        Some(RoomPreset::PublicChat) => Preset::Public,
        None if body.visibility == Visibility::Public => Preset::Public,
        Some(RoomPreset::PrivateChat) | None => Preset::Private,
        Some(_) => return Err(Error::InvalidParam("this preset is not known".to_owned())),
    };
    if !body.invite_3pid.is_empty() {
        return Err(Error::Forbidden("people are invited by their user ID here, not by mail or telephone".to_owned()));
    }
    if body.room_alias_name.is_some() {
        return Err(Error::Forbidden("rooms here have no aliases".to_owned()));
    }
    let initial_state = body.initial_state.iter().map(|event| initial_event(event.json())).collect::<Result<_, _>>()?;
    Ok(NewRoom {
        preset,
        is_direct: body.is_direct,
        invite: body.invite,
        name: body.name,
        topic: body.topic,
        creation_content: body.creation_content.map(|content| content.json().get().to_owned()),
        initial_state,
        power_levels: body.power_level_content_override.map(|content| content.json().get().to_owned()),
        version: body.room_version,
    })
}

/// Type, state key and content of one event of the initial state.
fn initial_event(event: &RawValue) -> Result<(String, String, String), Error> {
    let mut event: Value = serde_json::from_str(event.get()).map_err(|error| Error::BadJson(error.to_string()))?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let event_type = text(event.get("type")).ok_or_else(|| Error::BadJson("an event of the initial state has no type".to_owned()))?;
    let state_key = text(event.get("state_key")).unwrap_or_default();
    let content = event.get_mut("content").map(Value::take).filter(Value::is_object);
    let content = content.ok_or_else(|| Error::BadJson("an event of the initial state has no content".to_owned()))?;
    Ok((event_type, state_key, content.to_string()))
}

async fn invite(call: Call<invite_user::v3::Request>) -> Result<invite_user::v3::Response, Refusal> {
    let invite_user::v3::InvitationRecipient::UserId(recipient) = call.body.recipient else {
        return Err(Error::Forbidden("people are invited by their user ID here, not by mail or telephone".to_owned()).into());
    };
    let wish = wish(call.body.room_id, recipient.user_id, Membership::Invite, recipient.reason, None);
    call.app.set_membership_of(&call.who, wish).await?;
    Ok(invite_user::v3::Response::new())
}

async fn join(call: Call<join_room_by_id_or_alias::v3::Request>) -> Result<join_room_by_id_or_alias::v3::Response, Refusal> {
    let room_id: OwnedRoomId = RoomId::parse(call.body.room_id_or_alias.as_str())
        .map_err(|_| Error::NotFound("rooms here have no aliases; join by room ID".to_owned()))?;
    call.app.join(&call.who, room_id.clone(), call.body.reason).await?;
    Ok(join_room_by_id_or_alias::v3::Response::new(room_id))
}

async fn join_by_id(call: Call<join_room_by_id::v3::Request>) -> Result<join_room_by_id::v3::Response, Refusal> {
    call.app.join(&call.who, call.body.room_id.clone(), call.body.reason).await?;
    Ok(join_room_by_id::v3::Response::new(call.body.room_id))
}

async fn leave(call: Call<leave_room::v3::Request>) -> Result<leave_room::v3::Response, Refusal> {
    call.app.leave(&call.who, call.body.room_id, call.body.reason).await?;
    Ok(leave_room::v3::Response::new())
}

async fn kick(call: Call<kick_user::v3::Request>) -> Result<kick_user::v3::Response, Refusal> {
    const IN: &[Membership] = &[Membership::Join, Membership::Invite, Membership::Knock];
    set(&call.app, &call.who, wish(call.body.room_id, call.body.user_id, Membership::Leave, call.body.reason, Some(IN))).await?;
    Ok(kick_user::v3::Response::new())
}

async fn ban(call: Call<ban_user::v3::Request>) -> Result<ban_user::v3::Response, Refusal> {
    set(&call.app, &call.who, wish(call.body.room_id, call.body.user_id, Membership::Ban, call.body.reason, None)).await?;
    Ok(ban_user::v3::Response::new())
}

async fn unban(call: Call<unban_user::v3::Request>) -> Result<unban_user::v3::Response, Refusal> {
    const BANNED: &[Membership] = &[Membership::Ban];
    set(&call.app, &call.who, wish(call.body.room_id, call.body.user_id, Membership::Leave, call.body.reason, Some(BANNED))).await?;
    Ok(unban_user::v3::Response::new())
}

async fn forget(call: Call<forget_room::v3::Request>) -> Result<forget_room::v3::Response, Refusal> {
    call.app.forget(&call.who, call.body.room_id).await?;
    Ok(forget_room::v3::Response::new())
}

async fn put_state(call: Call<send_state_event::v3::Request>) -> Result<send_state_event::v3::Response, Refusal> {
    let body = call.body;
    let content = body.body.json().get();
    let event_id = call.app.put_state(&call.who, body.room_id, body.event_type.to_string(), body.state_key, content).await?;
    Ok(send_state_event::v3::Response::new(event_id))
}

async fn set(app: &app::App, caller: &Caller, wish: MembershipWish) -> Result<(), Error> {
    app.set_membership_of(caller, wish).await
}

fn wish(
    room_id: OwnedRoomId,
    target: OwnedUserId,
    membership: Membership,
    reason: Option<String>,
    only_from: Option<&'static [Membership]>,
) -> MembershipWish {
    MembershipWish { room_id, target, membership, reason, content: None, only_from }
}
