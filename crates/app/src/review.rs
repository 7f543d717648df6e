//! The desk of the safety team: the queue, a case, the recorded read, the decision.

use model::case::{CaseState, MessageState, Outcome};
use model::clock::Timestamp;
use model::id::{AccessId, CaseId, OwnedUserId};
use model::limits;
use policy::rights::{Act, CHILD_SAFETY_QUEUE, CaseFacts, Rights};
use store::command::claim_case::{ClaimCase, ClaimOutcome, ReleaseClaim};
use store::command::decide_case::{DecideCase, DecideOutcome};
use store::command::outbox::ReplayOutbox;
use store::command::reveal::{Reveal, RevealOutcome};
use store::query::access_records::{AccessOfMember, AccessPage};
use store::query::case_detail::CaseDetail;
use store::query::cases::{CaseHeadById, CasePage};
use store::query::outbox::WebhookPage;
use store::query::overview::OverviewCounts;
use store::query::reports_of::ReportsOf;
use tokio::sync::broadcast;

use crate::desk::CaseEvent;
use crate::{App, Error};

pub use store::command::reveal::{Revealed, RevealedMessage};
pub use store::query::access_records::AccessRow;
pub use store::query::case_detail::{DecisionRow, Detail, MemberRow, ReportRow};
pub use store::query::cases::{CaseHead, CaseRow, Page, QueuePlace, Subject};
pub use store::query::outbox::Delivery;
pub use store::query::overview::Overview;
pub use store::query::reports_of::OwnReport;
pub use store::query::sealed::SealedFacts;
pub use store::query::staff::Staff;

/// A case as one member of staff sees it.
#[derive(Clone, Debug)]
pub struct CaseView {
    /// What is known of it; never the message.
    pub detail: Detail,
    /// What this person may do with it now: `claim`, `unclaim`, `reveal`, `decide:release`, …
    pub allowed: Vec<String>,
    /// Why they may not open or decide it, when they may not; else empty.
    pub rights_note: String,
    /// When this was seen.
    pub now: Timestamp,
}

/// Which cases are asked for.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Only in this state.
    pub state: Option<CaseState>,
    /// Only of this queue.
    pub queue: Option<String>,
    /// At most this many.
    pub limit: Option<usize>,
    /// Behind this place.
    pub after: Option<QueuePlace>,
}

/// A decision as a reviewer makes it.
#[derive(Clone, Debug)]
pub struct NewDecision {
    /// What.
    pub outcome: Outcome,
    /// Why, for the record.
    pub note: String,
    /// Words to the sender; may be empty.
    pub tell_sender: String,
}

