//! Saying something: judged before anybody sees it, written once, then delivered.

use std::sync::Arc;

use model::conversation::Conversation;
use model::event::Draft;
use model::id::{CaseId, OwnedEventId, OwnedRoomId, OwnedUserId, UserId};
use model::json::parse_object;
use model::limits;
use model::room::Snapshot;
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue};
use model::verdict::Action;
use policy::auth_rules;
use serde_json::{Value as Json, json};
use store::command::append_events::{AppendEvents, AppendOutcome, Step};
use store::command::fanout::Origin;
use store::command::open_flag::NewFlag;
use store::command::refuse_message::{RefuseMessage, RefuseOutcome};
use store::command::sealed::SealedMark;
use store::command::txn::{Answer, Txn};

use super::sealed::{check_ciphertext, count_oddities, refused};
use super::snapshot::append_over;
use super::state_events::event_of;
use super::steps::quiet;
use crate::judge::Judgement;
use crate::{App, Caller, Error};

/// A message as a client sends it.
#[derive(Clone, Debug)]
pub struct Message {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Matrix event type.
    pub event_type: String,
    /// The client's transaction ID.
    pub txn_id: String,
    /// The content as sent.
    pub content: String,
}

impl App {
    /// Sends a message: judged, then stored and delivered, withheld or refused. One transaction ID
    /// of a device is one event, however often it is sent.
    ///
    /// # Errors
    /// [`Error::Safety`] when it is blocked; [`Error::Forbidden`] by the room's rules and its mode;
    /// [`Error::TooLarge`], [`Error::BadJson`] and [`Error::NotJson`] by its form.
    pub async fn send(&self, caller: &Caller, message: Message) -> Result<OwnedEventId, Error> {
        caller.may_write()?;
        self.admit_sender(&caller.user_id)?;
        if message.txn_id.len() > limits::TXN_ID_BYTES {
            return Err(Error::InvalidParam(format!("a transaction ID has at most {} bytes", limits::TXN_ID_BYTES)));
        }
        let content = parse_object(&message.content)?;
        let room = self.snapshot_for(&message.room_id, &caller.user_id).await?;
        self.admit_speaker(&room, &caller.user_id)?;
        let draft = Draft {
            sender: caller.user_id.clone(),
            event_type: message.event_type.clone(),
            state_key: None,
            content,
            origin_ts: self.clock.now(),
        };
        auth_rules::check(&room, &draft).map_err(|refused| Error::Forbidden(refused.0))?;
        let (judgement, sealed) = self.judge_draft(&room, &draft).await?;
        let txn = self.txn(caller, format!("send/{}/{}/{}", message.room_id, message.event_type, message.txn_id));
        if judgement.verdict.action == Action::Block {
            return self.refuse(&draft, judgement, &room, txn, sealed.is_none()).await;
        }
        let sending = Sending { caller, draft, judgement, sealed, txn, txn_id: message.txn_id };
        let decide = |room: Arc<Snapshot>| std::future::ready(self.decide_send(&sending, &room));
        let outcome = self.write_room(&message.room_id, decide).await?;
        if let AppendOutcome::Done(appended, case) = &outcome {
            count_oddities(appended);
            if let Some(case) = case {
                self.case_opened(*case);
            }
        }
        event_of(outcome)
    }

    /// What the mode of the room makes of a draft: its text is scanned, or its ciphertext checked. The one place where
    /// the mode decides.
    async fn judge_draft(&self, room: &Snapshot, draft: &Draft) -> Result<(Judgement, Option<SealedMark>), Error> {
        match room.conversation() {
            Conversation::Readable(readable) => {
                if draft.event_type == "m.room.encrypted" {
                    return Err(Error::Forbidden(
                        "this conversation is readable by its terms: encrypted messages cannot be scanned and are not taken here"
                            .to_owned(),
                    ));
                }
                let body = readable.admit(&draft.event_type, &draft.content)?;
                Ok((self.judge(room, &draft.sender, &body).await?, None))
            }
            Conversation::Sealed(sealed) => {
                let body = sealed.admit(&draft.event_type, &draft.content).map_err(|refusal| refused(&refusal))?;
                let mark = body.ciphertext().map(check_ciphertext).transpose()?;
                Ok((self.judge_sealed(room, &draft.sender, &body).await?, mark))
            }
        }
    }

    fn decide_send(&self, sending: &Sending<'_>, room: &Snapshot) -> Result<AppendEvents, Error> {
        let Sending { caller, draft, judgement, sealed, txn, txn_id } = sending;
        auth_rules::check(room, draft).map_err(|refused| Error::Forbidden(refused.0))?;
        let withheld = judgement.verdict.action == Action::Hold;
        let recipients = if withheld { vec![caller.user_id.clone()] } else { room.joined() };
        let mut step: Step = quiet(draft.clone(), recipients);
        step.append.withheld = withheld;
        step.append.notifies = notifies(&draft.event_type, &draft.content);
        // whom an encrypted message mentions is said inside it
        let tells_mentions = step.append.notifies && sealed.is_none();
        step.append.mentions = if tells_mentions { mentions(&draft.content) } else { Vec::new() };
        step.sealed.clone_from(sealed);
        step.append.origin = Some(Origin { device_id: caller.device_id.to_string(), txn_id: txn_id.clone() });
        let flag = judgement.needs_a_person().then(|| self.new_flag(draft, judgement, room, None));
        Ok(AppendEvents { txn: Some(txn.clone()), flag, ..append_over(room, vec![step]) })
    }

