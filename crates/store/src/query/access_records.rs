//! Who read what, when and why: for auditors, for the reader, and for the people concerned.

use model::clock::Timestamp;
use model::id::{AccessId, CaseId, OwnedRoomId, OwnedUserId};
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::Row;

/// One read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRow {
    /// Its number.
    pub access_id: AccessId,
    /// When.
    pub ts: Timestamp,
    /// Who read.
    pub staff: OwnedUserId,
    /// In which role.
    pub role: String,
    /// How, as in `reveal`.
    pub action: String,
    /// For which case.
    pub case_id: CaseId,
    /// Which conversation.
    pub room_id: Option<OwnedRoomId>,
    /// Why, in the reader's words.
    pub reason: String,
    /// Whom it concerns.
    pub subjects: Vec<OwnedUserId>,
    /// Messages read.
    pub events: usize,
    /// What came of the case, where that was asked for.
    pub outcome: Option<String>,
    /// How the case came about, `scan` or `report`, where that was asked for.
    pub source: Option<String>,
}

impl AccessRow {
    /// Reads `access_id, created_ms, staff, role, action, case_id, room_id, reason, subjects, event_ids, outcome`.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            access_id: AccessId(row.int(0)?),
            ts: Timestamp(row.int(1)?),
            staff: row.parse(2)?,
            role: row.text(3)?.to_owned(),
            action: row.text(4)?.to_owned(),
            case_id: CaseId(row.int(5)?),
            room_id: row.text_or_null(6)?.is_some().then(|| row.parse(6)).transpose()?,
            reason: row.text(7)?.to_owned(),
            subjects: row.json(8)?,
            events: row.json::<Vec<String>>(9)?.len(),
            outcome: row.text_or_null(10)?.filter(|outcome| !outcome.is_empty()).map(str::to_owned),
            source: None,
        })
    }
}

/// Reads the records, newest first.
#[derive(Clone, Debug)]
pub struct AccessPage {
    /// Only those of this reader.
    pub staff: Option<OwnedUserId>,
    /// Only those before this one.
    pub before: Option<AccessId>,
    /// At most this many, and at most [`limits::ACCESS_PAGE_ROWS`].
    pub limit: usize,
}

impl Query for AccessPage {
    type Out = Vec<AccessRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<AccessRow>, StoreError> {
        let sql = "select access_id, created_ms, staff, role, action, case_id, room_id, reason, subjects, event_ids, '' from access_records \
                   where access_id < $1 and ($2 = '' or staff = $2) order by access_id desc limit $3";
        let staff = self.staff.as_ref().map_or("", |staff| staff.as_str());
        let before = self.before.map_or(i64::MAX, |before| before.0);
        let limit = i64::try_from(self.limit.clamp(1, limits::ACCESS_PAGE_ROWS)).unwrap_or(1);
        tx.rows(sql, args![before, staff, limit]).await?.iter().map(AccessRow::read).collect()
    }
}

/// Reads the records that concern a member, newest first.
#[derive(Clone, Debug)]
pub struct AccessOfMember {
    /// Who asks who looked at their conversations.
    pub user_id: OwnedUserId,
}

impl Query for AccessOfMember {
    type Out = Vec<AccessRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<AccessRow>, StoreError> {
        let sql = "select a.access_id, a.created_ms, a.staff, a.role, a.action, a.case_id, a.room_id, a.reason, a.subjects, a.event_ids, \
                   d.outcome, c.source from access_subjects s join access_records a on a.access_id = s.access_id \
                   join cases c on c.case_id = a.case_id left join decisions d on d.case_id = a.case_id \
                   where s.user_id = $1 order by a.access_id desc limit $2";
        let rows = tx.rows(sql, args![&self.user_id, crate::value::rows(limits::ACCESS_PAGE_ROWS)]).await?;
        let read = |row: &Row| {
            let mut record = AccessRow::read(row)?;
            record.source = Some(row.text(11)?.to_owned());
            Ok(record)
        };
        rows.iter().map(read).collect()
    }
}
