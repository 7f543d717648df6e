//! The queue: cases by priority, then by age. No body, no excerpt of one.

use model::case::{CaseKind, CaseState, MessageState, Priority};
use model::clock::Timestamp;
use model::id::{CaseId, OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::person::{AccountState, AgeBand};
use model::verdict::{Action, OnTimeout};
use serde::{Deserialize, Serialize};

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::Row;

/// A case, as the queue shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// Its number.
    pub case_id: CaseId,
    /// What it is about.
    pub kind: CaseKind,
    /// `scan`, `report` or `contact`.
    pub source: String,
    /// Where it stands; a claim whose time is up counts as open.
    pub state: CaseState,
    /// How soon a person must look.
    pub priority: Priority,
    /// 0 (trifle) to 4 (danger to life or a child).
    pub severity: i64,
    /// The queue it belongs to.
    pub queue: String,
    /// The harms named, strongest first.
    pub harms: Vec<String>,
    /// What the scanner did with the message.
    pub action: Option<Action>,
    /// Whom it is about; absent when the account is unknown here.
    pub subject: Option<Subject>,
    /// The conversation.
    pub room_id: Option<OwnedRoomId>,
    /// The message; a message that was refused at once has none.
    pub event_id: Option<OwnedEventId>,
    /// Where the message stands.
    pub message_state: Option<MessageState>,
    /// When withholding ends without a decision.
    pub hold_until: Option<Timestamp>,
    /// What happens to the message then.
    pub on_timeout: Option<OnTimeout>,
    /// Complaints that joined it.
    pub reports: i64,
    /// When it was opened.
    pub opened: Timestamp,
    /// When a person must have looked.
    pub due: Timestamp,
    /// Who works on it, or who decided it.
    pub claimed_by: Option<OwnedUserId>,
}

/// Whom a case is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Who.
    pub user_id: OwnedUserId,
    /// The name they show.
    pub display_name: Option<String>,
    /// Age band as told by the operator.
    pub age_band: AgeBand,
    /// What the account may do.
    pub state: AccountState,
    /// Upheld decisions against the account.
    pub strikes: i64,
}

/// The columns of a [`CaseRow`], in the order in which it reads them.
macro_rules! case_columns {
    () => {
        "c.case_id, c.kind, c.source, c.state, c.priority, c.severity, c.queue, c.harms, c.action, c.subject, c.room_id, c.event_id, \
         c.message_state, c.hold_until_ms, c.on_timeout, c.reports, c.opened_ms, c.due_ms, c.claimed_by, c.claim_until_ms, \
         u.display_name, u.age_band, u.state, u.strikes"
    };
}
pub(crate) use case_columns;

impl CaseRow {
    /// Reads [`case_columns`].
    pub(crate) fn read(row: &Row, now: Timestamp) -> Result<Self, StoreError> {
        let stored = CaseState::parse(row.text(3)?).unwrap_or(CaseState::Open);
        let lapsed = stored == CaseState::Claimed && row.int_or_null(19)?.is_none_or(|until| until <= now.0);
        let claimed_by = if lapsed || row.text_or_null(18)?.is_none() { None } else { Some(row.parse(18)?) };
        let subject = match row.text_or_null(22)? {
            None => None,
            Some(state) => Some(Subject {
                user_id: row.parse(9)?,
                display_name: row.text_or_null(20)?.map(str::to_owned),
                age_band: row.text_or_null(21)?.and_then(AgeBand::parse).unwrap_or_default(),
                state: AccountState::parse(state).unwrap_or(AccountState::Locked),
                strikes: row.int(23)?,
            }),
        };
        Ok(Self {
            case_id: CaseId(row.int(0)?),
            kind: CaseKind::parse(row.text(1)?).unwrap_or(CaseKind::Event),
            source: row.text(2)?.to_owned(),
            state: if lapsed { CaseState::Open } else { stored },
            priority: Priority::from_rank(row.int(4)?).unwrap_or(Priority::P3),
            severity: row.int(5)?,
            queue: row.text(6)?.to_owned(),
            harms: row.json(7)?,
            action: row.text_or_null(8)?.and_then(Action::parse),
            subject,
            room_id: row.text_or_null(10)?.is_some().then(|| row.parse(10)).transpose()?,
            event_id: row.text_or_null(11)?.is_some().then(|| row.parse(11)).transpose()?,
            message_state: row.text_or_null(12)?.and_then(MessageState::parse),
            hold_until: row.int_or_null(13)?.map(Timestamp),
            on_timeout: row.text_or_null(14)?.map(|name| if name == "release" { OnTimeout::Release } else { OnTimeout::Block }),
            reports: row.int(15)?,
            opened: Timestamp(row.int(16)?),
            due: Timestamp(row.int(17)?),
            claimed_by,
        })
    }
}