impl App {
    /// What there is to do.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn overview(&self, staff: &Staff) -> Result<Overview, Error> {
        let query = OverviewCounts { staff: staff.user_id.clone(), without_queue: self.hidden_queue(staff), now: self.clock.now() };
        Ok(self.store.read(query).await?)
    }

    /// A page of the queue; cases that the person may not work are left out.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who is no reviewer.
    pub async fn cases(&self, staff: &Staff, filter: CaseFilter) -> Result<(Page, Timestamp), Error> {
        self.allow(staff, Act::Look, CaseFacts::default())?;
        let now = self.clock.now();
        let limit = filter.limit.unwrap_or(limits::QUEUE_PAGE_ROWS / 2);
        let query =
            CasePage { state: filter.state, queue: filter.queue, without_queue: self.hidden_queue(staff), after: filter.after, limit, now };
        Ok((self.store.read(query).await?, now))
    }

    /// A case without its message.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for who may not work its queue.
    pub async fn case(&self, staff: &Staff, case_id: CaseId) -> Result<CaseView, Error> {
        let view = self.view(staff, case_id).await?;
        self.allow(staff, Act::Look, facts(staff, &view.detail))?;
        Ok(view)
    }

    /// Takes a case, or shows a sign of life on it.
    ///
    /// # Errors
    /// [`Error::Claimed`] when somebody else holds it, [`Error::Decided`], [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn claim(&self, staff: &Staff, case_id: CaseId) -> Result<CaseView, Error> {
        let view = self.view(staff, case_id).await?;
        self.allow(staff, Act::Claim, facts(staff, &view.detail))?;
        match self.store.run(ClaimCase { case_id, staff: staff.user_id.clone(), now: self.clock.now() }).await? {
            ClaimOutcome::Claimed => {}
            ClaimOutcome::Held => return Err(Error::Claimed("another reviewer works on this case".to_owned())),
            ClaimOutcome::Decided => return Err(decided()),
            ClaimOutcome::Missing => return Err(no_case()),
        }
        self.desk.tell(CaseEvent { case_id, kind: "updated" });
        self.case(staff, case_id).await
    }

    /// Gives a case back.
    ///
    /// # Errors
    /// As [`App::case`].
    pub async fn unclaim(&self, staff: &Staff, case_id: CaseId) -> Result<CaseView, Error> {
        let released = self.store.run(ReleaseClaim { case_id, staff: staff.user_id.clone(), now: self.clock.now() }).await?;
        if released {
            self.desk.tell(CaseEvent { case_id, kind: "updated" });
        }
        self.case(staff, case_id).await
    }

    /// Opens the message of a case and its neighbours; the read is on record before it happens.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the claim, the role, or in a sealed conversation; [`Error::InvalidParam`] without a reason.
    pub async fn reveal(&self, staff: &Staff, case_id: CaseId, reason: String, window: usize) -> Result<Revealed, Error> {
        check_text("reason", &reason, 3)?;
        let detail = self.view(staff, case_id).await?.detail;
        let case = facts(staff, &detail);
        self.allow(staff, Act::Reveal, case)?;
        let role = self.desk.rights.reading_role(&staff.roles, case);
        let role = role.ok_or_else(|| Error::Forbidden("none of your roles allows this by itself".to_owned()))?;
        let now = self.clock.now();
        let command = Reveal { case_id, staff: staff.user_id.clone(), role, reason, window, now };
        match self.store.run(command).await? {
            RevealOutcome::Revealed(revealed) => {
                metrics::counter!("frankly_reads_total").increment(1);
                tracing::info!(case.id = %case_id, access.id = %revealed.access_id, staff = %staff.user_id, "a case was opened and the read recorded");
                Ok(revealed)
            }
            RevealOutcome::NotClaimed => Err(Error::Forbidden("claim the case first".to_owned())),
            RevealOutcome::Nothing => Err(Error::NotFound("there is no message to show in this case".to_owned())),
            RevealOutcome::Sealed => Err(Error::Forbidden("this conversation is sealed; there is nothing that could be read".to_owned())),
        }
    }

    /// Decides a case; its effects are in force when this returns.
    ///
    /// # Errors
    /// [`Error::Decided`] when it was decided before, [`Error::Forbidden`] without claim or role,
    /// [`Error::InvalidParam`] for an outcome that does not fit the message.
    pub async fn decide(&self, staff: &Staff, case_id: CaseId, decision: NewDecision) -> Result<CaseView, Error> {
        check_text("note", &decision.note, 0)?;
        check_text("tell_sender", &decision.tell_sender, 0)?;
        let detail = self.view(staff, case_id).await?.detail;
        if detail.case.state == CaseState::Decided {
            return Err(decided());
        }
        self.allow(staff, Act::Decide(decision.outcome), facts(staff, &detail))?;
        let command = DecideCase {
            case_id,
            decider: staff.user_id.clone(),
            outcome: decision.outcome,
            note: decision.note,
            tell_sender: decision.tell_sender,
            service: self.config.service_user(),
            now: self.clock.now(),
            tell_webhook: self.config.webhook.is_some(),
        };
        let done = match self.store.run(command).await? {
            DecideOutcome::Decided(done) => done,
            DecideOutcome::NotClaimed => return Err(Error::Forbidden("claim the case first".to_owned())),
            DecideOutcome::AlreadyDecided => return Err(decided()),
            DecideOutcome::Missing => return Err(no_case()),
            DecideOutcome::Unfit(state) => return Err(unfit(decision.outcome, state)),
        };
        self.wake.ring(&done.wake);
        if let Some(user) = &done.account_changed {
            self.forget_sessions(user);
        }
        if let Some(room_id) = &done.room_id {
            self.rooms.invalidate(room_id);
        }
        metrics::counter!("frankly_decisions_total", "outcome" => decision.outcome.as_str()).increment(1);
        self.desk.tell(CaseEvent { case_id, kind: "decided" });
        self.case(staff, case_id).await
    }

    /// Access records, newest first: all for auditors and privacy officers, their own for reviewers.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everybody else.
    pub async fn access_page(&self, staff: &Staff, before: Option<AccessId>, limit: Option<usize>) -> Result<Vec<AccessRow>, Error> {
        let everything = self.desk.rights.check(&staff.roles, Act::ReadAccess, CaseFacts::default()).is_ok();
        if !everything {
            self.allow(staff, Act::Look, CaseFacts::default())?;
        }
        let staff = (!everything).then(|| staff.user_id.clone());
        let limit = limit.unwrap_or(limits::ACCESS_PAGE_ROWS / 2);
        Ok(self.store.read(AccessPage { staff, before, limit }).await?)
    }

    /// Who of the staff looked at a member's conversations.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn access_of(&self, user_id: &OwnedUserId) -> Result<Vec<AccessRow>, Error> {
        Ok(self.store.read(AccessOfMember { user_id: user_id.clone() }).await?)
    }

    /// A member's own complaints.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reports_of(&self, user_id: &OwnedUserId) -> Result<Vec<OwnReport>, Error> {
        Ok(self.store.read(ReportsOf { reporter: user_id.clone() }).await?)
    }

    /// Deliveries to the webhook.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role, [`Error::InvalidParam`] for an unknown state.
    pub async fn webhooks(&self, staff: &Staff, state: Option<&str>) -> Result<Vec<Delivery>, Error> {
        self.allow(staff, Act::Webhooks, CaseFacts::default())?;
        let state = match state {
            None => None,
            Some(name) => Some(
                ["pending", "delivered", "failed"]
                    .into_iter()
                    .find(|known| *known == name)
                    .ok_or_else(|| Error::InvalidParam("state is pending, delivered or failed".to_owned()))?,
            ),
        };
        Ok(self.store.read(WebhookPage { state }).await?)
    }

    /// Sends a delivery again.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role, [`Error::NotFound`].
    pub async fn replay_webhook(&self, staff: &Staff, outbox_id: i64) -> Result<(), Error> {
        self.allow(staff, Act::Webhooks, CaseFacts::default())?;
        let replayed = self.store.run(ReplayOutbox { outbox_id, kind: "webhook", now: self.clock.now() }).await?;
        if !replayed {
            return Err(Error::NotFound("there is no such delivery".to_owned()));
        }
        self.desk.ring();
        Ok(())
    }

    /// Live changes of cases.
    pub fn case_events(&self) -> broadcast::Receiver<CaseEvent> {
        self.desk.live.subscribe()
    }

    /// Priority and queue of a case that changed; `None` when this person may not work it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn case_head(&self, staff: &Staff, case_id: CaseId) -> Result<Option<CaseHead>, Error> {
        let head = self.store.read(CaseHeadById { case_id }).await?;
        let may = |head: &CaseHead| {
            let case = CaseFacts { queue: &head.queue, ..CaseFacts::default() };
            self.desk.rights.check(&staff.roles, Act::Look, case).is_ok()
        };
        Ok(head.filter(may))
    }

    async fn view(&self, staff: &Staff, case_id: CaseId) -> Result<CaseView, Error> {
        let now = self.clock.now();
        let detail = self.store.read(CaseDetail { case_id, now }).await?.ok_or_else(no_case)?;
        let (allowed, rights_note) = permitted(&self.desk.rights, staff, &detail);
        Ok(CaseView { detail, allowed, rights_note, now })
    }

    fn allow(&self, staff: &Staff, act: Act, case: CaseFacts<'_>) -> Result<(), Error> {
        self.desk.rights.check(&staff.roles, act, case).map_err(|denied| Error::Forbidden(denied.why))
    }

    /// The queue that this person may not see.
    fn hidden_queue(&self, staff: &Staff) -> Option<String> {
        let case = CaseFacts { queue: CHILD_SAFETY_QUEUE, ..CaseFacts::default() };
        self.desk.rights.check(&staff.roles, Act::Look, case).is_err().then(|| CHILD_SAFETY_QUEUE.to_owned())
    }
}

