//! The only door by which a stored body leaves to staff.
//!
//! One transaction checks the claim, writes the access record with everybody it concerns, and only
//! then selects the bodies. The statements that select them join the record and its subjects: where
//! no record stands, they find nothing.

use std::collections::BTreeSet;

use model::case::MessageState;
use model::clock::Timestamp;
use model::finding::{Findings, Hit};
use model::id::{AccessId, CaseId, OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::person::Role;
use model::seq::RoomPos;
use serde_json::json;

use super::resolve_message::joined;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};
use crate::value::Row;

/// Opens the message of a claimed case, and up to [`limits::REVEAL_WINDOW_EVENTS`] before and after.
#[derive(Clone, Debug)]
pub struct Reveal {
    /// The case, claimed by `staff`.
    pub case_id: CaseId,
    /// Who reads.
    pub staff: OwnedUserId,
    /// In which role.
    pub role: Role,
    /// Why, in their own words.
    pub reason: String,
    /// Messages before and after; at most [`limits::REVEAL_WINDOW_EVENTS`].
    pub window: usize,
    /// When.
    pub now: Timestamp,
}

/// What a reviewer gets to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevealOutcome {
    /// The bodies, with the record that was written for them.
    Revealed(Revealed),
    /// The case is not claimed by this person, or the claim has run out.
    NotClaimed,
    /// The case has no message and no conversation to look at.
    Nothing,
    /// The conversation is sealed: there is nothing that could be read.
    Sealed,
}

/// Bodies and the record of their being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// The record.
    pub access_id: AccessId,
    /// The messages, in order of the room; a refused one stands where it would have stood.
    pub messages: Vec<RevealedMessage>,
    /// What the scanner saw in the message the case is about.
    pub hits: Vec<Hit>,
}

/// One message with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealedMessage {
    /// Its ID; a message that was refused at once has none.
    pub event_id: Option<OwnedEventId>,
    /// Who wrote it.
    pub sender: OwnedUserId,
    /// When.
    pub ts: Timestamp,
    /// Matrix event type.
    pub event_type: String,
    /// Where it stands.
    pub state: MessageState,
    /// Whether the case is about it.
    pub anchor: bool,
    /// Its Matrix content as JSON.
    pub content: String,
}

/// A claimed case, as far as a reading needs it.
struct Case {
    room_id: OwnedRoomId,
    event_id: Option<OwnedEventId>,
    message_state: Option<MessageState>,
    subject: String,
    opened: Timestamp,
}

/// What is going to be read, known before any body is.
struct Scope {
    from: RoomPos,
    to: RoomPos,
    event_ids: Vec<String>,
    senders: BTreeSet<OwnedUserId>,
}

impl Command for Reveal {
    type Out = RevealOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<RevealOutcome, StoreError> {
        let Some(row) = self.hold_claim(tx).await? else {
            return Ok(RevealOutcome::NotClaimed);
        };
        let Some(case) = Case::read(&row)? else {
            return Ok(RevealOutcome::Nothing);
        };
        let mode = tx.row("select mode from rooms where room_id = $1", args![&case.room_id]).await?;
        match mode {
            None => return Ok(RevealOutcome::Nothing),
            Some(row) if row.text(0)? != "readable" => return Ok(RevealOutcome::Sealed),
            Some(_) => {}
        }
        let blocked = self.blocked_flag(tx, &case).await?;
        let scope = self.scope(tx, &case).await?;
        if scope.event_ids.is_empty() && blocked.is_none() {
            return Ok(RevealOutcome::Nothing);
        }
        let access_id = self.record(tx, &case, &scope, blocked.is_some()).await?;
        let mut messages = bodies(tx, access_id, &scope, &case).await?;
        let mut hits = Vec::new();
        if let Some(found) = flagged(tx, access_id, self.case_id).await? {
            hits = found.hits;
            found.evidence.into_iter().for_each(|message| place(&mut messages, message));
        }
        Ok(RevealOutcome::Revealed(Revealed { access_id, messages, hits }))
    }
}

impl Reveal {
    /// Checks the claim under the row lock of the case, and prolongs it: who reads is at work.
    async fn hold_claim<T: Tx>(&self, tx: &mut T) -> Result<Option<Row>, StoreError> {
        let sql = "update cases set claim_until_ms = $3 where case_id = $1 and state = 'claimed' and claimed_by = $2 and claim_until_ms > $4 \
                   returning room_id, event_id, message_state, subject, opened_ms";
        let until = self.now.plus_ms(limits::CLAIM_MS);
        tx.row(sql, args![self.case_id.0, &self.staff, until, self.now]).await
    }

