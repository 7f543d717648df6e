//! What protects people: reports, strangers kept away from young people, keys that belong together, looking after access.

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};

use audit::value::Value;

use super::account::{Members, with_auth};
use super::talk::part;
use super::{Found, Kind, Probe, Target};
use crate::http::{Client, HttpError};
use crate::probe::Talk;

type Tried = Result<Found, HttpError>;

/// Tries all of it.
pub(super) async fn probe(client: &Client, target: &Target, members: Option<&Members>, probes: &mut Vec<Probe>) {
    let mut put = |id: &'static str, controls: &'static [&'static str], tried: Tried, talk: &Talk<'_>| {
        let found = tried.unwrap_or_else(|error| Found::error(error.to_string()));
        probes.push(Probe::new(id, controls, found, talk));
    };
    let begin = || Talk::with(client, &target.base);
    let nobody = || Ok(Found::none("no account was given, and nobody was to be registered"));

    let mut talk = begin();
    let tried = match members {
        Some(members) => keys(&mut talk, members).await,
        None => nobody(),
    };
    put("cross-signing", &["KEY-4"], tried, &talk);

    let mut talk = begin();
    let tried = match members {
        Some(members) => report(&mut talk, members, target).await,
        None => nobody(),
    };
    put("report", &["MOD-3"], tried, &talk);

    let mut talk = begin();
    let tried = match (members, &target.people.minor) {
        (Some(members), Some(minor)) => stranger(&mut talk, members, minor).await,
        (Some(_), None) => Ok(Found::none("nobody under age was named")),
        (None, _) => nobody(),
    };
    put("stranger-to-minor", &["MIN-3"], tried, &talk);

    let mut talk = begin();
    let tried = match members {
        Some(members) => access(&mut talk, members, target).await,
        None => nobody(),
    };
    put("access-shown", &["ACC-1"], tried, &talk);

    let mut talk = begin();
    let tried = proofs(&mut talk, target).await;
    put("access-proofs", &["ACC-1"], tried, &talk);

    let mut talk = begin();
    let tried = match (members, &target.expired) {
        (Some(members), Some((room, event))) => expired(&mut talk, members, room, event).await,
        (Some(_), None) => Ok(Found::none("no message was named that should be gone")),
        (None, _) => nobody(),
    };
    put("retention", &["GOV-4"], tried, &talk);
}

/// Keys that are not signed by the key they are said to belong to must be refused (spec: `/keys/device_signing/upload`).
async fn keys(talk: &mut Talk<'_>, members: &Members) -> Tried {
    let member = &members.member;
    // three keys of nobody: the first bytes of no curve point are needed for a signature that never holds
    let key = |name: &str, letter: &str| {
        let public = letter.repeat(43);
        let mut key = json!({"user_id": member.user, "usage": [name], "keys": {format!("ed25519:{public}"): public}});
        if name != "master" {
            let signer = "A".repeat(43);
            key["signatures"] = json!({&member.user: {format!("ed25519:{signer}"): "C".repeat(86)}});
        }
        key
    };
    let body = json!({"master_key": key("master", "A"), "self_signing_key": key("self_signing", "B")});
    let path = "/_matrix/client/v3/keys/device_signing/upload";
    let reply = with_auth(talk, Method::POST, path, &member.token, body, Some(member)).await?;
    if reply.is_unknown() {
        return Ok(Found::fail("there is no cross-signing: a new device cannot be told from a stranger's"));
    }
    if reply.status.is_success() {
        return Ok(Found::fail("a signing key with a forged signature was taken"));
    }
    if reply.status == StatusCode::UNAUTHORIZED {
        return Ok(Found::error("the server did not believe the password, so that keys could not be tried"));
    }
    let body = json!({"device_keys": {
        "user_id": member.user, "device_id": format!("{}X", member.device), "algorithms": ["m.megolm.v1.aes-sha2"],
        "keys": {}, "signatures": {},
    }});
    let reply = talk.ask(Method::POST, "/_matrix/client/v3/keys/upload", &member.token, &body).await?;
    if reply.status.is_success() {
        return Ok(Found::fail("keys of a device of another name, without a signature, were taken"));
    }
    Ok(Found::pass("a forged signature of a signing key and unsigned keys of another device are refused"))
}

/// A report can be made, and not of what is not there or not one's own to see.
async fn report(talk: &mut Talk<'_>, members: &Members, target: &Target) -> Tried {
    let member = &members.member;
    let body = json!({"preset": "private_chat"});
    let made = talk.ask(Method::POST, "/_matrix/client/v3/createRoom", &member.token, &body).await?;
    let Some(room) = made.body["room_id"].as_str().map(part) else {
        return Ok(Found::error(format!("no conversation can be made: {}", made.status)));
    };
    let path = format!("/_matrix/client/v3/rooms/{room}/send/m.room.message/{}-r", part(&target.nonce));
    let said = talk.ask(Method::PUT, &path, &member.token, &json!({"msgtype": "m.text", "body": "a message of a probe"})).await?;
    let Some(event) = said.body["event_id"].as_str().map(part) else {
        // where everything is sealed plain text is not taken; there is nothing to report then
        return Ok(Found::none(format!("no plain message can be sent to be reported: {} {}", said.status, said.errcode())));
    };
    let path = |event: &str| format!("/_matrix/client/v3/rooms/{room}/report/{event}");
    let reason = json!({"reason": "probe of the report flow; nothing happened"});
    let forged = format!("%24{}", "0".repeat(43));
    let reply = talk.ask(Method::POST, &path(&forged), &member.token, &reason).await?;
    if reply.is_unknown() && reply.errcode() == "M_UNRECOGNIZED" {
        return Ok(Found::fail("there is no way to report a message"));
    }
    if !reply.status.is_client_error() {
        return Ok(Found::fail("a report of a message that does not exist was taken"));
    }
    if let Some(other) = &members.other {
        let reply = talk.ask(Method::POST, &path(&event), &other.token, &reason).await?;
        if !reply.status.is_client_error() {
            return Ok(Found::fail("somebody reported a message of a conversation in which they are not"));
        }
    }
    let reply = talk.ask(Method::POST, &path(&event), &member.token, &reason).await?;
    if !reply.status.is_success() {
        return Ok(Found::fail(format!("a message cannot be reported: {} {}", reply.status, reply.errcode())));
    }
    Ok(Found::pass("a message can be reported; a forged report, and one by somebody outside, are refused"))
}

/// An adult whom they do not know writes to somebody under age.
async fn stranger(talk: &mut Talk<'_>, members: &Members, minor: &str) -> Tried {
    let create = |who: &str| json!({"preset": "trusted_private_chat", "is_direct": true, "invite": [who]});
    let path = "/_matrix/client/v3/createRoom";
    let Some(other) = &members.other else {
        return Ok(Found::none("without another adult it cannot be told whether anybody can be written to at all"));
    };
    let reply = talk.ask(Method::POST, path, &members.member.token, &create(&other.user)).await?;
    if !reply.status.is_success() {
        return Ok(Found::error(format!("the two adults cannot reach one another either: {} {}", reply.status, reply.errcode())));
    }
    let reply = talk.ask(Method::POST, path, &members.member.token, &create(minor)).await?;
    if reply.status.is_client_error() {
        return Ok(Found::pass("a direct conversation of a stranger with somebody under age is refused"));
    }
    let Some(room) = reply.body["room_id"].as_str() else {
        return Ok(Found::error(format!("an invitation is answered {}", reply.status)));
    };
    // a server may make the room and keep the invitation to itself
    let path = format!("/_matrix/client/v3/rooms/{}/state/m.room.member/{}", part(room), part(minor));
    let reply = talk.ask(Method::GET, &path, &members.member.token, &Json::Null).await?;
    Ok(match reply.body["membership"].as_str() {
        Some("invite" | "join") => Found::fail("a stranger invited somebody under age into a direct conversation"),
        _ => Found::pass("the conversation of a stranger was made, and nobody under age was invited to it"),
    })
}

/// A member can see who read their messages.
async fn access(talk: &mut Talk<'_>, members: &Members, target: &Target) -> Tried {
    if target.kind == Kind::Matrix {
        return Ok(Found::none("the Client-Server API does not tell who of the staff read what"));
    }
    let reply = talk.ask(Method::GET, "/_frankly/v1/access", &members.member.token, &Json::Null).await?;
    let stranger = talk.ask(Method::GET, "/_frankly/v1/access", "", &Json::Null).await?;
    if !reply.body["records"].is_array() {
        return Ok(Found::fail(format!("members are not shown who read their messages: {}", reply.status)));
    }
    if stranger.status != StatusCode::UNAUTHORIZED {
        return Ok(Found::fail("who read messages is shown without logging in"));
    }
    let seen = "a member is shown who read their messages, and nobody else is; what is shown cannot be proved to be all";
    Ok(Found { worth: Value::Partial, ..Found::pass(seen) })
}

/// Proofs that the access log was not rewritten, where there are any.
async fn proofs(talk: &mut Talk<'_>, target: &Target) -> Tried {
    if target.kind == Kind::Matrix {
        return Ok(Found::none("the Client-Server API has no access log"));
    }
    let reply = talk.ask(Method::GET, "/_frankly/v1/log/checkpoint", "", &Json::Null).await?;
    if reply.status == StatusCode::NOT_FOUND {
        return Ok(Found::none("the server publishes no checkpoint of its access log, so there is no proof to check"));
    }
    Ok(Found::error(format!("the server answers {} for a checkpoint, whose form this version does not know", reply.status)))
}

/// A message past its time is gone.
async fn expired(talk: &mut Talk<'_>, members: &Members, room: &str, event: &str) -> Tried {
    let path = format!("/_matrix/client/v3/rooms/{}/event/{}", part(room), part(event));
    let reply = talk.ask(Method::GET, &path, &members.member.token, &Json::Null).await?;
    let content = &reply.body["content"];
    Ok(match reply.status {
        StatusCode::NOT_FOUND => Found::pass("a message past its time is not found"),
        StatusCode::OK if content.as_object().is_some_and(serde_json::Map::is_empty) => {
            Found::pass("of a message past its time nothing is left")
        }
        StatusCode::OK => Found::fail("a message past its time is still given out"),
        other => Found::error(format!("a message past its time is answered {other}: is the account in the room?")),
    })
}
