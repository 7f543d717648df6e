//! A member's own complaints and what became of them.

use model::case::{CaseKind, CaseState};
use model::clock::Timestamp;
use model::id::{OwnedUserId, ReportId};
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Reads a member's complaints, newest first.
#[derive(Clone, Debug)]
pub struct ReportsOf {
    /// Who complained.
    pub reporter: OwnedUserId,
}

/// A complaint and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnReport {
    /// Its number.
    pub report_id: ReportId,
    /// When.
    pub ts: Timestamp,
    /// What it is about.
    pub kind: CaseKind,
    /// The message, room or person.
    pub target: String,
    /// Where its case stands.
    pub case_state: CaseState,
    /// The decision, as in [`model::case::Outcome::as_str`].
    pub outcome: Option<String>,
}

impl Query for ReportsOf {
    type Out = Vec<OwnReport>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OwnReport>, StoreError> {
        let sql = "select r.report_id, r.created_ms, r.kind, r.target, c.state, d.outcome from reports r join cases c on c.case_id = r.case_id \
                   left join decisions d on d.case_id = r.case_id where r.reporter = $1 order by r.report_id desc limit $2";
        let rows = tx.rows(sql, args![&self.reporter, crate::value::rows(limits::ACCESS_PAGE_ROWS)]).await?;
        let read = |row: &crate::Row| {
            Ok(OwnReport {
                report_id: ReportId(row.int(0)?),
                ts: Timestamp(row.int(1)?),
                kind: CaseKind::parse(row.text(2)?).unwrap_or(CaseKind::Event),
                target: row.text(3)?.to_owned(),
                case_state: CaseState::parse(row.text(4)?).unwrap_or(CaseState::Open),
                outcome: row.text_or_null(5)?.map(str::to_owned),
            })
        };
        rows.iter().map(read).collect()
    }
}
