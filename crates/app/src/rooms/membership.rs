//! Who is in a room: inviting, joining, leaving, removing, banning, forgetting.

use std::sync::Arc;

use model::contact::ContactOutcome;
use model::id::{OwnedRoomId, OwnedUserId, UserId};
use model::limits;
use model::room::{Membership, Snapshot};
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue};
use policy::auth_rules;
use store::command::append_events::AppendEvents;
use store::command::forget_room::ForgetRoom;
use store::query::people::{People, Person};

use super::snapshot::append_over;
use super::steps::{member_content, membership_step, state_draft};
use crate::contact::REQUEST_KEY;
use crate::{App, Caller, Error};

/// A membership as somebody wants it to be.
#[derive(Clone, Debug)]
pub struct MembershipWish {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Whose membership.
    pub target: OwnedUserId,
    /// What it shall be.
    pub membership: Membership,
    /// Why, as told to the room.
    pub reason: Option<String>,
    /// The whole content, when a client wrote the member event itself.
    pub content: Option<CanonicalJsonObject>,
    /// What it must have been before: a kick is for members, an unban for the banned.
    pub only_from: Option<&'static [Membership]>,
}

impl App {
    /// Joins a room.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who are not invited, and when the room is full.
    pub async fn join(&self, caller: &Caller, room_id: OwnedRoomId, reason: Option<String>) -> Result<(), Error> {
        caller.may_write()?;
        self.admit_sender(&caller.user_id)?;
        let room = self.snapshot(&room_id).await.map_err(|error| match error {
            Error::NotFound(_) => Error::NotFound("there is no such room on this server".to_owned()),
            other => other,
        })?;
        if room.is_joined(&caller.user_id) {
            return Ok(());
        }
        self.has_room_for_another(caller).await?;
        let target = caller.user_id.clone();
        self.set_membership(
            &caller.user_id,
            MembershipWish { room_id, target, membership: Membership::Join, reason, content: None, only_from: None },
        )
        .await
    }

    /// Fails for somebody who is in as many rooms as anybody may be.
    ///
    /// # Errors
    /// [`Error::Forbidden`] at [`limits::ROOMS_PER_USER`].
    pub(crate) async fn has_room_for_another(&self, caller: &Caller) -> Result<(), Error> {
        if self.joined_rooms(caller).await?.len() < limits::ROOMS_PER_USER {
            return Ok(());
        }
        Err(Error::Forbidden(format!("nobody can be in more than {} rooms; leave one first", limits::ROOMS_PER_USER)))
    }

    /// Leaves a room, or declines an invitation. Suspended people may do this, without a word.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who are neither in the room nor invited; [`Error::Safety`] for what the reason says.
    pub async fn leave(&self, caller: &Caller, room_id: OwnedRoomId, reason: Option<String>) -> Result<(), Error> {
        self.admit_sender(&caller.user_id)?;
        let reason = reason.filter(|_| caller.may_write().is_ok());
        let room = self.snapshot(&room_id).await?;
        if room.membership(&caller.user_id) == Some(Membership::Leave) {
            return Ok(());
        }
        let target = caller.user_id.clone();
        self.set_membership(
            &caller.user_id,
            MembershipWish { room_id, target, membership: Membership::Leave, reason, content: None, only_from: None },
        )
        .await
    }

    /// Invites, removes, bans or unbans somebody.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the room's rules or the contact policy say so, and for a person who does not exist.
    pub async fn set_membership_of(&self, caller: &Caller, wish: MembershipWish) -> Result<(), Error> {
        caller.may_write()?;
        self.admit_sender(&caller.user_id)?;
        self.set_membership(&caller.user_id, wish).await
    }

    /// Takes a room that was left out of one's lists, and its history out of reach.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a room that was not left.
    pub async fn forget(&self, caller: &Caller, room_id: OwnedRoomId) -> Result<(), Error> {
        let forgotten = self.store.run(ForgetRoom { user_id: caller.user_id.clone(), room_id }).await?;
        if forgotten { Ok(()) } else { Err(Error::Unknown("leave the room before you forget it".to_owned())) }
    }

    pub(crate) async fn set_membership(&self, sender: &OwnedUserId, wish: MembershipWish) -> Result<(), Error> {
        if wish.reason.is_some() {
            let room = self.snapshot(&wish.room_id).await?;
            self.judge_reason(&room, sender, "m.room.member", wish.reason.as_deref()).await?;
        }
        let person = self.profile_for(sender, &wish).await?;
        let decide = |room: Arc<Snapshot>| self.decide_membership(sender, &wish, person.as_ref(), room);
        self.write_room(&wish.room_id, decide).await.map(|_| ())
    }

