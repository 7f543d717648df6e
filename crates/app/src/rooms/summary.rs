//! What a conversation is, in a few words: for those who are in it and those who are invited.

use model::id::OwnedRoomId;
use model::room::{Membership, Snapshot};

use crate::{App, Caller, Error};

/// A conversation in a few words. Nobody in it is named.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The conversation.
    pub room_id: OwnedRoomId,
    /// Its version.
    pub version: String,
    /// What the one who asks is to it.
    pub membership: Membership,
    /// How many people are in it.
    pub joined: usize,
    /// Its name.
    pub name: Option<String>,
    /// What it is about.
    pub topic: Option<String>,
    /// Its picture, an `mxc:` address.
    pub avatar_url: Option<String>,
    /// What kind of room it is, where its creator said so.
    pub room_type: Option<String>,
    /// How people come in.
    pub join_rule: String,
    /// How it is encrypted, where it is.
    pub encryption: Option<String>,
    /// Whether it says of itself that anybody may read it.
    pub world_readable: bool,
}

impl App {
    /// A conversation in a few words.
    ///
    /// # Errors
    /// [`Error::NotFound`] for who is neither in it nor invited; whether it exists is not told, open as it may be.
    pub async fn summary(&self, caller: Option<&Caller>, room_id: &OwnedRoomId) -> Result<Summary, Error> {
        let unknown = || Error::NotFound("there is no such room that you are in or invited to".to_owned());
        let caller = caller.ok_or_else(unknown)?;
        let room = self.snapshot(room_id).await.map_err(|error| match error {
            Error::NotFound(_) => unknown(),
            other => other,
        })?;
        match room.membership(&caller.user_id) {
            Some(membership @ (Membership::Join | Membership::Invite)) => Ok(summary(&room, membership)),
            _ => Err(unknown()),
        }
    }
}

fn summary(room: &Snapshot, membership: Membership) -> Summary {
    let text = |event_type: &str, key: &str| {
        let text = room.get(event_type, "").and_then(|event| event.text(key));
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Summary {
        room_id: room.room_id.clone(),
        version: room.version.clone(),
        membership,
        joined: room.with_membership(Membership::Join).count(),
        name: text("m.room.name", "name"),
        topic: text("m.room.topic", "topic"),
        avatar_url: text("m.room.avatar", "url"),
        room_type: text("m.room.create", "type"),
        join_rule: text("m.room.join_rules", "join_rule").unwrap_or_else(|| "invite".to_owned()),
        encryption: text("m.room.encryption", "algorithm"),
        world_readable: text("m.room.history_visibility", "history_visibility").as_deref() == Some("world_readable"),
    }
}
