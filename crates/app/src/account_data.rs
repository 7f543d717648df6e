//! Account data, filters, receipts: small things a person keeps, that all their devices see.

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use store::command::put_account_data::PutAccountData;
use store::command::put_filter::PutFilter;
use store::command::put_receipt::PutReceipt;
use store::query::account_data::{AccountData, StoredFilter};
use store::query::event_by_id::{EventById, EventPlace};

use crate::{App, Caller, Error};

/// The type of push rules among account data.
pub(crate) const PUSH_RULES: &str = "m.push_rules";
/// The type of the read marker among a room's account data.
pub(crate) const FULLY_READ: &str = "m.fully_read";

/// How far somebody says they have read.
#[derive(Clone, Debug, Default)]
pub struct ReadUpTo {
    /// The marker only they see.
    pub fully_read: Option<OwnedEventId>,
    /// Told to everybody in the room.
    pub read: Option<OwnedEventId>,
    /// Told to nobody else.
    pub read_private: Option<OwnedEventId>,
    /// The thread of the receipts; empty for the whole room.
    pub thread_id: String,
}

impl App {
    /// Sets account data, global or of a room.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else's, [`Error::InvalidParam`] for types that have their own
    /// endpoint, [`Error::TooLarge`] beyond [`limits::ACCOUNT_DATA_BYTES`].
    pub async fn put_account_data(
        &self,
        caller: &Caller,
        user: &OwnedUserId,
        room: Option<&OwnedRoomId>,
        data_type: &str,
        content: &str,
    ) -> Result<(), Error> {
        own(caller, user)?;
        self.admit_note(user)?;
        if data_type == PUSH_RULES || data_type == FULLY_READ {
            return Err(Error::BadJson(format!("{data_type} has an endpoint of its own")));
        }
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(content).map_err(|error| Error::BadJson(error.to_string()))?;
        self.store_account_data(user, room, data_type, content.to_owned()).await
    }

    /// Account data, global or of a room.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else's, [`Error::NotFound`] when there is none.
    pub async fn account_data(
        &self,
        caller: &Caller,
        user: &OwnedUserId,
        room: Option<&OwnedRoomId>,
        data_type: &str,
    ) -> Result<String, Error> {
        own(caller, user)?;
        if data_type == PUSH_RULES && room.is_none() {
            return Ok(serde_json::json!({"global": self.push_rules(user).await?}).to_string());
        }
        let found = self.stored_account_data(user, room, data_type).await?;
        found.ok_or_else(|| Error::NotFound(format!("there is no {data_type} here")))
    }

    pub(crate) async fn stored_account_data(
        &self,
        user: &OwnedUserId,
        room: Option<&OwnedRoomId>,
        data_type: &str,
    ) -> Result<Option<String>, Error> {
        let room_id = room.map(ToString::to_string).unwrap_or_default();
        Ok(self.store.read(AccountData { user_id: user.clone(), room_id, data_type: data_type.to_owned() }).await?)
    }

    pub(crate) async fn store_account_data(
        &self,
        user: &OwnedUserId,
        room: Option<&OwnedRoomId>,
        data_type: &str,
        content: String,
    ) -> Result<(), Error> {
        if content.len() > limits::ACCOUNT_DATA_BYTES || data_type.len() > limits::EVENT_KEY_BYTES {
            let (bytes, key_bytes) = (limits::ACCOUNT_DATA_BYTES, limits::EVENT_KEY_BYTES);
            return Err(Error::TooLarge(format!("account data may have at most {bytes} bytes, and its type {key_bytes}")));
        }
        let room_id = room.map(ToString::to_string).unwrap_or_default();
        let command = PutAccountData { user_id: user.clone(), room_id, data_type: data_type.to_owned(), content };
        if !self.store.run(command).await? {
            let (entries, bytes) = (limits::ACCOUNT_DATA_ENTRIES, limits::ACCOUNT_DATA_TOTAL_BYTES);
            return Err(Error::Forbidden(format!("an account keeps at most {entries} pieces of account data, and {bytes} bytes")));
        }
        self.wake.ring([user]);
        Ok(())
    }

