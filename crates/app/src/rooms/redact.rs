//! Taking an event back.

use std::sync::Arc;

use model::event::Draft;
use model::id::{OwnedEventId, OwnedRoomId};
use model::room::Snapshot;
use policy::auth_rules::{self, Powers};
use store::command::append_events::{AppendEvents, Step};
use store::command::fanout::Origin;
use store::query::event_by_id::{EventById, EventPlace};

use super::snapshot::append_over;
use super::state_events::event_of;
use super::steps::{object, quiet};
use crate::{App, Caller, Error};

/// A redaction as a client asks for it.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// The room.
    pub room_id: OwnedRoomId,
    /// The event to be pruned.
    pub target: OwnedEventId,
    /// Why, as told to the room.
    pub reason: Option<String>,
    /// The client's transaction ID.
    pub txn_id: String,
}

impl App {
    /// Prunes an event and tells the room. Suspended people may redact their own.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such event in the room, [`Error::Forbidden`] when it is
    /// somebody else's and the caller lacks the power; [`Error::Safety`] for what the reason says.
    pub async fn redact(&self, caller: &Caller, mut redaction: Redaction) -> Result<OwnedEventId, Error> {
        self.admit_sender(&caller.user_id)?;
        let room = self.snapshot_for(&redaction.room_id, &caller.user_id).await?;
        // the suspended may take back, not say anything
        redaction.reason = redaction.reason.filter(|_| caller.may_write().is_ok());
        let query = EventById { room_id: redaction.room_id.clone(), event_id: redaction.target.clone() };
        let found = self.store.read(query).await?;
        let target = found.filter(|event| event.delivered || event.sender == caller.user_id);
        let target = target.ok_or_else(|| Error::NotFound("there is no such event in this room".to_owned()))?;
        if target.sender != caller.user_id {
            caller.may_write()?;
        }
        self.judge_reason(&room, &caller.user_id, "m.room.redaction", redaction.reason.as_deref()).await?;
        let decide = |room: Arc<Snapshot>| std::future::ready(self.decide_redaction(caller, &redaction, &target, &room));
        let outcome = self.write_room(&redaction.room_id, decide).await?;
        self.media.sweep.notify_one();
        event_of(outcome)
    }

    fn decide_redaction(
        &self,
        caller: &Caller,
        redaction: &Redaction,
        target: &EventPlace,
        room: &Snapshot,
    ) -> Result<AppendEvents, Error> {
        let powers = Powers::of(room);
        if target.sender != caller.user_id && powers.user(&caller.user_id) < powers.to("redact") {
            return Err(Error::Forbidden("you do not have the power to redact what others said".to_owned()));
        }
        if matches!(target.event_type.as_str(), "m.room.create" | "m.room.encryption" | "org.frankly.mode")
            || target.sender == self.config.service_user()
        {
            return Err(Error::Forbidden("what says who can read this conversation cannot be redacted".to_owned()));
        }
        let mut content = object([("redacts", redaction.target.as_str())]);
        if let Some(reason) = &redaction.reason {
            content.extend(object([("reason", reason.as_str())]));
        }
        let draft = Draft {
            sender: caller.user_id.clone(),
            event_type: "m.room.redaction".to_owned(),
            state_key: None,
            content,
            origin_ts: self.clock.now(),
        };
        auth_rules::check(room, &draft).map_err(|refused| Error::Forbidden(refused.0))?;
        // what only its sender saw is taken back between them and the server
        let recipients = if target.delivered { room.joined() } else { vec![caller.user_id.clone()] };
        let mut step = Step { redacts: Some(redaction.target.clone()), ..quiet(draft, recipients) };
        step.append.withheld = !target.delivered;
        step.append.origin = Some(Origin { device_id: caller.device_id.to_string(), txn_id: redaction.txn_id.clone() });
        let key = format!("redact/{}/{}/{}", redaction.room_id, redaction.target, redaction.txn_id);
        Ok(AppendEvents { txn: Some(self.txn(caller, key)), ..append_over(room, vec![step]) })
    }
}