    /// Refuses a message, with a case for the safety team; a replay gets the same answer and no second case.
    /// Its text is kept as evidence; a ciphertext is none.
    async fn refuse(&self, draft: &Draft, judgement: Judgement, room: &Snapshot, txn: Txn, is_text: bool) -> Result<OwnedEventId, Error> {
        let content = is_text.then(|| serde_json::to_string(&draft.content)).transpose();
        let content = content.map_err(|error| Error::Internal(error.to_string()))?;
        let harms: Vec<String> = judgement.verdict.harms().into_iter().map(str::to_owned).collect();
        let message = self.refusal_text(&harms);
        let refusal = json!({"harms": harms, "message": message});
        let flag = self.new_flag(draft, &judgement, room, content);
        match self.store.run(RefuseMessage { flag, refusal, txn: Some(txn) }).await? {
            RefuseOutcome::Opened(case) => {
                self.case_opened(case);
                Err(Error::Safety { message, harms, case: Some(case) })
            }
            RefuseOutcome::Replayed(Answer::Accepted(event_id)) => Ok(event_id),
            RefuseOutcome::Replayed(Answer::Refused(refusal)) => Err(refusal_error(&refusal)),
        }
    }

    fn new_flag(&self, draft: &Draft, judgement: &Judgement, room: &Snapshot, blocked_content: Option<String>) -> NewFlag {
        NewFlag {
            room_id: room.room_id.clone(),
            sender: draft.sender.clone(),
            event_type: draft.event_type.clone(),
            verdict: judgement.verdict.clone(),
            facts: judgement.facts.clone(),
            findings: judgement.findings.clone(),
            blocked_content,
            now: draft.origin_ts,
            tell_webhook: self.config.webhook.is_some(),
        }
    }

    /// What the sender of a refused message is told.
    pub(crate) fn refusal_text(&self, harms: &[String]) -> String {
        format!("This message was not delivered ({}). If this is a mistake, appeal: {}", harms.join(", "), self.config.appeal_contact)
    }

    /// A transaction of the caller's device.
    pub(crate) fn txn(&self, caller: &Caller, key: String) -> Txn {
        Txn { user: caller.user_id.clone(), device_id: caller.device_id.to_string(), key, now: self.clock.now() }
    }

    /// Tells those who work in the safety team that there is something to do; after the commit.
    pub(crate) fn case_opened(&self, case: CaseId) {
        tracing::info!(case.id = %case, "a case was opened");
        metrics::counter!("frankly_cases_opened_total").increment(1);
        self.desk.case_opened(case);
    }
}

/// A message on its way, after it was judged.
struct Sending<'a> {
    caller: &'a Caller,
    draft: Draft,
    judgement: Judgement,
    sealed: Option<SealedMark>,
    txn: Txn,
    txn_id: String,
}

/// The error that a stored refusal stands for.
pub(crate) fn refusal_error(refusal: &Json) -> Error {
    let harms = refusal.get("harms").and_then(Json::as_array).into_iter().flatten();
    Error::Safety {
        message: refusal.get("message").and_then(Json::as_str).unwrap_or("This message was not delivered.").to_owned(),
        harms: harms.filter_map(Json::as_str).map(str::to_owned).collect(),
        case: None,
    }
}

/// Whether an event counts as unread by the default push rules: messages do, notices, edits and reactions do not.
fn notifies(event_type: &str, content: &CanonicalJsonObject) -> bool {
    let is_message =
        matches!(event_type, "m.room.message" | "m.room.encrypted" | "m.sticker" | "m.poll.start" | "org.matrix.msc3381.poll.start");
    let is_notice = content.get("msgtype").and_then(CanonicalJsonValue::as_str) == Some("m.notice");
    let relation = content.get("m.relates_to").and_then(CanonicalJsonValue::as_object);
    let is_edit = relation.and_then(|fields| fields.get("rel_type")).and_then(CanonicalJsonValue::as_str) == Some("m.replace");
    is_message && !is_notice && !is_edit
}

/// Whom a message mentions (spec "User and room mentions").
fn mentions(content: &CanonicalJsonObject) -> Vec<OwnedUserId> {
    let listed = content.get("m.mentions").and_then(CanonicalJsonValue::as_object).and_then(|mentions| mentions.get("user_ids"));
    let listed = listed.and_then(CanonicalJsonValue::as_array).into_iter().flatten();
    listed.filter_map(CanonicalJsonValue::as_str).filter_map(|user| UserId::parse(user).ok()).take(limits::ROOM_MEMBERS).collect()
}