/// What this person may do with the case now, and why not more.
fn permitted(rights: &Rights, staff: &Staff, detail: &Detail) -> (Vec<String>, String) {
    let mut allowed = Vec::new();
    if detail.case.state == CaseState::Decided {
        return (allowed, "this case has been decided".to_owned());
    }
    let case = facts(staff, detail);
    let may = |act: Act| rights.check(&staff.roles, act, case);
    if case.claimed_by_me {
        allowed.push("unclaim".to_owned());
    } else if may(Act::Claim).is_ok() && detail.case.claimed_by.is_none() {
        allowed.push("claim".to_owned());
    }
    let has_text = detail.case.room_id.is_some();
    if has_text && may(Act::Reveal).is_ok() {
        allowed.push("reveal".to_owned());
    }
    for outcome in Outcome::ALL {
        if outcome.fits(detail.case.message_state) && may(Act::Decide(outcome)).is_ok() {
            allowed.push(format!("decide:{}", outcome.as_str()));
        }
    }
    let note = may(Act::Reveal).err().map(|denied| denied.why).unwrap_or_default();
    (allowed, note)
}

fn facts<'a>(staff: &Staff, detail: &'a Detail) -> CaseFacts<'a> {
    let me = &staff.user_id;
    let case = &detail.case;
    CaseFacts {
        queue: &case.queue,
        claimed_by_me: case.state == CaseState::Claimed && case.claimed_by.as_ref() == Some(me),
        involved: case.subject.as_ref().is_some_and(|subject| subject.user_id == *me)
            || detail.members.iter().any(|member| member.user_id == *me)
            || detail.reports.iter().any(|report| report.reporter == *me),
        sealed: detail.mode.as_deref().is_some_and(|mode| mode != "readable"),
    }
}

pub(crate) fn check_text(name: &str, text: &str, at_least: usize) -> Result<(), Error> {
    if text.len() > limits::REASON_BYTES {
        return Err(Error::TooLarge(format!("{name} may have at most {} bytes", limits::REASON_BYTES)));
    }
    if text.trim().len() < at_least {
        return Err(Error::InvalidParam(format!("{name} must say something, in at least {at_least} characters")));
    }
    Ok(())
}

fn unfit(outcome: Outcome, state: Option<MessageState>) -> Error {
    let stands = state.map_or("there is no message", |state| match state {
        MessageState::Visible => "the message was delivered",
        MessageState::Withheld => "the message is withheld",
        MessageState::Blocked => "the message was refused",
        MessageState::Released => "the message was released",
        MessageState::Expired => "the message was refused when its time was up",
        MessageState::Removed => "the message was removed",
    });
    Error::InvalidParam(format!("{} does not fit: {stands}", outcome.as_str()))
}

fn decided() -> Error {
    Error::Decided("this case has been decided".to_owned())
}

fn no_case() -> Error {
    Error::NotFound("there is no such case".to_owned())
}