    /// The profile that goes into the event; who comes in must exist, and be seen by who brings them.
    async fn profile_for(&self, sender: &OwnedUserId, wish: &MembershipWish) -> Result<Option<Person>, Error> {
        if !matches!(wish.membership, Membership::Join | Membership::Invite) {
            return Ok(None);
        }
        let person = self.somebody_seen_by(sender, &wish.target).await?;
        if wish.membership == Membership::Invite && person.service {
            return Err(Error::Forbidden("the server's own account cannot be invited".to_owned()));
        }
        Ok(Some(person))
    }

    /// An account of this server.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for another server's, [`Error::NotFound`] when it does not exist.
    pub(crate) async fn person(&self, user_id: &OwnedUserId) -> Result<Person, Error> {
        if user_id.server_name() != self.config.server_name {
            return Err(Error::Forbidden(format!("{user_id} is on another server, and this one does not federate")));
        }
        let found = self.store.read(People { user_ids: vec![user_id.clone()] }).await?;
        let person = found.into_iter().next().filter(|person| person.state != model::person::AccountState::Deactivated);
        person.ok_or_else(|| Error::NotFound(format!("there is no {user_id} here")))
    }

    async fn decide_membership(
        &self,
        sender: &OwnedUserId,
        wish: &MembershipWish,
        person: Option<&Person>,
        room: Arc<Snapshot>,
    ) -> Result<AppendEvents, Error> {
        let before = room.membership(&wish.target);
        if let Some(only_from) = wish.only_from
            && !before.is_some_and(|before| only_from.contains(&before))
        {
            return Err(Error::Forbidden(format!("{} is not in that state in this room", wish.target)));
        }
        let joining = wish.membership == Membership::Join && before != Some(Membership::Join);
        if joining && room.people.len() >= limits::ROOM_MEMBERS {
            return Err(Error::Forbidden(format!("a room here has at most {} members", limits::ROOM_MEMBERS)));
        }
        if wish.membership == Membership::Ban && before.is_none() {
            // whoever never was here is banned by those who see them
            self.somebody_seen_by(sender, &wish.target).await?;
        }
        let mut content = match &wish.content {
            Some(content) => content.clone(),
            None => member_content(wish.membership, person, wish.reason.as_deref()),
        };
        content.remove("join_authorised_via_users_server");
        content.remove(REQUEST_KEY);
        let mut draft = state_draft(sender, "m.room.member", wish.target.as_str(), content, self.clock.now());
        auth_rules::check(&room, &draft).map_err(|refused| Error::Forbidden(refused.0))?;
        if let Some(person) = person.filter(|_| joining || wish.membership == Membership::Invite)
            && self.ask_at_the_door(sender, wish.membership, person, &room).await? == ContactOutcome::Request
        {
            draft.content.insert(REQUEST_KEY.to_owned(), CanonicalJsonValue::Bool(true));
        }
        // after the contact policy: somebody hidden is not told apart by their age
        if let Some(person) = person.filter(|_| joining || wish.membership == Membership::Invite) {
            self.admits(&room, person)?;
        }
        Ok(append_over(&room, vec![membership_step(&room, draft, &wish.target, wish.membership)]))
    }

    /// What the contact policy says of somebody who is invited, or comes in, over the room as it stands now: when its
    /// members change meanwhile, it is asked again.
    async fn ask_at_the_door(
        &self,
        sender: &OwnedUserId,
        membership: Membership,
        person: &Person,
        room: &Snapshot,
    ) -> Result<ContactOutcome, Error> {
        if person.service {
            return Ok(ContactOutcome::Allow);
        }
        let place = self.place(&room.room_id, room.conversation().terms().mode.as_str(), &person.user_id).await?;
        if membership == Membership::Invite {
            let opener = place.people.iter().find(|one| one.user_id == *sender);
            let opener = opener.ok_or_else(|| Error::Forbidden("you are not in this room".to_owned()))?;
            let (outcome, contact) = self.may_invite(opener, person, &place).await?;
            self.note_contacts(opener, contact.into_iter().collect()).await?;
            return Ok(outcome);
        }
        let invitation = room.get("m.room.member", person.user_id.as_str());
        let invitation = invitation.filter(|event| event.text("membership") == Some(Membership::Invite.as_str()));
        self.may_come_in(person, invitation.map(|event| &event.sender), &place).await?;
        Ok(ContactOutcome::Allow)
    }
}

/// Whether a text is the ID of a user, for state keys that must be.
pub(crate) fn user_of_state_key(state_key: &str) -> Result<OwnedUserId, Error> {
    UserId::parse(state_key).map_err(|_| Error::BadJson("the state key of a membership is a user ID".to_owned()))
}
