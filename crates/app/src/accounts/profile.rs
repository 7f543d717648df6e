//! Profiles: the name and picture a person shows, everywhere they are.

use model::body::PlainBody;
use model::facts::Facts;
use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;
use model::room::Membership;
use model::verdict::Action;
use store::command::update_user::{UpdateUser, UserChange};
use store::query::people::{Person, PersonSeen};

use crate::rooms::membership::MembershipWish;
use crate::{App, Caller, Error};

impl App {
    /// A person's profile, with the eyes of somebody or of nobody in particular.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is nobody of this name here, in the same words when there is somebody whom the
    /// asking person may not see.
    pub async fn profile(&self, asker: Option<&Caller>, user: &OwnedUserId) -> Result<Person, Error> {
        let query = PersonSeen { asker: asker.map(|caller| caller.user_id.clone()), user_id: user.clone() };
        match self.store.read(query).await? {
            Some(person) => Ok(person),
            None => Err(self.hidden_profile(asker, user).await?),
        }
    }

    /// The answer about somebody who is not shown. How often somebody asks is bounded, so that nobody goes through names.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for too many, and when the store fails.
    pub(crate) async fn hidden_profile(&self, asker: Option<&Caller>, user: &OwnedUserId) -> Result<Error, Error> {
        if let Some(asker) = asker
            && user.server_name() == self.config.server_name
        {
            self.note_probe(&asker.user_id, user).await?;
        }
        Ok(Error::NotFound(format!("there is no {user} here whom you can see")))
    }

    /// Changes the name the caller shows; it is judged as what people read.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else's, [`Error::TooLarge`], [`Error::Safety`].
    pub async fn set_display_name(&self, caller: &Caller, user: &OwnedUserId, name: Option<String>) -> Result<(), Error> {
        let name = name.filter(|name| !name.is_empty());
        if let Some(text) = &name {
            self.check_name(text)?;
        }
        self.change_profile(caller, user, UserChange::DisplayName(name)).await
    }

    /// Changes the picture the caller shows.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else's, [`Error::TooLarge`].
    pub async fn set_avatar_url(&self, caller: &Caller, user: &OwnedUserId, url: Option<String>) -> Result<(), Error> {
        let url = url.filter(|url| !url.is_empty());
        if url.as_ref().is_some_and(|url| url.len() > limits::DISPLAY_NAME_BYTES * 4) {
            return Err(Error::TooLarge("this address is too long".to_owned()));
        }
        self.change_profile(caller, user, UserChange::AvatarUrl(url)).await
    }

    async fn change_profile(&self, caller: &Caller, user: &OwnedUserId, change: UserChange) -> Result<(), Error> {
        may_change_profile(caller, user)?;
        self.admit_sender(user)?;
        self.store.run(UpdateUser { user_id: user.clone(), change, now: self.clock.now() }).await?;
        self.show_profile(user).await
    }

    /// Shows a person's profile, as it is now, in all their rooms.
    pub(crate) async fn show_profile(&self, user: &OwnedUserId) -> Result<(), Error> {
        for room_id in self.rooms_of(user).await? {
            self.show_profile_in(user, room_id).await?;
        }
        Ok(())
    }

    /// Renews a person's member event in one room. Somebody removed meanwhile has none to renew.
    async fn show_profile_in(&self, user: &OwnedUserId, room_id: OwnedRoomId) -> Result<(), Error> {
        const IN: &[Membership] = &[Membership::Join];
        let target = user.clone();
        let wish = MembershipWish { room_id, target, membership: Membership::Join, reason: None, content: None, only_from: Some(IN) };
        match self.set_membership(user, wish).await {
            Err(Error::Forbidden(_)) => Ok(()),
            outcome => outcome,
        }
    }

    /// A name cannot be withheld, so what would be is refused.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Safety`].
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Error> {
        if name.len() > limits::DISPLAY_NAME_BYTES {
            return Err(Error::TooLarge(format!("a name has at most {} bytes", limits::DISPLAY_NAME_BYTES)));
        }
        self.check_shown(&PlainBody::of_text(name))
    }

    /// What a person shows of themselves cannot be withheld either.
    ///
    /// # Errors
    /// [`Error::Safety`].
    pub(crate) fn check_shown(&self, shown: &PlainBody) -> Result<(), Error> {
        let rules = self.rules();
        let findings = rules.scan(shown);
        let verdict = rules.judge(&Facts::default(), &findings);
        if verdict.action < Action::Hold {
            return Ok(());
        }
        let harms: Vec<String> = verdict.harms().into_iter().map(str::to_owned).collect();
        Err(Error::Safety { message: self.refusal_text(&harms), harms, case: None })
    }
}

/// Whether somebody may change what this person shows.
///
/// # Errors
/// [`Error::Forbidden`] for somebody else's; [`Error::UserSuspended`].
pub(crate) fn may_change_profile(caller: &Caller, user: &OwnedUserId) -> Result<(), Error> {
    if caller.user_id != *user {
        return Err(Error::Forbidden("this is somebody else's profile".to_owned()));
    }
    caller.may_write()
}