    /// The tags of a room as its account data, changed by `change`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else's.
    pub async fn change_tags(
        &self,
        caller: &Caller,
        user: &OwnedUserId,
        room: &OwnedRoomId,
        change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>),
    ) -> Result<(), Error> {
        own(caller, user)?;
        self.admit_note(user)?;
        let mut tags = self.tags(caller, user, room).await?;
        change(&mut tags);
        self.store_account_data(user, Some(room), "m.tag", serde_json::json!({"tags": tags}).to_string()).await
    }

    /// The tags of a room.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else's.
    pub async fn tags(
        &self,
        caller: &Caller,
        user: &OwnedUserId,
        room: &OwnedRoomId,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Error> {
        own(caller, user)?;
        let stored = self.stored_account_data(user, Some(room), "m.tag").await?;
        let stored = stored.and_then(|content| serde_json::from_str::<serde_json::Value>(&content).ok());
        let tags = stored.and_then(|mut content| content.get_mut("tags").map(serde_json::Value::take));
        Ok(match tags {
            Some(serde_json::Value::Object(tags)) => tags,
            _ => serde_json::Map::new(),
        })
    }

    /// Keeps a filter and gives its ID.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else, [`Error::TooLarge`] beyond [`limits::FILTER_BYTES`].
    pub async fn put_filter(&self, caller: &Caller, user: &OwnedUserId, definition: String) -> Result<String, Error> {
        own(caller, user)?;
        if definition.len() > limits::FILTER_BYTES {
            return Err(Error::TooLarge(format!("a filter may have at most {} bytes", limits::FILTER_BYTES)));
        }
        let id = self.store.run(PutFilter { user_id: user.clone(), definition }).await?;
        Ok(id.to_string())
    }

    /// A filter kept before.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none of this ID.
    pub async fn filter(&self, caller: &Caller, user: &OwnedUserId, filter_id: &str) -> Result<String, Error> {
        own(caller, user)?;
        let not_found = || Error::NotFound("there is no such filter".to_owned());
        let filter_id: i64 = filter_id.parse().map_err(|_| not_found())?;
        self.store.read(StoredFilter { user_id: user.clone(), filter_id }).await?.ok_or_else(not_found)
    }

    /// Notes how far the caller has read a room.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those not in the room, [`Error::NotFound`] for an unknown event.
    pub async fn read_up_to(&self, caller: &Caller, room_id: &OwnedRoomId, upto: ReadUpTo) -> Result<(), Error> {
        self.admit_note(&caller.user_id)?;
        let room = self.snapshot_for(room_id, &caller.user_id).await?;
        if let Some(event_id) = &upto.fully_read {
            self.move_read_marker(caller, room_id, event_id).await?;
        }
        for (event_id, receipt_type) in [(upto.read, "m.read"), (upto.read_private, "m.read.private")] {
            let Some(event_id) = event_id else { continue };
            let event = self.event_to_read(caller, room_id, &event_id).await?;
            if !self.is_in_thread(room_id, &event_id, &event, &upto.thread_id).await? {
                return Err(Error::InvalidParam("this event is not in that thread".to_owned()));
            }
            let room_pos = event.room_pos;
            let members = room.joined();
            // in large rooms receipts would be the square of the members: there only one's own are told
            let private = receipt_type == "m.read.private" || members.len() > limits::LAZY_MEMBERS_ABOVE;
            let told = if private { vec![caller.user_id.clone()] } else { members };
            let receipt = PutReceipt {
                room_id: room_id.clone(),
                user_id: caller.user_id.clone(),
                receipt_type,
                thread_id: upto.thread_id.clone(),
                event_id,
                room_pos,
                now: self.clock.now(),
                told: told.clone(),
            };
            if self.store.run(receipt).await? {
                self.wake.ring(&told);
            }
        }
        Ok(())
    }
}

impl App {
    /// Moves the marker that only the caller sees; never backwards.
    async fn move_read_marker(&self, caller: &Caller, room_id: &OwnedRoomId, event_id: &OwnedEventId) -> Result<(), Error> {
        let wanted = self.event_to_read(caller, room_id, event_id).await?.room_pos;
        let stored = self.stored_account_data(&caller.user_id, Some(room_id), FULLY_READ).await?;
        let stored = stored.and_then(|content| serde_json::from_str::<ReadMarker>(&content).ok());
        if let Some(ReadMarker { event_id }) = stored {
            let found = self.store.read(EventById { room_id: room_id.clone(), event_id }).await?;
            if found.is_some_and(|place| place.room_pos >= wanted) {
                return Ok(());
            }
        }
        let content = serde_json::json!({"event_id": event_id}).to_string();
        self.store_account_data(&caller.user_id, Some(room_id), FULLY_READ, content).await
    }

    /// An event that the caller says they have read.
    async fn event_to_read(&self, caller: &Caller, room_id: &OwnedRoomId, event_id: &OwnedEventId) -> Result<EventPlace, Error> {
        let found = self.store.read(EventById { room_id: room_id.clone(), event_id: event_id.clone() }).await?;
        let found = found.filter(|event| event.delivered || event.sender == caller.user_id);
        found.ok_or_else(|| Error::NotFound("there is no such event in this room".to_owned()))
    }

    /// Whether an event may be the last read of a thread: its root, an answer, or what relates to one by a few steps.
    /// What belongs to the main timeline is left to the client.
    async fn is_in_thread(
        &self,
        room_id: &OwnedRoomId,
        event_id: &OwnedEventId,
        event: &EventPlace,
        thread_id: &str,
    ) -> Result<bool, Error> {
        if thread_id.is_empty() || thread_id == "main" || event_id.as_str() == thread_id {
            return Ok(true);
        }
        let mut relation = event.relation.clone();
        for _ in 0..limits::RELATION_DEPTH {
            let Some((target, rel_type)) = relation.take() else { return Ok(false) };
            if rel_type == "m.thread" {
                return Ok(target == thread_id);
            }
            let Ok(target) = OwnedEventId::try_from(target) else { return Ok(false) };
            let found = self.store.read(EventById { room_id: room_id.clone(), event_id: target }).await?;
            relation = found.and_then(|event| event.relation);
        }
        Ok(false)
    }
}

#[derive(serde::Deserialize)]
struct ReadMarker {
    event_id: OwnedEventId,
}

fn own(caller: &Caller, user: &OwnedUserId) -> Result<(), Error> {
    if caller.user_id == *user { Ok(()) } else { Err(Error::Forbidden("this belongs to somebody else".to_owned())) }
}