    /// The flag that keeps the body of a refused message, if the case is about one.
    async fn blocked_flag<T: Tx>(&self, tx: &mut T, case: &Case) -> Result<Option<i64>, StoreError> {
        if case.event_id.is_some() || case.message_state != Some(MessageState::Blocked) {
            return Ok(None);
        }
        // a text that is gone is not read, so nothing is recorded of it
        let sql = "select flag_id from flags where case_id = $1 and blocked_content is not null order by flag_id limit 1";
        tx.row(sql, args![self.case_id.0]).await?.map(|row| row.int(0)).transpose()
    }

    /// Which events are read: places, IDs and senders.
    async fn scope<T: Tx>(&self, tx: &mut T, case: &Case) -> Result<Scope, StoreError> {
        let middle = if let Some(event_id) = &case.event_id {
            tx.row("select room_pos from events where event_id = $1", args![event_id]).await?
        } else {
            // no event to stand in the middle: the moment the case was opened does
            let sql = "select coalesce(max(room_pos), 0) from events where room_id = $1 and origin_ts <= $2";
            tx.row(sql, args![&case.room_id, case.opened]).await?
        };
        let middle = middle.map_or(Ok(0), |row| row.int(0))?;
        let window = i64::try_from(self.window.min(limits::REVEAL_WINDOW_EVENTS)).unwrap_or(0);
        // an event in the middle is counted on its own
        let before = window + i64::from(case.event_id.is_some());
        let sql = "select room_pos, event_id, sender from events where room_id = $1 and room_pos <= $2 \
                   and ((state_key is null and type <> 'm.room.redaction') or event_id = $4) order by room_pos desc limit $3";
        let mut rows = tx.rows(sql, args![&case.room_id, middle, before, case.event_id.as_ref().map_or("", |id| id.as_str())]).await?;
        rows.reverse();
        let sql = "select room_pos, event_id, sender from events where room_id = $1 and room_pos > $2 and state_key is null \
                   and type <> 'm.room.redaction' order by room_pos limit $3";
        rows.extend(tx.rows(sql, args![&case.room_id, middle, window]).await?);
        Scope::of(&rows)
    }

    /// Writes the record and whom it concerns: the writers of what is read, the members, the subject.
    async fn record<T: Tx>(&self, tx: &mut T, case: &Case, scope: &Scope, blocked: bool) -> Result<AccessId, StoreError> {
        let mut subjects = scope.senders.clone();
        subjects.extend(joined(tx, &case.room_id).await?);
        if let Ok(subject) = OwnedUserId::try_from(case.subject.as_str()) {
            subjects.insert(subject);
        }
        let mut event_ids = scope.event_ids.clone();
        if blocked {
            event_ids.push(format!("refused message of case {}", self.case_id));
        }
        let sql = "insert into access_records (case_id, staff, role, action, reason, room_id, subjects, event_ids, created_ms) \
                   values ($1, $2, $3, 'reveal', $4, $5, $6, $7, $8) returning access_id";
        let (subjects_text, events_text) = (json!(subjects).to_string(), json!(event_ids).to_string());
        let reason = self.reason.as_str();
        let row = tx
            .row(sql, args![self.case_id.0, &self.staff, self.role.as_str(), reason, &case.room_id, subjects_text, events_text, self.now])
            .await?;
        let access_id = AccessId(row.ok_or_else(|| StoreError::Database("the access record was not written".to_owned()))?.int(0)?);
        for subject in &subjects {
            let sql = "insert into access_subjects (user_id, access_id) values ($1, $2)";
            tx.exec(sql, args![subject, access_id.0]).await?;
        }
        Ok(access_id)
    }
}

impl Case {
    /// `None` when the case names no conversation.
    fn read(row: &Row) -> Result<Option<Self>, StoreError> {
        if row.text_or_null(0)?.is_none() {
            return Ok(None);
        }
        let event_id = row.text_or_null(1)?.is_some().then(|| row.parse(1)).transpose()?;
        let message_state = row.text_or_null(2)?.and_then(MessageState::parse);
        let subject = row.text(3)?.to_owned();
        Ok(Some(Self { room_id: row.parse(0)?, event_id, message_state, subject, opened: Timestamp(row.int(4)?) }))
    }
}

