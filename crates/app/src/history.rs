//! Reading what was said, as JSON text in the client format.

use model::filter::EventFilter;
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::room::Membership;
use model::seq::RoomPos;
use store::query::history::{EventContext, From, HistoryPage, JoinedRooms, VisibleState};
use store::query::stored_event::StoredEvent;

use crate::event_json::{field, push_event, push_events, push_string};
use crate::{App, Caller, Error};

/// A page of history as a client asks for it.
#[derive(Clone, Debug)]
pub struct HistoryRequest {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Towards the past.
    pub backwards: bool,
    /// A token of a sync, a context or another page.
    pub from: Option<String>,
    /// Where to stop.
    pub to: Option<String>,
    /// At most this many events.
    pub limit: usize,
    /// Which events.
    pub filter: EventFilter,
}

/// Which members are wanted.
#[derive(Clone, Debug, Default)]
pub struct MembersRequest {
    /// As the room stood at this token.
    pub at: Option<String>,
    /// Only with this membership.
    pub membership: Option<String>,
    /// Not with this membership.
    pub not_membership: Option<String>,
}

impl App {
    /// A page of a room's history.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who may not read it, [`Error::InvalidParam`] for a token that is none.
    pub async fn history(&self, caller: &Caller, request: HistoryRequest) -> Result<String, Error> {
        let from = self.place_of(caller, request.from.as_deref()).await?;
        let to = match self.place_of(caller, request.to.as_deref()).await? {
            From::Place(place) => Some(place),
            From::Inbox(_) | From::End => None,
        };
        let query = HistoryPage {
            room_id: request.room_id.clone(),
            user_id: caller.user_id.clone(),
            backwards: request.backwards,
            from,
            to,
            limit: request.limit.clamp(1, limits::MESSAGES_PAGE_MAX),
            filter: request.filter,
        };
        let page = self.read_in_turn(&caller.user_id, query).await?.ok_or_else(not_readable)?;
        let room_id = Some(request.room_id.as_str());
        let mut out = String::with_capacity(512 * (page.events.len() + 1));
        out.push_str("{\"chunk\":");
        push_events(&mut out, &page.events, room_id, self.reader(caller));
        field(&mut out, ",\"start\":", request.from.as_deref().unwrap_or(&token(page.start)));
        if let Some(end) = page.end {
            field(&mut out, ",\"end\":", &token(end));
        }
        out.push_str(",\"state\":");
        push_events(&mut out, &page.members, room_id, self.reader(caller));
        out.push('}');
        Ok(out)
    }

    /// One event.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none that the caller may read.
    pub async fn event(&self, caller: &Caller, room_id: &OwnedRoomId, event_id: &OwnedEventId) -> Result<String, Error> {
        let found = self.surroundings(caller, room_id, event_id, 0).await?;
        let mut out = String::new();
        push_event(&mut out, &found.event, Some(room_id.as_str()), self.reader(caller));
        Ok(out)
    }