/// A place in the queue, behind which the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePlace {
    /// Rank of the state: open, claimed, decided.
    pub state: i64,
    /// Rank of the priority.
    pub priority: i64,
    /// When the case was opened.
    pub opened_ms: i64,
    /// Its number.
    pub case_id: i64,
}

/// Reads one page of the queue.
#[derive(Clone, Debug)]
pub struct CasePage {
    /// Only cases in this state.
    pub state: Option<CaseState>,
    /// Only cases of this queue.
    pub queue: Option<String>,
    /// A queue whose cases the reader may not see.
    pub without_queue: Option<String>,
    /// Behind this place.
    pub after: Option<QueuePlace>,
    /// At most this many, and at most [`limits::QUEUE_PAGE_ROWS`].
    pub limit: usize,
    /// The present moment.
    pub now: Timestamp,
}

/// A page of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The cases.
    pub cases: Vec<CaseRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<QueuePlace>,
}

impl Query for CasePage {
    type Out = Page;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Page, StoreError> {
        let limit = self.limit.clamp(1, limits::QUEUE_PAGE_ROWS);
        let states: &[CaseState] = match &self.state {
            Some(state) => std::slice::from_ref(state),
            None => &[CaseState::Open, CaseState::Claimed, CaseState::Decided],
        };
        let mut cases: Vec<CaseRow> = Vec::new();
        let mut last = None;
        for (rank, state) in (0_i64..).zip(states) {
            let after = match self.after {
                Some(after) if after.state > rank => continue,
                Some(after) if after.state == rank => (after.priority, after.opened_ms, after.case_id),
                _ => (-1, 0, 0),
            };
            let wanted = limit + 1 - cases.len();
            for case in self.of_state(tx, *state, after, wanted).await? {
                if cases.len() == limit {
                    return Ok(Page { cases, next: last });
                }
                last = Some(QueuePlace { state: rank, priority: case.priority.rank(), opened_ms: case.opened.0, case_id: case.case_id.0 });
                cases.push(case);
            }
        }
        Ok(Page { cases, next: None })
    }
}

impl CasePage {
    async fn of_state<T: Tx>(
        &self,
        tx: &mut T,
        state: CaseState,
        after: (i64, i64, i64),
        limit: usize,
    ) -> Result<Vec<CaseRow>, StoreError> {
        let sql = concat!(
            "select ",
            case_columns!(),
            " from cases c left join users u on u.user_id = c.subject where c.state = $1 and (c.priority, c.opened_ms, c.case_id) > ($2, $3, $4) \
             and ($5 = '' or c.queue = $5) and c.queue <> $6 order by c.priority, c.opened_ms, c.case_id limit $7"
        );
        let (queue, without) = (self.queue.as_deref().unwrap_or_default(), self.without_queue.as_deref().unwrap_or_default());
        let limit = i64::try_from(limit).unwrap_or(1);
        let rows = tx.rows(sql, args![state.as_str(), after.0, after.1, after.2, queue, without, limit]).await?;
        rows.iter().map(|row| CaseRow::read(row, self.now)).collect()
    }
}

/// What a live event says of a case.
#[derive(Clone, Debug)]
pub struct CaseHeadById {
    /// Which.
    pub case_id: CaseId,
}

/// Priority and queue of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseHead {
    /// How soon a person must look.
    pub priority: Priority,
    /// The queue it belongs to.
    pub queue: String,
}

impl Query for CaseHeadById {
    type Out = Option<CaseHead>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<CaseHead>, StoreError> {
        let Some(row) = tx.row("select priority, queue from cases where case_id = $1", args![self.case_id.0]).await? else {
            return Ok(None);
        };
        let priority = Priority::from_rank(row.int(0)?).unwrap_or(Priority::P3);
        Ok(Some(CaseHead { priority, queue: row.text(1)?.to_owned() }))
    }
}
