//! Events found by what they relate to, or by when they were sent.

use model::id::{OwnedEventId, OwnedRoomId};
use model::limits;
use store::query::relations::{EventAt, Relations};
use store::query::threads::Threads;

use crate::event_json::{field, push_events};
use crate::history::{place_of_page, token};
use crate::{App, Caller, Error};

/// Relations as a client asks for them.
#[derive(Clone, Debug)]
pub struct RelationsRequest {
    /// The room.
    pub room_id: OwnedRoomId,
    /// What they relate to.
    pub event_id: OwnedEventId,
    /// Only this kind of relation.
    pub rel_type: Option<String>,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Towards the past.
    pub backwards: bool,
    /// The `next_batch` of the last page, or of a sync.
    pub from: Option<String>,
    /// At most this many events.
    pub limit: usize,
    /// Events too that relate to those.
    pub recurse: bool,
}

/// Threads as a client asks for them.
#[derive(Clone, Debug)]
pub struct ThreadsRequest {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Only those in which the caller said something.
    pub participated: bool,
    /// The `next_batch` of the last page.
    pub from: Option<String>,
    /// At most this many.
    pub limit: usize,
}

impl App {
    /// A page of the events that relate to one event.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the caller may not read that event, [`Error::InvalidParam`] for a token that is none.
    pub async fn relations(&self, caller: &Caller, request: RelationsRequest) -> Result<String, Error> {
        let from = self.place_of(caller, request.from.as_deref()).await?;
        let query = Relations {
            room_id: request.room_id.clone(),
            event_id: request.event_id,
            user_id: caller.user_id.clone(),
            rel_type: request.rel_type,
            event_type: request.event_type,
            backwards: request.backwards,
            from,
            limit: request.limit.clamp(1, limits::MESSAGES_PAGE_MAX),
            recurse: request.recurse,
        };
        let found = self.read_in_turn(&caller.user_id, query).await?;
        let found = found.ok_or_else(|| Error::NotFound("there is no such event that you may read".to_owned()))?;
        let mut out = String::from("{\"chunk\":");
        push_events(&mut out, &found.events, Some(request.room_id.as_str()), self.reader(caller));
        if let Some(end) = found.end {
            field(&mut out, ",\"next_batch\":", &token(end));
        }
        if request.recurse {
            out.push_str(",\"recursion_depth\":");
            out.push_str(&limits::RELATION_DEPTH.to_string());
        }
        out.push('}');
        Ok(out)
    }

    /// A page of the threads of a room, the one with the latest answer first.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who may read nothing of it, [`Error::InvalidParam`] for a token that is none.
    pub async fn threads(&self, caller: &Caller, request: ThreadsRequest) -> Result<String, Error> {
        let ThreadsRequest { room_id, participated, from, limit } = request;
        let before = from.filter(|token| !token.is_empty()).map(|token| place_of_page(&token)).transpose()?;
        let limit = limit.clamp(1, limits::THREADS_PAGE);
        let query = Threads { room_id: room_id.clone(), user_id: caller.user_id.clone(), participated, before, limit };
        let found = self.store.read(query).await?.ok_or_else(|| Error::Forbidden("you are not in this room".to_owned()))?;
        let mut out = String::from("{\"chunk\":");
        push_events(&mut out, &found.events, Some(room_id.as_str()), self.reader(caller));
        if let Some(end) = found.end {
            field(&mut out, ",\"next_batch\":", &token(end));
        }
        out.push('}');
        Ok(out)
    }

    /// The event nearest to a moment: its ID and when it was sent.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none that the caller may read.
    pub async fn event_at(&self, caller: &Caller, room_id: &OwnedRoomId, at_ms: i64, backwards: bool) -> Result<(String, i64), Error> {
        let query = EventAt { room_id: room_id.clone(), user_id: caller.user_id.clone(), at_ms, backwards };
        self.read_in_turn(&caller.user_id, query)
            .await?
            .ok_or_else(|| Error::NotFound("there is no event at that time that you may read".to_owned()))
    }
}