    /// An event with what was said around it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none that the caller may read.
    pub async fn context(&self, caller: &Caller, room_id: &OwnedRoomId, event_id: &OwnedEventId, limit: usize) -> Result<String, Error> {
        let found = self.surroundings(caller, room_id, event_id, limit.min(limits::CONTEXT_EVENTS_MAX)).await?;
        let id = Some(room_id.as_str());
        let mut out = String::from("{\"event\":");
        push_event(&mut out, &found.event, id, self.reader(caller));
        let first = found.before.last().unwrap_or(&found.event).room_pos;
        let last = found.after.last().unwrap_or(&found.event).room_pos;
        field(&mut out, ",\"start\":", &token_before(first));
        field(&mut out, ",\"end\":", &token(last));
        for (name, events) in [("events_before", &found.before), ("events_after", &found.after), ("state", &found.state)] {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":");
            push_events(&mut out, events, id, self.reader(caller));
        }
        out.push('}');
        Ok(out)
    }

    async fn surroundings(
        &self,
        caller: &Caller,
        room_id: &OwnedRoomId,
        event_id: &OwnedEventId,
        limit: usize,
    ) -> Result<store::query::history::Surroundings, Error> {
        let query = EventContext { room_id: room_id.clone(), event_id: event_id.clone(), user_id: caller.user_id.clone(), limit };
        self.read_in_turn(&caller.user_id, query)
            .await?
            .ok_or_else(|| Error::NotFound("there is no such event that you may read".to_owned()))
    }

    /// The state of a room: as it is for members, as it was at their leave for others.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who never were in it.
    pub async fn state(&self, caller: &Caller, room_id: &OwnedRoomId) -> Result<String, Error> {
        let (state, _) = self.visible_state(caller, room_id, None).await?;
        let mut out = String::new();
        push_events(&mut out, &state, Some(room_id.as_str()), self.reader(caller));
        Ok(out)
    }

    /// One piece of state: its content, or the whole event.
    ///
    /// # Errors
    /// [`Error::Forbidden`] as [`App::state`], [`Error::NotFound`] when there is none.
    pub async fn state_event(
        &self,
        caller: &Caller,
        room_id: &OwnedRoomId,
        event_type: &str,
        state_key: &str,
        whole: bool,
    ) -> Result<String, Error> {
        let (state, _) = self.visible_state(caller, room_id, None).await?;
        let found = state.into_iter().find(|event| event.event_type == event_type && event.state_key.as_deref() == Some(state_key));
        let event = found.ok_or_else(|| Error::NotFound("this room has no such state".to_owned()))?;
        if !whole {
            return Ok(event.content);
        }
        let mut out = String::new();
        push_event(&mut out, &event, Some(room_id.as_str()), self.reader(caller));
        Ok(out)
    }

    /// The members of a room.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who never were in it.
    pub async fn members(&self, caller: &Caller, room_id: &OwnedRoomId, request: MembersRequest) -> Result<String, Error> {
        let at = match request.at.as_deref() {
            Some(token) => Some(self.place_of(caller, Some(token)).await?),
            None => None,
        };
        let (state, _) = self.visible_state(caller, room_id, at).await?;
        let wanted = |event: &&StoredEvent| {
            let membership = membership_of(event);
            event.event_type == "m.room.member"
                && request.membership.as_deref().is_none_or(|wanted| wanted == membership)
                && request.not_membership.as_deref().is_none_or(|unwanted| unwanted != membership)
        };
        let mut out = String::from("{\"chunk\":");
        push_events(&mut out, state.iter().filter(wanted), Some(room_id.as_str()), self.reader(caller));
        out.push('}');
        Ok(out)
    }

    /// The joined members of a room with their profiles.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who are not in it.
    pub async fn joined_members(&self, caller: &Caller, room_id: &OwnedRoomId) -> Result<String, Error> {
        let room = self.snapshot_for(room_id, &caller.user_id).await?;
        let mut out = String::from("{\"joined\":{");
        for (index, user) in room.joined().iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            push_string(&mut out, user.as_str());
            let event = room.get("m.room.member", user.as_str());
            let profile = |key: &str| event.and_then(|event| event.text(key));
            let mut fields = Vec::new();
            for (name, value) in [("display_name", profile("displayname")), ("avatar_url", profile("avatar_url"))] {
                if let Some(value) = value {
                    let mut text = format!("\"{name}\":");
                    push_string(&mut text, value);
                    fields.push(text);
                }
            }
            out.push_str(":{");
            out.push_str(&fields.join(","));
            out.push('}');
        }
        out.push_str("}}");
        Ok(out)
    }

    /// The rooms the caller is in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn joined_rooms(&self, caller: &Caller) -> Result<Vec<OwnedRoomId>, Error> {
        self.rooms_of(&caller.user_id).await
    }

    /// The rooms a person is in.
    pub(crate) async fn rooms_of(&self, user: &OwnedUserId) -> Result<Vec<OwnedRoomId>, Error> {
        Ok(self.store.read(JoinedRooms(user.clone())).await?)
    }

    async fn visible_state(
        &self,
        caller: &Caller,
        room_id: &OwnedRoomId,
        at: Option<From>,
    ) -> Result<(Vec<StoredEvent>, Membership), Error> {
        let user_id: OwnedUserId = caller.user_id.clone();
        let query = VisibleState { room_id: room_id.clone(), user_id, at };
        self.read_in_turn(&caller.user_id, query).await?.ok_or_else(not_readable)
    }

    /// The place that a token stands for: `t<place>` of a page, or a sync token.
    pub(crate) async fn place_of(&self, caller: &Caller, token: Option<&str>) -> Result<From, Error> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(From::End) };
        let token = crate::sync::sliding::position_in(token);
        if token.starts_with('t') {
            return place_of_page(token).map(From::Place);
        }
        Ok(From::Inbox(self.token_key().await?.open(&caller.user_id, &caller.device_id, token)?.inbox))
    }
}

/// The token of a place: between it and the next.
pub(crate) fn token(place: RoomPos) -> String {
    format!("t{place}")
}

/// The token of the place before an event.
pub(crate) fn token_before(place: RoomPos) -> String {
    token(RoomPos::new(place.get() - 1).unwrap_or_default())
}

/// The place of such a token.
///
/// # Errors
/// [`Error::InvalidParam`] for a text that is none.
pub(crate) fn place_of_page(token: &str) -> Result<RoomPos, Error> {
    let place = token.strip_prefix('t').and_then(|place| place.parse().ok()).and_then(RoomPos::new);
    place.ok_or_else(|| Error::InvalidParam("this is not a token of this server".to_owned()))
}

fn not_readable() -> Error {
    Error::Forbidden("you are not in this room".to_owned())
}

fn membership_of(event: &StoredEvent) -> String {
    #[derive(serde::Deserialize)]
    struct Content {
        membership: Option<String>,
    }
    serde_json::from_str::<Content>(&event.content).ok().and_then(|content| content.membership).unwrap_or_default()
}
