//! State events that clients set, other than memberships.

use std::sync::Arc;

use model::conversation::Conversation;
use model::id::{OwnedEventId, OwnedRoomId};
use model::json::parse_object;
use model::limits;
use model::room::{Membership, Snapshot};
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue};
use policy::auth_rules;
use store::command::append_events::{AppendEvents, AppendOutcome};

use super::membership::{MembershipWish, user_of_state_key};
use super::snapshot::append_over;
use super::steps::{quiet, state_draft};
use crate::{App, Caller, Error};

impl App {
    /// Sets a piece of a room's state and gives its event. The same content twice is one event.
    ///
    /// # Errors
    /// [`Error::Forbidden`] by the room's rules, and for a change of how it is encrypted;
    /// [`Error::Safety`] when the text is not acceptable.
    pub async fn put_state(
        &self,
        caller: &Caller,
        room_id: OwnedRoomId,
        event_type: String,
        state_key: String,
        content: &str,
    ) -> Result<OwnedEventId, Error> {
        caller.may_write()?;
        self.admit_sender(&caller.user_id)?;
        let content = parse_object(content)?;
        if event_type == "m.room.member" {
            return self.put_member(caller, room_id, &state_key, content).await;
        }
        let room = self.snapshot_for(&room_id, &caller.user_id).await?;
        self.admit_speaker(&room, &caller.user_id)?;
        if let Some(event) = room.get(&event_type, &state_key)
            && event.content == content
            && event.sender == caller.user_id
        {
            return Ok(event.event_id.clone());
        }
        refuse_by_mode(&room.conversation(), &event_type)?;
        self.judge_state(&room, &caller.user_id, &event_type, &content).await?;
        let decide = |room: Arc<Snapshot>| std::future::ready(self.decide_state(caller, &event_type, &state_key, &content, &room));
        event_of(self.write_room(&room_id, decide).await?)
    }

    fn decide_state(
        &self,
        caller: &Caller,
        event_type: &str,
        state_key: &str,
        content: &CanonicalJsonObject,
        room: &Snapshot,
    ) -> Result<AppendEvents, Error> {
        if !room.has_place_for(event_type, state_key, content) {
            let (entries, bytes) = (limits::ROOM_STATE_ENTRIES, limits::ROOM_STATE_BYTES);
            return Err(Error::TooLarge(format!("the state of a conversation has at most {entries} pieces, and {bytes} bytes")));
        }
        let draft = state_draft(&caller.user_id, event_type, state_key, content.clone(), self.clock.now());
        auth_rules::check(room, &draft).map_err(|refused| Error::Forbidden(refused.0))?;
        Ok(append_over(room, vec![quiet(draft, room.joined())]))
    }

    /// A membership written as a state event means the same as its own endpoint.
    async fn put_member(
        &self,
        caller: &Caller,
        room_id: OwnedRoomId,
        state_key: &str,
        content: CanonicalJsonObject,
    ) -> Result<OwnedEventId, Error> {
        let target = user_of_state_key(state_key)?;
        let membership = content.get("membership").and_then(CanonicalJsonValue::as_str).and_then(Membership::parse);
        let membership = membership.ok_or_else(|| Error::BadJson("a membership is join, invite, leave, ban or knock".to_owned()))?;
        let room = self.snapshot(&room_id).await?;
        if let Some(event) = room.get("m.room.member", state_key)
            && event.content == content
        {
            return Ok(event.event_id.clone());
        }
        self.judge_state(&room, &caller.user_id, "m.room.member", &content).await?;
        let wish = MembershipWish { room_id: room_id.clone(), target, membership, reason: None, content: Some(content), only_from: None };
        self.set_membership(&caller.user_id, wish).await?;
        let room = self.snapshot(&room_id).await?;
        let event =
            room.get("m.room.member", state_key).ok_or_else(|| Error::Internal("a membership that was set is missing".to_owned()))?;
        Ok(event.event_id.clone())
    }
}

/// State that the mode of the room forbids, whoever asks: no silent change of who can read.
pub(crate) fn refuse_by_mode(conversation: &Conversation, event_type: &str) -> Result<(), Error> {
    if matches!(event_type, "org.frankly.mode" | "m.room.server_acl") {
        return Err(Error::Forbidden(format!("{event_type} is set by the server alone")));
    }
    match (conversation, event_type) {
        (Conversation::Readable(_), "m.room.encryption" | "m.room.encrypted") => Err(Error::Forbidden(
            "this conversation is readable by its terms, which never change; start a new conversation to have a sealed one".to_owned(),
        )),
        (Conversation::Sealed(_), "m.room.encryption") => Err(Error::Forbidden(
            "this conversation is sealed by its terms: how it is encrypted was settled when it was made and does not change".to_owned(),
        )),
        (Conversation::Sealed(_), _) if model::sealed::is_message(event_type) => {
            Err(Error::Forbidden(format!("this conversation is sealed, and {event_type} is no state: as state it would be plain text")))
        }
        _ => Ok(()),
    }
}

/// The event a single-event append made, or had made before.
pub(crate) fn event_of(outcome: AppendOutcome) -> Result<OwnedEventId, Error> {
    use store::command::txn::Answer;
    match outcome {
        AppendOutcome::Done(appended, _) => {
            appended.into_iter().next().map(|one| one.event_id).ok_or_else(|| Error::Internal("nothing was appended".to_owned()))
        }
        AppendOutcome::Replayed(Answer::Accepted(event_id)) => Ok(event_id),
        AppendOutcome::Replayed(Answer::Refused(refusal)) => Err(super::send::refusal_error(&refusal)),
    }
}
