//! Who is told what about a case. The texts are made later, from these facts; none quotes a message.

use std::collections::BTreeSet;

use model::case::{CaseKind, MessageState, Outcome};
use model::clock::Timestamp;
use model::id::{CaseId, OwnedUserId};
use serde::{Deserialize, Serialize};

use super::decide_case::Case;
use super::open_flag::enqueue;
use super::resolve_message::joined;
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

/// One notice to one person, as kept in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whom to tell.
    pub to: OwnedUserId,
    /// As what.
    pub part: Part,
    /// About which case.
    pub case_id: CaseId,
    /// What the case is about.
    pub about: CaseKind,
    /// The decision; `None` when a time limit ended without one.
    pub outcome: Option<Outcome>,
    /// Where the message stood before.
    pub before: Option<MessageState>,
    /// Where it stands now.
    pub after: Option<MessageState>,
    /// The harms the case names.
    pub harms: Vec<String>,
    /// The reviewer's own words to the sender; may be empty.
    pub words: String,
}

/// The part a person has in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Wrote the message, or is the person reported.
    Sender,
    /// Reported it.
    Reporter,
    /// Was to receive the message.
    Recipient,
}

/// A case and what changed about its message.
pub(crate) struct Audience<'a> {
    pub(crate) case: &'a Case,
    pub(crate) service: &'a OwnedUserId,
    pub(crate) before: Option<MessageState>,
    pub(crate) after: Option<MessageState>,
}

impl Audience<'_> {
    /// Whether anything happened to the subject that they must know. A report that came to nothing
    /// is not told to the person reported.
    fn subject_is_told(&self, outcome: Option<Outcome>) -> bool {
        self.before != self.after || self.before == Some(MessageState::Blocked) || outcome.is_some_and(Outcome::is_strike)
    }

    /// Whether those who were to receive the message can see that something happened to it.
    fn recipients_are_told(&self) -> bool {
        self.before != self.after && matches!(self.after, Some(MessageState::Released | MessageState::Removed))
    }

    fn notice(&self, to: OwnedUserId, part: Part, outcome: Option<Outcome>, words: &str) -> Notice {
        let words = if part == Part::Sender { words.to_owned() } else { String::new() };
        Notice {
            to,
            part,
            case_id: self.case.id,
            about: self.case.kind,
            outcome,
            before: self.before,
            after: self.after,
            harms: self.case.harms.clone(),
            words,
        }
    }
}

/// Puts a notice to each side of a decided case into the outbox.
pub(crate) async fn tell_all<T: Tx>(
    tx: &mut T,
    audience: &Audience<'_>,
    outcome: Outcome,
    words: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut told = tell_parties(tx, audience, Some(outcome), words, now).await?;
    let sql = "select distinct reporter from reports where case_id = $1";
    for row in tx.rows(sql, args![audience.case.id.0]).await? {
        let reporter: OwnedUserId = row.parse(0)?;
        if told.insert(reporter.clone()) {
            put(tx, &audience.notice(reporter, Part::Reporter, Some(outcome), words), now).await?;
        }
    }
    if !audience.recipients_are_told() {
        return Ok(());
    }
    tell_recipients(tx, audience, Some(outcome), &mut told, now).await
}

/// Tells the sender, and the recipients where they see a difference, that a time limit ended.
pub(crate) async fn tell_expiry<T: Tx>(tx: &mut T, audience: &Audience<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut told = tell_parties(tx, audience, None, "", now).await?;
    if audience.recipients_are_told() {
        tell_recipients(tx, audience, None, &mut told, now).await?;
    }
    Ok(())
}

async fn tell_parties<T: Tx>(
    tx: &mut T,
    audience: &Audience<'_>,
    outcome: Option<Outcome>,
    words: &str,
    now: Timestamp,
) -> Result<BTreeSet<OwnedUserId>, StoreError> {
    let mut told = BTreeSet::from([audience.service.clone()]);
    if let Some(subject) = &audience.case.subject
        && told.insert(subject.clone())
        && audience.subject_is_told(outcome)
    {
        put(tx, &audience.notice(subject.clone(), Part::Sender, outcome, words), now).await?;
    }
    Ok(told)
}

async fn tell_recipients<T: Tx>(
    tx: &mut T,
    audience: &Audience<'_>,
    outcome: Option<Outcome>,
    told: &mut BTreeSet<OwnedUserId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(room_id) = &audience.case.room_id else {
        return Ok(());
    };
    for user in joined(tx, room_id).await? {
        if told.insert(user.clone()) {
            put(tx, &audience.notice(user, Part::Recipient, outcome, ""), now).await?;
        }
    }
    Ok(())
}

async fn put<T: Tx>(tx: &mut T, notice: &Notice, now: Timestamp) -> Result<(), StoreError> {
    let payload = serde_json::to_value(notice).expect("a notice is plain data");
    enqueue(tx, "notice", &payload, now).await
}
