//! Complaints of members about a message, a room or a person.

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::person::AccountState;
use model::room::Snapshot;
use store::command::open_report::{OpenReport, Target};
use store::query::event_by_id::EventById;
use store::query::people::People;

use crate::desk::CaseEvent;
use crate::review::check_text;
use crate::{App, Caller, Error};

impl App {
    /// Reports a message that the caller can see. Suspended people may report too.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the caller is not in the room, or sees no such event there.
    pub async fn report_event(&self, caller: &Caller, room_id: OwnedRoomId, event_id: OwnedEventId, reason: String) -> Result<(), Error> {
        let unseen = || Error::NotFound("you are not in this room, or there is no such event in it".to_owned());
        self.snapshot_for(&room_id, &caller.user_id).await.map_err(|error| match error {
            Error::Forbidden(_) => unseen(),
            other => other,
        })?;
        let found = self.store.read(EventById { room_id: room_id.clone(), event_id: event_id.clone() }).await?;
        let event = found.filter(|event| event.delivered || event.sender == caller.user_id).ok_or_else(unseen)?;
        self.report(caller, Target::Event { room_id, event_id, sender: event.sender }, reason).await
    }

    /// Reports a room, whether the caller is in it or not; whether it exists is not told.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a long reason.
    pub async fn report_room(&self, caller: &Caller, room_id: OwnedRoomId, reason: String) -> Result<(), Error> {
        check_text("reason", &reason, 0)?;
        let room = match self.snapshot(&room_id).await {
            Ok(room) => room,
            Err(Error::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        match answerable(&room, &caller.user_id) {
            Some(subject) => self.report(caller, Target::Room { room_id, subject }, reason).await,
            None => Ok(()),
        }
    }

    /// Reports a person; whether they exist is not told.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a long reason.
    pub async fn report_user(&self, caller: &Caller, user_id: OwnedUserId, reason: String) -> Result<(), Error> {
        check_text("reason", &reason, 0)?;
        let found = self.store.read(People { user_ids: vec![user_id.clone()] }).await?;
        if found.first().is_none_or(|person| person.service || person.state == AccountState::Deactivated) {
            return Ok(());
        }
        self.report(caller, Target::User { user_id }, reason).await
    }

    async fn report(&self, caller: &Caller, target: Target, reason: String) -> Result<(), Error> {
        check_text("reason", &reason, 0)?;
        self.admit_sender(&caller.user_id)?;
        let command = OpenReport {
            reporter: caller.user_id.clone(),
            target,
            reason,
            now: self.clock.now(),
            tell_webhook: self.config.webhook.is_some(),
        };
        let reported = self.store.run(command).await?;
        if reported.opened {
            self.case_opened(reported.case_id);
        } else if reported.fresh {
            self.desk.tell(CaseEvent { case_id: reported.case_id, kind: "updated" });
        }
        metrics::counter!("frankly_reports_total").increment(1);
        Ok(())
    }
}

/// Who answers for a room: in a conversation of two the other person, else its creator.
fn answerable(room: &Snapshot, reporter: &OwnedUserId) -> Option<OwnedUserId> {
    let joined = room.joined();
    let others: Vec<&OwnedUserId> = joined.iter().filter(|user| *user != reporter).collect();
    match others.as_slice() {
        [other] if joined.len() == 2 => Some((*other).clone()),
        _ => room.get("m.room.create", "").map(|create| create.sender.clone()),
    }
}
