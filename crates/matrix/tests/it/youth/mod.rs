//! Young people: every door by which a stranger might reach one, and what stays open to friends. Each test runs once
//! for each mode that a conversation can have.

mod counting;
mod doors;
mod friends;
mod looking;

use http::{Method, StatusCode};
use model::conversation::Mode;
use model::person::AgeBand;
use serde_json::{Value, json};

use crate::modes::{encryption, mode_of};
use crate::sealed::Pen;
use crate::world::{Person, World, encoded};

/// The modes in which conversations can be made here.
const MODES: [Mode; 2] = [Mode::Readable, Mode::Sealed];

/// A server with a stranger, a young person who is 15, and a friend of theirs, all adults but one.
struct Town {
    world: World,
    mode: Mode,
    stranger: Person,
    teen: Person,
    friend: Person,
    /// The ID of somebody who does not exist.
    ghost: String,
}

impl Town {
    async fn new(mode: Mode) -> Self {
        Self::in_world(World::new(), mode).await
    }

    async fn in_world(world: World, mode: Mode) -> Self {
        let stranger = world.person("stranger").await;
        let teen = world.aged("teen", AgeBand::From13To15).await;
        let friend = world.person("friend").await;
        world.befriends(&teen, &friend).await;
        Self { world, mode, stranger, teen, friend, ghost: "@ghost:example.org".to_owned() }
    }

    /// The options of a conversation in this mode.
    fn options(&self, more: &Value) -> Value {
        let mut options = json!({"preset": "private_chat"});
        for (key, value) in more.as_object().into_iter().flatten() {
            options[key] = value.clone();
        }
        if self.mode == Mode::Sealed {
            let mut state = options["initial_state"].as_array().cloned().unwrap_or_default();
            state.extend(encryption().as_array().unwrap().clone());
            options["initial_state"] = state.into();
        }
        options
    }

    /// Somebody says something, in plain words or encrypted.
    async fn says(&self, person: &Person, text: &str, room: &str) {
        match self.mode {
            Mode::Readable => person.says(text, room).await,
            Mode::Sealed => person.sends(room, "m.room.encrypted", &encoded(text), Pen::new().writes(text, room)).await,
        };
    }

    /// Somebody makes a conversation and all who are invited come in.
    async fn group(&self, maker: &Person, others: &[&Person], more: &Value) -> String {
        let room = maker.creates(others, self.options(more)).await;
        assert_eq!(mode_of(maker, &room).await, self.mode.as_str());
        for other in others {
            other.joins(&room).await;
        }
        room
    }

    /// A group of the friend, the young person and another friend of both.
    async fn group_of_friends(&self, more: &Value) -> String {
        let other = self.world.person("pal").await;
        self.world.befriends(&self.teen, &other).await;
        self.group(&self.friend, &[&self.teen, &other], more).await
    }

    /// What the young person is told: no invitation, and nothing for their device.
    async fn teen_is_left_alone(&self) {
        let sync = self.teen.syncs("").await;
        assert!(sync["rooms"]["invite"].as_object().is_none_or(serde_json::Map::is_empty), "{sync}");
        assert!(sync["to_device"]["events"].as_array().is_none_or(Vec::is_empty), "{sync}");
    }

    /// The same request about the young person and about somebody who does not exist: both are refused, with the same
    /// status and, but for the name, in the same words. Gives status and errcode.
    async fn like_a_ghost(&self, method: Method, path: impl Fn(&str) -> String, body: impl Fn(&str) -> Option<Value>) -> (u16, String) {
        let ask = async |user: &str| {
            let (status, answer) = self.stranger.request(method.clone(), &path(user), body(user)).await;
            assert!(status.is_client_error(), "{user}: {status} {answer}");
            (status, answer.to_string().replace(user, "@…"), answer["errcode"].as_str().unwrap_or_default().to_owned())
        };
        let (teen, ghost) = (ask(self.teen.user_id.as_str()).await, ask(&self.ghost).await);
        assert_eq!(teen, ghost, "nobody can tell the two apart");
        (teen.0.as_u16(), teen.2)
    }
}

/// A request that is refused with 403, and its words.
async fn refused(person: &Person, method: Method, path: &str, body: Value) -> String {
    let (status, answer) = person.request(method, path, Some(body)).await;
    assert_eq!((status, answer["errcode"].as_str()), (StatusCode::FORBIDDEN, Some("M_FORBIDDEN")), "{path}: {answer}");
    answer["error"].as_str().unwrap().to_owned()
}

async fn may_not_make(person: &Person, options: Value) -> String {
    refused(person, Method::POST, "v3/createRoom", options).await
}

async fn may_not_invite(person: &Person, other: &Person, room: &str) -> String {
    refused(person, Method::POST, &format!("v3/rooms/{}/invite", encoded(room)), json!({"user_id": other.user_id})).await
}

async fn may_not_join(person: &Person, room: &str) -> String {
    refused(person, Method::POST, &format!("v3/join/{}", encoded(room)), json!({})).await
}
