//! Conversations as this deployment makes them: encrypted when that is asked for, and saying what they are.

use http::Method;
use serde_json::{Value as Json, json};

use super::account::{Member, Members};
use super::talk::part;
use super::{Found, Kind, Label, Probe, Target};
use crate::http::{Client, HttpError};
use crate::probe::Talk;

/// A room as its maker sees it.
struct Room {
    id: String,
    encrypted: bool,
    create: String,
    has_mode_event: bool,
}

/// Why there is no room.
enum NoRoom {
    Refused(String),
    Http(HttpError),
}

impl From<HttpError> for NoRoom {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl NoRoom {
    fn told(self) -> Found {
        match self {
            Self::Refused(reason) => Found::error(reason),
            Self::Http(error) => Found::error(error.to_string()),
        }
    }
}

/// Makes a direct conversation, with encryption asked for or not, and looks at its state.
async fn make(talk: &mut Talk<'_>, members: &Members, sealed: bool) -> Result<Room, NoRoom> {
    let mut body = json!({"preset": "trusted_private_chat", "is_direct": true, "visibility": "private"});
    if sealed {
        body["initial_state"] = json!([{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]);
    }
    let invited = members.other.as_ref().map(|other| other.user.clone());
    let mut reply = None;
    if let Some(other) = &invited {
        let mut with_other = body.clone();
        with_other["invite"] = json!([other]);
        let answered = talk.ask(Method::POST, "/_matrix/client/v3/createRoom", &members.member.token, &with_other).await?;
        reply = answered.status.is_success().then_some(answered);
    }
    let reply = match reply {
        Some(reply) => reply,
        // the two may not reach one another here: alone, then
        None => talk.ask(Method::POST, "/_matrix/client/v3/createRoom", &members.member.token, &body).await?,
    };
    let Some(id) = reply.body["room_id"].as_str().filter(|_| reply.status.is_success()) else {
        return Err(NoRoom::Refused(format!("no conversation can be made: {} {}", reply.status, reply.errcode())));
    };
    look(talk, &members.member, id).await
}

async fn look(talk: &mut Talk<'_>, member: &Member, id: &str) -> Result<Room, NoRoom> {
    let reply = talk.ask(Method::GET, &format!("/_matrix/client/v3/rooms/{}/state", part(id)), &member.token, &Json::Null).await?;
    let Some(state) = reply.body.as_array() else {
        return Err(NoRoom::Refused(format!("the state of the conversation is not given: {}", reply.status)));
    };
    let of = |kind: &str| state.iter().find(|event| event["type"] == kind && event["state_key"] == "");
    Ok(Room {
        id: id.to_owned(),
        encrypted: of("m.room.encryption").is_some_and(|event| event["content"]["algorithm"].is_string()),
        create: of("m.room.create").map(ToString::to_string).unwrap_or_default(),
        has_mode_event: of("org.frankly.mode").is_some(),
    })
}

/// Makes two conversations and looks at them.
pub(super) async fn probe(client: &Client, target: &Target, members: Option<&Members>, probes: &mut Vec<Probe>) {
    let nobody = "no account was given, and nobody was to be registered";
    let (sealed_id, label_id, plain_id) = ("direct-encrypted", "label", "plain-in-sealed");
    let mut talk = Talk::with(client, &target.base);
    let Some(members) = members else {
        for (id, controls) in [(sealed_id, &["ENC-1"] as &'static [&str]), (label_id, &["ENC-7"]), (plain_id, &["ENC-7"])] {
            probes.push(Probe::new(id, controls, Found::none(nobody), &talk));
        }
        return;
    };
    let sealed = make(&mut talk, members, true).await;
    let found = match &sealed {
        Ok(room) if room.encrypted => Found::pass("a direct conversation for which encryption is asked is encrypted from its first events"),
        Ok(_) => Found::fail("encryption was asked for, and the conversation was made without it"),
        Err(NoRoom::Refused(reason)) => Found::error(reason.clone()),
        Err(NoRoom::Http(error)) => Found::error(error.to_string()),
    };
    probes.push(Probe::new(sealed_id, &["ENC-1"], found, &talk));

    let mut talk = Talk::with(client, &target.base);
    let plain = make(&mut talk, members, false).await;
    let found = match (&sealed, plain) {
        (Ok(sealed), Ok(plain)) => labels(target, &[sealed, &plain]),
        (_, Err(error)) => error.told(),
        (Err(_), Ok(_)) => Found::error("there is no conversation for which encryption was asked"),
    };
    probes.push(Probe::new(label_id, &["ENC-7"], found, &talk));

    let mut talk = Talk::with(client, &target.base);
    let found = match (&sealed, target.kind) {
        (_, Kind::Matrix) => Found::none("the Client-Server API lets servers pass on plain text in encrypted rooms; clients mark it"),
        (Ok(room), Kind::Frankly) if room.encrypted => plain_text(&mut talk, members, room, target).await,
        _ => Found::none("there is no encrypted conversation to try it in"),
    };
    probes.push(Probe::new(plain_id, &["ENC-7"], found, &talk));
}

/// Whether conversations say what they are, and cannot say otherwise.
fn labels(target: &Target, rooms: &[&Room]) -> Found {
    if target.kind == Kind::Matrix {
        return Found::none("rooms of Matrix have no label of the server's; clients show what is encrypted");
    }
    for room in rooms {
        let is = if room.encrypted { "sealed" } else { "readable" };
        match (target.verify_label)(&room.id, &room.create) {
            Label::Verified(mode) if mode == is && room.has_mode_event => {}
            Label::Verified(mode) if mode == is => {
                return Found::fail("a conversation has no mode event, so clients cannot show who can read it");
            }
            Label::Verified(mode) => return Found::fail(format!("a conversation that says it is {mode} is {is}")),
            Label::None => return Found::fail(format!("a {is} conversation does not say what it is")),
            Label::Wrong => return Found::fail("the ID of a conversation is not the hash of the event that says what it is"),
        }
    }
    Found::pass("each conversation says who can read it, its ID is the hash of that, and it is as it says")
}

async fn plain_text(talk: &mut Talk<'_>, members: &Members, room: &Room, target: &Target) -> Found {
    let path = format!("/_matrix/client/v3/rooms/{}/send/m.room.message/{}", part(&room.id), part(&target.nonce));
    let body = json!({"msgtype": "m.text", "body": "plain text of a probe"});
    match talk.ask(Method::PUT, &path, &members.member.token, &body).await {
        Err(error) => Found::error(error.to_string()),
        Ok(reply) if reply.status.is_client_error() => Found::pass("plain text in a sealed conversation is refused"),
        Ok(reply) if reply.status.is_success() => Found::fail("plain text was taken in a sealed conversation"),
        Ok(reply) => Found::error(format!("plain text in a sealed conversation is answered {}", reply.status)),
    }
}