impl Scope {
    fn of(rows: &[Row]) -> Result<Self, StoreError> {
        let place = |row: Option<&Row>| row.map_or(Ok(0), |row| row.int(0));
        let (from, to) = (place(rows.first())?, place(rows.last())?);
        let mut scope = Self {
            from: RoomPos::new(from).unwrap_or_default(),
            to: RoomPos::new(to).unwrap_or_default(),
            event_ids: vec![],
            senders: BTreeSet::new(),
        };
        for row in rows {
            scope.event_ids.push(row.text(1)?.to_owned());
            scope.senders.insert(row.parse(2)?);
        }
        Ok(scope)
    }
}

/// Selects the bodies through the record: without it, or without its writer among the subjects, there is no row.
async fn bodies<T: Tx>(tx: &mut T, access_id: AccessId, scope: &Scope, case: &Case) -> Result<Vec<RevealedMessage>, StoreError> {
    if scope.event_ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "select e.event_id, e.sender, e.origin_ts, e.type, e.withheld, e.redacted_by, e.content from access_records a \
               join events e on e.room_id = a.room_id join access_subjects s on s.access_id = a.access_id and s.user_id = e.sender \
               where a.access_id = $1 and e.room_pos between $2 and $3 order by e.room_pos";
    let rows = tx.rows(sql, args![access_id.0, scope.from.get(), scope.to.get()]).await?;
    let mut messages = Vec::with_capacity(rows.len());
    for mut row in rows {
        let event_id: OwnedEventId = row.parse(0)?;
        if !scope.event_ids.iter().any(|known| known == event_id.as_str()) {
            continue; // not on the record
        }
        let anchor = case.event_id.as_ref() == Some(&event_id);
        let state = match (anchor, row.int(4)?, row.text_or_null(5)?.is_some()) {
            (true, _, _) if case.message_state.is_some() => case.message_state.unwrap_or(MessageState::Visible),
            (_, _, true) => MessageState::Removed,
            (_, 1, _) => MessageState::Withheld,
            (_, 2, _) => MessageState::Blocked,
            _ => MessageState::Visible,
        };
        messages.push(RevealedMessage {
            sender: row.parse(1)?,
            ts: Timestamp(row.int(2)?),
            event_type: row.text(3)?.to_owned(),
            state,
            anchor,
            content: row.take_text(6)?,
            event_id: Some(event_id),
        });
    }
    Ok(messages)
}

/// Puts the kept body of the message the case is about where it belongs: over its redacted form, or
/// by its time when it never was an event.
fn place(messages: &mut Vec<RevealedMessage>, kept: RevealedMessage) {
    if let Some(pruned) = messages.iter_mut().find(|message| message.anchor) {
        pruned.content = kept.content;
        return;
    }
    let index = messages.iter().position(|other| other.ts > kept.ts).unwrap_or(messages.len());
    messages.insert(index, kept);
}

/// What was kept of the message: the scanner's hits, and its body when it was refused or redacted.
struct Flagged {
    hits: Vec<Hit>,
    evidence: Option<RevealedMessage>,
}

async fn flagged<T: Tx>(tx: &mut T, access_id: AccessId, case_id: CaseId) -> Result<Option<Flagged>, StoreError> {
    let sql = "select f.findings, f.blocked_content, f.sender, f.created_ms, f.event_type from access_records a \
               join flags f on f.case_id = a.case_id join access_subjects s on s.access_id = a.access_id and s.user_id = f.sender \
               where a.access_id = $1 and a.case_id = $2 order by f.flag_id limit 1";
    let Some(row) = tx.row(sql, args![access_id.0, case_id.0]).await? else {
        return Ok(None);
    };
    let findings: Findings = row.json(0)?;
    let evidence = match row.text_or_null(1)? {
        None => None,
        Some(content) => Some(RevealedMessage {
            event_id: None,
            sender: row.parse(2)?,
            ts: Timestamp(row.int(3)?),
            event_type: row.text(4)?.to_owned(),
            state: MessageState::Blocked,
            anchor: true,
            content: content.to_owned(),
        }),
    };
    Ok(Some(Flagged { hits: findings.hits, evidence }))
}
